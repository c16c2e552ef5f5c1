"""The history of a post for programs: listed, read, brought back."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]


@pytest.fixture
async def api(
    app: ASGIApp, databases: Databases, author_id: str, publish: Publish
) -> AsyncGenerator[httpx.AsyncClient]:
    """A program that may write."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(program(app, await token(databases, author_id)))


async def _published(api: httpx.AsyncClient, *bodies: str) -> dict[str, object]:
    """A post of which each of these texts was published, one after the other."""
    post = (await api.post("/posts", json={"title": "Fog"})).json()
    for body in bodies:
        post = (await api.patch(f"/posts/{post['id']}", json={"body": body}, headers={"if-match": "*"})).json()
        post = (await api.post(f"/posts/{post['id']}/publication")).json()
    return post


async def test_an_old_text_is_found_read_and_brought_back_for_readers_to_see_once_published(
    api: httpx.AsyncClient,
) -> None:
    post = await _published(api, "First.", "Second.")
    found = (await api.get(f"/posts/{post['id']}/revisions")).json()["revisions"]
    old = next(each for each in found if each["published_at"] and not each["live"])
    assert (await api.get(f"/posts/{post['id']}/revisions/{old['id']}")).json()["body"] == "First."
    address = f"/posts/{post['id']}/revisions/{old['id']}/restoration"
    back = await api.post(address, headers={"if-match": f'"{post["revision"]}"'})
    assert (back.status_code, back.json()["body"], back.json()["state"]) == (200, "First.", "changed")
    assert back.json()["revision"] > int(str(post["revision"]))


async def test_a_text_that_was_saved_meanwhile_is_not_replaced(api: httpx.AsyncClient) -> None:
    post = await _published(api, "First.", "Second.")
    old = (await api.get(f"/posts/{post['id']}/revisions")).json()["revisions"][-1]
    address = f"/posts/{post['id']}/revisions/{old['id']}/restoration"
    stale, unsaid = await api.post(address, headers={"if-match": '"0"'}), await api.post(address)
    assert (stale.status_code, stale.json()["current"]["body"]) == (412, "Second.")
    assert unsaid.status_code == 428
    assert (await api.post(address, headers={"if-match": "*"})).status_code == 200


async def test_a_history_comes_in_pages_and_each_revision_once(api: httpx.AsyncClient) -> None:
    post = await _published(api, "1", "2", "3", "4")
    whole = (await api.get(f"/posts/{post['id']}/revisions?limit=100")).json()
    seen, cursor = [], None
    while True:
        page = (
            await api.get(
                f"/posts/{post['id']}/revisions", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        seen += page["revisions"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == whole["revisions"]
    assert [each["revision"] for each in seen] == sorted({each["revision"] for each in seen}, reverse=True)


async def test_the_history_of_another_authors_post_is_not_told(
    app: ASGIApp, databases: Databases, api: httpx.AsyncClient
) -> None:
    post = await _published(api, "First.")
    revision = (await api.get(f"/posts/{post['id']}/revisions")).json()["revisions"][0]
    other = await accounts.create(databases, OWNER, name="bob", role="author")
    async with program(app, await token(databases, other.id, name="bob")) as stranger:
        asked = [
            await stranger.get(f"/posts/{post['id']}/revisions"),
            await stranger.get(f"/posts/{post['id']}/revisions/{revision['id']}"),
            await stranger.post(
                f"/posts/{post['id']}/revisions/{revision['id']}/restoration", headers={"if-match": "*"}
            ),
        ]
    assert [each.status_code for each in asked] == [403, 403, 403]


async def test_a_revision_of_another_post_is_not_found_under_this_one(api: httpx.AsyncClient) -> None:
    first, second = await _published(api, "First."), await _published(api, "Second.")
    revision = (await api.get(f"/posts/{second['id']}/revisions")).json()["revisions"][0]
    assert (await api.get(f"/posts/{first['id']}/revisions/{revision['id']}")).status_code == 404
    address = f"/posts/{first['id']}/revisions/{revision['id']}/restoration"
    assert (await api.post(address, headers={"if-match": "*"})).status_code == 404
