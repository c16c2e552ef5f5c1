"""If-Match on what has no revisions: nobody overwrites what they have not seen."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token

Publish = Callable[..., Awaitable[Post]]
Json: TypeAlias = dict[str, object]

CHANGES: list[tuple[str, str, Json, Json]] = [
    ("PATCH", "/site", {"title": "Mine"}, {"title": "Theirs"}),
    ("PATCH", "/site/look", {"paper": "warm"}, {"measure": "wide"}),
    ("PATCH", "/site/robots", {"unlisted": True}, {"crawlers": "refuse"}),
    ("PATCH", "/site/reading", {"beacon": True}, {"beacon": False}),
    ("PUT", "/navigation", {"entries": []}, {"entries": [{"title": "Fog", "url": "/posts/fog"}]}),
    ("PATCH", "/tags/light", {"colour": "red"}, {"description": "Whatever shines."}),
]


@pytest.mark.parametrize(("method", "path", "mine", "theirs"), CHANGES, ids=str)
async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    api: httpx.AsyncClient, publish: Publish, method: str, path: str, mine: Json, theirs: Json
) -> None:
    await publish("Fog", tags=("light",))
    seen = (await api.get(path)).headers["etag"]
    changed = await api.request(method, path, json=mine, headers={"If-Match": seen})
    assert changed.status_code == 200
    assert (await api.get(path)).headers["etag"] == changed.headers["etag"] != seen
    refused = await api.request(method, path, json=theirs, headers={"If-Match": seen})
    now = await api.get(path)
    assert (refused.status_code, refused.json()["code"], refused.headers["etag"]) == (412, "stale", now.headers["etag"])
    assert now.json() == changed.json()
    several = {"If-Match": f'"x", W/{now.headers["etag"]}'}
    assert (await api.request(method, path, json=theirs, headers=several)).status_code == 200
    assert (await api.request(method, path, json=mine, headers={"If-Match": "*"})).status_code == 200


async def test_projects_of_the_home_page_are_put_over_those_that_were_seen(
    api: httpx.AsyncClient, publish: Publish
) -> None:
    lamp, clock = [(await publish(title, kind="project")).id for title in ("Lamp", "Clock")]
    seen = {"If-Match": (await api.get("/home/projects")).headers["etag"]}
    put = [await api.put("/home/projects", json={"post_ids": [each]}, headers=seen) for each in (lamp, clock)]
    assert [each.status_code for each in put] == [200, 412]
    assert [each["title"] for each in (await api.get("/home/projects")).json()["projects"]] == ["Lamp"]


@pytest.mark.parametrize("path", ["/tags/light", "/series/{id}", "/navigation"])
async def test_what_changed_meanwhile_is_not_deleted(api: httpx.AsyncClient, publish: Publish, path: str) -> None:
    await publish("Fog", tags=("light",), series="On fog")
    (series,) = (await api.get("/series")).json()["series"]
    path = path.format(id=series["id"])
    seen = (await api.get(path)).headers["etag"]
    await publish("Mist", tags=("light",), series="On fog")
    await publish("About", kind="page")
    assert (await api.delete(path, headers={"If-Match": seen})).status_code == 412
    seen = (await api.get(path)).headers["etag"]
    assert (await api.delete(path, headers={"If-Match": seen})).is_success


async def test_a_tag_is_merged_as_it_was_seen(api: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog", tags=("light", "mist"))
    seen = {"If-Match": (await api.get("/tags/mist")).headers["etag"]}
    await api.patch("/tags/mist", json={"colour": "red"})
    assert (await api.post("/tags/mist/merge", json={"into": "light"}, headers=seen)).status_code == 412
    assert (await api.get("/tags/mist")).json()["posts"] == 1


@pytest.mark.parametrize("sent", ["", "7", '"a', "abc", '*, "a"', '"', '"a",,"b"', '"' + "x" * 1_000 + '"'])
async def test_a_condition_that_names_nothing_is_refused(api: httpx.AsyncClient, sent: str) -> None:
    refused = await api.patch("/site", json={"title": "Mine"}, headers={"If-Match": sent})
    assert (refused.status_code, refused.json()["field"]) == (422, "If-Match")
    assert (await api.get("/site")).json()["title"] != "Mine"


async def test_a_condition_opens_nothing(app: ASGIApp, databases: Databases, author_id: str) -> None:
    async with program(app, await token(databases, author_id, "read")) as reader:
        seen = {"If-Match": (await reader.get("/site")).headers["etag"]}
        assert (await reader.patch("/site", json={"title": "Mine"}, headers=seen)).status_code == 403
        assert (await reader.delete("/tags/nothing", headers=seen)).status_code == 403
