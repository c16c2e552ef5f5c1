"""Where and when a text first appeared: its canonical address and the date that readers see."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Post, canonical
from sdc_web.posts.records import Draft
from sdc_web.site.feeds import IN_FEED

from api_client import program, token
from signing_in import OWNER, come_in, send

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
ELSEWHERE = "https://magazine.example/2019/fog"
OLD_US = 1_546_300_800_000_000
"""2019-01-01."""


def form(base: int, **more: str) -> dict[str, str]:
    return {"title": "Fog", "body_markdown": "Fog.", "base_revision": str(base), **more}


@pytest.fixture
async def address(client: httpx.AsyncClient, databases: Databases) -> str:
    """The editor's address of a new draft."""
    await come_in(client, databases)
    return (await send(client, "/author/posts", {"kind": "post"})).headers["location"]


async def test_a_text_that_is_at_home_elsewhere_says_so_and_is_in_no_feed_and_no_map(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("Here", tags=("fog",), series="Weather")
    await publish("There", tags=("fog",), series="Weather", canonical_url=ELSEWHERE)
    await publish("Page there", kind="page", canonical_url=ELSEWHERE)
    page = (await client.get("/posts/there")).text
    assert f'<link rel="canonical" href="{ELSEWHERE}">' in page
    assert f'<meta property="og:url" content="{ELSEWHERE}">' in page
    for path in ("/feed.xml", "/rss.xml", "/feed.json", "/tags/fog/feed.xml", "/series/weather/feed.xml"):
        feed = (await client.get(path)).text
        assert ("/posts/here" in feed, "/posts/there" in feed) == (True, False), path
    locations = (await client.get("/sitemap.xml")).text
    assert "/posts/here" in locations
    assert "there" not in locations
    assert "/posts/there" in (await client.get("/posts")).text


async def test_the_feed_of_a_tag_is_full_though_its_newest_posts_are_at_home_elsewhere(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("Here", tags=("fog",))
    for number in range(IN_FEED + 1):
        await publish(f"There {number}", tags=("fog",), canonical_url=ELSEWHERE)
    feed = (await client.get("/tags/fog/feed.json")).json()
    assert [item["title"] for item in feed["items"]] == ["Here"]


@pytest.mark.parametrize(
    "text",
    ["fog", "/posts/fog", "javascript:alert(1)", "https://", "https://a b.example", "https://me@host.example/",
     'https://a.example/"><script>', "https://[1", "https://a.example/" + "x" * 1_000, "https://a.example/\ud800"],
)  # fmt: skip
def test_what_is_no_whole_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        canonical.check(text)
    assert refused.value.field == "canonical_url"


def test_an_address_is_kept_in_ascii() -> None:
    assert canonical.check(" https://a.example/über?q=1 ") == "https://a.example/%C3%BCber?q=1"


async def test_a_refused_address_stays_in_its_field_with_the_reason(client: httpx.AsyncClient, address: str) -> None:
    answer = await send(client, f"{address}/draft?_method=PUT", form(1, canonical_url="magazine"))
    assert answer.status_code == 422
    assert 'value="magazine"' in answer.text
    assert 'id="error-canonical_url"' in answer.text


async def test_the_own_address_of_a_post_counts_as_none(
    client: httpx.AsyncClient, databases: Databases, address: str
) -> None:
    await send(client, f"{address}/publication", form(1))
    await send(client, f"{address}/publication", form(2, canonical_url=f"{SITE}/posts/fog"))
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, address.rpartition("/")[2])
    assert newest.canonical_url == ""


async def test_the_author_gives_a_post_its_date_and_corrects_it(client: httpx.AsyncClient, address: str) -> None:
    await send(client, f"{address}/publication", form(1, dated_at="2019-01-01T08:00"))
    assert (
        '<time class="dt-published" datetime="2019-01-01T08:00:00Z">1 January 2019</time>'
        in (await client.get("/posts/fog")).text
    )
    await send(client, f"{address}/draft", form(2, dated_at="2019-03-05T08:00"), "PUT")
    assert "1 January 2019" in (await client.get("/posts/fog")).text
    await send(client, f"{address}/publication", form(3, dated_at="2019-03-05T08:00"))
    page = (await client.get("/posts/fog")).text
    assert "5 March 2019" in page
    assert "changed" not in page
    editor = (await client.get(address)).text
    assert 'value="2019-03-05T08:00"' in editor
    assert "Readers see 5 March 2019." in editor


async def test_a_date_that_is_taken_away_leaves_the_one_that_readers_know(
    databases: Databases, publish: Publish, author_id: str
) -> None:
    post = await publish("Fog", dated_at_us=OLD_US)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog"), 2)
    assert (await posts.publish(databases.site, OWNER, post.id)).published_at_us == OLD_US


async def test_a_change_of_the_date_alone_is_no_change_of_the_text(
    databases: Databases, publish: Publish, author_id: str
) -> None:
    post = await publish("Fog", "A text.")
    draft = Draft(title="Fog", slug="fog", body="A text.", dated_at_us=OLD_US)
    await posts.revisions.save(databases.site, OWNER, post.id, draft, 2)
    after = await posts.publish(databases.site, OWNER, post.id)
    assert (after.published_at_us, after.changed_at_us) == (OLD_US, post.changed_at_us)


async def test_a_date_that_lies_ahead_is_refused_beside_its_field(client: httpx.AsyncClient, address: str) -> None:
    answer = await send(client, f"{address}/draft?_method=PUT", form(1, dated_at="2099-01-01T08:00"))
    assert answer.status_code == 422
    assert "cannot lie ahead" in answer.text.partition('id="error-dated_at"')[2]


async def test_programs_read_and_write_both(app: ASGIApp, databases: Databases, author_id: str) -> None:
    async with program(app, await token(databases, author_id)) as api:
        new = {"title": "Fog", "canonical_url": ELSEWHERE, "dated_at": "2019-01-01T01:00:00+01:00"}
        made = (await api.post("/posts", json=new)).json()
        assert (made["canonical_url"], made["dated_at"]) == (ELSEWHERE, "2019-01-01T00:00:00Z")
        changed = await api.patch(f"/posts/{made['id']}", json={"dated_at": None}, headers={"If-Match": "*"})
        assert (changed.json()["canonical_url"], changed.json()["dated_at"]) == (ELSEWHERE, None)
        own = {"title": "Own", "slug": "own", "canonical_url": f"{SITE}/posts/own"}
        assert (await api.post("/posts", json=own)).json()["canonical_url"] == ""
        ahead = clock.to_datetime(clock.now_us() + 60 * clock.SECOND_US).isoformat()
        refused = await api.patch(f"/posts/{made['id']}", json={"dated_at": ahead}, headers={"If-Match": "*"})
        assert refused.status_code == 422
