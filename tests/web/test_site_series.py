"""Series as readers find them: their page, the parts of a post, feeds and the map of the site."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from xml.etree import ElementTree as ET

import httpx
import msgspec
import pytest
from sdc_core.errors import Invalid
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.posts.series import Series
from sdc_web.site.routes import cacheable

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
FEEDS = ["feed.xml", "rss.xml", "feed.json"]


@pytest.fixture
async def fog(publish: Publish) -> list[Post]:
    """Three posts in one series, published in another order than theirs; the last one has no number."""
    last = await publish("Fog leaves", series="On fog")
    second = await publish("Fog stays", series="On fog", series_position=20)
    first = await publish("Fog comes", series="On fog", series_position=3)
    return [first, second, last]


async def series_of(databases: Databases, slug: str) -> Series:
    async with databases.site.read() as connection:
        found = await posts.series.by_slug(connection, slug)
    assert found is not None
    return found


@pytest.mark.usefixtures("fog")
async def test_a_series_lists_its_posts_in_the_authors_order(client: httpx.AsyncClient) -> None:
    answer = await client.get("/series/on-fog")
    assert answer.status_code == HTTPStatus.OK
    places = [answer.text.index(f"/posts/fog-{word}") for word in ("comes", "stays", "leaves")]
    assert places == sorted(places)


@pytest.mark.usefixtures("fog")
async def test_a_post_says_which_part_it_is_and_what_is_before_and_after(client: httpx.AsyncClient) -> None:
    page = (await client.get("/posts/fog-stays")).text
    assert "Part 2 of 3" in page
    assert '<a rel="prev" href="/posts/fog-comes">' in page
    assert '<a rel="next" href="/posts/fog-leaves">' in page
    assert '<span aria-current="page">Fog stays</span>' in page
    assert '"isPartOf":{"@type":"CreativeWorkSeries","name":"On fog"' in page
    assert 'rel="prev"' not in (await client.get("/posts/fog-comes")).text
    assert 'rel="next"' not in (await client.get("/posts/fog-leaves")).text


async def test_a_post_of_no_series_says_nothing_of_one(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Alone")
    page = (await client.get("/posts/alone")).text
    assert "Part 1" not in page
    assert "isPartOf" not in page


@pytest.mark.usefixtures("fog")
@pytest.mark.parametrize("name", FEEDS)
async def test_a_series_has_feeds_of_its_own(client: httpx.AsyncClient, publish: Publish, name: str) -> None:
    await publish("Something else")
    answer = await client.get(f"/series/on-fog/{name}")
    assert answer.status_code == HTTPStatus.OK
    assert "Fog stays" in answer.text
    assert "Something else" not in answer.text
    if name.endswith("xml"):
        ET.fromstring(answer.text)


@pytest.mark.usefixtures("fog")
async def test_a_series_is_in_the_map_of_the_site(client: httpx.AsyncClient) -> None:
    assert "<loc>http://localhost:8000/series/on-fog</loc>" in (await client.get("/sitemap.xml")).text


@pytest.mark.parametrize("path", ["", *(f"/{name}" for name in FEEDS)])
async def test_a_series_without_published_posts_is_not_found(
    client: httpx.AsyncClient, publish: Publish, databases: Databases, path: str
) -> None:
    post = await publish("Gone", series="Short")
    assert (await client.get(f"/series/short{path}")).status_code == HTTPStatus.OK
    await posts.unpublish(databases.site, OWNER, post.id)
    assert (await client.get(f"/series/short{path}")).status_code == HTTPStatus.NOT_FOUND
    assert "/series/short" not in (await client.get("/sitemap.xml")).text
    assert (await client.get(f"/series/never{path}")).status_code == HTTPStatus.NOT_FOUND


async def test_a_post_that_leaves_is_gone_from_the_series_at_its_next_publication(
    client: httpx.AsyncClient, fog: list[Post], databases: Databases
) -> None:
    post = fog[0]
    draft = Draft(title="Fog comes", slug="fog-comes", body="x")
    await posts.revisions.save(databases.site, OWNER, post.id, draft, 2)
    assert "Part 1 of 3" in (await client.get("/posts/fog-comes")).text
    await posts.publish(databases.site, OWNER, post.id)
    assert "Part 1 of" not in (await client.get("/posts/fog-comes")).text
    assert "Part 1 of 2" in (await client.get("/posts/fog-stays")).text


@pytest.mark.usefixtures("fog")
async def test_new_words_of_a_series_are_on_the_very_next_page(client: httpx.AsyncClient, databases: Databases) -> None:
    assert "On fog" in (await client.get("/posts/fog-stays")).text
    found = await series_of(databases, "on-fog")
    changed = msgspec.structs.replace(found, title="Of fog", description="All <i> know.", slug="of-fog")
    await posts.series.change(databases.site, OWNER, changed)
    assert "Of fog" in (await client.get("/posts/fog-stays")).text
    assert "All &lt;i&gt; know." in (await client.get("/series/of-fog")).text
    assert "All &amp;lt;i&amp;gt; know." in (await client.get("/series/of-fog/rss.xml")).text
    moved = await client.get("/series/on-fog")
    assert (moved.status_code, moved.headers["location"]) == (HTTPStatus.MOVED_PERMANENTLY, "/series/of-fog")


@pytest.mark.usefixtures("fog")
async def test_former_addresses_of_a_series_lead_straight_to_where_it_is(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    found = await series_of(databases, "on-fog")
    for slug in ("second", "third", "on-fog", "fourth"):
        await posts.series.change(databases.site, OWNER, msgspec.structs.replace(found, slug=slug))
    for former in ("on-fog", "second", "third"):
        answer = await client.get(f"/series/{former}")
        assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.MOVED_PERMANENTLY, "/series/fourth")


async def test_a_deleted_series_leaves_its_posts(
    client: httpx.AsyncClient, fog: list[Post], databases: Databases
) -> None:
    await client.get("/posts/fog-stays")
    await posts.series.delete(databases.site, OWNER, (await series_of(databases, "on-fog")).id)
    page = await client.get("/posts/fog-stays")
    assert (page.status_code, "Part 2" in page.text) == (HTTPStatus.OK, False)
    await posts.publish(databases.site, OWNER, fog[1].id)
    assert (await client.get("/series/on-fog")).status_code == HTTPStatus.NOT_FOUND


async def test_a_series_is_one_however_its_title_is_written(databases: Databases, publish: Publish) -> None:
    await publish("One", series="On Fog")
    await publish("Two", series=" on  fog ")
    async with databases.site.read() as connection:
        (series,) = await posts.series.everything(connection)
    assert (series.slug, series.posts) == ("on-fog", 2)


async def test_capitals_beyond_those_of_english_make_no_second_series(databases: Databases, publish: Publish) -> None:
    post = await publish("One", series="Über Straßen")
    await publish("Two", series="ÜBER STRASSEN")
    async with databases.site.read() as connection:
        (series,) = await posts.series.everything(connection)
    assert series.posts == 2
    await posts.series.change(databases.site, OWNER, msgspec.structs.replace(series, title="Wege"))
    await posts.publish(databases.site, OWNER, post.id)
    async with databases.site.read() as connection:
        assert [each.title for each in await posts.series.everything(connection)] == ["Wege"]
    await publish("Three", series="Nebel")
    other = await series_of(databases, "nebel")
    with pytest.raises(Invalid, match="Another series has this title"):
        await posts.series.change(databases.site, OWNER, msgspec.structs.replace(other, title="WEGE"))


async def test_two_series_whose_titles_make_one_slug_have_two_addresses(databases: Databases, publish: Publish) -> None:
    await publish("One", series="Fog!")
    await publish("Two", series="Fog?")
    await publish("Three", series="霧")
    async with databases.site.read() as connection:
        assert {each.slug for each in await posts.series.everything(connection)} == {"fog", "fog-2", "series"}


def test_the_page_cache_knows_the_paths() -> None:
    kept = ["/series/on-fog", *(f"/series/on-fog/{name}" for name in FEEDS)]
    assert [path for path in kept if not cacheable(path)] == []
    assert [path for path in ("/series/on-fog/else", "/series/a/b/feed.xml") if cacheable(path)] == []
