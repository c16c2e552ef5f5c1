"""Pages that show pictures, and uploads, while the object store refuses connections or takes them and says nothing."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media
from sdc_web.db import Databases
from sdc_web.media import assets

from loopback import serving
from signing_in import BROWSER, HTMX, OWNER, come_in, send

PNG = b"\x89PNG\r\n\x1a\n" + bytes(5_000)
SOON_US = 2 * clock.SECOND_US
SMALL = StoredVariant(name="480.webp", width=480, height=320, format="webp", size_bytes=1)
MANIFEST = Manifest(recipe="r1", width=480, height=320, placeholder="", color="#ffffff", variants=(SMALL,))


@pytest.fixture(params=["refuses", "hangs"])
async def settings(settings: Settings, request: pytest.FixtureRequest) -> AsyncGenerator[Settings]:
    if request.param == "refuses":
        yield settings
        return

    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass

    async with serving(say_nothing) as url:
        yield settings.model_copy(update={"S3_ENDPOINT_URL": url})


@pytest.fixture
async def asset_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """A picture of a signed-in author, uploaded while the store was there."""
    await come_in(client, databases)
    made = assets.new_asset("a" * 64, "cup.png", "image/png", 5_000, "A cup", author_id=OWNER.id)
    async with databases.site.transaction() as connection:
        await assets.insert(connection, made)
        await assets.set_state(connection, made.id, "ready", manifest=MANIFEST)
    return made.id


@pytest.mark.parametrize("path", ["", "/unused?days=0", "/trash", "/{}"])
async def test_a_page_of_pictures_says_soon_that_they_do_not_show(
    client: httpx.AsyncClient, asset_id: str, path: str
) -> None:
    begun_us = clock.monotonic_us()
    page = await client.get("/author/media" + path.format(asset_id), headers=BROWSER)
    assert clock.monotonic_us() - begun_us < SOON_US
    assert page.status_code == 200
    assert "Pictures do not show at the moment" in page.text


@pytest.mark.parametrize("path", ["/author/media?q=cup", "/author/pictures?q=cup"])
async def test_a_search_says_so_beside_what_it_finds(client: httpx.AsyncClient, asset_id: str, path: str) -> None:
    part = (await client.get(path, headers=HTMX)).text
    assert "Pictures do not show at the moment" in part
    assert asset_id in part


async def test_an_upload_is_refused_with_the_reason_and_what_was_typed_stays(
    client: httpx.AsyncClient, databases: Databases, asset_id: str
) -> None:
    files, typed = [("file", ("pot.png", PNG, "image/png"))], {"alt": "A pot, “blue” & <old>"}
    page = await client.post("/author/media", files=files, data=typed, headers=BROWSER)
    assert page.status_code == 503
    assert "The file was not taken, because the object store cannot be used" in page.text
    assert 'value="A pot, “blue” &amp; &lt;old&gt;"' in page.text
    told = await client.post("/author/media", files=files, data=typed, headers=BROWSER | {"Accept": "application/json"})
    assert (told.status_code, "object store" in told.json()["detail"]) == (503, True)
    async with databases.site.read() as connection:
        assert [each.id for each in await media.newest(connection, OWNER)] == [asset_id]


async def test_another_file_for_a_picture_is_refused_beside_its_field(client: httpx.AsyncClient, asset_id: str) -> None:
    sent = [("file", ("pot.png", PNG, "image/png"))]
    page = await client.put(f"/author/media/{asset_id}/file", files=sent, headers=BROWSER)
    assert (page.status_code, 'id="error-file"' in page.text) == (503, True)
    assert "object store cannot be used" in page.text


async def test_what_is_said_of_a_picture_is_saved_all_the_same(client: httpx.AsyncClient, asset_id: str) -> None:
    answer = await send(client, f"/author/media/{asset_id}", {"alt": "A blue cup"}, "PUT")
    assert answer.status_code == 303
    assert "A blue cup" in (await client.get(f"/author/media/{asset_id}", headers=BROWSER)).text
