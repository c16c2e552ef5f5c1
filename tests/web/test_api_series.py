"""Series for programs: begun, listed, read with their parts, changed, deleted."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]


async def test_a_series_is_begun_and_posts_join_it_by_its_title(api: httpx.AsyncClient, publish: Publish) -> None:
    made = await api.post("/series", json={"title": " On  fog ", "description": "Seas."})
    told = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v1/series/{told['id']}")
    assert (told["title"], told["slug"], told["posts"], told["parts"]) == ("On fog", "on-fog", 0, [])
    await publish("Second", series="on fog", series_position=2)
    await publish("First", series="On fog", series_position=1)
    read = (await api.get(f"/series/{told['id']}")).json()
    assert [each["title"] for each in read["parts"]] == ["First", "Second"]
    assert read["parts"][0]["url"] == "http://localhost:8000/posts/first"
    (listed,) = (await api.get("/series")).json()["series"]
    assert listed == {name: value for name, value in read.items() if name != "parts"}
    assert (listed["posts"], listed["description"]) == (2, "Seas.")


async def test_only_what_was_sent_changes_and_the_old_address_leads_on(
    api: httpx.AsyncClient, client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("Fog", series="On fog")
    (before,) = (await api.get("/series")).json()["series"]
    changed = await api.patch(f"/series/{before['id']}", json={"slug": "mist"})
    assert (changed.json()["title"], changed.json()["url"]) == ("On fog", "http://localhost:8000/series/mist")
    assert (await client.get("/series/on-fog")).headers["location"] == "/series/mist"
    await api.patch(f"/series/{before['id']}", json={"title": "On mist"})
    (post,) = (await api.get("/posts")).json()["posts"]
    assert post["series"] == "On mist"


async def test_a_deleted_series_leaves_its_posts(api: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog", series="On fog")
    (before,) = (await api.get("/series")).json()["series"]
    assert (await api.delete(f"/series/{before['id']}")).status_code == 204
    (post,) = (await api.get("/posts")).json()["posts"]
    assert (post["state"], post["series"]) == ("published", "")
    for again in (await api.delete(f"/series/{before['id']}"), await api.get(f"/series/{before['id']}")):
        assert again.status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "ON FOG"}, "title"),
        ({"title": "Mist", "slug": "on-fog"}, "slug"),
        ({"title": "Mist", "slug": "../etc"}, "slug"),
        ({"title": "Mist", "description": "x" * 501}, "description"),
        ({"title": "Mist", "id": "x"}, "id"),
        ({}, "title"),
    ],
)
async def test_what_a_series_cannot_be_is_refused(api: httpx.AsyncClient, sent: dict[str, object], field: str) -> None:
    await api.post("/series", json={"title": "On fog"})
    refused = await api.post("/series", json=sent)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert [each["title"] for each in (await api.get("/series")).json()["series"]] == ["On fog"]


async def test_a_series_sent_twice_with_a_key_is_begun_once(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "a-series"}
    first, again = [await api.post("/series", json={"title": "On fog"}, headers=headers) for _ in range(2)]
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"


async def test_an_author_reads_series_and_an_owner_alone_changes_them(
    app: ASGIApp, databases: Databases, api: httpx.AsyncClient
) -> None:
    made = (await api.post("/series", json={"title": "On fog"})).json()
    ann = await accounts.create(databases, OWNER, name="ann", role="author")
    async with program(app, await token(databases, ann.id, name="anns")) as anns:
        assert (await anns.get(f"/series/{made['id']}")).status_code == 200
        assert (await anns.patch(f"/series/{made['id']}", json={"title": "x"})).status_code == 403


async def _three(publish: Publish) -> list[str]:
    titles = ("One", "Two", "Three")
    return [(await publish(title, series="On fog", series_position=at)).id for at, title in enumerate(titles, 1)]


async def test_the_parts_are_put_into_another_order_at_once(
    api: httpx.AsyncClient, client: httpx.AsyncClient, publish: Publish
) -> None:
    one, two, three = await _three(publish)
    (series,) = (await api.get("/series")).json()["series"]
    before = (await client.get("/series/on-fog")).text
    put = await api.put(f"/series/{series['id']}/parts", json={"post_ids": [three, one, two]})
    assert [each["title"] for each in put.json()["parts"]] == ["Three", "One", "Two"]
    after = (await client.get("/series/on-fog")).text
    assert before.index("/posts/one") < before.index("/posts/three")
    assert after.index("/posts/three") < after.index("/posts/one")
    assert (await api.get(f"/posts/{three}")).json()["series_position"] == 1


async def test_an_order_outlives_the_next_publication_and_leaves_other_series_alone(
    api: httpx.AsyncClient, publish: Publish
) -> None:
    one, two, three = await _three(publish)
    await api.patch(f"/posts/{two}", json={"body": "Better.", "series": "ON FOG"}, headers={"If-Match": "*"})
    await api.patch(f"/posts/{one}", json={"series": "On mist"}, headers={"If-Match": "*"})
    series_id = (await api.get("/series")).json()["series"][0]["id"]
    await api.put(f"/series/{series_id}/parts", json={"post_ids": [two, three, one]})
    await api.post(f"/posts/{two}/publication")
    told = (await api.get(f"/series/{series_id}")).json()
    assert [each["title"] for each in told["parts"]] == ["Two", "Three", "One"]
    assert (await api.get(f"/posts/{one}")).json()["series_position"] == 1


async def test_an_order_names_each_published_part_once(api: httpx.AsyncClient, publish: Publish) -> None:
    one, two, three = await _three(publish)
    other = (await publish("Elsewhere")).id
    (series,) = (await api.get("/series")).json()["series"]
    for wrong in ([], [one, two], [one, two, three, other], [one, two, two], [one, two, three, three], [one, two, "x"]):
        refused = await api.put(f"/series/{series['id']}/parts", json={"post_ids": wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, "post_ids")
    assert (await api.put("/series/nothing/parts", json={"post_ids": []})).status_code == 404
    told = (await api.get(f"/series/{series['id']}")).json()
    assert [each["title"] for each in told["parts"]] == ["One", "Two", "Three"]


async def test_an_order_is_put_over_the_one_that_was_seen(api: httpx.AsyncClient, publish: Publish) -> None:
    one, two, three = await _three(publish)
    (series,) = (await api.get("/series")).json()["series"]
    path = f"/series/{series['id']}"
    seen = {"If-Match": (await api.get(path)).headers["etag"]}
    orders = ([three, two, one], [two, one, three])
    put = [await api.put(f"{path}/parts", json={"post_ids": each}, headers=seen) for each in orders]
    assert [each.status_code for each in put] == [200, 412]
    assert (await api.patch(path, json={"description": "Seas."}, headers=seen)).status_code == 412
