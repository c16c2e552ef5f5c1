"""Files and forms that a stranger made, and authors who reach for what is another's."""

import asyncio
import re
from html import unescape

import httpx
import pytest
from litestar.exceptions import LitestarException
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec.structs import replace
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import media, posts, stored_files
from sdc_web.db import Databases
from sdc_web.media import assets, trash
from sdc_web.sessions.confirm import FRESH_US

import pictures
from signing_in import BROWSER, HTMX, OWNER, come_in, send

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


async def put(client: httpx.AsyncClient, asset_id: str, name: str, body: bytes) -> httpx.Response:
    return await client.post(
        f"/author/media/{asset_id}/file?_method=PUT", files={"file": (name, body, "image/png")}, headers=BROWSER
    )


async def all_of(databases: Databases) -> list[media.Asset]:
    async with databases.site.read() as connection:
        return await media.newest(connection, OWNER)


async def test_what_only_says_that_it_is_a_picture_is_refused_wherever_it_comes(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    for name, body in (("a.svg", SVG), ("a.png", SVG), ("a.jpg", HTML), ("a.gif", b"GIF8" + HTML), ("a.png", b"")):
        sent = {"file": (name, body, "image/png")}
        uploaded = await signed_in.post("/author/media", files=sent, data={"alt": ""}, headers=BROWSER)
        replaced = await put(signed_in, asset_id, name, body)
        assert (uploaded.status_code, replaced.status_code) == (422, 422), name
        assert 'id="error-file"' in replaced.text
    assert len(await all_of(databases)) == 1


async def test_a_picture_that_is_a_page_as_well_is_never_answered_as_one(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    sent = {"file": ("page.html", PNG + HTML, "text/html")}
    await signed_in.post("/author/media", files=sent, data={"alt": ""}, headers=BROWSER)
    (asset,) = await all_of(databases)
    original = await signed_in.get(f"/author/media/{asset.id}/original", headers=BROWSER)
    assert original.headers["content-type"] == "image/png"
    assert original.headers["content-disposition"].startswith("attachment")
    assert original.headers["x-content-type-options"] == "nosniff"
    assert original.headers["content-security-policy"].startswith("sandbox")
    assert (await signed_in.get(f"/media/{asset.id}/original")).status_code == 404


async def test_a_file_over_the_limit_is_told_and_leaves_nothing(
    signed_in: httpx.AsyncClient, databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    monkeypatch.setattr(media.upload, "MAX_BYTES", 200)
    uploaded = await signed_in.post("/author/media", files={"file": ("a.png", PNG)}, headers=BROWSER)
    replaced = await put(signed_in, asset_id, "a.png", PNG)
    for answer in (uploaded, replaced):
        assert answer.status_code == 422
        assert "The file is larger than" in answer.text
    assert len(await all_of(databases)) == 1
    assert list((settings.DATA_DIR / "uploads").glob("*")) == []


@pytest.mark.parametrize("cut", [40, 200, 330])
async def test_an_upload_that_is_cut_off_is_nothing(
    signed_in: httpx.AsyncClient, databases: Databases, cut: int
) -> None:
    whole = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await signed_in.post("/author/media", content=whole[:cut], headers={**BROWSER, **kind})
    assert 400 <= answer.status_code < 500
    assert await all_of(databases) == []


async def test_the_same_file_twice_at_once_is_one_picture(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    async with asyncio.TaskGroup() as group:
        sent = [
            group.create_task(signed_in.post("/author/media", files={"file": ("a.png", PNG)}, headers=BROWSER))
            for _ in range(3)
        ]
    assert {each.result().status_code for each in sent} == {303}
    assert len(await all_of(databases)) == 1


async def test_two_files_for_one_place_at_once_leave_one_that_waits(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(put(signed_in, asset_id, "b.png", PNG + bytes([each]))) for each in range(2)]
    assert {each.result().headers["location"] for each in sent} == {f"/author/media/{asset_id}?said=replacing"}
    page = (await signed_in.get(f"/author/media/{asset_id}", headers=BROWSER)).text
    assert page.count("Keep the present file") == 1
    kept = await send(signed_in, f"/author/media/{asset_id}/file?_method=DELETE", {})
    assert kept.status_code == 303
    assert "Keep the present file" not in (await signed_in.get(f"/author/media/{asset_id}", headers=BROWSER)).text


async def test_uploading_what_lies_in_the_trash_brings_it_back(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await signed_in.post("/author/media", files={"file": ("a.png", PNG)}, headers=BROWSER)
    (asset,) = await all_of(databases)
    await trash.put(databases.site, OWNER, [asset.id])
    await signed_in.post("/author/media", files={"file": ("again.png", PNG)}, headers=BROWSER)
    assert [each.id for each in await all_of(databases)] == [asset.id]


async def test_boxes_are_ticked_thrown_away_brought_back_and_deleted(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    ids = [await pictures.picture(databases, name) for name in ("One", "Two", "Three")]
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    both = f"asset={ids[0]}&asset={ids[1]}"
    thrown = await signed_in.post("/author/media/trash", content=both, headers=headers)
    assert thrown.headers["location"] == "/author/media/trash?said=trashed"
    shown = (await signed_in.get("/author/media/trash", headers=BROWSER)).text
    assert ("One.png" in shown, "Three.png" in shown) == (True, False)
    assert f"/author/media/{ids[0]}/picture" in shown
    back = await signed_in.post("/author/media/trash?_method=DELETE", content=f"asset={ids[0]}", headers=headers)
    gone = await signed_in.post("/author/media/removals", content=both, headers=headers)
    assert (back.status_code, gone.status_code) == (303, 303)
    assert {each.id for each in await all_of(databases)} == {ids[0], ids[2]}
    assert "The trash is empty" in (await signed_in.get("/author/media/trash", headers=BROWSER)).text


async def test_of_the_ticked_ones_those_that_texts_show_are_named(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    used, unused = [await pictures.picture(databases, name) for name in ("Used", "Unused")]
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, posts.Draft(title="T", body=f"![](media:{used})"), 1)
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await signed_in.post("/author/media/trash", content=f"asset={used}&asset={unused}", headers=headers)
    assert answer.status_code == 422
    assert "1 file is in the trash. Texts show the others, so they stay: Used.png." in answer.text
    assert {each.id for each in await all_of(databases)} == {used}


async def test_who_deletes_pictures_for_good_shows_again_who_they_are(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    await trash.put(databases.site, OWNER, [asset_id])
    with clock.frozen(clock.now_us() + FRESH_US + clock.SECOND_US):
        answer = await send(signed_in, "/author/media/removals", {"asset": asset_id})
    assert (answer.status_code, "/author/confirm/form" in answer.headers["location"]) == (307, True)
    async with databases.site.read() as connection:
        assert await assets.find_anywhere(connection, asset_id) is not None


@pytest.mark.parametrize("path", ["/author/media/unused?days=0", "/author/media/trash"])
async def test_each_picture_of_a_long_list_is_on_one_of_its_pages(
    signed_in: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("sdc_web.author.media_trash.LISTED", 2)
    ids = [await pictures.picture(databases, f"P{number}") for number in range(5)]
    if path.endswith("trash"):
        await trash.put(databases.site, OWNER, ids)
    seen: list[str] = []
    following: str | None = path
    while following:
        page = (await signed_in.get(following, headers=BROWSER)).text
        seen += re.findall(r'name="asset" value="([^"]+)"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        following = unescape(found[1]) if found else None
    assert sorted(seen) == sorted(ids)
    assert "Back to the first" in page
    assert "5 files" in page


@pytest.mark.parametrize("path", ["trash", "trash?_method=DELETE", "removals"])
@pytest.mark.parametrize("form", ["", "other=x", "asset=" + "&asset=x" * 300, "asset=%00"])
async def test_a_form_without_a_tick_or_with_too_many_changes_nothing(
    signed_in: httpx.AsyncClient, databases: Databases, path: str, form: str
) -> None:
    await pictures.picture(databases, "A cup")
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await signed_in.post(f"/author/media/{path}", content=form, headers=headers)
    assert answer.status_code == 422
    assert len(await all_of(databases)) == 1


@pytest.mark.parametrize("days", ["-1", "1e9", "99999", "x", "٣"])
async def test_days_that_are_none_are_refused_beside_their_field(signed_in: httpx.AsyncClient, days: str) -> None:
    answer = await signed_in.get("/author/media/unused", params={"days": days}, headers=BROWSER)
    assert answer.status_code == 422
    assert 'id="error-days"' in answer.text
    assert f'value="{days}"' in answer.text


async def test_another_authors_picture_is_shown_and_stays_as_it_is(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    sent = {"file": ("hers.png", PNG, "image/png")}
    await signed_in.post("/author/media", files=sent, data={"alt": "Hers"}, headers=BROWSER)
    (asset,) = await all_of(databases)
    other = clock.new_id()
    async with databases.site.transaction() as connection:
        await execute(
            connection,
            "INSERT INTO authors (id, name, display_name, created_at_us, role) VALUES (:id, 'eve', 'Eve', 0, 'author')",
            {"id": other},
        )
        await execute(connection, "UPDATE media_assets SET author_id = :id", {"id": other})
        await execute(connection, "UPDATE authors SET role = 'author' WHERE id = :id", {"id": OWNER.id})
    page = (await signed_in.get(f"/author/media/{asset.id}", headers=BROWSER)).text
    assert "Another author uploaded it" in page
    assert "media-words-form" not in page
    tried = [
        await send(signed_in, f"/author/media/{asset.id}?_method=PUT", {"alt": "Mine"}),
        await send(signed_in, f"/author/media/{asset.id}?_method=DELETE", {}),
        await send(signed_in, f"/author/media/{asset.id}/file?_method=DELETE", {}),
        await send(signed_in, f"/author/media/{asset.id}/orders", {}),
        await send(signed_in, f"/author/media/{asset.id}/orders?anew=true", {}),
        await send(signed_in, "/author/media/selection", {"action": "anew", "asset": asset.id}),
        await send(signed_in, "/author/media/trash", {"asset": asset.id}),
        await send(signed_in, "/author/media/alt?_method=PUT", {f"alt-{asset.id}": "Mine"}),
        await put(signed_in, asset.id, "mine.png", PNG + b"x"),
    ]
    assert {each.status_code for each in tried} == {403}
    assert await all_of(databases) == [replace(asset, author_id=other)]


async def test_htmx_is_told_of_a_filter_that_is_none_in_a_fragment(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.get("/author/media?kind=x", headers=HTMX)
    assert answer.status_code == 422
    assert "<html" not in answer.text


async def test_a_browser_that_takes_nothing_of_an_original_gives_its_connection_to_the_store_back(
    app: ASGIApp, signed_in: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_in.post("/author/media", files={"file": ("a.png", PNG, "image/png")}, headers=BROWSER)
    (asset,) = await all_of(databases)
    monkeypatch.setattr(stored_files, "STREAM_S", 0.2)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def take_nothing(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        await app(scope, receive, take_nothing)

    transport = httpx.ASGITransport(slow)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(
        transport=transport, base_url=signed_in.base_url, cookies=signed_in.cookies
    ) as browser:
        with pytest.raises(LitestarException, match="after response started"):
            async with asyncio.timeout(60):
                await browser.get(f"/author/media/{asset.id}/original", headers=BROWSER)
