"""A passkey in software: answers as a browser with an authenticator would, and lies as a test asks it to."""

import base64
import hashlib
import json
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

ORIGIN = "http://localhost:8000"
UP, UV, BE, BS, AT = 1, 4, 8, 16, 64


class Lies(msgspec.Struct, frozen=True, kw_only=True):
    """What an honest answer would not say; nothing, unless it is set."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    challenge: str | None = None
    flags: int = UP | UV
    type: str | None = None
    cross_origin: bool = False
    user_handle: str | None = "theirs"
    signature: bytes | None = None
    algorithm: int = -7


HONEST = Lies()


class SoftwareKey:
    """One authenticator with one credential. `count` is its counter; 0 stays 0, as synced passkeys do."""

    def __init__(self, *, counts: bool = True, synced: bool = False) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(str(self.private.private_numbers().private_value).encode()).digest()
        self.count = 1 if counts else 0
        self.flags = BE | BS if synced else 0
        self.user_handle = ""

    def make(self, options: str | bytes, lies: Lies = HONEST) -> str:
        """The answer to options of `navigator.credentials.create()`, as JSON."""
        asked: dict[str, Any] = json.loads(options)
        self.user_handle = asked["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        cose = {1: 2, 3: lies.algorithm, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + encode_cbor(cose)
        data = self._data(lies, AT) + credential
        client = _client("webauthn.create", asked, lies)
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": _text(client),
                "attestationObject": _text(attestation),
                "transports": ["internal", "hybrid"],
            }
        )

    def show(self, options: str | bytes, lies: Lies = HONEST) -> str:
        """The answer to options of `navigator.credentials.get()`, as JSON."""
        asked: dict[str, Any] = json.loads(options)
        self.count += 1 if self.count else 0
        data, client = self._data(lies, 0), _client("webauthn.get", asked, lies)
        signed = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(lies.signature or signed),
                "userHandle": self.user_handle if lies.user_handle == "theirs" else lies.user_handle,
            }
        )

    def _data(self, lies: Lies, more: int) -> bytes:
        flags = lies.flags | self.flags | more
        return hashlib.sha256(lies.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, object]) -> str:
        return json.dumps({"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "response": response})


def _client(kind: str, asked: dict[str, Any], lies: Lies) -> bytes:
    said = {
        "type": lies.type or kind,
        "challenge": lies.challenge or asked["challenge"],
        "origin": lies.origin,
        "crossOrigin": lies.cross_origin,
    }
    return json.dumps(said).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
