"""What a save keeps when a field is refused, and when two texts of one post meet."""

import re
from typing import Any

import httpx
import pytest
from litestar import Response
from sdc_web import posts
from sdc_web.author import checks
from sdc_web.db import Databases
from sdc_web.posts import Draft, history, store

import pictures
from signing_in import BROWSER, OWNER, come_in, send

BEGUN = Draft(title="On tea", body="Hot.", series="Tea", series_position=2)
TEXT = {"title": "On tea", "body_markdown": "Hot and long.", "series": "Tea", "series_position": "2"}


@pytest.fixture
async def post_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """A draft of a signed-in author, at revision 2."""
    await come_in(client, databases)
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, BEGUN, 1)
    return post.id


@pytest.fixture
async def asset_id(databases: Databases, post_id: str) -> str:
    """A picture of the library."""
    return await pictures.picture(databases, "A boat")


async def newest(databases: Databases, post_id: str) -> posts.Revision:
    async with databases.site.read() as connection:
        return await posts.revisions.newest(connection, OWNER, post_id)


async def texts(databases: Databases, post_id: str) -> list[tuple[str, str]]:
    """Name and text of each revision, the newest first."""
    async with databases.site.read() as connection:
        listed = await history.entries(connection, post_id, limit=99)
        return [(each.name, (await store.revision(connection, post_id, each.id)).body) for each in listed]


def form(base: int, **fields: str) -> dict[str, str]:
    return {**TEXT, "base_revision": str(base), **fields}


@pytest.mark.parametrize(
    ("refused", "name", "kept"),
    [
        ({"slug": "Ferry Boat"}, "Slug", ("slug", "on-tea")),
        ({"title": "x" * 201}, "Title", ("title", "On tea")),
        ({"summary": "x" * 501}, "Summary", ("summary", "")),
        ({"canonical_url": "https://"}, "Canonical address", ("canonical_url", "")),
        ({"dated_at": "2999-01-01T00:00"}, "Date", ("dated_at_us", None)),
        ({"dated_at": "yesterday"}, "Date", ("dated_at_us", None)),
        ({"series_position": "0"}, "Part of the series", ("series_position", 2)),
        ({"series_position": "two"}, "Part of the series", ("series_position", 2)),
        ({"series_position": "0", "series": "Coffee"}, "Part of the series", ("series_position", None)),
        ({"series": "x" * 101}, "Series", ("series_position", 2)),
        ({"language": "!"}, "Language", ("language", "")),
        ({"tags": "a/b"}, "Tags", ("tags", ())),
        ({"cover_id": "nothing"}, "Cover picture", ("cover_asset_id", None)),
        ({"translation_of": "/posts/nothing"}, "Translation of", ("translation_key", "")),
    ],
)
async def test_a_field_that_is_refused_stays_as_it_was_and_the_rest_is_saved(
    client: httpx.AsyncClient,
    databases: Databases,
    post_id: str,
    refused: dict[str, str],
    name: str,
    kept: tuple[str, object],
) -> None:
    answer = await send(client, f"/author/posts/{post_id}/draft", form(2, **refused), "PUT", htmx=True)
    saved = await newest(databases, post_id)
    assert (saved.number, saved.body) == (3, "Hot and long.")
    assert getattr(saved, kept[0]) == kept[1]
    assert answer.status_code == 422
    assert 'name="base_revision" value="3"' in answer.text
    told = re.findall(r'<a href="#field-(\w+)">([^<]+)</a>: <span data-refused="(\w+)">([^<]+)</span>', answer.text)
    assert [each[1] for each in told] == [name]
    assert told[0][2] in refused
    assert f'id="field-{told[0][0]}"' in (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).text


