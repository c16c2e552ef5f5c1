"""`sdc secrets`: makes the secrets that are missing, and gives each service a folder with those that it may read."""

import sys
from pathlib import Path

import click
from sdc_core import settings as core_settings
from sdc_core.errors import Invalid, Misconfigured
from sdc_core.settings import Settings
from sdc_core.write_once import write_anew

from sdc_cli import first_run

READERS = {
    "store": {"S3_SECRET_ACCESS_KEY"},
    "web": {"S3_SECRET_ACCESS_KEY", "WEBHOOK_SECRETS", "GITHUB_CLIENT_SECRET", "SMTP_URL"},
    "worker": {
        "S3_SECRET_ACCESS_KEY",
        "WEBHOOK_SECRETS",
        "REMOTE_DAILY_SECRET_ACCESS_KEY",
        "REMOTE_MONTHLY_SECRET_ACCESS_KEY",
        "SMTP_URL",
    },
}
"""Which secret settings a service reads; of those that are no secret, each may read all."""
SECRETS = frozenset(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))
MAX_BYTES = 64 * 1024


@click.command("secrets")
@click.option(
    "--set", "name", metavar="NAME", help="Take this one from standard input, in the place of what there was."
)
@click.option(
    "--hand-out",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with those of store, web and worker, which are made to hold what that service may read.",
)
def secrets(*, name: str | None, folder: Path | None) -> None:
    """Make the secrets that are missing, as files of the secrets folder."""
    settings = core_settings.load()
    if name is not None:
        # Before what else is missing is made: it may be the other half of a key that is set already.
        first_run.make_folders(settings)
        put(settings, name, sys.stdin.buffer.read(MAX_BYTES + 1))
    settings = first_run.prepare(core_settings.load())
    if folder is not None:
        for service in READERS:
            changed = hand_out(settings, service, folder / service)
            click.echo(f"{service}: {', '.join(changed) or 'nothing new'}")


def put(settings: Settings, name: str, value: bytes) -> None:
    """Keep a secret. Raises Invalid for what is none, and Misconfigured when the site could not start with it."""
    field = name.upper().removeprefix(core_settings.PREFIX)
    if field not in SECRETS:
        known = ", ".join(sorted(file_name(each) for each in SECRETS))
        message = f"{name} is no secret setting: there are {known}"
        raise Invalid(message)
    if not value.strip() or len(value) > MAX_BYTES:
        message = f"standard input has no secret, or one of more than {MAX_BYTES // 1024} KiB"
        raise Invalid(message)
    file = settings.secrets_dir / file_name(field)
    before = file.read_bytes() if file.exists() else None
    write_anew(file, value.strip())
    try:
        core_settings.load()
    except Misconfigured:
        if before is None:
            file.unlink()
        else:
            write_anew(file, before)
        raise


def hand_out(settings: Settings, service: str, folder: Path) -> list[str]:
    """Make `folder` hold what the service may read and nothing else; the names of the files that changed."""
    allowed = {file.name: file for file in sorted(settings.secrets_dir.iterdir()) if may_read(service, file)}
    changed = []
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        for file in sorted(folder.iterdir()):
            if file.name not in allowed:
                file.unlink()
                changed.append(file.name)
        for name, file in allowed.items():
            copy, content = folder / name, file.read_bytes()
            if not copy.exists() or copy.read_bytes() != content:
                write_anew(copy, content)
                changed.append(name)
    except OSError as error:
        message = f"cannot write {error.filename}: {error.strerror}. It must belong to the user that runs this"
        raise Misconfigured(message) from None
    return changed


def may_read(service: str, file: Path) -> bool:
    """Whether a file of the secrets folder is for this service."""
    if file.name == first_run.JWT_FILE:
        return service == "store"
    field = file.name.upper().removeprefix(core_settings.PREFIX)
    if field not in Settings.model_fields or not file.is_file():
        return False
    return field not in SECRETS or field in READERS[service]


def file_name(field: str) -> str:
    """What the file of a setting is called."""
    return f"{core_settings.PREFIX}{field}".lower()
