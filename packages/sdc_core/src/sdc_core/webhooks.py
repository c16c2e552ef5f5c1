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
_TIMES = 10**12
_HEADERS = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature"})

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
        self._keys = tuple(_Key(_bytes(secret)) for secret in secrets)
        if not self._keys:
            message = "a webhook endpoint needs at least one whsec_ secret"
            raise Misconfigured(message)

    def sign(self, message_id: str, timestamp_s: int, body: bytes) -> str:
        """The value of `webhook-signature`. Raises ValueError for an id or a time that the specification forbids."""
        if not _ID.fullmatch(message_id) or not 0 <= timestamp_s < _TIMES:
            message = f"not a webhook id and timestamp: {message_id!r} {timestamp_s}"
            raise ValueError(message)
        head = f"{message_id}.{timestamp_s}.".encode("ascii")
        return " ".join(["v1," + key.signature(head, body) for key in self._keys])

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
        head = f"{message_id}.{timestamp}.".encode("ascii")
        given = [entry[3:] for entry in signatures.split(" ") if entry.startswith("v1,") and entry.isascii()]
        matched = False
        for key in self._keys:
            # As text: a digest has one spelling alone. Every pair is compared, so the time does not tell which matched.
            expected = key.signature(head, body)
            for theirs in given:
                matched |= hmac.compare_digest(expected, theirs)
        if not matched:
            raise WebhookError("no_match" if any(map(_is_digest, given)) else "malformed_signature")
        return Verified(message_id=message_id, timestamp_s=int(timestamp))


def new_secret() -> str:
    """A fresh secret of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(clock.random_bytes(32)).decode()


class _Key:
    """HMAC-SHA256 (RFC 2104) of one secret, whose 24 to 64 bytes fit its block: the hashes of the padded key are made
    once, which is half of the work for a message.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        padded = secret.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def signature(self, head: bytes, body: bytes) -> str:
        """Base64 of the digest."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(head)
        inner.update(body)
        outer.update(inner.digest())
        return binascii.b2a_base64(outer.digest(), newline=False).decode("ascii")


def _bytes(secret: str) -> bytes:
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
    found: dict[str, str] = {}
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in _HEADERS:
            if lowered in found or len(value) > _MAX_HEADER:
                raise WebhookError("missing_header")
            found[lowered] = value
    if len(found) != len(_HEADERS):
        raise WebhookError("missing_header")
    return found["webhook-id"], found["webhook-timestamp"], found["webhook-signature"]


def _is_digest(encoded: str) -> bool:
    """Whether that is what a signature looks like. A malformed entry, or an unknown version, is in no other's way."""
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(digest) == hashlib.sha256().digest_size and base64.b64encode(digest).decode() == encoded
