"""The list of posts: kept by whatever writes texts, filtered in the address, read a page at a time, several at once."""

import re

import httpx
import pytest
from markupsafe import escape
from sdc_core import clock
from sdc_core.sqlite import Database, fetch_value
from sdc_web import posts
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, finding
from sdc_web.posts.listing import Filters

from signing_in import BROWSER, HTMX, OWNER, come_in, send

ROW = re.compile(r'<tr id="posts-row-([^"]+)"')


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    await come_in(client, databases)
    return client


async def write(databases: Databases, title: str, body: str = "A text.", **fields: object) -> Post:
    """A draft."""
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body=body, **fields), 1)  # ty: ignore[invalid-argument-type]
    return post


async def titles(databases: Databases, **filters: str) -> list[str]:
    async with databases.site.read() as connection:
        page = await posts.listing.page(connection, OWNER, Filters(**filters))  # ty: ignore[invalid-argument-type]
    return [each.title for each in page.rows]


async def state_of(site: Database, post_id: str) -> str:
    async with site.read() as connection:
        (row,) = await posts.several.chosen(connection, OWNER, [post_id])
    return row.state


async def test_the_text_saved_last_comes_first(databases: Databases, author_id: str) -> None:
    first = await write(databases, "First")
    await write(databases, "Second")
    await posts.revisions.save(databases.site, OWNER, first.id, Draft(title="First, again"), 2)
    assert await titles(databases) == ["First, again", "Second"]


async def test_a_text_is_listed_in_the_state_that_it_is_in_whatever_brought_it_there(
    databases: Databases, author_id: str
) -> None:
    post = await write(databases, "Fog")
    seen = [await state_of(databases.site, post.id)]
    await posts.publish(databases.site, OWNER, post.id, clock.now_us() + clock.DAY_US)
    seen.append(await state_of(databases.site, post.id))
    await posts.publish(databases.site, OWNER, post.id)
    seen.append(await state_of(databases.site, post.id))
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog 2"), 2)
    seen.append(await state_of(databases.site, post.id))
    await posts.unpublish(databases.site, OWNER, post.id)
    seen.append(await state_of(databases.site, post.id))
    assert seen == ["draft", "scheduled", "published", "changed", "draft"]


async def test_a_deleted_text_leaves_nothing_in_the_list(databases: Databases, author_id: str) -> None:
    post = await write(databases, "Fog on the river", tags=("fog",))
    await posts.trash.put(databases.site, OWNER, post.id)
    assert await titles(databases) == []
    assert await titles(databases, q="river") == []
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM catalogue_tags") == 0


@pytest.mark.parametrize("order", ["saved", "published", "title"])
async def test_every_text_is_on_exactly_one_page_of_each_order(
    databases: Databases, author_id: str, order: str
) -> None:
    wanted = {f"Same {number % 3}" for number in range(7)} | {"ähnlich", "Übung"}
    for number in range(7):
        await write(databases, f"Same {number % 3}")
    for title in ("ähnlich", "Übung"):
        post = await write(databases, title)
        await posts.publish(databases.site, OWNER, post.id)
    seen: list[posts.listing.Listed] = []
    after = ""
    for _ in range(9):
        async with databases.site.read() as connection:
            page = await posts.listing.page(connection, OWNER, Filters(order=order, after=after), limit=2)  # ty: ignore[invalid-argument-type]
        seen += page.rows
        after = page.after
        if not after:
            break
    assert len(seen) == len({each.id for each in seen}) == 9
    assert {each.title for each in seen} == wanted
    keys = {"saved": [-each.saved_at_us for each in seen], "published": [-each.published_at_us for each in seen]}
    expected = keys.get(order) or [each.title.encode().lower() for each in seen]
    assert expected == sorted(expected)