async def test_several_fields_are_told_of_together_and_typing_goes_on(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    wrong = {"slug": "Ferry Boat", "canonical_url": "https://", "summary": "Of tea."}
    first = await send(client, f"/author/posts/{post_id}/draft", form(2, **wrong), "PUT", htmx=True)
    assert re.findall(r'data-refused="(\w+)"', first.text) == ["slug", "canonical_url"]
    again = form(3, **wrong) | {"body_markdown": "Hot and longer."}
    await send(client, f"/author/posts/{post_id}/draft", again, "PUT", htmx=True)
    saved = await newest(databases, post_id)
    assert (saved.number, saved.body, saved.summary) == (4, "Hot and longer.", "Of tea.")
    mended = form(4, slug="ferry-boat", summary="Of tea.")
    answer = await send(client, f"/author/posts/{post_id}/draft", mended, "PUT", htmx=True)
    assert (answer.status_code, "data-refused" in answer.text) == (200, False)
    assert (await newest(databases, post_id)).slug == "ferry-boat"


async def test_without_the_text_nothing_is_saved_and_the_text_is_marked(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    sent = form(2, slug="Ferry Boat") | {"body_markdown": "x" * 400_001}
    answer = await send(client, f"/author/posts/{post_id}/draft", sent, "PUT", htmx=True)
    assert (answer.status_code, 'data-refused="body_markdown"' in answer.text) == (422, True)
    assert 'name="base_revision" value="2"' in answer.text
    assert (await newest(databases, post_id)).number == 2
    page = await send(client, f"/author/posts/{post_id}/draft?_method=PUT", sent)
    assert (page.status_code, 'id="error-body_markdown"' in page.text) == (422, True)


async def test_an_old_base_is_a_conflict_also_with_a_field_that_is_refused(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    answer = await send(client, f"/author/posts/{post_id}/draft", form(1, slug="Ferry Boat"), "PUT", htmx=True)
    assert answer.status_code == 412
    assert (await newest(databases, post_id)).number == 2


async def test_every_field_that_the_next_save_would_overwrite_is_shown_beside_what_was_saved_elsewhere(
    client: httpx.AsyncClient, databases: Databases, post_id: str, asset_id: str
) -> None:
    other = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, other.id, Draft(title="Über Tee", slug="ueber-tee"), 1)
    mine = {
        "slug": "tea-at-sea", "cover_id": asset_id, "translation_of": "/posts/ueber-tee", "summary": "Wet.",
        "tags": "sea", "language": "en-GB", "dated_at": "2020-01-02T03:04",
        "canonical_url": "https://elsewhere.example/tea",
    }  # fmt: skip
    answer = await send(client, f"/author/posts/{post_id}/draft", form(1, **mine), "PUT", htmx=True)
    shown = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<del>.*?</del>)?<ins>(.*?)</ins></dd>", answer.text))
    assert answer.status_code == 412
    assert {name: shown.get(name) for name in ("Slug", "Cover picture", "Translation of")} == {
        "Slug": "tea-at-sea", "Cover picture": "A boat", "Translation of": "/posts/ueber-tee",
    }  # fmt: skip
    assert {"Summary", "Tags", "Language", "Canonical address", "Date"} <= set(shown)
    # What says the same of both is no difference: the one names it by its address, the other by a key.
    taken = await send(client, f"/author/posts/{post_id}/draft", form(2, **mine), "PUT", htmx=True)
    again = await send(client, f"/author/posts/{post_id}/draft", form(1, **mine, title="Tea"), "PUT", htmx=True)
    assert taken.status_code == 200
    assert re.findall(r"<dt>([^<]+)</dt>", again.text) == ["Title"]


async def test_publishing_with_a_refused_field_publishes_nothing(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    answer = await send(client, f"/author/posts/{post_id}/publication", form(2, slug="Ferry Boat"))
    assert (answer.status_code, 'id="error-slug"' in answer.text) == (422, True)
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, post_id)).revision_id is None


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("publication", {"slug": "Ferry Boat"}),
        ("publication", {"publish_at": "2026-02-30T10:00"}),
        ("publication", {"unpublish_at": "never"}),
        ("publication?_method=DELETE", {"summary": "x" * 501}),
        ("expiry?_method=PUT", {"unpublish_at": "2001-01-01T10:00"}),
        ("schedule?_method=DELETE", {"language": "!"}),
        ("noindex?_method=PUT", {"canonical_url": "https://"}),
        ("draft?_method=DELETE", {"dated_at": "yesterday"}),
        ("draft?_method=DELETE", {}),
    ],
)
async def test_whatever_is_refused_the_rest_of_the_form_is_saved(
    client: httpx.AsyncClient, databases: Databases, post_id: str, path: str, wrong: dict[str, str]
) -> None:
    sent = form(2, **wrong) | {"title": "On tea, again"}
    answer = await send(client, f"/author/posts/{post_id}/{path}", sent)
    assert answer.status_code == 422
    assert [f'id="error-{name}"' in answer.text for name in wrong] == [True] * len(wrong)
    assert 'name="base_revision" value="3"' in answer.text
    assert ("All is saved but this." in answer.text, "Not saved." in answer.text) == (bool(wrong), False)
    saved = await newest(databases, post_id)
    assert (saved.number, saved.title, saved.body) == (3, "On tea, again", "Hot and long.")


async def test_a_text_that_cannot_be_saved_is_told_first(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    sent = form(2, slug="Ferry Boat") | {"body_markdown": "x" * 400_001}
    answer = await send(client, f"/author/posts/{post_id}/publication", sent)
    assert (answer.status_code, "Not saved." in answer.text) == (422, True)
    assert (await newest(databases, post_id)).number == 2


async def test_what_is_saved_elsewhere_while_a_text_is_looked_at_is_not_published(
    client: httpx.AsyncClient, databases: Databases, post_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = checks.before_it_goes_out

    async def slowly(*asked: Any) -> Response[str] | None:  # noqa: ANN401 - as it is called
        found = await look(*asked)
        await posts.revisions.save(databases.site, OWNER, post_id, Draft(title="On tea", body="Half a"), 3)
        return found

    monkeypatch.setattr(checks, "before_it_goes_out", slowly)
    answer = await send(client, f"/author/posts/{post_id}/publication", form(2, intent=checks.ANYWAY))
    assert (answer.status_code, "Half a" in answer.text) == (412, True)
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, post_id)).revision_id is None


