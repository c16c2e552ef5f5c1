"""Tags for programs: listed with colour and words, and changed with a token that may write."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token

Publish = Callable[..., Awaitable[Post]]
FOG = {"name": "fog", "colour": "", "description": "", "posts": 1}


@pytest.fixture
async def api(
    app: ASGIApp, databases: Databases, author_id: str, publish: Publish
) -> AsyncGenerator[httpx.AsyncClient]:
    """A program that may write, on a site with one post about fog."""
    await publish("Fog", tags=("fog", "rope"))
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(program(app, await token(databases, author_id)))


async def test_a_tag_is_coloured_and_described_and_only_what_was_sent_changes(api: httpx.AsyncClient) -> None:
    await api.patch("/tags/fog", json={"colour": "violet"})
    answer = await api.patch("/tags/fog", json={"description": "Seas."})
    told = FOG | {"colour": "violet", "description": "Seas."}
    assert (answer.status_code, answer.json()) == (200, told)
    assert told in (await api.get("/tags")).json()["tags"]


async def test_a_tag_is_renamed_in_posts_without_a_new_revision(api: httpx.AsyncClient) -> None:
    (before,) = (await api.get("/posts")).json()["posts"]
    known = (await api.get(f"/posts/{before['id']}")).headers["etag"]
    assert (await api.patch("/tags/fog", json={"name": "Mist"})).json() == FOG | {"name": "mist"}
    again = await api.get(f"/posts/{before['id']}", headers={"if-none-match": known})
    assert (again.status_code, again.json()["tags"]) == (200, ["mist", "rope"])
    assert again.json()["revision"] == before["revision"]
    assert [each["name"] for each in (await api.get("/tags")).json()["tags"]] == ["mist", "rope"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"colour": "#f00"}, "colour"),
        ({"colour": None}, "colour"),
        ({"name": "rope"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"posts": 3}, "posts"),
    ],
)
async def test_what_a_tag_cannot_be_is_refused(api: httpx.AsyncClient, changes: dict[str, object], field: str) -> None:
    answer = await api.patch("/tags/fog", json=changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert FOG in (await api.get("/tags")).json()["tags"]


async def test_a_tag_that_nothing_carries_is_not_found(api: httpx.AsyncClient) -> None:
    assert (await api.patch("/tags/nothing", json={"colour": "red"})).status_code == 404
