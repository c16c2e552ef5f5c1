"""The past of the feed (RFC 5005 section 4): whoever follows it back has every post."""

from collections.abc import Awaitable, Callable
from xml.etree import ElementTree as ET

import feedparser
import httpx
import pytest
from sdc_core import clock
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.site import feeds

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
FEW = 3
"""Entries of a feed, in these tests."""


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "IN_FEED", FEW)


async def fill(publish: Publish, many: int) -> list[Post]:
    """So many posts, a day apart, and between them some that are in no feed."""
    made = []
    for number in range(many):
        with clock.frozen((number + 1) * clock.DAY_US):
            made.append(await publish(f"Post {number}"))
            await publish(f"There {number}", canonical_url=f"https://other.example/{number}")
    await publish("A lamp", kind="project")
    return made


async def read(client: httpx.AsyncClient, address: str) -> feedparser.FeedParserDict:
    answer = await client.get(address.removeprefix(SITE))
    assert answer.status_code == 200, address
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(answer.content, response_headers=dict(answer.headers))
    assert not found.bozo, found.get("bozo_exception")
    return found


def link(found: feedparser.FeedParserDict, rel: str) -> str:
    return next((each.href for each in found.feed.links if each.rel == rel), "")


@pytest.mark.parametrize("many", [1, 3, 4, 6, 8])
async def test_who_follows_a_feed_back_finds_every_post(client: httpx.AsyncClient, publish: Publish, many: int) -> None:
    await fill(publish, many)
    address, walked, titles, feed_ids = f"{SITE}/feed.xml", [], [], set()
    while address:
        found = await read(client, address)
        walked.append(address.removeprefix(SITE))
        titles += [each.title for each in found.entries]
        feed_ids.add(found.feed.id)
        assert link(found, "self") == address
        assert link(found, "current") == (f"{SITE}/feed.xml" if len(walked) > 1 else "")
        address = link(found, "prev-archive")
    assert {*titles} == {f"Post {number}" for number in range(many)}
    assert len(feed_ids) == 1
    full = many // FEW if many > FEW else 0
    assert walked == ["/feed.xml", *(f"/feed/{number}.xml" for number in range(full, 0, -1))]


async def test_what_is_full_stays_as_it_is_while_new_posts_come(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    made = await fill(publish, 7)
    first = await client.get("/feed/1.xml")
    second = await read(client, "/feed/2.xml")
    assert ET.fromstring(first.content).find("{http://purl.org/syndication/history/1.0}archive") is not None
    assert [each.title for each in second.entries] == ["Post 5", "Post 4", "Post 3"]
    assert (link(second, "next-archive"), link(second, "prev-archive")) == ("", f"{SITE}/feed/1.xml")
    for number in (7, 8):
        await publish(f"Post {number}")
    known = await client.get("/feed/1.xml", headers={"if-none-match": first.headers["etag"]})
    assert known.status_code == 304
    assert link(await read(client, "/feed/2.xml"), "next-archive") == f"{SITE}/feed/3.xml"
    await posts.unpublish(databases.site, OWNER, made[0].id)
    assert [each.title for each in (await read(client, "/feed/1.xml")).entries] == ["Post 3", "Post 2", "Post 1"]
    assert (await client.get("/feed/3.xml")).status_code == 404


@pytest.mark.parametrize(
    "name", ["0.xml", "3.xml", "01.xml", "-1.xml", "1", "1.json", "x.xml", "99999999.xml", "٢.xml"]
)
async def test_there_is_no_other_past(client: httpx.AsyncClient, publish: Publish, name: str) -> None:
    await fill(publish, 6)
    assert (await client.get(f"/feed/{name}")).status_code == 404


async def test_only_the_feed_of_the_whole_site_has_a_past(client: httpx.AsyncClient, publish: Publish) -> None:
    for number in range(2 * FEW):
        await publish(f"Post {number}", tags=("fog",))
    for path in ("/rss.xml", "/feed.json", "/tags/fog/feed.xml"):
        assert "prev-archive" not in (await client.get(path)).text, path
