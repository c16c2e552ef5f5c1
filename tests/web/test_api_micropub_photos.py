"""Pictures through Micropub: uploaded with a post or before it, named by their address, described, taken away."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core.errors import Invalid
from sdc_core.objects import local_endpoint, open_store
from sdc_core.service_client import connect
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_web import media
from sdc_web.api.micropub_entries import Photo
from sdc_web.api.micropub_photos import Pictures
from sdc_web.db import Databases

from api_client import token
from loopback import serving
from signing_in import OWNER

SITE = "http://localhost:8000"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(5_000)
JPEG = b"\xff\xd8\xff\xe0" + bytes(5_000)
GIF = b"GIF89a" + bytes(5_000)


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def app_of_a_writer(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))  # ty: ignore[invalid-argument-type]
    headers = {"Authorization": f"Bearer {await token(databases, author_id)}"}
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers) as client:
        yield client


async def source(client: httpx.AsyncClient, url: str) -> dict[str, object]:
    return (await client.get("/micropub", params={"q": "source", "url": url})).json()["properties"]


async def uploaded(client: httpx.AsyncClient, name: str, content: bytes) -> str:
    answer = await client.post("/micropub/media", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


@pytest.mark.parametrize(("name", "content"), [("a.jpg", JPEG), ("a.png", PNG), ("a.gif", GIF)])
async def test_700_to_702_a_file_is_taken_in_and_its_address_told(
    app_of_a_writer: httpx.AsyncClient, databases: Databases, name: str, content: bytes
) -> None:
    url = await uploaded(app_of_a_writer, name, content)
    asset_id = url.removeprefix(f"{SITE}/media/").removesuffix("/picture")
    async with databases.site.read() as connection:
        asset = await media.find(connection, asset_id)
    assert asset is not None
    assert (asset.file_name, asset.size_bytes, asset.author_id) == (name, len(content), OWNER.id)
    assert await uploaded(app_of_a_writer, name, content) == url


async def test_203_205_and_206_photos_by_their_addresses_stand_at_the_end_of_the_text(
    app_of_a_writer: httpx.AsyncClient,
) -> None:
    first, second = [await uploaded(app_of_a_writer, "a", each) for each in (PNG, JPEG)]
    photos = [first, {"value": second, "alt": "A [cup] on a table"}]
    body = {"type": ["h-entry"], "properties": {"content": ["Two pictures"], "photo": photos}}
    answer = await app_of_a_writer.post("/micropub", json=body)
    assert answer.status_code == 201, answer.text
    told = await source(app_of_a_writer, answer.headers["location"])
    assert (told["content"], told["photo"]) == (["Two pictures"], photos)


async def test_104_a_form_names_a_photo_by_its_address(app_of_a_writer: httpx.AsyncClient) -> None:
    url = await uploaded(app_of_a_writer, "a.png", PNG)
    form = {"h": "entry", "content": "Named", "photo": url, "mp-photo-alt": "A cup"}
    answer = await app_of_a_writer.post("/micropub", data=form)
    assert (await source(app_of_a_writer, answer.headers["location"]))["photo"] == [{"value": url, "alt": "A cup"}]


@pytest.mark.parametrize("names", [("photo",), ("photo[]", "photo[]")], ids=["300 one", "301 two"])
async def test_files_come_along_with_a_post(app_of_a_writer: httpx.AsyncClient, names: tuple[str, ...]) -> None:
    files = [(name, ("a", content)) for name, content in zip(names, (PNG, JPEG), strict=False)]
    form = {"h": "entry", "content": "With files", "mp-photo-alt[]": ["A cup", "A lamp"][: len(names)]}
    answer = await app_of_a_writer.post("/micropub", data=form, files=files)
    assert answer.status_code == 201, answer.text
    told = await source(app_of_a_writer, answer.headers["location"])
    shown = told["photo"]
    assert isinstance(shown, list)
    assert [each["alt"] for each in shown] == ["A cup", "A lamp"][: len(names)]


async def test_a_song_of_the_library_is_no_photo(app_of_a_writer: httpx.AsyncClient) -> None:
    song = await uploaded(app_of_a_writer, "a.mp3", b"ID3 a song")
    answer = await app_of_a_writer.post("/micropub", json={"type": ["h-entry"], "properties": {"photo": [song]}})
    assert (answer.status_code, "there is no picture at" in answer.text) == (400, True)
    # A text that ends in a player tells it as a photo: whoever sends back what was told keeps it.
    asset_id = song.removeprefix(f"{SITE}/media/").removesuffix("/picture")
    content = [f"Text\n\n![Song](media:{asset_id})"]
    made = await app_of_a_writer.post("/micropub", json={"type": ["h-entry"], "properties": {"content": content}})
    url = made.headers["location"]
    told = {"value": song, "alt": "Song"}
    assert (await source(app_of_a_writer, url))["photo"] == [told]
    picture = await uploaded(app_of_a_writer, "a", PNG)
    update = {"action": "update", "url": url, "replace": {"photo": [picture, told]}}
    assert (await app_of_a_writer.post("/micropub", json=update)).status_code == 204
    assert (await source(app_of_a_writer, url))["photo"] == [picture, told]


async def test_a_photo_is_added_and_taken_away(app_of_a_writer: httpx.AsyncClient) -> None:
    first, second = [await uploaded(app_of_a_writer, "a", each) for each in (PNG, JPEG)]
    made = await app_of_a_writer.post(
        "/micropub", json={"type": ["h-entry"], "properties": {"content": ["Text"], "photo": [first]}}
    )
    url = made.headers["location"]
    add = {"action": "update", "url": url, "add": {"photo": [second]}}
    assert (await app_of_a_writer.post("/micropub", json=add)).status_code == 204
    assert (await source(app_of_a_writer, url))["photo"] == [first, second]
    remove = {"action": "update", "url": url, "delete": {"photo": [first]}}
    assert (await app_of_a_writer.post("/micropub", json=remove)).status_code == 204
    told = await source(app_of_a_writer, url)
    assert (told["content"], told["photo"]) == (["Text"], [second])


async def test_a_photo_alone_is_a_post(app_of_a_writer: httpx.AsyncClient) -> None:
    answer = await app_of_a_writer.post("/micropub", files={"photo": ("a.png", PNG)}, data={"mp-photo-alt": "A cup"})
    assert answer.headers["location"] == f"{SITE}/posts/a-cup"


@pytest.mark.parametrize(
    ("files", "status_code"),
    [
        ([("photo", ("a.png", b"no picture"))], 400),
        ([("photo", ("a.mp3", b"ID3 a song"))], 400),
        ([("photo", ("a.png", b""))], 400),
        ([("avatar", ("a.png", PNG))], 400),
        ([("photo", ("a.png", PNG))] * 13, 400),
    ],
)
async def test_files_that_cannot_be_shown_make_no_post(
    app_of_a_writer: httpx.AsyncClient,
    databases: Databases,
    files: list[tuple[str, tuple[str, bytes]]],
    status_code: int,
) -> None:
    answer = await app_of_a_writer.post("/micropub", data={"content": "Text"}, files=files)
    assert (answer.status_code, answer.json()["error"]) == (status_code, "invalid_request")
    assert (await app_of_a_writer.get("/posts/text")).status_code == 404


async def test_a_photo_of_another_site_becomes_one_of_this_and_what_is_none_is_refused_in_words(
    app: ASGIApp, databases: Databases, settings: Settings, author_id: str
) -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        status, body = {
            b"/cup.png": (b"200 OK", PNG),
            b"/page": (b"200 OK", b"<html>"),
            b"/pic.php?id=1": (b"200 OK", b"<html>"),
            b"/song.mp3": (b"200 OK", b"ID3 a song"),
        }.get(path, (b"404 No", b"-"))
        head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body))
        writer.write(head + body)
        await writer.drain()

    async with (
        serving(elsewhere) as there,
        open_store(local_endpoint(settings)) as store,
        connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
    ):
        pictures = Pictures(databases=databases, settings=settings, store=store, worker=worker, by=OWNER, private=True)
        (kept,) = await pictures.all_of([Photo(url=f"{there}/cup.png", alt="A cup")], (), {})
        async with databases.site.read() as connection:
            asset = await media.find(connection, kept.asset_id)
        assert asset is not None
        assert (asset.file_name, asset.alt, asset.size_bytes) == ("cup.png", "A cup", len(PNG))
        none = [(path, "no picture") for path in ("/page", "/pic.php?id=1", "/song.mp3")]
        for path, words in (*none, ("/nothing", "it answered 404")):
            with pytest.raises(Invalid, match=words):
                await pictures.all_of([Photo(url=f"{there}{path}")], (), {})
        careful = Pictures(databases=databases, settings=settings, store=store, worker=worker, by=OWNER)
        with pytest.raises(Invalid, match="none of the public internet"):
            await careful.all_of([Photo(url=f"{there}/cup.png")], (), {})
