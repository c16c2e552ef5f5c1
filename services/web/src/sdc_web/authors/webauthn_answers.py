"""What a browser says of a passkey, read. Every byte of it may come from an attacker."""

import base64
import binascii
import ipaddress
import re
from urllib.parse import urlsplit

import msgspec
from sdc_core.errors import Invalid, Unauthorized

MAX_CHARACTERS = 16 * 1024
MAX_CREDENTIAL_BYTES = 1023
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class RelyingParty(msgspec.Struct, frozen=True, kw_only=True):
    """The site as browsers and keys know it: `id` is its host, `origin` scheme, host and port."""

    id: str
    origin: str


def relying_party(site_url: str) -> RelyingParty | None:
    """None where browsers allow no passkeys: without https (but on localhost), and at a bare address."""
    parts = urlsplit(site_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        secure = parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")
        return RelyingParty(id=host, origin=f"{parts.scheme}://{parts.netloc}".lower()) if secure else None
    return None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a new key is for; authors' own words, as the browser shows them when it asks which key."""

    id: str
    name: str
    display_name: str


class _Response(msgspec.Struct, frozen=True, kw_only=True):
    client_data: str = msgspec.field(name="clientDataJSON")
    attestation: str = msgspec.field(name="attestationObject", default="")
    authenticator_data: str = msgspec.field(name="authenticatorData", default="")
    signature: str = ""
    user_handle: str | None = msgspec.field(name="userHandle", default=None)
    transports: list[str] = []


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A `PublicKeyCredential` as its `toJSON` writes it; what else is in there is not read."""

    id: str
    type: str
    response: _Response


class ClientData(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser signed together with the key's own part."""

    challenge: str
    cross_origin: bool = msgspec.field(name="crossOrigin", default=False)


def read(text: str) -> Answer:
    """The answer as a browser wrote it. Raises Invalid for anything else."""
    try:
        if len(text) > MAX_CHARACTERS:
            raise _unreadable()
        return msgspec.json.decode(text.encode(), type=Answer)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise _unreadable() from None


def challenge_of(answer: Answer) -> bytes:
    """The challenge that it answers, which the caller must know. Raises Invalid."""
    try:
        client_data = msgspec.json.decode(decoded(answer.response.client_data), type=ClientData)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _unreadable() from None
    if client_data.cross_origin:
        raise Unauthorized("this passkey was asked for inside another site's page: open this site itself")
    return decoded(client_data.challenge)


def credential_id(answer: Answer) -> bytes:
    """Names the key. Raises Invalid."""
    found = decoded(answer.id)
    if not 0 < len(found) <= MAX_CREDENTIAL_BYTES:
        raise _unreadable()
    return found


def decoded(text: str) -> bytes:
    """Base64url to the letter: the standard library skips what it does not know. Raises Invalid."""
    try:
        if _BASE64URL.fullmatch(text) is None:
            raise _unreadable()
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise _unreadable() from None


def _unreadable() -> Invalid:
    return Invalid("what the browser said of the passkey cannot be read: try again")
