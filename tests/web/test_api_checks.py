"""What programs are told of a text's faults, of who leads to it, and of dead links."""

from collections.abc import Awaitable, Callable

import httpx
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.sqlite import execute
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SQL_DEAD = """
INSERT INTO link_checks (url, state, status, reason, moved_to, etag, failures, failing_since_us, checked_at_us, next_us)
VALUES ('https://example.com/gone', 'dead', 404, 'It answers 404.', '', '', 3, :now_us, :now_us, :now_us)
"""


async def test_what_is_found_in_a_text_has_its_line_and_the_name_of_its_field(api: httpx.AsyncClient) -> None:
    new = {"title": "Fog", "summary": "Seas.", "body": "It came.\n\n[A lamp](/posts/nowhere)\n"}
    made = (await api.post("/posts", json=new)).json()
    told = (await api.get(f"/posts/{made['id']}/checks")).json()
    assert told["revision"] == made["revision"]
    worst, cover = told["findings"]
    assert (worst["severity"], worst["rule"], worst["field"], worst["line"]) == ("broken", "dead-link", "body", 3)
    assert (cover["severity"], cover["field"], cover["line"]) == ("hint", "cover_asset_id", None)


async def test_published_posts_that_lead_to_a_post_are_listed(api: httpx.AsyncClient, publish: Publish) -> None:
    fog = await publish("Fog")
    await publish("Lamp", "See [fog](/posts/fog).")
    await api.post("/posts", json={"title": "A draft", "body": "[fog](/posts/fog)"})
    told = (await api.get(f"/posts/{fog.id}/backlinks")).json()["posts"]
    assert [(each["title"], each["url"]) for each in told] == [("Lamp", "http://localhost:8000/posts/lamp")]


async def test_dead_links_are_told_with_the_posts_that_lead_there_to_those_who_may_mend_them(
    app: ASGIApp, api: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    fog = await publish("Fog", "[Gone](https://example.com/gone)")
    async with databases.site.transaction() as connection:
        await execute(connection, SQL_DEAD, {"now_us": clock.now_us()})
    (link,) = (await api.get("/links")).json()["links"]
    assert (link["url"], link["state"], link["reason"]) == ("https://example.com/gone", "dead", "It answers 404.")
    assert link["posts"] == [{"post_id": fog.id, "title": "Fog"}]
    ann = await accounts.create(databases, OWNER, name="ann", role="author")
    async with program(app, await token(databases, ann.id, name="anns")) as anns:
        assert (await anns.get("/links")).json() == {"links": []}
        assert (await anns.get(f"/posts/{fog.id}/checks")).status_code == 403
        assert (await anns.get(f"/posts/{fog.id}/backlinks")).status_code == 403
