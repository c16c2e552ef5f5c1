"""The author's pages of tags: listed, coloured, renamed, merged, set free, deleted."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft

from signing_in import BROWSER, OWNER, come_in, send

Write = Callable[..., Awaitable[str]]
WORDS = {"name": "fog", "colour": "", "description": ""}


@pytest.fixture
async def write(client: httpx.AsyncClient, databases: Databases) -> Write:
    """Publishes a text with those tags, of an author who is signed in; its id."""
    author = await come_in(client, databases)

    async def make(title: str, *tags: str) -> str:
        post = await posts.create(databases.site, author.actor, "post")
        await posts.revisions.save(databases.site, author.actor, post.id, Draft(title=title, tags=tags), 1)
        await posts.publish(databases.site, OWNER, post.id)
        return post.id

    return make


async def page(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    return answer.text


async def test_a_tag_is_listed_and_given_a_colour_and_words(client: httpx.AsyncClient, write: Write) -> None:
    await write("Fog", "fog")
    assert "None carries it" not in await page(client, "/author/tags/fog")
    form = WORDS | {"colour": "teal", "description": "Seas of <it>."}
    answer = await send(client, "/author/tags/fog?_method=PUT", form)
    assert answer.headers["location"] == "/author/tags?said=saved"
    listed = await page(client, "/author/tags")
    assert 'class="row-title tag tag-teal" href="/author/tags/fog"' in listed
    assert "Seas of &lt;it&gt;." in listed
    assert 'value="teal" checked' in await page(client, "/author/tags/fog")
    assert '<a class="chip" href="/author/tags">' in await page(client, "/author/site")


async def test_a_name_with_signs_of_its_own_in_addresses_can_be_renamed(
    client: httpx.AsyncClient, write: Write
) -> None:
    await write("Fog", "c#? 100%")
    assert 'href="/author/tags/c%23%3F%20100%25"' in await page(client, "/author/tags")
    answer = await send(client, "/author/tags/c%23%3F%20100%25?_method=PUT", WORDS | {"name": "ö & <b>"})
    assert answer.status_code == 303
    assert "ö &amp; &lt;b&gt;" in await page(client, "/author/tags/%C3%B6%20&%20%3Cb%3E")
    moved = await client.get("/tags/c%23%3F%20100%25")
    assert (moved.status_code, moved.headers["location"]) == (301, "/tags/%C3%B6%20%26%20%3Cb%3E")
    assert (await client.get(moved.headers["location"])).status_code == 200


@pytest.mark.parametrize(("field", "value"), [("name", "rope"), ("name", "a/b"), ("description", "x" * 501)])
async def test_what_cannot_be_is_said_at_its_field_and_kept_in_the_form(
    client: httpx.AsyncClient, write: Write, field: str, value: str
) -> None:
    await write("Fog", "fog", "rope")
    answer = await send(client, "/author/tags/fog?_method=PUT", WORDS | {field: value})
    assert (answer.status_code, f'id="error-{field}"' in answer.text) == (422, True)
    assert value in answer.text


async def test_a_colour_that_is_none_of_the_palette_is_refused(client: httpx.AsyncClient, write: Write) -> None:
    await write("Fog", "fog")
    answer = await send(client, "/author/tags/fog?_method=PUT", WORDS | {"colour": "#ff0000"})
    assert answer.status_code == 422
    assert "#ff0000" not in await page(client, "/author/tags")


async def test_one_tag_is_merged_into_another_and_then_set_free(client: httpx.AsyncClient, write: Write) -> None:
    post_id = await write("Fog", "mist", "fog")
    refused = await send(client, "/author/tags/mist/merge", {"into": "nothing"})
    assert (refused.status_code, 'id="error-into"' in refused.text) == (422, True)
    answer = await send(client, "/author/tags/mist/merge", {"into": "fog"})
    assert answer.headers["location"] == "/author/tags?said=saved"
    shown = await page(client, "/author/tags/fog")
    assert f'<a href="/author/posts/{post_id}">Fog</a>' in shown
    assert 'name="name" value="mist"' in shown
    await send(client, "/author/tags/fog/names?_method=DELETE", {"name": "mist"})
    assert "mist" not in await page(client, "/author/tags/fog")


async def test_a_tag_that_is_deleted_or_never_was_is_not_found(client: httpx.AsyncClient, write: Write) -> None:
    await write("Fog", "fog")
    answer = await send(client, "/author/tags/fog?_method=DELETE", {})
    assert answer.headers["location"] == "/author/tags?said=deleted"
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", "")):
        answer = await client.request(method, f"/author/tags/fog{path}", data=WORDS, headers=BROWSER)
        assert answer.status_code == 404, method


async def test_an_open_editor_that_still_has_the_old_name_saves_the_new_one(
    client: httpx.AsyncClient, write: Write
) -> None:
    post_id = await write("Fog", "tee")
    await send(client, "/author/tags/tee?_method=PUT", WORDS | {"name": "tea"})
    form = {"title": "Fog", "body_markdown": "Thick.", "tags": "tee, new", "base_revision": "2"}
    await send(client, f"/author/posts/{post_id}/draft", form, "PUT", htmx=True)
    assert 'value="tea, new"' in await page(client, f"/author/posts/{post_id}")


async def test_the_editor_tells_the_tags_carried_most_and_asks_for_others_while_one_is_typed(
    client: httpx.AsyncClient, databases: Databases, write: Write
) -> None:
    post_id = await write("Few", "zebra")
    editor = await page(client, f"/author/posts/{post_id}")
    assert '<datalist id="known-tags"><option value="zebra"></option></datalist>' in editor
    for first in range(0, 120, 10):
        await write(f"From {first}", "zebra", *(f"tag-{number:03}" for number in range(first, first + 10)))
    editor = await page(client, f"/author/posts/{post_id}")
    assert '<datalist id="known-tags"><option value="zebra">' in editor
    assert len(re.findall(r'<option value="(?:tag-|zebra)', editor)) == 100
    found = (await client.get("/author/tag-choices", params={"q": " G-11"}, headers=BROWSER)).text
    assert found.split("\n") == [f"tag-{number}" for number in range(110, 118)]
    assert (await client.get("/author/tag-choices", params={"q": "EBR"}, headers=BROWSER)).text == "zebra"
    assert (await client.get("/author/tag-choices", params={"q": "nothing"}, headers=BROWSER)).text == ""
