import tempfile
from collections.abc import AsyncGenerator

import httpx
import pytest
from sdc_core.settings import Settings
from sdc_web import media
from sdc_web.db import Databases

from signing_in import BROWSER, OWNER, come_in

PNG = b"\x89PNG\r\n\x1a\n"
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n'
ALT = b'--x\r\nContent-Disposition: form-data; name="alt"\r\n\r\n%s\r\n'
END = b"\r\n--x--\r\n"
KIND = {**BROWSER, "Content-Type": "multipart/form-data; boundary=x"}
MIB = 1024 * 1024


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


class Body:
    """A body in pieces, which knows how much of it was asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.given = 0

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for piece in self.pieces:
            self.given += 1
            yield piece


async def _assets(databases: Databases) -> list[media.Asset]:
    async with databases.site.read() as connection:
        return await media.newest(connection, OWNER)


@pytest.mark.parametrize("piece_bytes", [64 * 1024, 3 * MIB])
async def test_a_large_file_is_written_in_threads_and_once(
    signed_in: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch, piece_bytes: int
) -> None:
    """`tests/blocking.py` fails what is written in the loop; no other file than the upload's own is made."""
    made: list[object] = []
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *_, **__: made.append(1))
    whole = FILE % b"a.png" + PNG + bytes(3 * MIB) + END
    body = Body(*(whole[start : start + piece_bytes] for start in range(0, len(whole), piece_bytes)))
    answer = await signed_in.post("/author/media", content=body, headers=KIND)
    assert answer.status_code == 303
    (asset,) = await _assets(databases)
    assert (asset.size_bytes, asset.file_name, made) == (3 * MIB + len(PNG), "a.png", [])


async def test_a_form_may_come_byte_by_byte(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    whole = FILE % b"a.png" + PNG + b"\r\n--\r\n-x" + END[:2] + ALT % b"A cup" + END[2:]
    body = Body(*(whole[at : at + 1] for at in range(len(whole))))
    assert (await signed_in.post("/author/media", content=body, headers=KIND)).status_code == 303
    (asset,) = await _assets(databases)
    assert (asset.alt, asset.size_bytes) == ("A cup", len(PNG) + 8)


async def test_a_refused_file_is_answered_after_everything_was_read(
    signed_in: httpx.AsyncClient, databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media.upload, "MAX_BYTES", 200)
    body = Body(FILE % b"a.png" + PNG, *[bytes(1_000)] * 20, b"\r\n" + ALT % b"A cup" + END[2:])
    answer = await signed_in.post("/author/media", content=body, headers=KIND)
    assert answer.status_code == 422
    assert "The file is larger than" in answer.text
    assert 'value="A cup"' in answer.text
    assert body.given == len(body.pieces)
    assert await _assets(databases) == []
    assert list((settings.DATA_DIR / "uploads").glob("*")) == []


@pytest.mark.parametrize(
    "whole",
    [
        FILE % b"a.png" + END,
        ALT % (b"a" * 70_000) + FILE % b"a.png" + PNG + END,
        (ALT % b"a") * 101 + FILE % b"a.png" + PNG + END,
        FILE % b"a.png" + PNG,
        FILE % b"\xff\xfe.png" + PNG,
        ALT % b"A cup" + END[2:],
    ],
    ids=["an empty file", "a long field", "many fields", "no end", "no UTF-8", "no file"],
)
async def test_a_form_that_cannot_be_used_is_shown_again_with_the_reason(
    signed_in: httpx.AsyncClient, databases: Databases, settings: Settings, whole: bytes
) -> None:
    answer = await signed_in.post("/author/media", content=whole, headers=KIND)
    assert answer.status_code == 422
    assert 'name="file"' in answer.text
    assert await _assets(databases) == []
    assert list((settings.DATA_DIR / "uploads").glob("*")) == []
