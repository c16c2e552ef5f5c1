"""Micropub as an app speaks it, by the numbers of the public list of server tests (100 to 805)."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_web import audit, posts
from sdc_web.db import Databases
from sdc_web.posts import catalogue, whole

from api_client import token
from signing_in import OWNER
from writing_app import SITE, App, Json, bearing, entry


@pytest.fixture
async def text(databases: Databases, author_id: str) -> str:
    return await token(databases, author_id)


@pytest.fixture
async def writer(app: ASGIApp, text: str) -> AsyncGenerator[App]:
    async with bearing(app, text) as client:
        yield App(client, text)


@pytest.fixture
async def stranger(app: ASGIApp) -> AsyncGenerator[App]:
    async with bearing(app, "") as client:
        yield App(client, "")


async def read(app: App, url: str) -> str:
    """What readers see there."""
    answer = await app.client.get(url)
    assert answer.status_code == 200, url
    return answer.text


async def post_at(databases: Databases, url: str) -> whole.Whole:
    async with databases.site.read() as connection:
        found = await catalogue.by_address(connection, "post", url.rpartition("/")[2])
        assert found is not None
        return await whole.whole(connection, OWNER, found.id)


FORMS: dict[str, tuple[list[tuple[str, str]], tuple[str, ...]]] = {
    "100 a post": ([("h", "entry"), ("content", "Hello from a form")], ("Hello from a form",)),
    "101 several categories": (
        [("h", "entry"), ("content", "Two tags"), ("category[]", "fog"), ("category[]", "tea")],
        ("/tags/fog", "/tags/tea"),
    ),
    "107 one category": ([("h", "entry"), ("content", "One tag"), ("category", "fog")], ("/tags/fog",)),
}
BODIES_OF_JSON: dict[str, tuple[Json, tuple[str, ...]]] = {
    "200 a post": (entry(content=["Hello from JSON"]), ("Hello from JSON",)),
    "201 several categories": (entry(content=["Tags"], category=["fog", "tea"]), ("/tags/fog", "/tags/tea")),
    "202 HTML": (
        entry(content=[{"html": '<p>This post has <b>bold</b> and <a href="https://example.org/">a link</a>.</p>'}]),
        ("<strong>bold</strong>", 'href="https://example.org/"'),
    ),
    "204 a nested object": (
        entry(content=["Here"], checkin=[{"type": ["h-card"], "properties": {"name": ["Los Gorditos"]}}]),
        ("Here",),
    ),
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_becomes_a_published_post_at_the_address_that_is_told(writer: App, name: str) -> None:
    pairs, wanted = FORMS[name]
    answer = await writer.form(*pairs)
    assert answer.status_code == 201, answer.text
    page = await read(writer, answer.headers["location"])
    assert [each for each in wanted if each not in page] == []


@pytest.mark.parametrize("name", BODIES_OF_JSON)
async def test_json_becomes_a_published_post_at_the_address_that_is_told(writer: App, name: str) -> None:
    body, wanted = BODIES_OF_JSON[name]
    answer = await writer.json(body)
    assert answer.status_code == 201, answer.text
    page = await read(writer, answer.headers["location"])
    assert [each for each in wanted if each not in page] == []


async def test_all_that_is_said_of_a_post_is_kept_and_told_again(writer: App, databases: Databases) -> None:
    url = await writer.makes(
        **{
            "name": ["On fog"],
            "content": ["Grey *and* wet."],
            "summary": ["Weather."],
            "category": ["fog"],
            "published": ["2024-03-01T09:30:00+01:00"],
            "mp-slug": ["grey"],
        }
    )
    assert url == f"{SITE}/posts/grey"
    assert await writer.source(url) == {
        "name": ["On fog"],
        "content": ["Grey *and* wet."],
        "summary": ["Weather."],
        "category": ["fog"],
        "published": ["2024-03-01T08:30:00+00:00"],
        "mp-slug": ["grey"],
        "post-status": ["published"],
    }
    assert (await post_at(databases, url)).published_at_us == clock.from_datetime(
        datetime(2024, 3, 1, 8, 30, tzinfo=UTC)
    )


async def test_a_text_without_a_name_is_called_by_its_first_words(writer: App, databases: Databases) -> None:
    url = await writer.makes(content=["Fog came in **before** noon."])
    assert (await post_at(databases, url)).title == "Fog came in before noon."
    assert url == f"{SITE}/posts/fog-came-in-before-noon"


async def test_a_draft_is_kept_from_readers_until_it_is_published(writer: App, databases: Databases) -> None:
    url = await writer.makes(**{"name": ["Draft"], "content": ["Not yet."], "post-status": ["draft"]})
    assert (await writer.client.get(url)).status_code == 404
    assert (await writer.source(url))["post-status"] == ["draft"]
    assert (await writer.update(url, replace={"post-status": ["published"]})).status_code == 204
    await read(writer, url)
    assert (await writer.update(url, replace={"post-status": ["draft"]})).status_code == 204
    assert (await writer.client.get(url)).status_code == 410
    assert (await post_at(databases, url)).state == "draft"


async def test_a_moment_to_come_schedules_the_post(writer: App, databases: Databases) -> None:
    at = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    answer = await writer.json(entry(name=["Later"], published=[at.isoformat()]))
    assert answer.status_code == 202
    post = await post_at(databases, answer.headers["location"])
    assert (post.state, post.scheduled_at_us, post.dated_at_us) == ("scheduled", clock.from_datetime(at), None)


async def test_400_a_property_is_replaced_and_readers_see_it(writer: App) -> None:
    url = await writer.makes(content=["This is the post"], name=["One"])
    assert (await writer.update(url, replace={"content": ["This is the updated text"]})).status_code == 204
    assert "This is the updated text" in await read(writer, url)


async def test_401_and_402_a_value_is_added(writer: App) -> None:
    url = await writer.makes(content=["Text"], category=["test1"])
    assert (await writer.update(url, add={"category": ["test2"]})).status_code == 204
    assert (await writer.source(url))["category"] == ["test1", "test2"]
    bare = await writer.makes(content=["Bare"])
    assert (await writer.update(bare, add={"category": ["test1"], "summary": ["Short"]})).status_code == 204
    told = await writer.source(bare)
    assert (told["category"], told["summary"]) == (["test1"], ["Short"])
    again = await writer.update(bare, add={"summary": ["Another"]})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")


async def test_403_a_value_is_taken_away(writer: App) -> None:
    url = await writer.makes(content=["Text"], category=["test1", "test2"])
    assert (await writer.update(url, delete={"category": ["test2"]})).status_code == 204
    assert (await writer.source(url))["category"] == ["test1"]


async def test_404_a_property_is_taken_away(writer: App) -> None:
    url = await writer.makes(content=["Text"], category=["test1", "test2"])
    assert (await writer.update(url, delete=["category"])).status_code == 204
    assert "category" not in await writer.source(url)


@pytest.mark.parametrize(
    "changes",
    [
        {"replace": "This is not a valid update."},
        {"replace": {"content": "no list"}},
        {"add": {"category": "no list"}},
        {"delete": "category"},
        {"delete": {"content": ["Text"]}},
        {"replace": {"name": ["One", "Two"]}},
        {"replace": {"name": [{"html": "<b>One</b>"}]}},
        {"replace": {"category": [1]}},
        {"replace": {"visibility": ["private"]}},
        {"replace": {"post-status": ["hidden"]}},
        {"replace": {"published": ["yesterday"]}},
        {"replace": {"published": ["2999-01-01"]}},
        {"replace": {"photo": [{"src": "x"}]}},
        {"replace": {"mp-slug": ["../etc"]}},
        {},
    ],
)
async def test_405_an_update_that_is_none_is_refused_and_changes_nothing(writer: App, changes: Json) -> None:
    url = await writer.makes(content=["Text"], name=["Name"], category=["fog"])
    before = await writer.source(url)
    answer = await writer.update(url, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"]
    assert await writer.source(url) == before


async def test_a_change_of_the_address_is_told_and_the_old_one_leads_there(writer: App) -> None:
    url = await writer.makes(content=["Text"], name=["Name"])
    moved = await writer.update(url, replace={"mp-slug": ["other"]})
    assert (moved.status_code, moved.headers["location"]) == (201, f"{SITE}/posts/other")
    assert (await writer.client.get(url)).headers["location"] == "/posts/other"
    assert (await writer.update(url, replace={"name": ["By its old address"]})).status_code == 204
    assert "By its old address" in await read(writer, f"{SITE}/posts/other")


async def test_an_update_of_a_text_with_a_change_that_waits_does_not_publish_that(
    writer: App, databases: Databases
) -> None:
    url = await writer.makes(content=["Text"], name=["Name"])
    post = await post_at(databases, url)
    await whole.amend(databases.site, OWNER, post.id, {"body": "Secret plans"}, None)
    assert (await writer.update(url, add={"category": ["fog"]})).status_code == 204
    assert "Secret plans" not in await read(writer, url)
    assert (await post_at(databases, url)).tags == ("fog",)


async def test_what_micropub_does_not_speak_of_stays(writer: App, databases: Databases) -> None:
    url = await writer.makes(content=["Text"], name=["Name"])
    post = await post_at(databases, url)
    await whole.amend(databases.site, OWNER, post.id, {"series": "On fog", "language": "de"}, None)
    await writer.update(url, replace={"name": ["New"]})
    after = await post_at(databases, url)
    assert (after.title, after.series, after.language) == ("New", "On fog", "de")


@pytest.mark.parametrize("way", ["form", "json"])
async def test_500_to_503_a_post_is_deleted_and_brought_back(writer: App, databases: Databases, way: str) -> None:
    url = await writer.makes(content=["Text"], name=["Name"])

    async def act(action: str) -> httpx.Response:
        if way == "form":
            return await writer.form(("action", action), ("url", url))
        return await writer.json({"action": action, "url": url})

    assert (await act("delete")).status_code == 204
    assert (await writer.client.get(url)).status_code == 410
    assert (await act("delete")).json()["error"] == "invalid_request"
    assert (await act("undelete")).status_code == 204
    assert "Text" in await read(writer, url)
    async with databases.site.read() as connection:
        told = [each.action for each in await audit.page(connection, OWNER, audit.Filters(), 4)]
    assert told == ["post.untrashed", "post.trashed", "post.published", "post.begun"]


async def test_a_post_whose_address_was_taken_comes_back_elsewhere_and_that_is_told(writer: App) -> None:
    url = await writer.makes(content=["First"], name=["Name"])
    await writer.form(("action", "delete"), ("url", url))
    assert await writer.makes(content=["Second"], name=["Name"]) == url
    back = await writer.form(("action", "undelete"), ("url", url))
    assert (back.status_code, back.headers["location"]) == (201, f"{SITE}/posts/name-2")


async def test_600_and_601_the_endpoint_says_what_it_can_do(writer: App) -> None:
    told = (await writer.asks(q="config")).json()
    assert (told["media-endpoint"], told["syndicate-to"]) == (f"{SITE}/micropub/media", [])
    assert (await writer.asks(q="syndicate-to")).json() == {"syndicate-to": []}
    await writer.makes(content=["Text"], category=["fog", "tea"])
    assert (await writer.asks(q="category")).json() == {"categories": ["fog", "tea"]}


async def test_602_and_603_the_source_of_a_post_is_told_whole_or_in_part(writer: App) -> None:
    url = await writer.makes(content=["Text"], category=["test1", "test2"])
    whole_told = (await writer.asks(q="source", url=url)).json()
    assert whole_told["type"] == ["h-entry"]
    assert whole_told["properties"]["content"] == ["Text"]
    part = await writer.client.get(
        "/micropub", params=[("q", "source"), ("properties[]", "content"), ("properties[]", "category"), ("url", url)]
    )
    assert part.json() == {"properties": {"content": ["Text"], "category": ["test1", "test2"]}}
    one = await writer.asks(q="source", url=url, properties="category")
    assert one.json() == {"properties": {"category": ["test1", "test2"]}}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "contact"},
        {"q": "source", "limit": "0"},
        {"q": "source", "limit": "many"},
        {"q": "source", "after": "../etc"},
        {"q": "source", "post-status": "secret"},
        {"q": "source", "url": "https://elsewhere.example/posts/a"},
        {"q": "source", "url": f"{SITE}/posts/nothing"},
        {"q": "source", "url": f"{SITE}.evil.example/posts/a"},
        {"q": "source", "url": "http://[::1"},
        {"q": "source", "url": f"{SITE}/posts/%ff"},
    ],
)
async def test_a_question_that_is_none_is_refused(writer: App, query: dict[str, str]) -> None:
    answer = await writer.asks(**query)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_800_801_and_805_the_token_comes_in_the_header_or_in_the_form_and_not_in_both(
    writer: App, stranger: App
) -> None:
    assert (await writer.form(("content", "By the header"))).status_code == 201
    assert (await stranger.form(("content", "By the form"), ("access_token", writer.text))).status_code == 201
    both = await writer.form(("content", "By both"), ("access_token", writer.text))
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


async def test_802_the_token_is_kept_nowhere(stranger: App, databases: Databases, text: str) -> None:
    answer = await stranger.form(("content", "Text"), ("access_token", text))
    assert text not in msgspec.json.encode(await post_at(databases, answer.headers["location"])).decode()


@pytest.mark.parametrize("sent", ["", "sdc_" + "A" * 43, "nonsense"])
async def test_803_and_804_whoever_has_no_token_in_force_is_refused(app: ASGIApp, author_id: str, sent: str) -> None:
    async with bearing(app, sent) as client:
        other = App(client, sent)
        answers = [
            await other.form(("content", "Text")),
            await other.form(("content", "Text"), ("access_token", "sdc_no"))
            if not sent
            else await other.asks(q="config"),
            await other.json(entry(content=["Text"])),
            await other.asks(q="config"),
            await client.post("/micropub", files={"photo": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99))}),
            await client.post("/micropub/media", files={"file": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99))}),
        ]
    assert [(each.status_code, each.json()["error"]) for each in answers] == [(401, "unauthorized")] * 6
    assert "www-authenticate" in answers[0].headers


async def test_a_token_that_only_reads_asks_and_changes_nothing(
    app: ASGIApp, databases: Databases, writer: App, author_id: str
) -> None:
    url = await writer.makes(content=["Text"])
    async with bearing(app, await token(databases, author_id, "read")) as client:
        reader = App(client, "")
        assert (await reader.asks(q="source", url=url)).status_code == 200
        refused = [
            await reader.form(("content", "Text")),
            await reader.update(url, replace={"content": ["Other"]}),
            await reader.form(("action", "delete"), ("url", url)),
            await client.post("/micropub/media", files={"file": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99))}),
        ]
    for answer, scope in zip(refused, ("posts:write", "posts:write", "posts:publish", "media:write"), strict=True):
        told = answer.json()
        assert (answer.status_code, told["error"], told["scope"]) == (403, "insufficient_scope", scope)
    assert "Text" in await read(writer, url)


async def test_an_app_that_may_not_publish_makes_drafts_and_changes_nothing_that_readers_see(
    app: ASGIApp, databases: Databases, writer: App, author_id: str
) -> None:
    url = await writer.makes(content=["Text"])
    async with bearing(app, await token(databases, author_id, "posts:write")) as client:
        drafts = App(client, "")
        made = await client.post("/micropub", json=entry(name=["Later"], content=["Not yet"]))
        public = await client.post("/micropub", json=entry(content=["Now"], **{"post-status": ["published"]}))
        changed = await drafts.update(url, replace={"content": ["Other"]})
        taken_off = await drafts.update(url, replace={"post-status": ["draft"]})
        deleted = await drafts.form(("action", "delete"), ("url", url))
        mine = made.headers["location"]
        still = await drafts.update(mine, replace={"content": ["More"], "post-status": ["draft"]})
        out = await drafts.update(mine, replace={"content": ["Out"], "post-status": ["published"]})
    assert (made.status_code, changed.status_code, still.status_code) == (201, 204, 204)
    assert (await post_at(databases, mine)).body.strip() == "More"
    assert (await writer.client.get(made.headers["location"])).status_code == 404
    for refused in (public, taken_off, deleted, out):
        assert (refused.status_code, refused.json()["scope"]) == (403, "posts:publish")
    assert "Text" in await read(writer, url)
    assert (await post_at(databases, url)).body.strip() == "Other"
    async with databases.site.read() as connection:
        assert len(await posts.listing.last_saved(connection, OWNER, 9)) == 2


async def test_a_request_that_is_sent_twice_with_a_key_makes_one_post(writer: App) -> None:
    headers = {"Idempotency-Key": "one-of-a-kind"}
    first, second = [await writer.client.post("/micropub", json=entry(content=["Once"]), headers=headers) for _ in "12"]
    assert (second.status_code, second.headers["location"]) == (201, first.headers["location"])


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "one-of-a-kind"}, {}])
async def test_a_post_that_could_not_go_out_at_once_is_one_post_after_the_repeat(
    writer: App, databases: Databases, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    async def busy(*_: object) -> None:
        raise Unavailable("the database is busy")

    monkeypatch.setattr(posts, "publish", busy)
    answer = await writer.client.post("/micropub", json=entry(content=["Once"]), headers=headers)
    assert answer.status_code == 503
    monkeypatch.undo()
    answer = await writer.client.post("/micropub", json=entry(content=["Once"]), headers=headers)
    assert answer.status_code == 201
    async with databases.site.read() as connection:
        assert len(await posts.listing.last_saved(connection, OWNER, 9)) == 1


async def test_the_home_page_leads_to_the_endpoint(writer: App) -> None:
    assert '<link rel="micropub" href="http://localhost:8000/micropub">' in await read(writer, f"{SITE}/")
