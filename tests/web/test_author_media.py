import re
from html import unescape

import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media, posts
from sdc_web.author.media import markdown
from sdc_web.db import Databases
from sdc_web.media import assets

import pictures
from signing_in import BROWSER, HTMX, OWNER, come_in, send

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
    assert "A cup" in page.text
    assert "Pictures do not show" not in page.text


async def test_several_files_are_several_assets(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("a.png", PNG), ("b.png", PNG + b"b"))
    assert await count(databases) == 2


async def test_htmx_gets_the_asset_as_a_fragment(signed_in: httpx.AsyncClient) -> None:
    answer = await upload(signed_in, ("cup.png", PNG), **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 201
    assert answer.text.lstrip().startswith('<li class="asset" id="media-asset-')


async def test_what_is_uploaded_by_script_is_counted_at_once_where_all_pictures_are_shown(
    signed_in: httpx.AsyncClient,
) -> None:
    answer = await upload(signed_in, ("a.png", PNG), **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert '<p role="status" id="media-count" data-whole="1">1 file</p>' in answer.text
    whole = (await signed_in.get("/author/media?view=list", headers=BROWSER)).text
    filtered = (await signed_in.get("/author/media?alt=missing", headers=BROWSER)).text
    assert 'id="media-count" data-whole="1">' in whole
    assert 'id="media-count">' in filtered


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


async def only(databases: Databases) -> media.Asset:
    """The one asset there is."""
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, OWNER)
    return asset


async def test_what_is_said_of_it_is_changed_by_a_form(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("cup.png", PNG))
    path = f"/author/media/{(await only(databases)).id}"
    said = {"alt": "A blue cup", "title": "Cup", "caption": "By Ada", "focus_x": "20", "focus_y": "80"}
    answer = await send(signed_in, f"{path}?_method=PUT", said)
    assert answer.headers["location"] == f"{path}?said=saved"
    asset = await only(databases)
    assert (asset.alt, asset.title, asset.caption, asset.focus_x, asset.focus_y) == (
        "A blue cup",
        "Cup",
        "By Ada",
        20,
        80,
    )


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("alt", "x" * 501, "one line of at most 500"),
        ("title", "x" * 201, "one line of at most 200"),
        ("caption", "a\u2028b\x01", "one line of at most 500"),
        ("focus_x", "a half", "from 0 to 100"),
        ("focus_y", "101", "from 0 to 100"),
        ("focus_y", "٣", "from 0 to 100"),
    ],
)
async def test_a_refusal_stands_beside_its_field_and_what_was_typed_stays(
    signed_in: httpx.AsyncClient, databases: Databases, field: str, typed: str, words: str
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    before = await only(databases)
    said = {"alt": "A cup that is kept", "title": "", "caption": "", "focus_x": "50", "focus_y": "50"}
    answer = await send(signed_in, f"/author/media/{before.id}?_method=PUT", said | {field: typed})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert words in answer.text
    assert typed.rstrip("\x01") in answer.text
    assert await only(databases) == before


async def test_a_pending_asset_is_looked_at_again_until_it_is_a_picture(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    asset = await only(databases)
    asked = f"/author/media/states?asset={asset.id}&asset=gone"
    pending = await signed_in.get(asked, headers=BROWSER)
    await media.ready(databases.site, asset.id, MANIFEST)
    ready = await signed_in.get(asked, headers=BROWSER)
    assert f'data-pending="{asset.id}"' in pending.text
    assert "data-pending" not in ready.text
    assert f"/media/{asset.id}/480.webp" in ready.text


async def test_a_browser_that_opens_an_asset_is_shown_all_about_it(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    asset = await only(databases)
    await media.ready(databases.site, asset.id, MANIFEST)
    opened = await signed_in.get(f"/author/media/{asset.id}", headers=BROWSER)
    for words in ("<title>cup.png", asset.sha256, "WebP, 480", f"![A cup](media:{asset.id})", "Nothing shows it"):
        assert words in opened.text


async def test_where_it_is_used_is_told_apart(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("cup.png", PNG))
    asset = await only(databases)
    for title in ("On the shelf", "In the kitchen"):
        path = (await send(signed_in, "/author/posts", {"kind": "post"})).headers["location"]
        text = {"title": title, "body_markdown": markdown(asset), "cover_id": asset.id, "base_revision": "1"}
        await send(signed_in, f"{path}/draft", text, "PUT", htmx=True)
        if title == "On the shelf":
            await posts.publish(databases.site, OWNER, path.rpartition("/")[2])
    page = (await signed_in.get(f"/author/media/{asset.id}", headers=BROWSER)).text
    site, drafts = page.index("On the site"), page.index("In drafts")
    assert site < page.index("On the shelf") < drafts < page.index("In the kitchen")
    assert "cover and text" in page
    assert 'href="/posts/on-the-shelf"' in page
    assert "cannot be deleted" in page


async def test_the_original_comes_home_under_its_name_and_is_never_shown(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ('"><script>alert(1)</script>\r\n ü.png', PNG))
    asset = await only(databases)
    answer = await signed_in.get(f"/author/media/{asset.id}/original", headers=BROWSER)
    assert answer.content == PNG
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert all(letter not in answer.headers["content-disposition"] for letter in '"<>\r\n')
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_file_name_with_markup_is_text_on_every_page(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("<img src=x onerror=alert(1)>.png", PNG))
    asset = await only(databases)
    said = {"alt": "\"'><script>", "title": "<b>{{ 7*7 }}", "caption": '"><svg onload=x>'}
    await send(signed_in, f"/author/media/{asset.id}?_method=PUT", said)
    for path in ("", f"/{asset.id}", "/alt", "/unused?days=0", f"/states?asset={asset.id}", "?q=%3Cscript%3E"):
        page = await signed_in.get(f"/author/media{path}", headers=BROWSER)
        assert page.status_code == 200
        for evil in ("<img src=x", "<script>", "<svg onload", "<b>{{"):
            assert evil not in page.text, path


async def test_an_animation_tells_that_its_first_frame_is_shown(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, OWNER)
    await media.ready(databases.site, asset.id, msgspec.structs.replace(MANIFEST, animated=True))
    ready = await signed_in.get(f"/author/media/{asset.id}", headers=BROWSER)
    assert "Only the first frame of this animation is shown" in ready.text


async def test_an_unused_picture_goes_into_the_trash(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("cup.png", PNG))
    asset = await only(databases)
    answer = await send(signed_in, f"/author/media/{asset.id}?_method=DELETE", {})
    assert answer.headers["location"] == "/author/media?said=trashed"
    assert "cup.png" not in (await signed_in.get("/author/media", headers=BROWSER)).text
    assert "cup.png" in (await signed_in.get("/author/media/trash", headers=BROWSER)).text


async def test_a_picture_that_a_text_shows_is_not_deleted(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await upload(signed_in, ("cup.png", PNG))
    async with databases.site.read() as connection:
        (asset,) = await media.newest(connection, OWNER)
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


def test_a_caption_goes_along_and_its_quotes_do_not_end_it() -> None:
    asset = msgspec.structs.replace(assets.new_asset("0" * 64, "a.png", "image/png", 1, "A"), caption='"x" \\')
    assert markdown(asset) == f'![A](media:{asset.id} "\\"x\\" \\\\")'


async def test_typing_brings_the_part_that_changes(signed_in: httpx.AsyncClient) -> None:
    await upload(signed_in, ("cup.png", PNG), ("jug.png", PNG + b"b"))
    part = await signed_in.get("/author/media?q=CUP.&sort=name", headers=HTMX)
    assert part.text.lstrip().startswith('<section class="media-library" id="media-library"')
    assert "cup.png" in part.text
    assert "jug.png" not in part.text
    assert 'data-url="/author/media?q=CUP.&amp;sort=name"' in part.text


@pytest.mark.parametrize("query", ["kind=photo", "sort=random", "page=2", "view=", "q=a&q=b", "q=%ff"])
async def test_a_filter_that_is_none_is_refused(signed_in: httpx.AsyncClient, query: str) -> None:
    assert (await signed_in.get(f"/author/media?{query}", headers=BROWSER)).status_code == 422


async def test_pages_of_the_library_follow_each_other(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    for number in range(50):
        await pictures.picture(databases, f"Picture {number:02}")
    first = (await signed_in.get("/author/media?sort=name", headers=BROWSER)).text
    ahead = unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])  # ty: ignore[not-subscriptable]
    second = (await signed_in.get(ahead, headers=BROWSER)).text
    assert "50 files" in first
    assert (first.count('class="asset"'), second.count('class="asset"')) == (48, 2)
    assert 'href="/author/media?sort=name">First page' in second


async def test_pictures_without_words_get_them_all_at_once(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await signed_in.post(
        "/author/media",
        files=[("file", (f"{n}.png", PNG + bytes([n]), "image/png")) for n in range(3)],
        headers=BROWSER,
    )
    async with databases.site.read() as connection:
        one, two, three = await media.newest(connection, OWNER)
    form = {f"alt-{one.id}": "One", f"alt-{two.id}": " ", f"alt-{three.id}": "x" * 501}
    answer = await send(signed_in, "/author/media/alt?_method=PUT", form)
    assert answer.status_code == 422
    assert f'id="error-{three.id}"' in answer.text
    assert "x" * 501 in answer.text
    async with databases.site.read() as connection:
        assert {each.alt for each in await media.newest(connection, OWNER)} == {"One", ""}
    assert (await send(signed_in, "/author/media/alt?_method=PUT", {"other": "x"})).status_code == 422
