"""What a browser says of a passkey, read and verified. Every byte of it may come from an attacker."""

import base64
import binascii
import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from sdc_core.errors import Invalid, Unauthorized
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import CredentialDeviceType

MAX_CHARACTERS = 16 * 1024
MAX_CREDENTIAL_BYTES = 1023
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""What authenticators in use can do; fewer kinds are fewer parsers."""
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_REFUSED = (
    WebAuthnException, UnsupportedAlgorithm, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    RecursionError,
)  # fmt: skip
"""The library names what it looks for, and stumbles in many ways over what nobody expects: all are a bad answer."""


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


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A new key: `aaguid` names the kind of authenticator, as far as it says."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    aaguid: str
    transports: list[str]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A key that answered, and its counter."""

    sign_count: int


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


def verify_made(answer: Answer, party: RelyingParty, challenge: bytes) -> Made:
    """A new key. Raises Unauthorized for an answer that is forged, for another site, or without a person's proof."""
    try:
        verified = webauthn.verify_registration_response(
            credential=_as_library_reads(answer, {"attestationObject": answer.response.attestation}),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _REFUSED:
        raise _refused() from None
    if verified.credential_id != credential_id(answer):
        raise _refused()
    return Made(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        synced=verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        aaguid=verified.aaguid,
        transports=[name for name in answer.response.transports if re.fullmatch(r"[a-z-]{1,20}", name)][:8],
    )


def verify_shown(answer: Answer, party: RelyingParty, challenge: bytes, public_key: bytes) -> Shown:
    """A known key that signed the challenge. Raises Unauthorized. Its counter is the caller's to judge."""
    sent = {
        "authenticatorData": answer.response.authenticator_data,
        "signature": answer.response.signature,
        "userHandle": answer.response.user_handle,
    }
    try:
        verified = webauthn.verify_authentication_response(
            credential=_as_library_reads(answer, sent),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _REFUSED:
        raise _refused() from None
    return Shown(sign_count=verified.new_sign_count)


def decoded(text: str) -> bytes:
    """Base64url to the letter: the standard library skips what it does not know. Raises Invalid."""
    try:
        if _BASE64URL.fullmatch(text) is None:
            raise _unreadable()
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise _unreadable() from None


def _as_library_reads(answer: Answer, response: dict[str, str | None]) -> dict[str, Any]:
    return {
        "id": answer.id,
        "rawId": answer.id,
        "type": answer.type,
        "response": {"clientDataJSON": answer.response.client_data, **response},
    }


def _unreadable() -> Invalid:
    return Invalid("what the browser said of the passkey cannot be read: try again")


def _refused() -> Unauthorized:
    return Unauthorized("this passkey could not be verified: try again, or choose another way in")
