"""Sealing small secrets before they go into `site.db`, which is replicated to machines of others."""

import asyncio
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sdc_core import clock
from sdc_core.write_once import write_once

KEY_BYTES = 32
NONCE_BYTES = 12


async def seal(key_file: Path, secret: bytes, whose: str) -> bytes:
    """The secret, readable again with the same key and the same owner alone. The first call makes the key."""
    key = await asyncio.to_thread(_made_key, key_file)
    nonce = clock.random_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, whose.encode())


async def unseal(key_file: Path, sealed: bytes, whose: str) -> bytes | None:
    """None when it was sealed under another key, for another owner, or when this machine has no key."""
    key = await asyncio.to_thread(_key, key_file)
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], whose.encode()) if key else None
    except InvalidTag:
        return None


def _made_key(file: Path) -> bytes:
    write_once(file, clock.random_bytes(KEY_BYTES))
    return file.read_bytes()


def _key(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
