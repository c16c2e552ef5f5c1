"""Secret links to drafts for programs: made, listed, taken back."""

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.authors import accounts
from sdc_web.db import Databases

from api_client import program, token
from signing_in import OWNER


@pytest.fixture
async def post_id(api: httpx.AsyncClient) -> str:
    return (await api.post("/posts", json={"title": "Fog", "body": "It *came*."})).json()["id"]


async def test_a_link_shows_a_draft_until_it_is_taken_back_and_is_told_once(
    api: httpx.AsyncClient, client: httpx.AsyncClient, post_id: str
) -> None:
    made = await api.post(f"/posts/{post_id}/preview-links", json={"note": "for Grace", "days": 30})
    told = made.json()
    path = told.pop("url").removeprefix("http://localhost:8000")
    assert (made.status_code, made.headers["cache-control"]) == (201, "private, no-cache")
    assert "<em>came</em>" in (await client.get(path, headers={"user-agent": "Mozilla/5.0"})).text
    listed = await api.get(f"/posts/{post_id}/preview-links")
    (link,) = listed.json()["links"]
    assert link | {"views": 0, "viewed_at": None} == told
    assert path.rpartition("/")[2] not in listed.text
    assert (await api.delete(f"/posts/{post_id}/preview-links/{told['id']}")).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await api.delete(f"/posts/{post_id}/preview-links/{told['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"days": 2}, 422, "days"),
        ({"days": "7"}, 422, "days"),
        ({"note": "x" * 81}, 422, "note"),
        ({"post_id": "x"}, 422, "post_id"),
        ({"revision_id": "nothing"}, 404, None),
    ],
)
async def test_what_a_link_cannot_be_is_refused(
    api: httpx.AsyncClient, post_id: str, sent: dict[str, object], status: int, field: str | None
) -> None:
    refused = await api.post(f"/posts/{post_id}/preview-links", json=sent)
    assert (refused.status_code, refused.json().get("field")) == (status, field)
    assert (await api.get(f"/posts/{post_id}/preview-links")).json() == {"links": []}


async def test_a_link_too_many_is_a_conflict(api: httpx.AsyncClient, post_id: str) -> None:
    for _ in range(50):
        await api.post(f"/posts/{post_id}/preview-links", json={})
    refused = await api.post(f"/posts/{post_id}/preview-links", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_another_authors_draft_is_shared_by_nobody_else(
    app: ASGIApp, databases: Databases, api: httpx.AsyncClient, post_id: str
) -> None:
    ann = await accounts.create(databases, OWNER, name="ann", role="author")
    async with program(app, await token(databases, ann.id, name="anns")) as anns:
        assert (await anns.post(f"/posts/{post_id}/preview-links", json={})).status_code == 403
        assert (await anns.get(f"/posts/{post_id}/preview-links")).status_code == 403
    assert (await api.get(f"/posts/{post_id}/preview-links")).json() == {"links": []}
