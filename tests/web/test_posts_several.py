"""Tags and series of several texts at once."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_core.errors import Invalid
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, several

from signing_in import BROWSER, OWNER, come_in

Publish = Callable[..., Awaitable[Post]]


async def newest(databases: Databases, post_id: str) -> posts.Revision:
    async with databases.site.read() as connection:
        return await posts.revisions.newest(connection, OWNER, post_id)


async def draft(databases: Databases, title: str, **fields: object) -> str:
    """The id of a draft."""
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body="Text.", **fields), 1)  # ty: ignore[invalid-argument-type]
    return post.id


async def test_a_tag_is_taken_off_those_that_have_it(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    live = await publish("Fog", "Fog.", tags=("weather", "river"))
    one, two = await draft(databases, "One", tags=("Weather",)), await draft(databases, "Two", tags=("river",))
    before = (await newest(databases, two)).number
    assert await several.untag(databases.site, OWNER, [live.id, one, two], " WEATHER ") == []
    assert (await newest(databases, live.id)).tags == ("river",)
    assert (await newest(databases, one)).tags == ()
    assert (await newest(databases, two)).number == before
    # Readers see it where they saw the newest text.
    assert (await client.get("/tags/weather")).status_code == 404
    assert "/posts/fog" in (await client.get("/tags/river")).text


async def test_texts_are_put_into_a_series_and_out_of_it_and_a_page_refuses(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    live = await publish("Fog", "Fog.")
    part = await draft(databases, "Part", series="Other", series_position=4)
    page = await posts.create(databases.site, OWNER, "page")
    refused = await several.serialise(databases.site, OWNER, [live.id, page.id, part], "On weather")
    assert [each.post_id for each in refused] == [page.id]
    assert "Only posts" in refused[0].words
    saved = await newest(databases, part)
    assert (saved.series, saved.series_position) == ("On weather", None)
    assert "/posts/fog" in (await client.get("/series/on-weather")).text
    assert await several.serialise(databases.site, OWNER, [live.id, part], " ") == []
    assert (await newest(databases, part)).series == ""
    assert (await client.get("/series/on-weather")).status_code == 404


async def test_a_change_that_waits_goes_on_waiting(databases: Databases, publish: Publish) -> None:
    live = await publish("Fog", "Fog.", tags=("weather",))
    await posts.revisions.save(databases.site, OWNER, live.id, Draft(title="Fog", body="More.", tags=("weather",)), 2)
    await several.untag(databases.site, OWNER, [live.id], "weather")
    async with databases.site.read() as connection:
        standing = await posts.history.standing(connection, live.id)
    assert standing.live != standing.newest


async def test_a_name_that_is_none_is_refused(databases: Databases, author_id: str) -> None:
    assert author_id
    for change in (several.tag, several.untag):
        with pytest.raises(Invalid):
            await change(databases.site, OWNER, [], "a/b")


@pytest.mark.parametrize(("action", "field"), [("tag", "tag"), ("untag", "tag"), ("series", "series")])
async def test_it_is_asked_for_in_a_form_and_done_by_it(
    client: httpx.AsyncClient, databases: Databases, action: str, field: str
) -> None:
    await come_in(client, databases)
    post_id = await draft(databases, "One", tags=("weather",), series="Other")
    asked = await client.get("/author/posts/selection", params={"action": action, "post": post_id}, headers=BROWSER)
    assert (asked.status_code, f'id="field-{field}"' in asked.text) == (200, True)
    form = {"action": action, "post": post_id, field: "weather"}
    answer = await client.post("/author/posts/selection", data=form, headers=BROWSER)
    assert answer.headers["location"] == "/author/posts?said=saved"
    saved = await newest(databases, post_id)
    expected = {"tag": (("weather",), "Other"), "untag": ((), "Other"), "series": (("weather",), "weather")}[action]
    assert (saved.tags, saved.series) == expected
    empty = await client.post("/author/posts/selection", data={"action": action, "post": post_id}, headers=BROWSER)
    assert empty.status_code == (303 if action == "series" else 422)
