"""What Content-MD5 wants (RFC 1864), of bytes and of files. Blocking."""

import base64
import hashlib
import io
from typing import IO

from sdc_core.owned_file import OwnedFile

READ_BYTES = 256 * 1024


def of_bytes(body: bytes) -> str:
    """The value of the header."""
    return _of(io.BytesIO(body))


def of_file(file: OwnedFile) -> tuple[str, int]:
    """The same, and the length, of a file that is opened here and ready to be sent."""
    file.open()
    md5, size_bytes = _of(file.opened), file.opened.tell()
    file.opened.seek(0)
    return md5, size_bytes


def _of(body: IO[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := body.read(READ_BYTES):
        digest.update(chunk)
    return base64.b64encode(digest.digest()).decode()
