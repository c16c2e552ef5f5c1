"""What the doctor says of a bucket that readers fetch pictures from."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sdc_cli import delivery_checks
from sdc_core.settings import Settings
from sdc_web.db import open_databases

import loopback
from pictures import picture

SIZE = b"1"
"""As many bytes as the manifest says."""


@asynccontextmanager
async def _bucket(answers: dict[str, bytes]) -> AsyncGenerator[str]:
    """What the world may read, by the beginning of its path; all else is denied."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = next((body for beginning, body in answers.items() if path.startswith(beginning)), None)
        status = b"403 Forbidden" if body is None else b"200 OK"
        head = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body or b""))
        writer.write(head + (body or b""))
        await writer.drain()

    async with loopback.serving(answer) as url:
        yield f"{url}/variants"


async def _checked(folder: Path, answers: dict[str, bytes], *, pictures: bool = True) -> tuple[bool, str]:
    """Whether it is well, and what is said."""
    async with _bucket(answers) as media_url:
        settings = Settings(DATA_DIR=folder, MEDIA_URL=media_url)
        async with open_databases(settings) as databases:
            if pictures:
                await picture(databases, "A fog")
        (check,) = await delivery_checks.pictures(settings)
    return check.ok, f"{check.found} -> {check.remedy}"


async def test_sizes_that_come_and_originals_that_do_not_are_well(tmp_path: Path) -> None:
    ok, said = await _checked(tmp_path, {"/variants/": SIZE})
    assert (ok, "sizes come, originals do not" in said) == (True, True)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "is not to be had: it answered 403 -> let the world read variants/*"),
        ({"/variants/": b"<html>another site</html>"}, "has 25 bytes, but the picture has 1 -> "),
        ({"/": SIZE}, "everybody can fetch originals, such as http://127.0.0.1"),
    ],
)
async def test_a_bucket_that_shows_too_little_or_too_much_is_told_with_what_to_do(
    tmp_path: Path, answers: dict[str, bytes], words: str
) -> None:
    ok, said = await _checked(tmp_path, answers)
    assert not ok
    assert words in said


async def test_a_bucket_that_nobody_reaches_is_told(tmp_path: Path) -> None:
    settings = Settings(DATA_DIR=tmp_path, MEDIA_URL="http://127.0.0.1:9/variants")
    async with open_databases(settings) as databases:
        await picture(databases, "A fog")
    (check,) = await delivery_checks.pictures(settings)
    assert (check.ok, "nothing answers at its address" in check.found) == (False, True)


async def test_a_site_without_pictures_has_nothing_to_try(tmp_path: Path) -> None:
    ok, said = await _checked(tmp_path, {}, pictures=False)
    assert (ok, "there is no picture yet" in said) == (True, True)
    assert await delivery_checks.pictures(Settings(DATA_DIR=tmp_path)) == []
    (unstarted,) = await delivery_checks.pictures(Settings(DATA_DIR=tmp_path / "new", MEDIA_URL="http://127.0.0.1:9/v"))
    assert unstarted.ok
