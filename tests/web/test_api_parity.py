"""What the CMS does and programs do as well: names of revisions, schedules, originals, and lists that are narrowed."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

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
Json: TypeAlias = dict[str, object]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(5_000)


def in_days(days: int) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def asset(api: httpx.AsyncClient) -> Json:
    """A picture of the library."""
    sent = await api.post("/media?filename=lamp%20%C3%A4.png", content=PNG, headers={"content-type": "image/png"})
    assert sent.status_code == 201
    return sent.json()


async def test_a_revision_is_named_and_its_name_taken_away(api: httpx.AsyncClient, publish: Publish) -> None:
    post = await publish("Fog")
    (first, *_) = (await api.get(f"/posts/{post.id}/revisions")).json()["revisions"]
    path = f"/posts/{post.id}/revisions/{first['id']}"
    named = await api.patch(path, json={"name": "  As it  went out "})
    assert (named.status_code, named.json()) == (200, first | {"name": "As it went out"})
    assert (await api.patch(path, json={"name": ""})).json()["name"] == ""
    assert (await api.patch(path, json={"name": "x" * 1_000})).json()["field"] == "name"
    assert (await api.patch(f"{path[:-1]}_", json={"name": "x"})).status_code == 404


async def test_a_schedule_is_cancelled_and_what_readers_see_stays(api: httpx.AsyncClient, publish: Publish) -> None:
    post = await publish("Fog")
    await api.patch(f"/posts/{post.id}", json={"body": "Later."}, headers={"If-Match": "*"})
    later = await api.post(f"/posts/{post.id}/publication", json={"at": in_days(1)})
    assert later.json()["state"] == "scheduled"
    cancelled = await api.delete(f"/posts/{post.id}/schedule")
    told = cancelled.json()
    assert (cancelled.status_code, told["state"], told["on_site"], told["scheduled_at"]) == (200, "changed", True, None)


async def test_a_post_is_to_leave_later_and_nothing_is_published_by_that(
    api: httpx.AsyncClient, publish: Publish
) -> None:
    post = await publish("Fog")
    await api.patch(f"/posts/{post.id}", json={"body": "Not yet."}, headers={"If-Match": "*"})
    leaves = (await api.put(f"/posts/{post.id}/expiry", json={"unpublish_at": in_days(2)})).json()
    assert (leaves["state"], leaves["unpublish_at"] is None) == ("changed", False)
    stays = (await api.put(f"/posts/{post.id}/expiry", json={"unpublish_at": None})).json()
    assert (stays["state"], stays["unpublish_at"]) == ("changed", None)
    for moment in (in_days(-1), "1969-01-01T00:00:00Z"):
        refused = await api.put(f"/posts/{post.id}/expiry", json={"unpublish_at": moment})
        assert (refused.status_code, refused.json()["field"]) == (422, "unpublish_at")
    draft = (await api.post("/posts", json={"title": "Draft"})).json()
    refused = await api.put(f"/posts/{draft['id']}/expiry", json={"unpublish_at": in_days(2)})
    assert (refused.status_code, refused.json()["field"]) == (422, "unpublish_at")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("DELETE", "schedule", None), ("PUT", "expiry", {"unpublish_at": None})],
    ids=["cancel", "expire"],
)
async def test_who_may_not_publish_changes_no_schedule(
    app: ASGIApp, databases: Databases, author_id: str, publish: Publish, method: str, path: str, body: Json | None
) -> None:
    post = await publish("Fog")
    async with program(app, await token(databases, author_id, "posts:write")) as writer:
        refused = await writer.request(method, f"/posts/{post.id}/{path}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_the_original_is_read_as_it_was_uploaded(api: httpx.AsyncClient, asset: Json) -> None:
    path = f"/media/{asset['id']}/original"
    read = await api.get(path)
    assert (read.status_code, read.content) == (200, PNG)
    assert read.headers["etag"] == f'"{hashlib.sha256(PNG).hexdigest()}"'
    assert "lamp%20%C3%A4.png" in read.headers["content-disposition"]
    assert read.headers["content-security-policy"].startswith("sandbox")
    assert "ratelimit" in read.headers
    known = await api.get(path, headers={"If-None-Match": read.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert (await api.get(f"/media/{'0' * 26}/original")).json()["code"] == "not_found"


async def test_a_picture_that_says_nothing_is_decorative_until_it_is_described(
    api: httpx.AsyncClient, asset: Json
) -> None:
    path = f"/media/{asset['id']}"
    assert asset["decorative"] is False
    told = (await api.patch(path, json={"alt": "", "decorative": True})).json()
    assert (told["decorative"], told["alt"]) == (True, "")
    told = (await api.patch(path, json={"alt": "A lamp"})).json()
    assert (told["decorative"], told["alt"]) == (False, "A lamp")


async def test_what_was_said_of_a_picture_meanwhile_is_not_overwritten(api: httpx.AsyncClient, asset: Json) -> None:
    path = f"/media/{asset['id']}"
    seen = {"If-Match": (await api.get(path)).headers["etag"]}
    assert (await api.patch(path, json={"alt": "A lamp"}, headers=seen)).status_code == 200
    refused = await api.patch(path, json={"alt": "A cup"}, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (412, "stale")
    assert (await api.delete(path, headers=seen)).status_code == 412
    now = {"If-Match": refused.headers["etag"]}
    assert (await api.patch(path, json={"title": "Mine"}, headers=now)).json()["alt"] == "A lamp"
    seen = {"If-Match": (await api.get(path)).headers["etag"]}
    assert (await api.delete(path, headers=seen)).status_code == 204


async def test_a_picture_whose_variants_were_made_meanwhile_is_what_was_seen(
    api: httpx.AsyncClient, asset: Json, databases: Databases
) -> None:
    path = f"/media/{asset['id']}"
    seen = (await api.get(path)).headers["etag"]
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE media_assets SET state = 'failed', reason = 'no picture'")
    ready = (await api.get(path)).headers["etag"]
    assert ready != seen
    assert (await api.patch(path, json={"alt": "A lamp"}, headers={"If-Match": seen})).status_code == 200


async def test_a_redirect_is_read_by_its_path_and_changed_as_it_was_seen(api: httpx.AsyncClient) -> None:
    made = await api.post("/redirects", json={"path": "/lamp ä", "target": "/posts"})
    there = made.headers["location"].removeprefix("/api/v1")
    read = await api.get(there)
    assert [each["path"] for each in read.json()["redirects"]] == ["/lamp ä"]
    assert read.headers["etag"].partition("-")[0] == made.headers["etag"].partition("-")[0]
    assert (await api.get("/redirects", params={"path": "/cup"})).json() == {"redirects": [], "next_cursor": None}
    seen = {"If-Match": read.headers["etag"]}
    assert (await api.patch(there, json={"target": "/projects"}, headers=seen)).status_code == 200
    assert (await api.patch(there, json={"target": "/tags"}, headers=seen)).status_code == 412
    assert (await api.delete(there, headers=seen)).status_code == 412
    assert (await api.delete(there, headers={"If-Match": "*"})).status_code == 204
    assert (await api.delete(there, headers=seen)).status_code == 404


async def titles(api: httpx.AsyncClient, **asked: str) -> list[str]:
    found = await api.get("/posts", params=asked)
    assert found.status_code == 200, found.text
    return [each["title"] for each in found.json()["posts"]]


async def test_posts_are_listed_by_tag_series_author_and_since_when(api: httpx.AsyncClient, publish: Publish) -> None:
    fog = await publish("Fog", tags=("light", "sea"), series="On fog")
    await publish("Mist", tags=("light",))
    assert await titles(api, tag="Light") == ["Mist", "Fog"]
    assert await titles(api, tag="sea", kind="post") == ["Fog"]
    assert await titles(api, tag="lig") == []
    assert await titles(api, series="On fog") == ["Fog"]
    author = (await api.get(f"/posts/{fog.id}")).json()["author"]
    assert (await titles(api, author=author), await titles(api, author="nobody")) == (["Mist", "Fog"], [])
    since = clock.now().isoformat()
    assert await titles(api, since=since) == []
    await api.patch(f"/posts/{fog.id}", json={"summary": "Thick."}, headers={"If-Match": "*"})
    assert await titles(api, since=since) == ["Fog"]
    assert (await api.get("/posts", params={"since": "yesterday"})).json()["field"] == "since"


async def test_a_post_that_went_out_or_left_since_is_among_what_changed(
    api: httpx.AsyncClient, publish: Publish
) -> None:
    fog = await publish("Fog")
    draft = (await api.post("/posts", json={"title": "Draft"})).json()
    since = clock.now().isoformat()
    assert (await api.post(f"/posts/{draft['id']}/publication")).status_code == 200
    assert await titles(api, since=since) == ["Draft"]
    await api.delete(f"/posts/{fog.id}", headers={"If-Match": "*"})
    assert await titles(api, since=since, trashed="true") == ["Fog"]
