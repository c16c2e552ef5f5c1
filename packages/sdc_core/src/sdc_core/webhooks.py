"""Signing and verifying, by the letter of Standard Webhooks 1.0.0 (symmetric, HMAC-SHA256).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
The signed content is `id + "." + timestamp + "." + raw body`: keep the bytes that arrived, never encode them again.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from sdc_core import clock
from sdc_core.errors import Misconfigured, Unauthorized

TOLERANCE_S = 300
SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of a secret
_SECRET_BYTES = range(24, 65)
_MAX_HEADER = 4096
_MAX_ID = 256
_ID = re.compile(rf"[\x21-\x2d\x2f-\x7e]{{1,{_MAX_ID}}}")  # visible ASCII without the separator "."
_TIMESTAMP = re.compile(r"0|[1-9][0-9]{0,11}")

Reason: TypeAlias = Literal[
    "missing_header",
    "malformed_id",
    "malformed_timestamp",
    "too_old",
    "too_new",
    "malformed_signature",
    "no_match",
    "other_request",
]


class WebhookError(Unauthorized):
    """The one way in which verification fails; `reason` is for the log and not for the sender."""

    def __init__(self, reason: Reason) -> None:
        super().__init__("the webhook signature is missing or wrong")
        self.reason = reason


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent it is known. `message_id` is the idempotency key; `timestamp_s` is the attempt's time."""

    message_id: str
    timestamp_s: int


class Keyring:
    """The secrets of one endpoint, newest first. Each signs and each verifies, so services may restart in any order
    while a secret is replaced. Raises Misconfigured for none, and for one that is not `whsec_` and base64 of 24 to 64
    bytes.
    """

    __slots__ = ("_keys",)

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = tuple(_key(secret) for secret in secrets)
        if not self._keys:
            message = "a webhook endpoint needs at least one whsec_ secret"
            raise Misconfigured(message)

    def sign(self, message_id: str, timestamp_s: int, body: bytes) -> str:
        """The value of `webhook-signature`. Raises ValueError for an id or a time that the specification forbids."""
        if not _ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(str(timestamp_s)):
            message = f"not a webhook id and timestamp: {message_id!r} {timestamp_s}"
            raise ValueError(message)
        content = _content(message_id, str(timestamp_s), body)
        return " ".join("v1," + base64.b64encode(_digest(key, content)).decode() for key in self._keys)

    def headers(self, message_id: str, body: bytes) -> dict[str, str]:
        """The three headers of an attempt made now; a retry keeps the id and calls this again."""
        timestamp_s = clock.now_us() // clock.SECOND_US
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": self.sign(message_id, timestamp_s, body),
        }

    def verify(self, headers: Mapping[str, str], body: bytes, *, tolerance_s: int = TOLERANCE_S) -> Verified:
        """Check an attempt against now, `tolerance_s` both ways, the edges included. Raises WebhookError alone."""
        message_id, timestamp, signatures = _read(headers)
        if not _ID.fullmatch(message_id):
            raise WebhookError("malformed_id")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise WebhookError("malformed_timestamp")
        age_s = clock.now_us() // clock.SECOND_US - int(timestamp)
        if age_s > tolerance_s:
            raise WebhookError("too_old")
        if age_s < -tolerance_s:
            raise WebhookError("too_new")
        given = _signatures(signatures)
        content = _content(message_id, timestamp, body)
        expected = [_digest(key, content) for key in self._keys]
        # Every pair is compared, so the time taken does not tell which one matched.
        matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
        if not any(matches):
            raise WebhookError("no_match")
        return Verified(message_id=message_id, timestamp_s=int(timestamp))


def new_secret() -> str:
    """A fresh secret of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(clock.random_bytes(32)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        message = "a webhook secret must be whsec_ followed by the base64 of 24 to 64 bytes"
        raise Misconfigured(message)
    return key


def _read(headers: Mapping[str, str]) -> tuple[str, str, str]:
    """The three values; header names are case-insensitive, and one that is there twice is as good as missing."""
    wanted: dict[str, list[str]] = {"webhook-id": [], "webhook-timestamp": [], "webhook-signature": []}
    for name, value in headers.items():
        if (values := wanted.get(name.lower())) is not None:
            values.append(value)
    if any(len(values) != 1 or len(values[0]) > _MAX_HEADER for values in wanted.values()):
        raise WebhookError("missing_header")
    message_id, timestamp, signature = (values[0] for values in wanted.values())
    return message_id, timestamp, signature


def _signatures(header: str) -> list[bytes]:
    """Digests of the `v1` entries. Unknown versions and malformed entries are passed over, never in another's way."""
    digests = []
    for entry in header.split(" "):
        version, _, encoded = entry.partition(",")
        if version != "v1":
            continue
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(digest) == hashlib.sha256().digest_size and base64.b64encode(digest).decode() == encoded:
            digests.append(digest)
    if not digests:
        raise WebhookError("malformed_signature")
    return digests


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return b"%s.%s.%s" % (message_id.encode("ascii"), timestamp.encode("ascii"), body)


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
