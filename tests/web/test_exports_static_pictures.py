"""A static copy of a site with pictures and a film, on a plain bucket: what readers had, byte for byte."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from sdc_core import keys, objects
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media, posts
from sdc_web.db import Databases
from sdc_web.exports import static_links, static_site
from sdc_web.exports.static_site import Answer, Report
from sdc_web.media import upload

from loopback import serving
from signing_in import OWNER

SITE = "http://localhost:8000"
PNG, MP4 = b"\x89PNG\r\n\x1a\n" + bytes(5_000), b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(range(256)) * 40
VARIANTS = tuple(
    StoredVariant(name=f"{width}.webp", width=width, height=width, format="webp", size_bytes=6) for width in (480, 960)
)
MANIFEST = Manifest(recipe="r1", width=960, height=960, placeholder="", color="#ffffff", variants=VARIANTS)
LARGE = 20 * 1024 * 1024
Publish = Callable[..., Awaitable[posts.Post]]


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings_with_store: Settings) -> Settings:
    return settings_with_store.model_copy(update={"MEDIA_URL": getattr(request, "param", "")})


async def kept(databases: Databases, store: ObjectStore, settings: Settings, name: str, content: bytes) -> str:
    """The id of a new asset."""

    async def chunks() -> AsyncGenerator[bytes]:
        yield content

    asset, _ = await upload.accept(databases.site, OWNER, store, settings, name, chunks(), "A lamp")
    return asset.id


async def filled(databases: Databases, store: ObjectStore, settings: Settings, publish: Publish) -> str:
    """A text with a picture that has its variants, which is its cover as well, and with a film; the picture's id."""
    lamp = await kept(databases, store, settings, "lamp.png", PNG)
    for each in VARIANTS:
        await store.put(
            settings.S3_MEDIA_BUCKET,
            keys.variant(lamp, "r1", each.name),
            each.name[:6].encode(),
            content_type="image/webp",
        )
    await media.ready(databases.site, lamp, MANIFEST)
    film = await kept(databases, store, settings, "light.mp4", MP4)
    await publish("Fog", f"![A lamp](media:{lamp})\n\n[Light](media:{film})", cover_asset_id=lamp)
    return lamp


async def copied(databases: Databases, client: httpx.AsyncClient, folder: Path) -> Report:
    async def ask(address: str) -> Answer:
        answer = await client.get(address, headers={"accept": "text/html, */*"})
        return Answer(status=answer.status_code, body=answer.content)

    return await static_site.write(databases, OWNER, ask, SITE, folder)


async def test_a_bucket_serves_what_the_site_served(
    databases: Databases, client: httpx.AsyncClient, settings: Settings, publish: Publish, tmp_path: Path
) -> None:
    folder, bucket = tmp_path / "copy", settings.S3_MEDIA_BUCKET
    async with objects.open_store(objects.local_endpoint(settings)) as store:
        lamp = await filled(databases, store, settings, publish)
        report = await copied(databases, client, folder)
        assert report.broken == ()
        files = [each for each in await asyncio.to_thread(lambda: [*folder.rglob("*")]) if each.is_file()]
        for file in files:
            key = f"copy/{file.relative_to(folder).as_posix()}"
            await store.put(bucket, key, await asyncio.to_thread(file.read_bytes), content_type="text/html")

        async def object_at(address: str) -> bytes:
            """As a bucket that is a website answers: the object of that name, or the index of that folder."""
            path = unquote(address.partition("?")[0]).strip("/")
            named = path if (folder / path).is_file() else f"{path}/index.html".lstrip("/")
            async with store.stream(bucket, f"copy/{named}") as stream:
                return b"".join([chunk async for chunk in stream.chunks])

        page = await object_at("/posts/fog")
        links = {*static_links.of("/posts/fog", page, SITE)}
        shown = sorted(each for each in links if each.startswith(f"/media/{lamp}/"))
        assert {await object_at(each) for each in shown} == {b"480.we", b"960.we"}
        (film,) = [each for each in links if each.startswith("/media/") and each not in shown]
        assert await object_at(film) == MP4
        for each in links:
            if not each.startswith("/feed"):
                assert await object_at(each), each


@pytest.mark.parametrize("settings", ["https://cdn.example/m"], indirect=True)
async def test_pictures_that_readers_fetch_elsewhere_stay_there(
    databases: Databases, client: httpx.AsyncClient, settings: Settings, publish: Publish, tmp_path: Path
) -> None:
    async with objects.open_store(objects.local_endpoint(settings)) as store:
        lamp = await filled(databases, store, settings, publish)
        report = await copied(databases, client, tmp_path / "copy")
    page = await asyncio.to_thread((tmp_path / "copy" / "posts" / "fog" / "index.html").read_text)
    assert f"https://cdn.example/m/{lamp}/" in page
    assert report.broken == ()
    assert not await asyncio.to_thread((tmp_path / "copy" / "media" / lamp).exists)


async def test_a_large_film_comes_whole(settings: Settings) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n".encode() + bytes(LARGE))
        await writer.drain()

    async with serving(answer) as address:
        port = int(address.rpartition(":")[2])
        ask = static_site.asking(settings.model_copy(update={"WEB_HOST": "127.0.0.1", "WEB_PORT": port}))
        found = await ask("/media/x/light.mp4")
    assert (found.status, len(found.body), found.reason) == (200, LARGE, "")
