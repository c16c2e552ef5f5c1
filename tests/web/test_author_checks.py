"""Checks as the author meets them: beside the text, and before it goes out, where they ask and never forbid."""

import re
from html import unescape

import httpx
import pytest
from sdc_core.sqlite import fetch_value
from sdc_web import posts
from sdc_web.author import checks
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post

from signing_in import BROWSER, OWNER, come_in, send

NOTHING = {"publish_at": ""}
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
async def author_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """Signed in."""
    return (await come_in(client, databases)).id


@pytest.fixture
async def post(databases: Databases, author_id: str) -> Post:
    """A draft with a note of the author's in it."""
    made = await posts.create(databases.site, OWNER, "post")
    draft = Draft(title="Fog & <rain>", slug="fog", body="One\n\nTODO: more", tags=("weather",))
    await posts.revisions.save(databases.site, OWNER, made.id, draft, 1)
    return made


async def is_published(databases: Databases, post: Post) -> bool:
    async with databases.site.read() as connection:
        return (await posts.find(connection, OWNER, post.id)).revision_id is not None


def form_of(page: str) -> dict[str, str]:
    """What «Publish anyway» sends."""
    return {name: unescape(value) for name, value in FIELD.findall(page)} | {"intent": "anyway"}


async def test_a_text_with_something_in_it_is_saved_and_asked_about_before_it_is_published(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    form = {"title": "Fog & <rain>", "body_markdown": 'One\r\n\r\nTODO: "more"', "base_revision": "2", "tags": "a, b"}
    asked = await send(client, f"/author/posts/{post.id}/publication", form)
    assert asked.status_code == 200
    assert "and <strong>not published yet</strong>" in asked.text
    assert "«TODO» still stands there." in asked.text
    assert f'href="/author/posts/{post.id}?line=3#field-body"' in asked.text
    assert not await is_published(databases, post)

    done = await send(client, f"/author/posts/{post.id}/publication", form_of(asked.text))
    assert (done.status_code, done.headers["location"]) == (303, f"/author/posts/{post.id}?said=published")
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    assert (newest.title, newest.body, newest.tags) == ("Fog & <rain>", 'One\n\nTODO: "more"', ("a", "b"))
    assert newest.published_at_us is not None


async def test_it_is_asked_again_the_next_time(client: httpx.AsyncClient, databases: Databases, post: Post) -> None:
    asked = await send(client, f"/author/posts/{post.id}/publication", NOTHING)
    await send(client, f"/author/posts/{post.id}/publication", form_of(asked.text))
    await posts.unpublish(databases.site, OWNER, post.id)
    assert "Before it goes out" in (await send(client, f"/author/posts/{post.id}/publication", NOTHING)).text
    assert not await is_published(databases, post)


async def test_a_moment_to_come_is_kept_while_one_is_asked(client: httpx.AsyncClient, post: Post) -> None:
    asked = await send(client, f"/author/posts/{post.id}/publication", {"publish_at": "2099-01-01T12:00"})
    done = await send(client, f"/author/posts/{post.id}/publication", form_of(asked.text))
    assert "Schedule anyway" in asked.text
    assert done.headers["location"].endswith("?said=scheduled")


async def test_hints_alone_let_it_go_out_at_once(
    client: httpx.AsyncClient, databases: Databases, post: Post, author_id: str
) -> None:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", body="Fog."), 2)
    assert (await send(client, f"/author/posts/{post.id}/publication", NOTHING)).status_code == 303
    assert await is_published(databases, post)


async def test_a_text_without_a_title_is_refused_and_not_asked_about(
    client: httpx.AsyncClient, databases: Databases, post: Post, author_id: str
) -> None:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="", body="TODO"), 2)
    refused = await send(client, f"/author/posts/{post.id}/publication", NOTHING)
    assert refused.status_code == 422
    assert 'id="error-title"' in refused.text


async def test_who_saw_an_older_text_publishes_no_other_one(
    client: httpx.AsyncClient, databases: Databases, post: Post, author_id: str
) -> None:
    form = {"title": "Fog", "body_markdown": "TODO", "base_revision": "2"}
    asked = await send(client, f"/author/posts/{post.id}/publication", form)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Elsewhere"), 3)
    late = await send(client, f"/author/posts/{post.id}/publication", form_of(asked.text))
    assert late.status_code == 412
    assert not await is_published(databases, post)


async def test_the_text_that_is_typed_is_looked_at_and_nothing_is_saved(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    form = {"title": "Fog", "body_markdown": "[a](/nowhere)\n\n<script>x</script>", "base_revision": "2"}
    beside = await send(client, f"/author/posts/{post.id}/checks", form, htmx=True)
    assert beside.text.lstrip().startswith(f'<div class="checks" id="post-checks-{post.id}"')
    assert 'data-line="1"' in beside.text
    assert "Readers do not get &lt;script&gt;." in beside.text
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT max(number) FROM revisions") == 2


async def test_a_field_that_cannot_be_read_does_not_stop_the_look(client: httpx.AsyncClient, post: Post) -> None:
    form = {"title": "Fog", "body_markdown": "TODO", "series_position": "first", "base_revision": "2"}
    beside = await send(client, f"/author/posts/{post.id}/checks", form, htmx=True)
    assert (beside.status_code, "«TODO»" in beside.text) == (200, True)


async def test_without_script_what_is_found_has_a_page(client: httpx.AsyncClient, post: Post) -> None:
    page = await client.get(f"/author/posts/{post.id}/checks", headers=BROWSER)
    assert "«TODO» still stands there." in page.text
    assert "Fog &amp; &lt;rain&gt;" in page.text
    assert "not published yet" not in page.text


async def test_a_text_that_is_not_there_cannot_be_looked_at(client: httpx.AsyncClient, author_id: str) -> None:
    answers = [await client.get("/author/posts/x/checks"), await send(client, "/author/posts/x/checks", NOTHING)]
    assert {each.status_code for each in answers} == {404}


async def test_before_several_are_published_it_is_said_what_is_in_each(
    client: httpx.AsyncClient, databases: Databases, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LOOK_S", 60)
    well = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, well.id, Draft(title="Rain", body="Words."), 1)
    ill = await posts.create(databases.site, OWNER, "post")
    draft = Draft(title="Ill", body="[a](/nowhere) [b](/posts/none)\n\nTODO: more")
    await posts.revisions.save(databases.site, OWNER, ill.id, draft, 1)
    address = f"/author/posts/selection?action=publish&post={post.id}&post={well.id}&post={ill.id}"
    asked = (await client.get(address, headers=BROWSER)).text
    said = re.findall(r'<a href="/author/posts/([^"]+)/checks">Checks</a>: ([^<]+)<', asked)
    assert said == [(post.id, "1 doubtful"), (ill.id, "2 broken, 1 doubtful")]
    other = (await client.get(address.replace("publish", "unpublish"), headers=BROWSER)).text
    assert ">Checks</a>" not in other
    monkeypatch.setattr(checks, "MOST_LOOKED_AT", 1)
    asked = (await client.get(address, headers=BROWSER)).text
    assert asked.count(">Checks</a>: not looked at<") == 2
