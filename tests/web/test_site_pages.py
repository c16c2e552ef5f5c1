import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from xml.etree import ElementTree as ET

import html5lib
import httpx
import pytest
from sdc_core import clock
from sdc_core.sqlite import execute
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.site import pages

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
LISTS = ["/", "/posts", "/projects", "/tags"]


@pytest.mark.parametrize("path", [*LISTS, "/feed.xml", "/rss.xml", "/feed.json", "/sitemap.xml", "/robots.txt"])
async def test_an_empty_site_answers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_post_is_shown_at_its_address(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("First words", "Some *text*.", tags=("a b",), summary="In short")
    answer = await client.get("/posts/first-words")
    assert answer.status_code == HTTPStatus.OK
    assert "<em>text</em>" in answer.text
    assert 'href="/tags/a%20b"' in answer.text
    assert answer.text.count("<h1") == 1


async def test_lists_name_what_is_published(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("First words", tags=("rust",))
    await publish("A work", kind="project")
    assert "First words" in (await client.get("/")).text
    assert "First words" in (await client.get("/posts")).text
    assert "First words" in (await client.get("/tags/rust")).text
    assert "A work" in (await client.get("/projects")).text
    assert "/projects/a-work" in (await client.get("/sitemap.xml")).text


async def test_a_page_has_one_segment_and_stands_in_the_navigation(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("About me", kind="page")
    assert (await client.get("/about-me")).status_code == HTTPStatus.OK
    assert '<a href="/about-me">About me</a>' in (await client.get("/")).text


async def test_the_page_named_home_opens_the_home_page(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Home", "Welcome, *you*.", kind="page")
    assert "Welcome, <em>you</em>." in (await client.get("/")).text
    answer = await client.get("/home")
    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.MOVED_PERMANENTLY, "/")


async def test_what_the_author_types_is_text_and_never_markup(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("<script>alert(1)</script>", slug="x", summary='"><b>', tags=("<i>",))
    for path in ("/", "/posts", "/posts/x", "/tags", "/tags/%3Ci%3E", "/feed.xml"):
        text = (await client.get(path)).text
        assert "<script>alert" not in text
        assert "<b>" not in text


async def test_an_old_address_leads_to_the_present_one(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    post = await publish("Before")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="x", slug="after"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    answer = await client.get("/posts/before")
    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.MOVED_PERMANENTLY, "/posts/after")


async def test_a_post_says_in_microformats_what_it_is(client: httpx.AsyncClient, publish: Publish) -> None:
    """As its h-entry is read: name, summary, text without the contents beside it, dates, tags, address and author."""
    await publish("Fog", "It came *early*.\n\n## One\n\n## Two", summary="Weather.", tags=("sea",))
    page = html5lib.parse((await client.get("/posts/fog")).text, namespaceHTMLElements=False)
    (entry,) = (each for each in page.iter() if "h-entry" in each.get("class", "").split())
    said = {
        name: each for each in entry.iter() for name in each.get("class", "").split() if re.match(r"(p|e|u|dt)-", name)
    }
    words = {name: " ".join("".join(said[name].itertext()).split()) for name in ("p-name", "p-summary", "p-category")}
    assert words == {"p-name": "Fog", "p-summary": "Weather.", "p-category": "sea"}
    assert "".join(said["e-content"].itertext()).split()[:3] == ["It", "came", "early."]
    assert [each.tag for each in said["e-content"].iter() if each.tag == "nav"] == []
    assert said["dt-published"].get("datetime", "").endswith("Z")
    assert said["u-url"].get("href") == "http://localhost:8000/posts/fog"
    assert ("h-card" in said["p-author"].get("class", ""), said["p-author"].text) == (True, "Ada Lovelace")


async def test_an_unpublished_post_is_gone(client: httpx.AsyncClient, publish: Publish, databases: Databases) -> None:
    post = await publish("Gone")
    assert (await client.get("/posts/gone")).status_code == HTTPStatus.OK
    await posts.unpublish(databases.site, OWNER, post.id)
    assert (await client.get("/posts/gone")).status_code == HTTPStatus.GONE


async def test_a_tag_that_nobody_carries_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/tags/nothing")).status_code == HTTPStatus.NOT_FOUND


async def test_a_picture_that_is_pending_does_not_break_its_page(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    asset_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    sql = """INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us)
        VALUES (:id, '0', 'a.jpg', 'image/jpeg', 1, 'A field', 'pending', 1)"""
    async with databases.site.transaction() as connection:
        await execute(connection, sql, {"id": asset_id})
    await publish("Shown", f"![](media:{asset_id})", cover_asset_id=asset_id)
    answer = await client.get("/posts/shown")
    assert answer.status_code == HTTPStatus.OK
    assert answer.text.count('alt="A field"') == 2


async def test_the_feed_has_whole_texts_with_whole_addresses(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("First words", "[next](/posts/x) and [down](#one)")
    feed = (await client.get("/feed.xml")).text
    assert "<?xml" in feed[:10]
    assert "href=&#34;http://localhost:8000/posts/x&#34;" in feed
    assert "href=&#34;http://localhost:8000/posts/first-words#one&#34;" in feed


async def test_every_feed_is_well_formed_and_names_the_post(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("First & <last>", "A *text*.", tags=("a b",), summary="In short", slug="first")
    for folder in ("", "/tags/a%20b"):
        atom = ET.fromstring((await client.get(f"{folder}/feed.xml")).content)
        rss = ET.fromstring((await client.get(f"{folder}/rss.xml")).content)
        items = (await client.get(f"{folder}/feed.json")).json()["items"]
        assert atom.findtext("{*}entry/{*}title") == "First & <last>"
        assert atom.findtext("{*}entry/{*}content") == "<p>A <em>text</em>.</p>\n"
        assert rss.findtext("channel/item/title") == "First & <last>"
        assert [(each["title"], each["tags"]) for each in items] == [("First & <last>", ["a b"])]


async def test_a_feed_of_a_tag_that_nobody_carries_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/tags/nothing/feed.xml")).status_code == HTTPStatus.NOT_FOUND


async def test_a_tag_names_its_feed(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("First", tags=("a b",))
    assert 'href="/tags/a%20b/feed.xml"' in (await client.get("/tags/a%20b")).text


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/Posts/Fog", "/posts/fog"),
        ("/ABOUT", "/about"),
        ("/tags/Caf%C3%89?a=1", "/tags/caf%C3%A9?a=1"),
        ("/tags/cafe%CC%81", "/tags/caf%C3%A9"),
        ("/tags/Caf%C3%89/feed.xml", "/tags/caf%C3%A9/feed.xml"),
        ("/tags/CAF%C3%89/2026", "/tags/caf%C3%A9/2026"),
        ("/Series/Weather", "/series/weather"),
        ("/Feed.xml", "/feed.xml"),
        ("/OLD", "/old"),
    ],
)
async def test_an_address_in_another_spelling_leads_to_the_one_that_is_there(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, path: str, leads_to: str
) -> None:
    with clock.frozen(clock.from_datetime(datetime.fromisoformat("2026-11-24T12:00:00Z"))):
        await publish("Fog", tags=("café",), series="Weather")
    await publish("About", kind="page")
    await redirects.add_own(databases.site, OWNER, "/old", "/posts/fog", "")
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.MOVED_PERMANENTLY, leads_to)


@pytest.mark.parametrize(
    "path",
    ["/Posts/Rain", "/tags/Rain", "/Tags/Fog/1999", "/Author", "/API/v1/posts", "/Media/X/y", "/Static/Css", "/X"],
)
async def test_what_is_there_in_no_spelling_is_not_found(
    client: httpx.AsyncClient, publish: Publish, path: str
) -> None:
    await publish("Fog", tags=("fog",))
    assert (await client.get(path)).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "path", ["/posts/", "/tags/x/", "//posts", "/posts//first", "//evil.example/", "/\\evil.example/"]
)
async def test_a_slash_too_many_leads_to_the_bare_address_on_this_site(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"http://localhost:8000{path}?a=1")
    assert answer.status_code == HTTPStatus.PERMANENT_REDIRECT
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))
    assert answer.headers["location"].endswith("?a=1")


@pytest.mark.parametrize("path", [*LISTS, "/posts/first", "/feed.xml", "/robots.txt", "/health/live", "/nothing"])
async def test_head_answers_as_get_does_without_a_body(client: httpx.AsyncClient, publish: Publish, path: str) -> None:
    await publish("First")
    whole, head = await client.get(path), await client.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/health/live", "/posts/", "/static/icon.svg", "/author"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


async def test_no_page_holds_what_its_own_policy_forbids(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("First", "| a |\n|:-:|\n| 1 |\n\n```python\nx = 1\n```", tags=("t",))
    for path in ("/", "/posts", "/posts/first", "/tags", "/tags/t", "/projects", "/nothing"):
        text = (await client.get(path, headers={"accept": "text/html"})).text
        assert " style=" not in text
        assert "<style" not in text
        assert "<script>" not in text


async def test_older_posts_stand_on_the_page_of_their_year(
    client: httpx.AsyncClient, databases: Databases, author_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ON_LIST", 2)
    for number, at in enumerate(("2019-12-31", "2020-01-01", "2020-12-31", "2021-06-01")):
        made = await posts.create(databases.site, OWNER, "post")
        await posts.revisions.save(databases.site, OWNER, made.id, Draft(title=f"Number {number}"), 1)
        await posts.publish(
            databases.site, OWNER, made.id, clock.from_datetime(datetime.fromisoformat(f"{at}T00:00:00Z"))
        )
    newest = (await client.get("/posts")).text
    assert ("Number 3" in newest, "Number 2" in newest, "Number 1" in newest) == (True, True, False)
    assert '<a href="/posts/2020">2020</a>' in newest
    year = (await client.get("/posts/2020")).text
    assert [f"Number {n}" in year for n in range(4)] == [False, True, True, False]
    assert '<a href="/posts/2020" aria-current="page">2020</a>' in year
    assert (await client.get("/posts/2018")).status_code == HTTPStatus.NOT_FOUND
    assert "/posts/2019</loc>" in (await client.get("/sitemap.xml")).text


async def test_a_few_posts_need_no_years(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("One")
    assert "By year" not in (await client.get("/posts")).text


async def test_a_post_whose_slug_is_a_year_comes_before_the_year(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("2026", "A text about a year.")
    await publish("Another")
    page = (await client.get("/posts/2026")).text
    assert "A text about a year." in page
    assert "Another" not in page
