"""Webmentions as programs see, accept and refuse them; hosts that may not tell; the switches."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
SQL_TOLD = """
INSERT INTO webmentions (id, post_id, source, target, host, state, kind, words, asked_at_us)
VALUES (:id, :post_id, :source, :target, 'grace.example', 'waiting', 'reply', 'Mine burnt down.', :now_us)
"""
SQL_TELLING = """
INSERT INTO webmentions_told (post_id, target, path, state, next_us, since_us)
VALUES (:post_id, 'https://grace.example/notes/7', '/posts/fog', 'waiting', :now_us, :now_us)
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"SITE_URL": SITE})


@pytest.fixture
async def ids(databases: Databases, publish: Publish) -> list[str]:
    """Three that wait for their author, the oldest first."""
    post = await publish("Fog")
    made = sorted(clock.new_id() for _ in range(3))
    async with databases.site.transaction() as connection:
        for number, each in enumerate(made):
            row = {
                "id": each,
                "post_id": post.id,
                "source": f"https://grace.example/{number}",
                "target": f"{SITE}/posts/fog",
                "now_us": clock.now_us(),
            }
            await execute(connection, SQL_TOLD, row)
    return made


async def test_what_other_sites_told_is_listed_a_page_at_a_time(api: httpx.AsyncClient, ids: list[str]) -> None:
    first = (await api.get("/webmentions?limit=2")).json()
    second = (await api.get("/webmentions", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in (*first["webmentions"], *second["webmentions"])] == ids[::-1]
    told = second["webmentions"][0]
    assert (told["state"], told["kind"], told["words"], told["post_title"]) == (
        "waiting",
        "reply",
        "Mine burnt down.",
        "Fog",
    )
    assert (told["source"], told["post_url"]) == ("https://grace.example/0", f"{SITE}/posts/fog")
    assert second["next_cursor"] is None


async def test_readers_see_what_a_program_accepted(
    api: httpx.AsyncClient, client: httpx.AsyncClient, ids: list[str]
) -> None:
    before = (await client.get("/posts/fog")).text
    wanted = {"ids": [ids[0], "gone"], "verdict": "accepted"}
    decided = [(await api.post("/webmentions/decisions", json=wanted)).json()["changed"] for _ in range(2)]
    await api.post("/webmentions/decisions", json={"ids": ids[1:], "verdict": "refused"})
    after = (await client.get("/posts/fog")).text
    assert (decided, "Mine burnt down." in before, after.count("Mine burnt down.")) == ([1, 0], False, 1)
    counts = [
        len((await api.get(f"/webmentions?state={state}")).json()["webmentions"]) for state in ("accepted", "refused")
    ]
    assert counts == [1, 2]


async def test_a_host_is_blocked_and_allowed_again(api: httpx.AsyncClient, ids: list[str]) -> None:
    assert ids
    blocked = [(await api.put("/webmentions/blocks/Grace.example")).status_code for _ in range(2)]
    assert blocked == [204, 204]
    assert [each["host"] for each in (await api.get("/webmentions/blocks")).json()["blocks"]] == ["grace.example"]
    assert (await api.get("/webmentions")).json()["webmentions"] == []
    allowed = [(await api.delete("/webmentions/blocks/grace.example")).status_code for _ in range(2)]
    assert allowed == [204, 404]
    assert (await api.put("/webmentions/blocks/a%20b")).json()["field"] == "host"


async def test_what_other_sites_were_told_is_listed(
    api: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog")
    async with databases.site.transaction() as connection:
        await execute(connection, SQL_TELLING, {"post_id": post.id, "now_us": clock.now_us()})
    (row,) = (await api.get("/webmentions/told")).json()["told"]
    assert (row["post_id"], row["state"], row["target"]) == (post.id, "waiting", "https://grace.example/notes/7")
    assert (await api.get("/webmentions/told?post_id=another")).json() == {"told": []}


async def test_the_switches_are_turned_one_by_one(api: httpx.AsyncClient) -> None:
    seen = await api.get("/site/webmentions")
    assert seen.json() == {"outgoing": False, "incoming": False}
    known = {"If-Match": seen.headers["etag"]}
    turned = await api.patch("/site/webmentions", json={"incoming": True}, headers=known)
    assert turned.json() == {"outgoing": False, "incoming": True}
    late = await api.patch("/site/webmentions", json={"outgoing": True}, headers=known)
    assert (late.status_code, late.headers["etag"]) == (412, turned.headers["etag"])
    assert (await api.patch("/site/webmentions", json={"outgoing": True})).json() == {
        "outgoing": True,
        "incoming": True,
    }


async def test_who_may_not_publish_accepts_nothing(
    app: ASGIApp, databases: Databases, author_id: str, ids: list[str]
) -> None:
    async with program(app, await token(databases, author_id, "posts:write")) as drafts:
        assert len((await drafts.get("/webmentions")).json()["webmentions"]) == 3
        refused = [
            await drafts.post("/webmentions/decisions", json={"ids": ids, "verdict": "accepted"}),
            await drafts.put("/webmentions/blocks/grace.example"),
            await drafts.patch("/site/webmentions", json={"outgoing": True}),
        ]
    assert [each.status_code for each in refused] == [403, 403, 403]