async def test_the_text_that_loses_a_conflict_stays_in_the_history(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    sent = form(2) | {"body_markdown": "Cold.", "intent": "conflict"}
    answer = await send(client, f"/author/posts/{post_id}/draft?_method=PUT", sent)
    assert answer.headers["location"].endswith("?said=saved")
    assert await texts(databases, post_id) == [("", "Cold."), (history.SAVED_ELSEWHERE, "Hot.")]


async def test_the_text_that_is_not_taken_is_set_aside_and_the_other_goes_on(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    address = f"/author/posts/{post_id}/set-aside"
    sent = form(2, slug="Ferry Boat") | {"body_markdown": "Cold."}
    answer = await send(client, address, sent)
    assert answer.headers["location"] == f"/author/posts/{post_id}?said=set-aside"
    assert await texts(databases, post_id) == [("", "Hot."), (history.SET_ASIDE, "Cold.")]
    assert "set another text aside of" in (await client.get("/author/audit", headers=BROWSER)).text
    # Where a number is left before it, whoever has it open notices nothing.
    assert (await newest(databases, post_id)).number == 2
    for number, body in ((2, "Cool."), (3, "Icy.")):
        await send(client, address, form(number) | {"body_markdown": body})
    assert [body for _, body in await texts(databases, post_id)] == ["Hot.", "Icy.", "Cool.", "Cold."]
    assert (await newest(databases, post_id)).number == 4


async def test_a_text_is_set_aside_of_the_newest_alone(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    for path in ("set-aside", "draft?_method=PUT"):
        sent = form(1) | {"body_markdown": "Cold.", "intent": "conflict"}
        answer = await send(client, f"/author/posts/{post_id}/{path}", sent)
        assert (answer.status_code, "Cold." in answer.text) == (412, True)
    assert await texts(databases, post_id) == [("", "Hot.")]


async def test_a_form_that_had_not_come_whole_when_its_button_was_pressed_takes_away_no_field(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    half = {"opened_by": OWNER.id, "title": "On tea", "body_markdown": "Hot and long.", "base_revision": "2"}
    assert (await send(client, f"/author/posts/{post_id}/draft?_method=PUT", half)).status_code == 303
    saved = await newest(databases, post_id)
    assert (saved.body, saved.series, saved.series_position) == ("Hot and long.", "Tea", 2)
    # Nor does it where it has to be sent once more, after the session had ended.
    signed_out = {"cookie": "", **BROWSER}
    address = f"/author/posts/{post_id}/draft?_method=PUT"
    back = await client.post(address, data={**half, "base_revision": str(saved.number)}, headers=signed_out)
    assert back.status_code == 401
    held = re.findall(r'<input type="hidden" name="(\w+)"', back.text)
    assert held == ["add_picture", "intent", "base_revision"], "and none of the text's other fields"
    # One that is whole may empty a field.
    whole = {**half, "base_revision": str(saved.number), "series": "", "zone": "UTC"}
    assert (await send(client, f"/author/posts/{post_id}/draft?_method=PUT", whole)).status_code == 303
    assert (await newest(databases, post_id)).series == ""


async def test_a_text_as_long_as_one_may_be_is_put_into_the_trash_from_its_editor(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    long = form(2) | {"body_markdown": "чай " * 95_000, "opened_by": OWNER.id}
    answer = await send(client, f"/author/posts/{post_id}?_method=DELETE", long)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/author/posts?said=trashed")


async def test_what_was_typed_before_it_was_put_into_the_trash_comes_back_with_it(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    typed = TEXT | {"base_revision": "2", "canonical_url": "https://"}
    answer = await send(client, f"/author/posts/{post_id}?_method=DELETE", typed)
    assert answer.headers["location"] == "/author/posts?said=trashed", "whatever is wrong with a field beside the text"
    await posts.trash.bring_back(databases.site, OWNER, post_id)
    assert (await newest(databases, post_id)).body == "Hot and long."


async def test_nothing_is_put_into_the_trash_over_what_was_saved_elsewhere(
    client: httpx.AsyncClient, post_id: str
) -> None:
    answer = await send(client, f"/author/posts/{post_id}?_method=DELETE", TEXT | {"base_revision": "1"})
    assert (answer.status_code, "Hot and long." in answer.text, "Hot.</textarea>" in answer.text) == (412, True, True)
