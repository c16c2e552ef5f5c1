"""Files for their author to keep: sent in pieces that threads read, and nothing in them runs in a browser."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from litestar.types import ASGIApp, Receive, Scope, Send

from sdc_web.headers import SANDBOX, kept_as

SEND_S = 4 * 3_600.0
_PIECE_BYTES = 256 * 1024


def of_file(file: Path, name: str, content_type: str) -> ASGIApp:
    """The file under that name."""
    return _answer(_of(file), name, content_type, file)


def of_pieces(pieces: Iterator[bytes], name: str, content_type: str) -> ASGIApp:
    """What comes bit by bit, under that name."""
    return _answer(pieces, name, content_type)


def _answer(pieces: Iterator[bytes], name: str, content_type: str, file: Path | None = None) -> ASGIApp:
    headers = {
        "content-type": content_type,
        "content-disposition": kept_as(name),
        "content-security-policy": SANDBOX,
    }

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        sized = {} if file is None else {"content-length": str((await asyncio.to_thread(file.stat)).st_size)}
        encoded = [(each.encode(), value.encode()) for each, value in {**headers, **sized}.items()]
        async with asyncio.timeout(SEND_S):
            await send({"type": "http.response.start", "status": 200, "headers": encoded})
            while piece := await asyncio.to_thread(_next, pieces):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return answer


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


def _of(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE_BYTES):
            yield piece