async def test_states_are_counted_under_the_other_filters(databases: Databases, author_id: str) -> None:
    for title in ("Fog", "Rain", "Snow"):
        await write(databases, title, tags=("weather",) if title != "Snow" else ())
    published = await write(databases, "Sun", tags=("weather",))
    await posts.publish(databases.site, OWNER, published.id)
    async with databases.site.read() as connection:
        page = await posts.listing.page(connection, OWNER, Filters(tag="weather", state="draft"))
    assert (page.counts, page.total) == ({"draft": 2, "published": 1}, 3)
    assert {each.title for each in page.rows} == {"Fog", "Rain"}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("uber", ["Über den Nebel"]),
        ("ÜBER den", ["Über den Nebel"]),
        ("ebe", ["Über den Nebel"]),
        ("ne", ["Über den Nebel"]),
        ("harbour lights", ["Published"]),
        ("half written", ["Draft"]),
        ("100%", ["Draft"]),
        ("100_", []),
        ("Ü", ["Über den Nebel"]),
        ("ÄRGER?", ["Draft"]),
        ("[a]*", ["Draft"]),
        ("ä*r", []),
        ("WRITTEN, TO", ["Draft"]),
        (r"C:\A_B", ["Draft"]),
        (r"c:\axb", []),
        ("rger? [", ["Draft"]),
        ("ürger?", []),
        ('"', []),
        ("'; DROP TABLE posts; --", []),
        ("nothing like it", []),
    ],
)
async def test_a_search_finds_parts_of_titles_and_words_of_texts(
    databases: Databases, author_id: str, typed: str, found: list[str]
) -> None:
    await write(databases, "Über den Nebel")
    await write(databases, "Draft", r"Only Half written, to 100%. Ärger? [a]* c:\a_b")
    published = await write(databases, "Published", "The lights of the harbour.")
    await posts.publish(databases.site, OWNER, published.id)
    assert await titles(databases, q=typed) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [("ÄPFEL", ["Draft"]), ("apfel", ["Draft"]), ("gru", ["Draft"]), ("äpfel -grün", []), ("ランプ", ["Changed"])],
)
async def test_words_of_what_is_not_published_are_found_however_long_ago_it_was_saved(
    databases: Databases, author_id: str, monkeypatch: pytest.MonkeyPatch, typed: str, found: list[str]
) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT", 0)
    await write(databases, "Draft", "Äpfel, noch *grün*.")
    changed = await write(databases, "Changed", "Seen.")
    await posts.publish(databases.site, OWNER, changed.id)
    await posts.revisions.save(databases.site, OWNER, changed.id, Draft(title="Changed", body="霧の中のランプ"), 2)
    assert await titles(databases, q=typed) == []
    assert not await posts.draft_words.read_due(databases.site, clock.now_us() + clock.DAY_US)
    assert await titles(databases, q=typed) == found


async def test_what_is_still_typed_is_not_indexed_and_found_nevertheless(databases: Databases, author_id: str) -> None:
    await write(databases, "Draft", "Half written")
    await posts.draft_words.read_due(databases.site, clock.now_us())
    assert await kept(databases) == "0 1"
    assert await titles(databases, q="f writ") == ["Draft"]


async def test_words_go_with_what_is_published_or_deleted_or_written_anew(
    databases: Databases, author_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT", 0)
    first, second = await write(databases, "First", "Foggy"), await write(databases, "Second", "Foggy")
    third = await write(databases, "Third", "Foggy")
    later_us = clock.now_us() + clock.DAY_US
    await posts.draft_words.read_due(databases.site, later_us)
    await posts.publish(databases.site, OWNER, first.id)
    await posts.trash.put(databases.site, OWNER, second.id)
    await posts.revisions.save(databases.site, OWNER, third.id, Draft(title="Third", body="Clear"), 2)
    await posts.draft_words.read_due(databases.site, later_us)
    assert await kept(databases) == "1 0"
    assert await titles(databases, q="foggy") == ["First"]
    assert await titles(databases, q="clear") == ["Third"]


async def test_many_drafts_are_read_some_at_a_time(databases: Databases, author_id: str) -> None:
    for number in range(posts.draft_words.AT_ONCE + 1):
        await write(databases, f"Draft {number}")
    later_us = clock.now_us() + clock.DAY_US
    assert await posts.draft_words.read_due(databases.site, later_us)
    assert not await posts.draft_words.read_due(databases.site, later_us)
    assert not await posts.draft_words.read_due(databases.site, later_us)
    assert await kept(databases) == f"{posts.draft_words.AT_ONCE + 1} 0"


async def kept(databases: Databases) -> object:
    """How many texts have their words in the index, and how many wait for that."""
    counts = "SELECT (SELECT count(*) FROM draft_words) || ' ' || (SELECT count(*) FROM drafts_to_read)"
    async with databases.site.read() as connection:
        return await fetch_value(connection, counts)


async def test_words_are_counted_by_the_gaps_between_them(databases: Databases, author_id: str) -> None:
    post = await write(databases, "Words", "\nOne two\nthree.\n\nFour.\n")
    async with databases.site.read() as connection:
        (row,) = await posts.several.chosen(connection, OWNER, [post.id])
    assert row.words == 4


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("", "Untitled"),
        ("![A boat](media:1)\n\n# Fog *over* the [lake](https://x.example/)", "“A boat Fog over the lake”"),
        ("- one\n2. two\n> three", "“one two three”"),
        ("word " * 40, f"“{'word ' * 11}word…”"),
        ("霧" * 80, f"“{'霧' * 59}…”"),
        ("<script>alert(1)</script>", "“<script alert(1)</script”"),
    ],
)
async def test_a_text_without_a_title_is_listed_by_its_first_words(
    signed_in: httpx.AsyncClient, databases: Databases, body: str, name: str
) -> None:
    post = await write(databases, "", body)
    async with databases.site.read() as connection:
        (row,) = await posts.several.chosen(connection, OWNER, [post.id])
    assert row.name == name
    for path in ("/author/posts", "/author"):
        assert f'href="/author/posts/{post.id}">{escape(name)}</a>' in (await signed_in.get(path, headers=BROWSER)).text


