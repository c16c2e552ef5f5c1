"""What the first `sdc up` makes: the data folder and the secrets that nobody has set."""

from urllib.parse import urlsplit

import msgspec
from sdc_core import clock, webhooks
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings, load
from sdc_core.write_once import write_once

OWN_KEY = "sdc-embedded-"
"""How the access key of the embedded object store begins; any other key belongs to a store from outside."""

JWT_FILE = "weed_jwt"
"""In the secrets folder: the keys by which the parts of the embedded store know each other. No setting: no `sdc_`."""


class StoreKeys(msgspec.Struct, frozen=True, kw_only=True):
    """SeaweedFS's own signing keys; without them its inner ports would take writes from anybody on the machine."""

    signing: str
    signing_read: str
    filer_signing: str
    filer_signing_read: str


def prepare(settings: Settings, *, store_alone: bool = False) -> Settings:
    """Make what is missing and return the settings as they then are. A repeat changes nothing.

    A store that runs alone needs its own keys, and no secret of the services.
    """
    make_folders(settings)
    try:
        if not settings.WEBHOOK_SECRETS and not store_alone:
            write_once(settings.secrets_dir / "sdc_webhook_secrets", webhooks.new_secret().encode())
        if is_embedded(settings):
            _own_store(settings)
    except OSError as error:
        raise _not_written(error) from None
    return load()


def make_folders(settings: Settings) -> None:
    """Those of data and of secrets."""
    try:
        for folder in (settings.DATA_DIR, settings.secrets_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _not_written(error) from None


def is_embedded(settings: Settings) -> bool:
    """Whether the object store is the one `sdc up` brings: no key was set from outside.

    Raises Misconfigured when the endpoint is elsewhere and its keys are missing, and for one key without the other.
    """
    own = not settings.S3_ACCESS_KEY_ID or settings.S3_ACCESS_KEY_ID.startswith(OWN_KEY)
    address = urlsplit(settings.S3_ENDPOINT_URL)
    here = address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost")
    if own and not here:
        message = (
            f"SDC_S3_ENDPOINT_URL is {settings.S3_ENDPOINT_URL}, so SDC_S3_ACCESS_KEY_ID and SDC_S3_SECRET_ACCESS_KEY "
            "must be set to the keys of that object store"
        )
        raise Misconfigured(message)
    if not own and not settings.S3_SECRET_ACCESS_KEY.get_secret_value():
        message = "SDC_S3_ACCESS_KEY_ID is set, so SDC_S3_SECRET_ACCESS_KEY must be set too"
        raise Misconfigured(message)
    return own


def store_keys(settings: Settings) -> StoreKeys:
    """The embedded store's signing keys, as `prepare` left them."""
    file = settings.secrets_dir / JWT_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=StoreKeys)
    except (OSError, msgspec.DecodeError) as error:
        message = f"cannot read {file}: {error}. Remove it, and `sdc up` makes a new one"
        raise Misconfigured(message) from None


def _not_written(error: OSError) -> Misconfigured:
    message = f"cannot write {error.filename}: {error.strerror}. Set SDC_DATA_DIR to a folder that can be written"
    return Misconfigured(message)


def _own_store(settings: Settings) -> None:
    folder = settings.secrets_dir
    # The id last: it is what says that the store is ours.
    write_once(folder / "sdc_s3_secret_access_key", clock.new_token().encode())
    write_once(folder / JWT_FILE, msgspec.json.encode(StoreKeys(**_fresh_keys())))
    write_once(folder / "sdc_s3_access_key_id", f"{OWN_KEY}{clock.new_id().lower()}".encode())


def _fresh_keys() -> dict[str, str]:
    return {field: clock.new_token() for field in StoreKeys.__struct_fields__}
