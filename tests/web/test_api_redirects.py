"""Redirects for programs: listed, made, deleted."""

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases

from api_client import program, token


async def test_an_old_address_leads_on_until_its_redirect_is_deleted(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    made = await api.post("/redirects", json={"path": "/lamp", "target": "/posts"})
    assert (made.status_code, made.json()["target"], made.json()["own"]) == (201, "/posts", True)
    assert (await client.get("/lamp")).headers["location"] == "/posts"
    assert (await api.delete("/redirects", params={"path": "/lamp"})).status_code == 204
    assert (await client.get("/lamp")).status_code == 404
    again = await api.delete("/redirects", params={"path": "/lamp"})
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_the_list_comes_in_pages_and_each_redirect_once(api: httpx.AsyncClient) -> None:
    for number in range(7):
        await api.post("/redirects", json={"path": f"/old/{number} é", "target": "https://example.org/"})
    seen, cursor = [], None
    while True:
        page = (await api.get("/redirects", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [each["path"] for each in page["redirects"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [f"/old/{number} é" for number in reversed(range(7))]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"path": "lamp", "target": "/posts"}, "path"),
        ({"path": "/author/x", "target": "/posts"}, "path"),
        ({"path": "/lamp", "target": "javascript:alert(1)"}, "target"),
        ({"path": "/lamp", "target": "/lamp"}, "target"),
        ({"path": "/lamp", "target": "/posts", "uses": 3}, "uses"),
    ],
)
async def test_what_cannot_lead_on_is_refused_beside_its_field(
    api: httpx.AsyncClient, sent: dict[str, object], field: str
) -> None:
    answer = await api.post("/redirects", json=sent)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await api.get("/redirects")).json() == {"redirects": [], "next_cursor": None}


async def test_a_token_that_may_read_reads_and_makes_none(app: ASGIApp, databases: Databases, author_id: str) -> None:
    async with program(app, await token(databases, author_id, "read")) as reader:
        assert (await reader.get("/redirects")).status_code == 200
        assert (await reader.post("/redirects", json={"path": "/a", "target": "/posts"})).status_code == 403


async def test_a_redirect_of_the_authors_own_is_led_elsewhere(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    await api.post("/redirects", json={"path": "/lamp", "target": "/posts"})
    changed = await api.patch("/redirects", params={"path": "/lamp"}, json={"target": "/tags"})
    assert (changed.status_code, changed.json()["target"]) == (200, "/tags")
    assert (await client.get("/lamp")).headers["location"] == "/tags"
    for target in ("/lamp", "javascript:alert(1)"):
        refused = await api.patch("/redirects", params={"path": "/lamp"}, json={"target": target})
        assert (refused.status_code, refused.json()["field"]) == (422, "target")
    nothing = await api.patch("/redirects", params={"path": "/nothing"}, json={"target": "/tags"})
    assert nothing.status_code == 404


async def test_redirects_come_all_at_once_or_not_at_all_and_sent_again_change_nothing(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    many = [{"path": f"/old/{number}", "target": f"/posts#{number}"} for number in range(30)]
    wrong = {"redirects": [*many, {"path": "/old/1", "target": "/elsewhere"}]}
    refused = await api.post("/redirects/import", json=wrong)
    assert (refused.status_code, refused.json()["field"]) == (422, "redirects")
    assert refused.json()["detail"].startswith("Redirect 31, its path: ")
    assert (await api.get("/redirects")).json()["redirects"] == []
    assert (await api.post("/redirects/import", json={"redirects": many})).json() == {"added": 30, "known": 0}
    assert (await client.get("/old/29")).headers["location"] == "/posts#29"
    more = [*many, {"path": "/older", "target": "/"}]
    assert (await api.post("/redirects/import", json={"redirects": more})).json() == {"added": 1, "known": 30}
    for none in ([], [many[0]] * 501):
        assert (await api.post("/redirects/import", json={"redirects": none})).status_code == 422


async def test_redirects_are_found_by_a_part_of_either_address(api: httpx.AsyncClient) -> None:
    for path, target in (("/lamp", "/posts"), ("/fog", "https://example.org/lamp"), ("/cup", "/tags")):
        await api.post("/redirects", json={"path": path, "target": target})
    assert [each["path"] for each in (await api.get("/redirects?q=lamp")).json()["redirects"]] == ["/fog", "/lamp"]