async def test_filters_are_kept_in_every_link(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    for number in range(51):
        await write(databases, f"Fog {number}", tags=("a&b",), series="Weather")
    answer = await signed_in.get("/author/posts?q=fog&kind=post&tag=a%26b&series=Weather&order=title", headers=BROWSER)
    assert answer.status_code == 200
    assert len(ROW.findall(answer.text)) == 50
    (further,) = re.findall(r'href="([^"]*)" rel="next"', answer.text)
    second = await signed_in.get(further.replace("&amp;", "&"), headers=BROWSER)
    assert len(ROW.findall(second.text)) == 1
    assert (
        'href="/author/posts?q=fog&amp;kind=post&amp;tag=a%26b&amp;series=Weather&amp;order=title">Back' in second.text
    )
    assert "state=draft&amp;tag=a%26b" in answer.text


async def test_htmx_gets_the_lines_alone(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    await write(databases, "Fog")
    answer = await signed_in.get("/author/posts?q=fog", headers=HTMX)
    assert answer.text.lstrip().startswith('<div class="posts-list" id="posts-list-all">')


@pytest.mark.parametrize("query", ["kind=x", "state=gone", "order=size", "after=x", "after=~", "after=x~y", "q=a&q=b"])
async def test_a_filter_that_is_none_is_refused(signed_in: httpx.AsyncClient, query: str) -> None:
    assert (await signed_in.get(f"/author/posts?{query}", headers=BROWSER)).status_code == 422


async def test_page_views_are_left_out_in_words_while_the_worker_is_away(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    post = await write(databases, "Fog")
    await posts.publish(databases.site, OWNER, post.id)
    assert "page views are left out" in (await signed_in.get("/author/posts", headers=BROWSER)).text


def chosen(*made: Post) -> str:
    return "&".join(f"post={each.id}" for each in made)


async def test_nothing_is_done_to_several_texts_before_the_author_was_asked(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    one, two = await write(databases, "<b>One</b>"), await write(databases, "Two")
    asked = await signed_in.get(f"/author/posts/selection?action=delete&{chosen(one, two)}", headers=BROWSER)
    assert "Delete 2 texts?" in asked.text
    assert "&lt;b&gt;One&lt;/b&gt;" in asked.text
    assert len(await titles(databases)) == 2


async def several(client: httpx.AsyncClient, action: str, *made: Post, tag: str = "") -> httpx.Response:
    body = f"action={action}&tag={tag}&{chosen(*made)}"
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    return await client.post("/author/posts/selection", content=body, headers=headers)


async def test_several_texts_are_published_tagged_taken_back_and_deleted(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    made = [await write(databases, title) for title in ("One", "Two")]
    told = [(await several(signed_in, "publish", *made)).headers["location"]]
    states = {await state_of(databases.site, each.id) for each in made}
    told.append((await several(signed_in, "tag", *made, tag="Weather")).headers["location"])
    tagged = (await signed_in.get("/tags/weather")).text
    told.append((await several(signed_in, "unpublish", *made)).headers["location"])
    gone = (await signed_in.get("/posts/one")).status_code
    told.append((await several(signed_in, "delete", *made)).headers["location"])
    assert [each.partition("=")[2] for each in told] == ["published", "saved", "unpublished", "trashed"]
    assert states == {"published"}
    assert all(f"/posts/{slug}" in tagged for slug in ("one", "two"))
    assert gone == 410
    assert await titles(databases) == []


async def test_a_text_that_cannot_be_published_is_named_and_the_others_are(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    good, bad = await write(databases, "Good"), await write(databases, "")
    answer = await several(signed_in, "publish", good, bad)
    assert answer.status_code == 422
    assert "1 done. This one was not" in answer.text
    assert "Give it a title before it is published." in answer.text
    assert [await state_of(databases.site, each.id) for each in (good, bad)] == ["published", "draft"]


async def test_a_tag_more_waits_where_something_else_waits_as_well(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    post = await write(databases, "Fog")
    await posts.publish(databases.site, OWNER, post.id)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Not yet"), 2)
    await several(signed_in, "tag", post, tag="weather")
    assert await state_of(databases.site, post.id) == "changed"
    assert (await signed_in.get("/tags/weather")).status_code == 404
    assert await titles(databases, tag="weather") == ["Not yet"]


@pytest.mark.parametrize("tag", ["", "a/b", "x" * 41])
async def test_a_tag_that_is_none_is_refused_beside_its_field(
    signed_in: httpx.AsyncClient, databases: Databases, tag: str
) -> None:
    post = await write(databases, "Fog")
    answer = await several(signed_in, "tag", post, tag=tag)
    assert answer.status_code == 422
    assert 'id="error-tag"' in answer.text
    assert f'value="{tag}"' in answer.text


async def test_a_selection_of_nothing_says_what_to_do(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.get("/author/posts/selection?action=publish", headers=BROWSER)
    shown = await signed_in.get(answer.headers["location"], headers=BROWSER)
    assert "Tick the texts first" in shown.text


async def test_what_is_gone_by_now_is_passed_over_when_it_is_deleted(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    post = await write(databases, "Fog")
    await posts.trash.put(databases.site, OWNER, post.id)
    assert (await several(signed_in, "delete", post)).status_code == 303
    assert (await several(signed_in, "publish", post)).status_code == 422


async def test_a_selection_from_a_strange_form_is_refused(signed_in: httpx.AsyncClient) -> None:
    answers = [await send(signed_in, "/author/posts/selection", form) for form in ({}, {"action": "burn"})]
    assert [each.status_code for each in answers] == [422, 422]


async def test_filters_are_folded_on_a_phone_until_one_is_set(signed_in: httpx.AsyncClient) -> None:
    for path in ("posts", "media", "audit"):
        assert '<details class="filter-fold">' in (await signed_in.get(f"/author/{path}", headers=BROWSER)).text
    for address in ("posts?kind=page", "posts?order=title", "media?use=unused", "media?sort=name", "audit?kind=post"):
        assert '<details class="filter-fold" open>' in (await signed_in.get(f"/author/{address}", headers=BROWSER)).text


async def begin(client: httpx.AsyncClient, kind: str = "post") -> str:
    answer = await client.post("/author/posts", data={"kind": kind}, headers=BROWSER)
    return answer.headers["location"]


async def test_who_writes_goes_on_in_the_draft_that_they_left_blank(signed_in: httpx.AsyncClient) -> None:
    left, other_kind = await begin(signed_in), await begin(signed_in, "page")
    with clock.frozen(clock.now_us() + 3600 * clock.SECOND_US):
        assert await begin(signed_in) == left
        assert await begin(signed_in, "page") == other_kind
        assert await begin(signed_in, "project") not in {left, other_kind}


async def test_a_blank_draft_that_may_be_open_in_another_tab_is_nobody_elses_page(signed_in: httpx.AsyncClient) -> None:
    assert await begin(signed_in) != await begin(signed_in)


async def test_a_draft_that_was_emptied_or_is_another_authors_is_left_alone(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    eve = await accounts.create(databases, SYSTEM, name="eve", role="author")
    foreign = await posts.create(databases.site, eve.actor, "post")
    emptied = await begin(signed_in)
    for number, body in enumerate(("Words.", ""), 1):
        form = {"body_markdown": body, "base_revision": str(number)}
        assert (await signed_in.post(f"{emptied}/draft?_method=PUT", data=form, headers=BROWSER)).status_code == 303
    with clock.frozen(clock.now_us() + 3600 * clock.SECOND_US):
        assert await begin(signed_in) not in {emptied, f"/author/posts/{foreign.id}"}
