"""Feeds as programs read them: what RFC 4287, RSS 2.0 and JSON Feed 1.1 ask for, and what a reader may rely on."""

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from xml.etree import ElementTree as ET

import feedparser
import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_core.variants import Format, Manifest, StoredVariant
from sdc_web import media, posts
from sdc_web.app import build
from sdc_web.db import Databases
from sdc_web.media import assets
from sdc_web.posts import Draft, Post
from sdc_web.posts.series import Series
from sdc_web.site import feed_formats
from sdc_web.site.whole_addresses import made_whole

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]
SITE = "http://localhost:8000"
PAGE = f"{SITE}/posts/fog"
HUB = "https://hub.example/"
XML = ["/feed.xml", "/rss.xml"]


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings that a test changes."""
    return settings.model_copy(update=getattr(request, "param", {}))


async def parsed(client: httpx.AsyncClient, path: str) -> feedparser.FeedParserDict:
    """A feed, about which the parser has nothing to say."""
    answer = await client.get(path)
    found = feedparser.parse(answer.content, response_headers=dict(answer.headers), sanitize_html=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


async def again(databases: Databases, post: Post, **fields: object) -> Post:
    """A post saved and published once more."""
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    kept = {"title": newest.title, "slug": newest.slug, "body": newest.body, "tags": newest.tags}
    await posts.revisions.save(databases.site, OWNER, post.id, msgspec.convert(kept | fields, Draft), newest.number)
    return await posts.publish(databases.site, OWNER, post.id)


async def cover(databases: Databases, *formats: Format) -> str:
    """The id of an asset with a variant of each format."""
    asset = assets.new_asset("f" * 64, "fog.png", "image/png", 9, 'Fog & "light"')
    variants = tuple(
        StoredVariant(name=f"960.{each}", format=each, width=960, height=600, size_bytes=4_321) for each in formats
    )
    manifest = Manifest(recipe="r1", width=1600, height=1000, variants=variants, placeholder="", color="#ffffff")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, manifest)
    return asset.id


@pytest.mark.parametrize("path", XML)
async def test_a_feed_parser_finds_everything_of_a_post(
    client: httpx.AsyncClient, publish: Publish, databases: Databases, path: str
) -> None:
    asset_id = await cover(databases, "avif", "jpeg")
    await publish(
        "Fog & <light>",
        "A *text*.",
        slug="fog",
        summary="In <short> & more",
        tags=("fog", "a b"),
        cover_asset_id=asset_id,
    )
    found = await parsed(client, path)
    (entry,) = found.entries
    assert found.feed.language == "en"
    assert (found.feed.link, entry.link) == (f"{SITE}/", PAGE)
    assert [each.href for each in found.feed.links if each.rel == "self"] == [SITE + path]
    assert (entry.title, entry.get("author", found.feed.get("author"))) == ("Fog & <light>", "Ada Lovelace")
    assert [each.term for each in entry.tags] == ["fog", "a b"]
    (enclosure,) = entry.enclosures
    address = f"{SITE}/media/{asset_id}/960.jpeg?r=r1"
    assert (enclosure.href, enclosure.type, enclosure.length) == (address, "image/jpeg", "4321")
    text = ET.fromstring((await client.get(path)).content)
    image = f'<p><img src="{address}" alt="Fog &amp; &quot;light&quot;" width="960" height="600"></p>'
    whole = text.findtext("{*}entry/{*}content") or text.findtext("channel/item/{*}encoded")
    assert whole == f"{image}\n<p>A <em>text</em>.</p>\n"


@pytest.mark.parametrize("path", ["/feed.xml", "/rss.xml", "/feed.json"])
async def test_what_the_site_shows_by_style_and_order_a_feed_says_in_words_and_order(
    client: httpx.AsyncClient, publish: Publish, path: str
) -> None:
    await publish("Fog", "[^b]: Beta\n\n[^a]: Alpha\n\n> [!WARNING]\n> Mind[^a] the[^b] step.")
    answer = await client.get(path)
    words = [answer.text.index(word) for word in ("Warning", "Mind", "step", "Alpha", "Beta")]
    assert words == sorted(words)


@pytest.mark.parametrize("path", ["/feed.xml", "/rss.xml", "/feed.json"])
async def test_what_lets_a_keyboard_scroll_on_the_page_is_in_no_feed(
    client: httpx.AsyncClient, publish: Publish, path: str
) -> None:
    wide = '| a |\n|---|\n| b |\n\n```html\n<pre tabindex="0">\n```\n\n$$x$$'
    await publish("Fog", wide)
    assert (await client.get("/posts/fog")).text.count('tabindex="0"') == 3
    entry = (
        (await parsed(client, path)).entries[0].content[0].value
        if path != "/feed.json"
        else ((await client.get(path)).json()["items"][0]["content_html"])
    )
    assert "tabindex" not in re.sub(r"<code>.*?</code>", "", entry, flags=re.DOTALL)
    assert "aria-label" not in entry
    assert "tabindex" in entry


async def test_a_json_feed_has_what_the_others_have(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    asset_id = await cover(databases, "png")
    post = await publish("Fog", slug="fog", tags=("fog",), cover_asset_id=asset_id)
    feed = (await client.get("/feed.json")).json()
    (item,) = feed.pop("items")
    address = f"{SITE}/media/{asset_id}/960.png?r=r1"
    assert re.fullmatch(rf"{SITE}/icon/[0-9a-f]{{12}}-512\.png", feed.pop("icon"))
    assert re.fullmatch(rf"{SITE}/icon/[0-9a-f]{{12}}-32\.png", feed.pop("favicon"))
    assert feed == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "A new site",
        "home_page_url": f"{SITE}/",
        "feed_url": f"{SITE}/feed.json",
        "language": "en",
        "authors": [{"name": "Ada Lovelace", "url": f"{SITE}/"}],
    }
    assert (item["id"], item["url"], item["image"]) == (feed_formats.urn(post.id), PAGE, address)
    assert item["attachments"] == [{"url": address, "mime_type": "image/png", "size_in_bytes": 4321}]
    assert "summary" not in item


async def test_an_id_outlives_every_address(client: httpx.AsyncClient, publish: Publish, databases: Databases) -> None:
    post = await publish("Fog", slug="fog")

    async def ids() -> list[str]:
        xml = [(await parsed(client, path)).entries[0].id for path in XML]
        return [*xml, (await client.get("/feed.json")).json()["items"][0]["id"]]

    before = await ids()
    await again(databases, post, title="Light", slug="light")
    assert before == await ids() == [feed_formats.urn(post.id)] * 3


def test_an_id_is_a_uuid_of_version_7_with_the_milliseconds_of_its_ulid() -> None:
    assert feed_formats.urn("01KAYPVZG0ZZZZZZZZZZZZZZZZ") == "urn:uuid:019abd6d-fe00-7fff-bfff-ffffffffffff"
    assert feed_formats.urn("01KAYPVZG00000000000000000") == "urn:uuid:019abd6d-fe00-7000-8000-000000000000"


async def test_updated_is_when_the_content_changed(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    async def updated() -> int:
        entry = (await parsed(client, "/feed.xml")).entries[0]
        return int(time.mktime(entry.updated_parsed) - time.timezone) * clock.SECOND_US

    with clock.frozen(0):
        post = await publish("Fog", "One.", slug="fog")
    with clock.frozen(clock.DAY_US):
        await posts.unpublish(databases.site, OWNER, post.id)
        await posts.publish(databases.site, OWNER, post.id)
        await again(databases, post)
    assert await updated() == 0
    with clock.frozen(2 * clock.DAY_US):
        await again(databases, post, body="Two.")
    assert await updated() == 2 * clock.DAY_US


async def test_a_feed_is_as_new_as_its_newest_entry_and_forgets_what_is_withdrawn(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    with clock.frozen(clock.DAY_US):
        await publish("Fog")
    with clock.frozen(2 * clock.DAY_US):
        light = await publish("Light")
    assert (await parsed(client, "/feed.xml")).feed.updated == "1970-01-03T00:00:00Z"
    await posts.unpublish(databases.site, OWNER, light.id)
    found = await parsed(client, "/feed.xml")
    assert (found.feed.updated, [each.title for each in found.entries]) == ("1970-01-02T00:00:00Z", ["Fog"])


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ('<a href="/x">', f'<a href="{SITE}/x">'),
        ('<a href="#one">', f'<a href="{PAGE}#one">'),
        ('<a href="dew?a=1&amp;b=2">', f'<a href="{SITE}/posts/dew?a=1&amp;b=2">'),
        ('<a href="//other.example/x">', '<a href="http://other.example/x">'),
        ('<a href="mailto:ada@example.org">', '<a href="mailto:ada@example.org">'),
        ('<a title="a > b" href="../x">', f'<a title="a > b" href="{SITE}/x">'),
        ('<a href="//[">', '<a href="//[">'),
        ('<video poster="/a.jpg" src="b.mp4">', f'<video poster="{SITE}/a.jpg" src="{SITE}/posts/b.mp4">'),
        (
            '<source srcset="/a.jpg 1x, b.jpg 2x, https://c.example/c,d.jpg 3x">',
            f'<source srcset="{SITE}/a.jpg 1x, {SITE}/posts/b.jpg 2x, https://c.example/c,d.jpg 3x">',
        ),
        ('<blockquote cite="/x">', f'<blockquote cite="{SITE}/x">'),
        ('<code>&lt;a href="/x"&gt;</code>', '<code>&lt;a href="/x"&gt;</code>'),
        ('<math><mi>x</mi><mo>&lt;</mo></math> href="/x"', '<math><mi>x</mi><mo>&lt;</mo></math> href="/x"'),
    ],
)
def test_addresses_in_a_text_are_made_whole_and_nothing_else_is(given: str, whole: str) -> None:
    assert made_whole(given, PAGE) == whole


@pytest.mark.parametrize("path", XML)
async def test_what_xml_cannot_carry_never_comes_out(
    client: httpx.AsyncClient, publish: Publish, databases: Databases, path: str
) -> None:
    await publish("Fog", "Text", tags=("fog",))
    hostile = "\x01\x0b\x1f\x7f\ufffe\uffff]]>&<\U0001f600"
    async with databases.site.transaction() as connection:
        # As a site of former days may have it.
        await execute(connection, "DROP TRIGGER revisions_stay")
        await execute(connection, "UPDATE revisions SET title = :t, summary = :t, body_html = :t", {"t": hostile})
        await execute(connection, "UPDATE authors SET display_name = :t", {"t": hostile})
        await execute(connection, "UPDATE site SET title = :t, description = :t", {"t": hostile})
    ET.fromstring((await client.get(path)).content)
    assert (await parsed(client, path)).entries[0].title == "]]>&<\U0001f600"


@pytest.mark.parametrize("settings", [{"WEBSUB_HUB": HUB}], indirect=True, ids=["hub"])
async def test_a_hub_is_named_wherever_subscribers_look(client: httpx.AsyncClient) -> None:
    for path in XML:
        answer = await client.get(path)
        assert answer.headers["link"] == f'<{HUB}>; rel="hub", <{SITE}{path}>; rel="self"'
        assert [each.href for each in (await parsed(client, path)).feed.links if each.rel == "hub"] == [HUB]
    assert (await client.get("/feed.json")).json()["hubs"] == [{"type": "WebSub", "url": HUB}]


async def test_a_feed_without_posts_and_author_is_a_feed(client: httpx.AsyncClient) -> None:
    atom = ET.fromstring((await client.get("/feed.xml")).content)
    assert atom.findtext("{*}author/{*}name") == "A new site"
    assert (await parsed(client, "/feed.xml")).entries == []


async def test_who_follows_a_series_follows_it_to_its_new_address(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    await publish("Fog", series="On fog")
    first = (await parsed(client, "/series/on-fog/feed.xml")).feed.id
    async with databases.site.read() as connection:
        named = await posts.series.by_slug(connection, "on-fog")
    assert named is not None
    moved = Series(id=named.id, slug="on-light", title="On light", description="Of it")
    await posts.series.change(databases.site, OWNER, moved)
    answer = await client.get("/series/on-fog/feed.xml")
    assert (answer.status_code, answer.headers["location"]) == (301, "/series/on-light/feed.xml")
    found = await parsed(client, "/series/on-light/feed.xml")
    assert (found.feed.id, found.feed.subtitle) == (first, "Of it")


@pytest.mark.parametrize("folder", ["/tags/fog", "/series/on-fog"])
async def test_what_has_posts_that_are_at_home_elsewhere_alone_has_feeds_without_entries(
    client: httpx.AsyncClient, publish: Publish, folder: str
) -> None:
    with clock.frozen(clock.DAY_US):
        await publish("Fog", tags=("fog",), series="On fog", canonical_url="https://other.example/fog")
    page = (await client.get(folder)).text
    paths = [f"{folder}/{name}" for name in ("feed.xml", "rss.xml", "feed.json")]
    assert [path for path in paths if f'href="{path}"' not in page] == []
    assert [(await client.get(path)).status_code for path in paths] == [200, 200, 200]
    for path in paths[:2]:
        assert (await parsed(client, path)).entries == []
    assert ET.fromstring((await client.get(paths[0])).content).findtext("{*}updated") == "1970-01-02T00:00:00Z"
    assert (await client.get(paths[2])).json()["items"] == []


async def test_a_feed_is_known_by_the_same_id_at_another_address_of_the_site(
    client: httpx.AsyncClient, publish: Publish, settings: Settings, running: Running
) -> None:
    await publish("Fog", tags=("fog", "a b"), series="On fog")
    await publish("A lamp", kind="project")
    paths = ["/feed.xml", "/projects/feed.xml", "/tags/fog/feed.xml", "/tags/a%20b/feed.xml", "/series/on-fog/feed.xml"]
    here = [(await parsed(client, path)).feed.id for path in paths]
    assert len({*here}) == len(paths)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", each) for each in here)
    moved = build(settings.model_copy(update={"SITE_URL": "https://example.org"}))
    transport = httpx.ASGITransport(moved)  # ty: ignore[invalid-argument-type]
    async with running(moved), httpx.AsyncClient(transport=transport, base_url="https://example.org") as there:
        assert [(await parsed(there, path)).feed.id for path in paths] == here


@pytest.mark.parametrize("name", ["feed.xml", "rss.xml", "feed.json"])
async def test_a_program_on_another_site_may_read_a_feed_the_second_time_too(
    client: httpx.AsyncClient, publish: Publish, name: str
) -> None:
    await publish("Fog", tags=("fog",), series="On fog")
    for path in ("/", "/projects/", "/tags/fog/", "/series/on-fog/"):
        whole = await client.get(f"{path}{name}", headers={"Origin": "https://reader.example"})
        known = await client.get(f"{path}{name}", headers={"If-None-Match": whole.headers["etag"]})
        assert (whole.status_code, known.status_code) == (200, 304), path
        for answer in (whole, known):
            assert answer.headers["access-control-allow-origin"] == "*", path
            assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in (await client.get("/posts")).headers


async def test_projects_have_feeds_of_their_own(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    lamp = await publish("A lamp", "It *burns*.", kind="project", slug="lamp")
    await publish("Fog")
    await publish("There", kind="project", canonical_url="https://other.example/there")
    for path in ("/projects/feed.xml", "/projects/rss.xml"):
        found = await parsed(client, path)
        assert (found.feed.title, found.feed.link) == ("A new site: Projects", f"{SITE}/projects")
        assert [(each.id, each.link) for each in found.entries] == [
            (feed_formats.urn(lamp.id), f"{SITE}/projects/lamp")
        ]
    feed = (await client.get("/projects/feed.json")).json()
    assert (feed["feed_url"], feed["items"][0]["content_html"]) == (
        f"{SITE}/projects/feed.json",
        "<p>It <em>burns</em>.</p>\n",
    )
    page = (await client.get("/projects")).text
    assert re.findall(r'<link rel="alternate" href="(/projects/[^"]+)"', page) == [
        f"/projects/{name}" for name in ("feed.xml", "rss.xml", "feed.json")
    ]
    await posts.unpublish(databases.site, OWNER, lamp.id)
    assert (await parsed(client, "/projects/feed.xml")).entries == []
