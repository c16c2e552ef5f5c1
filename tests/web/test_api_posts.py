"""Posts through the API, as a program that may write sees them."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, whole

from api_client import program, token
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
YEAR_S = 365 * 86_400


@pytest.fixture
async def api(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with program(app, await token(databases, author_id)) as opened:
        yield opened


async def made(api: httpx.AsyncClient, **fields: object) -> httpx.Response:
    """The answer to a new post that was taken."""
    answer = await api.post("/posts", json={"title": "A lamp", "body": "Some *light*.", **fields})
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_new_post_is_a_draft_at_the_address_that_is_told(api: httpx.AsyncClient) -> None:
    answer = await made(api, summary="Short", tags=["Light", "fog"])
    told = answer.json()
    assert answer.headers["location"] == f"/api/v1/posts/{told['id']}"
    assert {name: told[name] for name in ("kind", "state", "on_site", "slug", "tags", "body", "url")} == {
        "kind": "post",
        "state": "draft",
        "on_site": False,
        "slug": "a-lamp",
        "tags": ["light", "fog"],
        "body": "Some *light*.",
        "url": "http://localhost:8000/posts/a-lamp",
    }


async def test_a_post_is_read_as_it_was_answered_when_it_was_made(api: httpx.AsyncClient) -> None:
    answer = await made(api)
    again = await api.get(f"/posts/{answer.json()['id']}")
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, answer.json(), answer.headers["etag"])


async def test_posts_are_found_by_their_words_drafts_too(api: httpx.AsyncClient) -> None:
    for title, text in (("Fog", "It came by *night*."), ("Rain", "By day."), ("Night", "Dark.")):
        await made(api, title=title, body=text)
    found = {
        asked: (await api.get("/posts", params={"q": asked})).json() for asked in ("night", "came by", "ai", "snow")
    }
    titles = {asked: [each["title"] for each in told["posts"]] for asked, told in found.items()}
    assert titles == {"night": ["Night", "Fog"], "came by": ["Fog"], "ai": ["Rain"], "snow": []}
    first = (await api.get("/posts", params={"q": "night", "limit": 1})).json()
    rest = (await api.get("/posts", params={"q": "night", "cursor": first["next_cursor"]})).json()
    assert ([each["title"] for each in rest["posts"]], rest["next_cursor"]) == (["Fog"], None)


@pytest.mark.parametrize("asked", ["", "  ", '"', '-"', "*", "a AND", "NEAR(", "\x00", "' OR 1=1 --", "%", "x" * 200])
async def test_whatever_is_asked_for_is_a_question_and_no_error(api: httpx.AsyncClient, asked: str) -> None:
    assert (await api.get("/posts", params={"q": asked})).status_code == 200


async def test_a_question_that_is_too_long_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get("/posts", params={"q": "x" * 201})
    assert (answer.status_code, answer.json()["field"]) == (422, "q")


async def test_a_post_that_is_known_already_is_not_sent_again(api: httpx.AsyncClient) -> None:
    answer = await made(api)
    known = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
    again = await api.get(f"/posts/{answer.json()['id']}", headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


async def test_publishing_changes_the_etag_though_the_revision_stays(api: httpx.AsyncClient) -> None:
    answer = await made(api)
    published = await api.post(f"/posts/{answer.json()['id']}/publication")
    assert published.json()["revision"] == answer.json()["revision"]
    assert published.headers["etag"] != answer.headers["etag"]


async def test_a_post_has_no_address_while_it_has_no_slug(api: httpx.AsyncClient) -> None:
    assert (await made(api, title="")).json()["url"] is None


async def test_no_answer_tells_the_slug_that_stands_for_none(api: httpx.AsyncClient) -> None:
    before = await made(api, title="")
    refused = await api.patch(f"/posts/{before.json()['id']}", json={}, headers={"If-Match": '"1"'})
    assert (before.json()["slug"], refused.json()["current"]["slug"]) == ("", "")


async def test_what_breaks_in_the_middle_leaves_no_post_behind(databases: Databases, author_id: str) -> None:
    broken = msgspec.structs.replace(Draft(title="A lamp"), body=None)
    with pytest.raises(AttributeError):
        await whole.begin(databases.site, OWNER, "post", broken)
    async with databases.site.read() as connection:
        assert await posts.listing.last_saved(connection, OWNER, 99) == []


async def test_what_is_refused_leaves_no_post_behind(api: httpx.AsyncClient) -> None:
    refused = await api.post("/posts", json={"title": "A lamp", "slug": "Not A Slug"})
    assert (refused.status_code, refused.json()["field"]) == (422, "slug")
    assert (await api.get("/posts")).json()["posts"] == []


async def test_the_list_is_paged_and_each_post_is_in_it_once(api: httpx.AsyncClient) -> None:
    ids = [(await made(api, title=f"Post {number}")).json()["id"] for number in range(5)]
    found, cursor = [], ""
    for _ in range(3):
        page = (await api.get("/posts", params={"limit": "2"} | ({"cursor": cursor} if cursor else {}))).json()
        found += [each["id"] for each in page["posts"]]
        cursor = page["next_cursor"]
    assert (sorted(found, reverse=True), len(found), cursor) == (sorted(ids, reverse=True), 5, None)


async def test_the_list_is_filtered_by_kind_and_state(api: httpx.AsyncClient, publish: Publish) -> None:
    page = await publish("About", kind="page")
    await made(api, title="Draft of a page", kind="page")
    await publish("A post")
    found = (await api.get("/posts", params={"kind": "page", "state": "published"})).json()
    assert [each["id"] for each in found["posts"]] == [page.id]
    assert "body" not in found["posts"][0]


async def test_changes_touch_the_fields_that_are_sent_alone(api: httpx.AsyncClient) -> None:
    before = await made(api, tags=["fog"], summary="Short")
    etag = {"If-Match": before.headers["etag"]}
    after = await api.patch(f"/posts/{before.json()['id']}", json={"body": "Darkness."}, headers=etag)
    was, told = before.json(), after.json()
    assert after.status_code == 200
    assert [name for name in told if told[name] != was[name]] == ["revision", "saved_at", "body"]


async def test_a_post_belongs_to_a_series_until_it_is_taken_out(api: httpx.AsyncClient) -> None:
    before = await made(api, series="Lamps", series_position=2)
    assert (before.json()["series"], before.json()["series_position"]) == ("Lamps", 2)
    etag = {"If-Match": before.headers["etag"]}
    told = (await api.patch(f"/posts/{before.json()['id']}", json={"series": ""}, headers=etag)).json()
    assert (told["series"], told["series_position"]) == ("", None)


async def test_a_field_can_be_emptied(api: httpx.AsyncClient) -> None:
    before = await made(api, tags=["fog"], summary="Short")
    changes = {"tags": [], "summary": "", "cover_asset_id": None}
    etag = {"If-Match": before.headers["etag"]}
    told = (await api.patch(f"/posts/{before.json()['id']}", json=changes, headers=etag)).json()
    assert (told["tags"], told["summary"], told["cover_asset_id"]) == ([], "", None)


async def test_changes_that_change_nothing_make_no_revision(api: httpx.AsyncClient) -> None:
    before = await made(api)
    etag = {"If-Match": before.headers["etag"]}
    after = await api.patch(f"/posts/{before.json()['id']}", json={"title": "A lamp"}, headers=etag)
    assert (after.status_code, after.json()) == (200, before.json())


async def test_the_slug_of_a_draft_follows_its_title(api: httpx.AsyncClient) -> None:
    before = await made(api, title="")
    assert before.json()["slug"] == ""
    etag = {"If-Match": before.headers["etag"]}
    after = await api.patch(f"/posts/{before.json()['id']}", json={"title": "Fog at sea"}, headers=etag)
    assert after.json()["slug"] == "fog-at-sea"


async def test_the_slug_of_a_published_post_stays(api: httpx.AsyncClient, publish: Publish) -> None:
    post = await publish("A lamp")
    after = await api.patch(f"/posts/{post.id}", json={"title": "Fog"}, headers={"If-Match": '"2"'})
    assert (after.json()["slug"], after.json()["state"]) == ("a-lamp", "changed")


async def test_changes_without_if_match_are_refused(api: httpx.AsyncClient) -> None:
    before = await made(api)
    refused = await api.patch(f"/posts/{before.json()['id']}", json={"title": "Fog"})
    assert (refused.status_code, refused.json()["code"]) == (428, "no_precondition")
    assert refused.headers["content-type"] == "application/problem+json"


async def test_changes_to_any_revision_are_made_by_who_asks_for_that(api: httpx.AsyncClient) -> None:
    address = f"/posts/{(await made(api)).json()['id']}"
    changed = [await api.patch(address, json={"title": title}, headers={"If-Match": "*"}) for title in ("Fog", "Mist")]
    assert [(each.status_code, each.json()["revision"]) for each in changed] == [(200, 3), (200, 4)]
    assert (await api.patch("/posts/nothing", json={}, headers={"If-Match": "*"})).status_code == 404


async def test_changes_to_an_older_revision_are_refused_with_the_newest(api: httpx.AsyncClient) -> None:
    before = await made(api)
    address, etag = f"/posts/{before.json()['id']}", {"If-Match": before.headers["etag"]}
    await api.patch(address, json={"body": "First."}, headers=etag)
    refused = await api.patch(address, json={"body": "Second."}, headers=etag)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["status"]) == (412, "stale", 412)
    assert (problem["current"]["revision"], problem["current"]["body"]) == (3, "First.")
    assert refused.headers["content-type"] == "application/problem+json"


async def test_publishing_puts_a_post_before_readers(api: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    post_id = (await made(api)).json()["id"]
    published = await api.post(f"/posts/{post_id}/publication")
    assert (published.status_code, published.json()["state"]) == (200, "published")
    assert published.json()["faults"] == []
    assert "<em>light</em>" in (await client.get("/posts/a-lamp")).text


async def test_publishing_tells_of_diagrams_that_could_not_be_drawn(api: httpx.AsyncClient) -> None:
    post_id = (await made(api, body="```mermaid\nflowchart XX\n-->\n```")).json()["id"]
    published = await api.post(f"/posts/{post_id}/publication")
    (fault,) = published.json()["faults"]
    assert fault
    assert published.headers["etag"] == (await api.get(f"/posts/{post_id}")).headers["etag"]


async def test_a_moment_to_come_schedules_a_post(api: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    post_id = (await made(api)).json()["id"]
    at = clock.to_datetime(clock.now_us() + YEAR_S * clock.SECOND_US).isoformat()
    scheduled = (await api.post(f"/posts/{post_id}/publication", json={"at": at})).json()
    assert (scheduled["state"], scheduled["on_site"]) == ("scheduled", False)
    assert scheduled["scheduled_at"] == at.replace("+00:00", "Z")
    assert (await client.get("/posts/a-lamp")).status_code == 404


async def test_a_post_is_published_with_the_moment_at_which_it_leaves(api: httpx.AsyncClient) -> None:
    post_id = (await made(api)).json()["id"]
    end = clock.to_datetime(clock.now_us() + YEAR_S * clock.SECOND_US).isoformat()
    published = (await api.post(f"/posts/{post_id}/publication", json={"unpublish_at": end})).json()
    again = (await api.post(f"/posts/{post_id}/publication")).json()
    stays = (await api.post(f"/posts/{post_id}/publication", json={"unpublish_at": None})).json()
    refused = await api.post(f"/posts/{post_id}/publication", json={"unpublish_at": "2001-01-01T00:00:00Z"})
    assert published["unpublish_at"] == again["unpublish_at"] == end.replace("+00:00", "Z")
    assert stays["unpublish_at"] is None
    assert (refused.status_code, refused.json()["field"]) == (422, "unpublish_at")


async def test_a_moment_that_has_passed_is_the_date_that_readers_see(api: httpx.AsyncClient) -> None:
    post_id = (await made(api)).json()["id"]
    published = await api.post(f"/posts/{post_id}/publication", json={"at": "2020-02-29T12:00:00+02:00"})
    assert published.json()["published_at"] == "2020-02-29T10:00:00Z"


async def test_a_text_that_was_saved_since_is_not_published_by_who_names_an_older_revision(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    before = await made(api)
    address, known = f"/posts/{before.json()['id']}", {"If-Match": before.headers["etag"]}
    await api.patch(address, json={"body": "Not read by them."}, headers=known)
    at = clock.to_datetime(clock.now_us() + YEAR_S * clock.SECOND_US).isoformat()
    refused = [
        await api.post(f"{address}/publication", headers=known),
        await api.post(f"{address}/publication", headers=known, json={"at": at}),
    ]
    assert [(each.status_code, each.json()["current"]["body"]) for each in refused] == [(412, "Not read by them.")] * 2
    assert (await client.get("/posts/a-lamp")).status_code == 404


async def test_a_text_that_was_saved_since_is_not_withdrawn_by_who_names_an_older_revision(
    api: httpx.AsyncClient, publish: Publish
) -> None:
    post = await publish("A lamp")
    refused = await api.delete(f"/posts/{post.id}/publication", headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (412, "stale")
    taken = await api.delete(f"/posts/{post.id}/publication", headers={"If-Match": '"2"'})
    assert (taken.status_code, taken.json()["state"]) == (200, "draft")


async def test_unpublishing_takes_a_post_off_the_site(
    api: httpx.AsyncClient, client: httpx.AsyncClient, publish: Publish
) -> None:
    post = await publish("A lamp")
    answer = await api.delete(f"/posts/{post.id}/publication")
    assert (answer.status_code, answer.json()["state"], answer.json()["on_site"]) == (200, "draft", False)
    assert (await client.get("/posts/a-lamp")).status_code == 410


async def test_a_post_without_a_title_is_not_published(api: httpx.AsyncClient) -> None:
    post_id = (await made(api, title="")).json()["id"]
    refused = await api.post(f"/posts/{post_id}/publication")
    assert (refused.status_code, refused.json()["field"]) == (422, "title")


async def test_a_deleted_post_is_gone(api: httpx.AsyncClient) -> None:
    address = f"/posts/{(await made(api)).json()['id']}"
    deleted = await api.delete(address)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [(await api.request(method, address)).status_code for method in ("GET", "DELETE")] == [404, 404]


async def test_a_deleted_post_lies_in_the_trash_and_comes_back_before_readers(
    api: httpx.AsyncClient, app: ASGIApp, databases: Databases, author_id: str
) -> None:
    address = f"/posts/{(await made(api)).json()['id']}"
    await api.post(f"{address}/publication")
    before = (await api.get(address)).json()
    await api.delete(address)
    (trashed,) = (await api.get("/posts", params={"trashed": "true"})).json()["posts"]
    assert (trashed["url"], trashed["trashed_at"] is None, trashed["trashed_by"]) == (before["url"], False, "ada")
    assert (await api.get("/posts")).json()["posts"] == []
    async with program(app, await token(databases, author_id, "read")) as reader:
        assert (await reader.get("/posts", params={"trashed": "true"})).status_code == 403
        assert (await reader.post(f"{address}/restoration")).status_code == 403
    for _ in range(2):
        back = await api.post(f"{address}/restoration")
        assert (back.status_code, back.json()) == (200, {**before, "words": ""})
        assert back.headers["etag"] == (await api.get(address)).headers["etag"]
    assert (await api.get("/posts", params={"trashed": "true"})).json()["posts"] == []
    assert (await api.post("/posts/01NOTHING/restoration")).status_code == 404


async def test_the_answer_says_why_a_post_is_a_draft_after_the_trash(api: httpx.AsyncClient) -> None:
    address = f"/posts/{(await made(api)).json()['id']}"
    await api.post(f"{address}/publication")
    await api.delete(address)
    await made(api)
    back = (await api.post(f"{address}/restoration")).json()
    assert (back["state"], back["slug"]) == ("draft", "a-lamp-2")
    assert back["words"] == "It is a draft at /posts/a-lamp-2, as /posts/a-lamp is another post's by now."


async def test_a_post_that_was_saved_since_is_not_deleted_by_who_names_its_older_revision(
    api: httpx.AsyncClient, databases: Databases
) -> None:
    post_id = (await made(api)).json()["id"]
    assert (await api.delete(f"/posts/{post_id}", headers={"If-Match": '"1"'})).status_code == 412
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, post_id)).id == post_id


async def test_the_tags_are_those_that_readers_find(api: httpx.AsyncClient, publish: Publish) -> None:
    await publish("A lamp", tags=["fog", "light"])
    await publish("Another", tags=["fog"])
    await made(api, tags=["draft"])
    found = (await api.get("/tags")).json()["tags"]
    assert [(each["name"], each["posts"]) for each in found] == [("fog", 2), ("light", 1)]
