"""Days and years as readers count them: in the time zone of the site."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.sqlite import execute
from sdc_web import posts, zones
from sdc_web.about import site
from sdc_web.db import Databases
from sdc_web.posts import Post, places, year_bounds

from signing_in import BROWSER, OWNER, come_in, send

Publish = Callable[..., Awaitable[Post]]
EVE = clock.from_datetime(datetime(2025, 12, 31, 23, 30, tzinfo=UTC))
"""In Berlin it is half past midnight, in the new year."""


async def choose(databases: Databases, name: str) -> None:
    await site.amend(databases.site, OWNER, {"time_zone": name})


@pytest.fixture
async def fireworks(publish: Publish) -> Post:
    return await publish("Fireworks", at_us=EVE, tags=["light"])


async def day_on(client: httpx.AsyncClient, path: str) -> str:
    page = (await client.get(path)).text
    return page.partition("<time")[2].partition(">")[2].partition("<")[0]


@pytest.mark.usefixtures("fireworks")
async def test_days_and_years_are_those_of_the_sites_clocks_at_once(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    assert await day_on(client, "/posts/fireworks") == "31 December 2025"
    assert (await client.get("/posts/2025")).status_code == 200
    await choose(databases, "Europe/Berlin")
    assert await day_on(client, "/posts/fireworks") == "1 January 2026"
    for path in ("/", "/posts", "/posts/2026", "/tags/light", "/tags/light/2026"):
        assert await day_on(client, path) == "1 January 2026", path
    assert "1 January 2026" in (await client.get("/search?q=fireworks")).text
    assert 'id="year-2026"' in (await client.get("/posts")).text
    for path in ("/posts/2025", "/tags/light/2025"):
        assert (await client.get(path)).status_code == 404, path
    await choose(databases, "America/New_York")
    assert await day_on(client, "/posts/fireworks") == "31 December 2025"


@pytest.mark.usefixtures("fireworks")
async def test_machines_are_told_the_moment_as_before(client: httpx.AsyncClient, databases: Databases) -> None:
    paths = ("/feed.xml", "/rss.xml", "/feed.json")
    before = [(await client.get(path)).text for path in paths]
    await choose(databases, "Asia/Kolkata")
    assert [(await client.get(path)).text for path in paths] == before
    assert 'datetime="2025-12-31T23:30:00Z"' in (await client.get("/posts/fireworks")).text


@pytest.mark.usefixtures("fireworks")
async def test_the_map_and_the_navigation_know_the_same_years(databases: Databases, publish: Publish) -> None:
    await publish("Later", at_us=EVE + 40 * clock.DAY_US)
    await choose(databases, "Pacific/Auckland")
    async with databases.site.read() as connection:
        assert [each.name for each in await places.years(connection)] == ["2026"]
        assert [(each.year, each.posts) for each in await posts.years(connection, "post")] == [(2026, 2)]
        assert await posts.navigation.standing(connection, "/posts/2026") == "there"
        assert await posts.navigation.standing(connection, "/posts/2025") == "missing"
        assert [each.title for each in await posts.of_year(connection, "post", 2026)] == ["Later", "Fireworks"]


async def test_years_end_where_the_calendar_does(databases: Databases, publish: Publish) -> None:
    first = clock.from_datetime(datetime(1, 1, 1, tzinfo=UTC))
    last = clock.from_datetime(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    await publish("First")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE posts SET published_at_us = :at_us", {"at_us": first})
    for name in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        await choose(databases, name)
        await zones.load(name)
        assert list(year_bounds.years_of([last, first], name)) == [9999, 1]
        async with databases.site.read() as connection:
            assert [each.year for each in await posts.years(connection, "post")] == [1]
            assert len(await posts.of_year(connection, "post", 1)) == 1


async def test_the_owner_chooses_one_that_there_is(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    page = (await client.get("/author/site", headers=BROWSER)).text
    assert '<option value="UTC" selected>' in page
    form = {"site_title": "A", "description": "", "language": "en", "time_zone": "Europe/Berlin"}
    assert (await send(client, "/author/site?_method=PUT", form)).status_code == 303
    assert '<option value="Europe/Berlin" selected>' in (await client.get("/author/site", headers=BROWSER)).text
    wrong = await send(client, "/author/site?_method=PUT", {**form, "time_zone": "Mars/Olympus"})
    assert (wrong.status_code, 'id="error-time_zone"' in wrong.text) == (422, True)
    with pytest.raises(Invalid):
        await choose(databases, "")


async def test_a_zone_that_this_machine_does_not_know_is_utc(
    client: httpx.AsyncClient, databases: Databases, fireworks: Post
) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET time_zone = 'Mars/Olympus'")
    assert await day_on(client, fireworks.path) == "31 December 2025"
    kept = await site.amend(databases.site, OWNER, {"title": "Another title"})
    assert (kept.title, kept.time_zone) == ("Another title", "UTC")


async def test_a_program_chooses_it_too(api: httpx.AsyncClient) -> None:
    assert (await api.get("/site")).json()["time_zone"] == "UTC"
    assert (await api.patch("/site", json={"time_zone": "Asia/Tokyo"})).json()["time_zone"] == "Asia/Tokyo"
    refused = await api.patch("/site", json={"time_zone": "../etc/passwd"})
    assert (refused.status_code, refused.json()["field"]) == (422, "time_zone")
