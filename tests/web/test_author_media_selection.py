"""Pictures that were ticked in the library: into the trash and back, tried again, and described in one go."""

import re
from datetime import UTC, datetime
from html import unescape

import httpx
import pytest
from sdc_core import clock, keys
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import media, posts
from sdc_web.db import Databases
from sdc_web.media import assets

import pictures
from signing_in import BROWSER, OWNER, come_in

HERE = "/author/media/selection"
BACK = "/author/media?q=P&sort=name&view=list"


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


async def do(client: httpx.AsyncClient, action: str, *ids: str, back: str = BACK) -> httpx.Response:
    return await client.post(HERE, data={"action": action, "asset": list(ids), "back": back}, headers=BROWSER)


async def there(databases: Databases) -> set[str]:
    async with databases.site.read() as connection:
        return {each.id for each in await media.newest(connection, OWNER)}


async def test_what_goes_into_the_trash_comes_back_by_one_button_where_it_was(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    ids = [await pictures.picture(databases, f"P{number}") for number in range(3)]
    page = (await signed_in.get(BACK, headers=BROWSER)).text
    (back,) = re.findall(r'name="back" value="([^"]+)"', page)
    assert unescape(back) == BACK
    answer = await do(signed_in, "trash", *ids[:2])
    assert answer.headers["location"].startswith(f"{BACK}&undo=")
    assert await there(databases) == {ids[2]}
    after = (await signed_in.get(answer.headers["location"], headers=BROWSER)).text
    assert "Undo: take them out of the trash" in after
    undone = re.findall(r'<input type="hidden" name="asset" value="([^"]+)">', after)
    assert undone == ids[:2]
    sent = {"asset": undone, "back": BACK}
    answer = await signed_in.post("/author/media/trash?_method=DELETE", data=sent, headers=BROWSER)
    assert answer.headers["location"] == f"{BACK}&said=untrashed"
    assert await there(databases) == set(ids)


async def test_of_several_those_that_texts_show_stay_and_are_named_in_the_library(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    used, unused = [await pictures.picture(databases, name) for name in ("P used", "P unused")]
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, posts.Draft(title="T", body=f"![](media:{used})"), 1)
    answer = await do(signed_in, "trash", used, unused)
    assert (answer.status_code, "so they stay: P used.png." in answer.text) == (422, True)
    assert "Undo: " in answer.text
    assert 'value="P"' in answer.text
    again = await do(signed_in, "trash", used)
    assert (again.status_code, "Undo: " in again.text) == (422, False)
    assert "This file is shown in “T”" in again.text
    assert await there(databases) == {used}


async def test_what_failed_is_tried_again_and_the_rest_is_left(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    well, failed = [await pictures.picture(databases, name) for name in ("P well", "P failed")]
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE media_assets SET state = 'failed' WHERE id = :id", {"id": failed})
    assert (await do(signed_in, "again", well)).headers["location"] == f"{BACK}&said=none-failed"
    assert (await do(signed_in, "again", well, failed)).headers["location"] == f"{BACK}&said=ordered"
    async with databases.site.read() as connection:
        found = await media.by_ids(connection, {well, failed})
    assert {each.id: each.state for each in found.values()} == {well: "ready", failed: "pending"}


async def test_ticked_ones_and_a_single_one_are_made_anew(
    signed_in: httpx.AsyncClient, databases: Databases, object_store: ObjectStore, settings: Settings
) -> None:
    ids = [await pictures.picture(databases, name) for name in ("P one", "P two", "P three")]
    bucket = settings.S3_MEDIA_BUCKET
    for each in ids:
        await object_store.put(bucket, keys.manifest(each), b"{}", content_type="application/json")
    assert (await do(signed_in, "anew", *ids[:2])).headers["location"] == f"{BACK}&said=anew"
    alone = f"/author/media/{ids[2]}"
    page = (await signed_in.get(alone, headers=BROWSER)).text
    assert f'action="{alone}/orders?anew=true"' in page
    answer = await signed_in.post(f"{alone}/orders?anew=true", headers=BROWSER)
    assert answer.headers["location"] == f"{alone}?said=anew"
    assert [await object_store.head(bucket, keys.manifest(each)) for each in ids] == [None] * 3
    assert "had all sizes made anew of" in (await signed_in.get("/author/audit", headers=BROWSER)).text


async def test_what_is_being_made_is_not_made_anew(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    asset_id = await pictures.picture(databases, "P")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE media_assets SET state = 'pending'")
    assert (await do(signed_in, "anew", asset_id)).headers["location"] == f"{BACK}&said=none-ended"
    assert "Make its sizes anew" not in (await signed_in.get(f"/author/media/{asset_id}", headers=BROWSER)).text


async def test_ticked_ones_are_described_in_one_go_whether_they_say_something_or_not(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    ids = [await pictures.picture(databases, f"P{number}") for number in range(3)]
    await media.set_alt(databases.site, OWNER, ids[1], "")
    answer = await do(signed_in, "alt", *ids[:2])
    page = (await signed_in.get(answer.headers["location"], headers=BROWSER)).text
    assert re.findall(r'name="alt-(\w+)" value="([^"]*)"', page) == [(ids[0], "P0"), (ids[1], "")]
    sent = {f"alt-{ids[0]}": "P0", f"alt-{ids[1]}": "A lamp"}
    await signed_in.post("/author/media/alt?_method=PUT", data=sent, headers=BROWSER)
    async with databases.site.read() as connection:
        assert (await assets.require(connection, ids[1])).alt == "A lamp"
    described = (await signed_in.get("/author/audit", headers=BROWSER)).text
    assert described.count("P1.png") >= 1
    assert "P0.png" not in described


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example", "q=" + "x" * 999, "sort=mine", "/author"])
async def test_no_form_leads_off_the_library(signed_in: httpx.AsyncClient, databases: Databases, back: str) -> None:
    asset_id = await pictures.picture(databases, "P")
    for answer in (await do(signed_in, "trash", back=back), await do(signed_in, "again", asset_id, back=back)):
        assert answer.headers["location"].startswith("/author/media?")


async def test_without_a_tick_it_is_said_what_to_do(signed_in: httpx.AsyncClient) -> None:
    answer = await do(signed_in, "trash")
    assert answer.headers["location"] == f"{BACK}&said=none-ticked"


async def test_the_library_is_narrowed_to_ones_own_to_a_format_and_to_a_month(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    ids = {name: await pictures.picture(databases, name) for name in ("Mine", "Old", "Moving")}
    old_us = clock.from_datetime(datetime(2024, 12, 31, 23, 59, tzinfo=UTC))
    async with databases.site.transaction() as connection:
        values = {"mine": ids["Mine"], "old": ids["Old"], "moving": ids["Moving"], "at_us": old_us, "by": OWNER.id}
        await execute(connection, "UPDATE media_assets SET author_id = :by WHERE id = :mine", values)
        await execute(connection, "UPDATE media_assets SET uploaded_at_us = :at_us WHERE id = :old", values)
        await execute(connection, "UPDATE media_assets SET content_type = 'image/gif' WHERE id = :moving", values)

    async def found(query: str) -> set[str]:
        page = (await signed_in.get(f"/author/media?{query}", headers=BROWSER)).text
        assert "filter-fold" in page
        return {name for name, asset_id in ids.items() if f'id="media-asset-{asset_id}"' in page}

    assert await found("by=mine") == {"Mine"}
    assert await found("month=2024-12") == {"Old"}
    assert await found("month=2025-01") == set()
    assert await found("format=gif") == {"Moving"}
    assert await found("format=gif&by=mine") == set()
    kept = await do(signed_in, "again", ids["Old"], back="/author/media?month=2024-12")
    assert kept.headers["location"] == "/author/media?month=2024-12&said=none-failed"


@pytest.mark.parametrize(
    "query", ["month=2024", "month=2024-13", "month=0000-01", "month=2024-1x", "by=eve", "format=svg"]
)
async def test_a_filter_that_is_none_is_refused_in_words(signed_in: httpx.AsyncClient, query: str) -> None:
    answer = await signed_in.get(f"/author/media?{query}", headers=BROWSER)
    assert answer.status_code == 422
