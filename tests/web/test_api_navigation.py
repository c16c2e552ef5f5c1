"""The navigation and the projects of the home page, as programs order them."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token

Publish = Callable[..., Awaitable[Post]]
LINKS = [{"title": "Lamps", "url": "/tags/lamps"}, {"title": "Code", "url": "https://example.org/"}]


async def test_readers_see_the_links_that_a_program_put_in_their_order(
    api: httpx.AsyncClient, client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("Fog")
    made = (await api.get("/navigation")).json()
    assert (made["own"], made["entries"][0]) == (False, {"title": "Posts", "url": "/posts", "standing": "there"})
    put = await api.put("/navigation", json={"entries": LINKS})
    assert put.json() == {
        "own": True,
        "entries": [LINKS[0] | {"standing": "missing"}, LINKS[1] | {"standing": "away"}],
    }
    page = (await client.get("/")).text
    assert page.index('href="/tags/lamps"') < page.index('href="https://example.org/"')
    assert (await api.delete("/navigation")).json() == made


@pytest.mark.parametrize(
    "wrong",
    [{"title": "", "url": "/"}, {"title": "x" * 41, "url": "/"}, {"title": "A", "url": "javascript:alert(1)"}],
)
async def test_a_link_that_is_none_is_refused_by_its_number_and_changes_nothing(
    api: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    refused = await api.put("/navigation", json={"entries": [*LINKS, wrong]})
    assert (refused.status_code, refused.json()["field"]) == (422, "entries")
    assert refused.json()["detail"].startswith("Entry 3, its ")
    assert (await api.put("/navigation", json={"entries": LINKS * 7})).status_code == 422
    assert (await api.get("/navigation")).json()["own"] is False


async def test_projects_stand_on_the_home_page_as_a_program_put_them(
    api: httpx.AsyncClient, client: httpx.AsyncClient, publish: Publish
) -> None:
    lamp, clock = [(await publish(title, kind="project")).id for title in ("Lamp", "Clock")]
    draft = (await api.post("/posts", json={"kind": "project", "title": "Case"})).json()["id"]
    put = await api.put("/home/projects", json={"post_ids": [clock, draft, lamp]})
    told = [(each["title"], each["on_site"]) for each in put.json()["projects"]]
    assert told == [("Clock", True), ("Case", False), ("Lamp", True)]
    page = (await client.get("/")).text
    assert page.index('href="/projects/clock"') < page.index('href="/projects/lamp"')
    assert (await api.put("/home/projects", json={"post_ids": [lamp]})).json()["projects"][0]["post_id"] == lamp
    assert (await api.put("/home/projects", json={"post_ids": []})).json() == {"projects": []}


async def test_what_is_no_project_is_refused_and_the_home_page_stays(api: httpx.AsyncClient, publish: Publish) -> None:
    lamp, post = (await publish("Lamp", kind="project")).id, (await publish("Fog")).id
    await api.put("/home/projects", json={"post_ids": [lamp]})
    for wrong in ([lamp, lamp], [post], ["nothing"], [""], [lamp, "x" * 10_000], [str(each) for each in range(13)]):
        refused = await api.put("/home/projects", json={"post_ids": wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, "post_ids"), wrong
    assert [each["post_id"] for each in (await api.get("/home/projects")).json()["projects"]] == [lamp]


async def test_a_token_that_may_read_sees_both_and_changes_neither(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with program(app, await token(databases, author_id, "read")) as reader:
        for path, body in (("/navigation", {"entries": []}), ("/home/projects", {"post_ids": []})):
            assert (await reader.get(path)).status_code == 200
            assert (await reader.put(path, json=body)).status_code == 403
