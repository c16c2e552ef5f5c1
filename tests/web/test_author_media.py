import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media
from sdc_web.author.media import markdown
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.media import assets

from signing_in import BROWSER, HTMX, come_in, send

SMALL = StoredVariant(name="480.webp", width=480, height=320, format="webp", size_bytes=1)
MANIFEST = Manifest(recipe="r1", width=480, height=320, placeholder="", color="#ffffff", variants=(SMALL,))
PART = b"--x\r\nContent-Disposition: "
PNG = b"\x89PNG\r\n\x1a\n" + bytes(5_000)


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


async def upload(client: httpx.AsyncClient, *files: tuple[str, bytes], **headers: str) -> httpx.Response:
    sent = [("file", (name, body, "image/png")) for name, body in files]
    return await client.post("/author/media", files=sent, data={"alt": "A cup"}, headers={**BROWSER, **headers})


async def count(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM media_assets")


async def test_an_upload_is_kept_though_the_worker_is_away(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    answer = await upload(signed_in, ("cup.png", PNG))
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media?said=uploaded")
    page = await signed_in.get("/author/media", headers=BROWSER)
    assert "cup.png" in page.text
    assert 'value="A cup"' in page.text


async def test_several_files_are_several_assets(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("a.png", PNG), ("b.png", PNG + b"b"))
    assert await count(databases) == 2


async def test_htmx_gets_the_asset_as_a_fragment(signed_in: httpx.AsyncClient) -> None:
    answer = await upload(signed_in, ("cup.png", PNG), **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 201
    assert answer.text.lstrip().startswith('<li class="asset" id="media-asset-')


async def test_a_script_gets_the_markdown_as_json(signed_in: httpx.AsyncClient) -> None:
    answer = await upload(signed_in, ("cup.png", PNG), Accept="application/json")
    (told,) = answer.json()
    assert told["markdown"] == f"![A cup](media:{told['asset_id']})"
    assert told["new"] is True


async def test_what_is_no_picture_is_refused_in_words(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    page = await upload(signed_in, ("cup.png", b"<html>"))
    fragment = await upload(signed_in, ("cup.png", b"<html>"), **{"HX-Request": "true"})
    assert (page.status_code, fragment.status_code) == (422, 422)
    assert "no picture that browsers show" in page.text
    assert await count(databases) == 0


async def test_a_form_without_a_file_is_refused(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.post(
        "/author/media", files={"file": ("", b"", "application/octet-stream")}, data={"alt": ""}, headers=BROWSER
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data"),
        (b"nothing like it", "multipart/form-data; boundary=x"),
        (PART + b'form-data; name="alt"\r\n\r\n\xff\xfe\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (PART + b"nonsense\r\n\r\na\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"file=a", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_malformed_upload_is_the_senders_fault(
    signed_in: httpx.AsyncClient, body: bytes, content_type: str
) -> None:
    answer = await signed_in.post("/author/media", content=body, headers={**BROWSER, "Content-Type": content_type})
    assert 400 <= answer.status_code < 500


async def test_the_alternative_text_is_changed_by_form_and_by_htmx(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, SYSTEM)
    by_form = await send(signed_in, f"/author/media/{asset.id}?_method=PUT", {"alt": "A blue cup"})
    by_htmx = await send(signed_in, f"/author/media/{asset.id}", {"alt": "A red cup"}, "PUT", htmx=True)
    assert by_form.status_code == 303
    assert 'value="A red cup"' in by_htmx.text


async def test_a_pending_asset_asks_again_until_it_is_a_picture(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, SYSTEM)
    pending = await signed_in.get(f"/author/media/{asset.id}", headers=HTMX)
    await media.ready(databases.site, asset.id, MANIFEST)
    ready = await signed_in.get(f"/author/media/{asset.id}", headers=HTMX)
    assert 'hx-trigger="every 3s"' in pending.text
    assert 'hx-trigger="every 3s"' not in ready.text
    assert f"/media/{asset.id}/480.webp" in ready.text


async def test_a_browser_that_opens_an_asset_is_shown_a_whole_page(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, SYSTEM)
    opened = await signed_in.get(f"/author/media/{asset.id}", headers=BROWSER)
    fragment = await signed_in.get(f"/author/media/{asset.id}", headers=HTMX)
    assert "<title>cup.png" in opened.text
    assert f'id="media-asset-{asset.id}"' in opened.text
    assert "<title>" not in fragment.text


async def test_an_animation_tells_that_its_first_frame_is_shown(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, SYSTEM)
    await media.ready(databases.site, asset.id, msgspec.structs.replace(MANIFEST, animated=True))
    ready = await signed_in.get(f"/author/media/{asset.id}", headers=HTMX)
    assert "Only the first frame of this animation is shown." in ready.text


async def test_an_unused_picture_is_deleted_with_its_original(
    signed_in: httpx.AsyncClient, databases: Databases, object_store: ObjectStore, settings: Settings
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, SYSTEM)
    answer = await send(signed_in, f"/author/media/{asset.id}?_method=DELETE", {})
    assert answer.headers["location"] == "/author/media?said=deleted"
    assert await count(databases) == 0
    await media.removal.clear_away_once(databases.site, object_store, settings.S3_MEDIA_BUCKET)
    assert [info.key async for info in object_store.list(settings.S3_MEDIA_BUCKET)] == []


async def test_a_picture_that_a_text_shows_is_not_deleted(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, SYSTEM)
    path = (await send(signed_in, "/author/posts", {"kind": "post"})).headers["location"]
    text = {"title": "On cups", "body_markdown": markdown(asset), "base_revision": "1"}
    await send(signed_in, f"{path}/draft", text, "PUT", htmx=True)
    answer = await send(signed_in, f"/author/media/{asset.id}?_method=DELETE", {})
    assert answer.status_code == 409
    assert "On cups" in answer.text
    assert await count(databases) == 1


async def test_an_asset_that_is_not_there_is_not_found(signed_in: httpx.AsyncClient) -> None:
    assert (await signed_in.get("/author/media/nothing", headers=HTMX)).status_code == 404
    assert (await send(signed_in, "/author/media/nothing?_method=PUT", {"alt": "x"})).status_code == 404


def test_brackets_in_an_alternative_text_do_not_end_it() -> None:
    asset = assets.new_asset("0" * 64, "a.png", "image/png", 1, "[a] \\ b")
    assert markdown(asset) == f"![\\[a\\] \\\\ b](media:{asset.id})"
    assert asset.uploaded_at_us <= clock.now_us()
