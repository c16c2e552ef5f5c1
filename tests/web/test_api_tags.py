"""Tags for programs: listed with colour and words, and changed with a token that may write."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_web.posts import Post

Publish = Callable[..., Awaitable[Post]]
FOG = {"name": "fog", "colour": "", "description": "", "posts": 1}


@pytest.fixture(autouse=True)
async def fog(publish: Publish) -> None:
    """One post about fog."""
    await publish("Fog", tags=("fog", "rope"))


async def test_a_tag_is_coloured_and_described_and_only_what_was_sent_changes(api: httpx.AsyncClient) -> None:
    await api.patch("/tags/fog", json={"colour": "violet"})
    answer = await api.patch("/tags/fog", json={"description": "Seas."})
    told = FOG | {"colour": "violet", "description": "Seas."}
    assert (answer.status_code, answer.json()) == (200, told | {"former_names": []})
    assert told in (await api.get("/tags")).json()["tags"]


async def test_a_tag_is_renamed_in_posts_without_a_new_revision(api: httpx.AsyncClient) -> None:
    (before,) = (await api.get("/posts")).json()["posts"]
    known = (await api.get(f"/posts/{before['id']}")).headers["etag"]
    assert (await api.patch("/tags/fog", json={"name": "Mist"})).json() == FOG | {
        "name": "mist",
        "former_names": ["fog"],
    }
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


async def test_a_tag_is_merged_into_another_one_and_leads_there(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    await api.patch("/tags/rope", json={"colour": "red"})
    merged = await api.post("/tags/fog/merge", json={"into": "rope"})
    told = {"name": "rope", "colour": "red", "description": "", "posts": 1, "former_names": ["fog"]}
    assert (merged.status_code, merged.json()) == (200, told)
    assert [each["name"] for each in (await api.get("/tags")).json()["tags"]] == ["rope"]
    assert (await client.get("/tags/fog")).headers["location"] == "/tags/rope"
    assert (await api.get("/tags/rope")).json() == told


@pytest.mark.parametrize("into", ["fog", "nothing", "", "a/b"])
async def test_a_tag_is_merged_only_into_another_one_that_there_is(api: httpx.AsyncClient, into: str) -> None:
    refused = await api.post("/tags/fog/merge", json={"into": into})
    assert (refused.status_code, refused.json()["field"]) == (422, "into")
    assert [each["name"] for each in (await api.get("/tags")).json()["tags"]] == ["fog", "rope"]


async def test_a_former_name_is_set_free_once(api: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    await api.patch("/tags/fog", json={"name": "mist"})
    assert (await api.delete("/tags/rope/former-names/fog")).status_code == 404
    assert (await api.delete("/tags/mist/former-names/fog")).status_code == 204
    assert (await client.get("/tags/fog")).status_code == 404
    assert (await api.get("/tags/mist")).json()["former_names"] == []
    assert (await api.delete("/tags/mist/former-names/fog")).status_code == 404


async def test_a_deleted_tag_is_on_no_post_any_more(api: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    assert (await api.delete("/tags/fog")).status_code == 204
    (post,) = (await api.get("/posts")).json()["posts"]
    assert post["tags"] == ["rope"]
    assert (await client.get("/tags/fog")).status_code == 404
    assert (await api.delete("/tags/fog")).status_code == 404
