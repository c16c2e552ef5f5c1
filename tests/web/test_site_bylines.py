"""Each text names its own author, to people and to machines, where several write; and what pages tell those who share
them or look for feeds.
"""

import json
import re
from collections.abc import Awaitable, Callable
from xml.etree import ElementTree as ET

import feedparser
import html5lib
import httpx
import pytest
from sdc_core import clock
from sdc_web import posts
from sdc_web.about import site
from sdc_web.authors import accounts, roster
from sdc_web.authors.rights import SYSTEM
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
FEEDS = {"feed.xml": "application/atom+xml", "rss.xml": "application/rss+xml", "feed.json": "application/feed+json"}


@pytest.fixture
async def grace(publish: Publish, databases: Databases) -> Author:
    """Another author, who wrote `/posts/hers` in a series, after Ada wrote `/posts/mine`."""
    await publish("Mine", tags=["fog"], series="Both")
    made = await accounts.create(databases, SYSTEM, name="grace", role="author", display_name="Grace <H>")
    post = await posts.create(databases.site, made.actor, "post")
    draft = Draft(title="Hers", body="A text.", tags=("fog",), series="Both")
    await posts.revisions.save(databases.site, made.actor, post.id, draft, 1)
    await posts.publish(databases.site, made.actor, post.id)
    return made


def linked_data(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


@pytest.mark.usefixtures("grace")
async def test_a_page_names_the_author_of_its_text(client: httpx.AsyncClient) -> None:
    page = (await client.get("/posts/hers")).text
    assert '<meta name="author" content="Grace &lt;H&gt;">' in page
    assert linked_data(page)["author"] == {"@type": "Person", "name": "Grace <H>"}
    assert '<span class="p-author h-card">Grace &lt;H&gt;</span>' in page
    assert "Written by Grace &lt;H&gt;" in page
    assert "<dd>Grace &lt;H&gt;</dd>" in page
    assert "Ada" not in page
    mine = (await client.get("/posts/mine")).text
    assert linked_data(mine)["author"] == {"@type": "Person", "name": "Ada Lovelace", "url": f"{SITE}/"}
    assert "<dd>Ada Lovelace</dd>" in mine
    assert "Written by Ada Lovelace and others" in (await client.get("/posts")).text


@pytest.mark.usefixtures("grace")
@pytest.mark.parametrize("place", ["", "/tags/fog", "/series/both"])
async def test_feeds_name_the_author_of_each_entry(client: httpx.AsyncClient, place: str) -> None:
    for name in ("feed.xml", "rss.xml"):
        read = feedparser.parse((await client.get(f"{place}/{name}")).text)
        named = {each.title: each.get("author") or read.feed.author for each in read.entries}
        assert named == {"Hers": "Grace <H>", "Mine": "Ada Lovelace"}
    told = (await client.get(f"{place}/feed.json")).json()
    assert {each["title"]: each.get("authors") for each in told["items"]} == {
        "Hers": [{"name": "Grace <H>"}],
        "Mine": None,
    }
    assert told["authors"] == [{"name": "Ada Lovelace", "url": f"{SITE}/"}]


async def test_where_one_alone_writes_no_line_repeats_it(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    page = (await client.get("/posts/fog")).text
    assert "<dd>Ada" not in page
    assert "Written by Ada Lovelace<" in page.replace("</p>", "<")


async def test_a_page_says_at_once_who_is_here_no_more(
    client: httpx.AsyncClient, databases: Databases, grace: Author
) -> None:
    assert "Grace" in (await client.get("/posts/hers")).text
    await roster.change_role(databases, OWNER, grace.id, "viewer")
    assert "<dd>Grace" not in (await client.get("/posts/hers")).text
    await roster.change_role(databases, OWNER, grace.id, "author")
    assert "<dd>Grace" in (await client.get("/posts/hers")).text
    await roster.remove(databases, OWNER, grace.id, OWNER.id)
    page = (await client.get("/posts/hers")).text
    assert ("Grace" in page, "Written by Ada Lovelace" in page) == (False, True)


async def test_an_account_in_the_fediverse_is_named_as_the_creator_of_what_its_owner_wrote(
    client: httpx.AsyncClient, databases: Databases, grace: Author
) -> None:
    words = site.Words(
        title="A site",
        description="",
        language="en",
        elsewhere=(
            site.Elsewhere(label="Video", url="https://tube.example/@ada"),
            site.Elsewhere(label="Mastodon", url="https://social.example/@ada"),
        ),
    )
    await site.change(databases.site, OWNER, words)
    creator = '<meta name="fediverse:creator" content="@ada@social.example">'
    assert grace.role == "author"
    assert creator in (await client.get("/posts/mine")).text
    assert "fediverse" not in (await client.get("/posts/hers")).text


@pytest.mark.usefixtures("grace")
async def test_lists_can_be_shared(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Lamp", kind="project")
    year = clock.today()[:4]
    titles = {
        "/": "A new site",
        "/posts": "Posts",
        f"/posts/{year}": f"Posts of {year}",
        "/projects": "Projects",
        f"/projects/{year}": f"Projects of {year}",
        "/tags": "Tags",
        "/tags/fog": "#fog",
        f"/tags/fog/{year}": f"#fog in {year}",
        "/series/both": "Both",
    }
    for path, title in titles.items():
        page = html5lib.parse((await client.get(path)).text, namespaceHTMLElements=False)
        said = {each.get("property"): each.get("content") for each in page.iter("meta") if each.get("property")}
        assert (said["og:title"], said["og:type"], said["og:site_name"]) == (title, "website", "A new site")
        (canonical,) = (each.get("href") for each in page.iter("link") if each.get("rel") == "canonical")
        assert said["og:url"] == canonical == SITE + path
        assert (await client.get(str(said["og:image"]).removeprefix(SITE))).headers["content-type"] == "image/png"


@pytest.mark.usefixtures("grace")
async def test_the_head_tells_of_every_format_of_the_feeds(client: httpx.AsyncClient) -> None:
    for path, places in {"/": [""], "/tags/fog": ["", "/tags/fog"], "/series/both": ["", "/series/both"]}.items():
        page = html5lib.parse((await client.get(path)).text, namespaceHTMLElements=False)
        links = [each for each in page.iter("link") if each.get("rel") == "alternate"]
        told = {each.get("href"): each.get("type") for each in links}
        assert told == {f"{place}/{name}": kind for place in places for name, kind in FEEDS.items()}
        assert len({each.get("title") for each in links}) == len(links)
        for address, kind in told.items():
            assert (await client.get(str(address))).headers["content-type"].partition(";")[0] == kind


async def test_browsers_learn_how_the_site_is_searched(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog & lamps")
    page = html5lib.parse((await client.get("/")).text, namespaceHTMLElements=False)
    (link,) = (each for each in page.iter("link") if each.get("rel") == "search")
    answer = await client.get(str(link.get("href")))
    assert answer.headers["content-type"] == link.get("type")
    name = "{http://a9.com/-/spec/opensearch/1.1/}"
    told = ET.fromstring(answer.text)
    assert told.findtext(f"{name}ShortName") == "A new site"
    template = told.findall(f"{name}Url")[0].get("template") or ""
    assert 'href="/posts/fog-lamps"' in (await client.get(template.replace("{searchTerms}", "fog"))).text
