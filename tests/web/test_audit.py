"""The audit log: what is written, what cannot be, how it is read, and how little an attacker can add to it."""

import asyncio
import re

import httpx
import pytest
from sdc_core import clock
from sdc_core.errors import Forbidden, Invalid
from sdc_core.sqlite import IntegrityError, execute, fetch_value
from sdc_web import audit, media, posts, redirects, tokens
from sdc_web.about import site
from sdc_web.audit import ACTIONS, Entry, Filters, folding
from sdc_web.audit.actions import KINDS, kind_of
from sdc_web.authors import accounts, one_time_tokens
from sdc_web.authors.rights import SYSTEM, Actor
from sdc_web.db import Databases
from sdc_web.hooks.expiry import expire
from sdc_web.media import assets
from sdc_web.posts import Draft, preview_links, tags_moved
from sdc_web.posts import Entry as Link
from sdc_web.posts.series import Series
from sdc_web.sessions import signed_in

from api_client import program, token
from signing_in import BROWSER, HTMX, OWNER, PASSWORD, come_in, make_author, send, sign_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DAY_US = 20_000 * clock.DAY_US


async def told(databases: Databases, **filters: str) -> list[tuple[str, str, str]]:
    """Who, what and the words of each entry, the oldest first."""
    return [(each.author_name, each.action, each.words) for each in reversed(await entries(databases, **filters))]


async def entries(databases: Databases, **filters: str) -> list[Entry]:
    async with databases.site.read() as connection:
        return await audit.page(connection, OWNER, Filters(**filters), 10_000)


async def add(databases: Databases, words: str, by: Actor | None = OWNER) -> None:
    async with databases.site.transaction() as connection:
        await audit.record(connection, by, "post.published", "1", words)


async def test_the_life_of_a_text_is_told(databases: Databases, author_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog"), 1)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog again"), 2)
    await posts.publish(databases.site, OWNER, post.id, clock.now_us() + clock.DAY_US)
    await posts.schedule.meet_due(databases.site, clock.now_us() + 2 * clock.DAY_US)
    await posts.unpublish(databases.site, OWNER, post.id)
    await posts.trash.put(databases.site, OWNER, post.id)
    await posts.trash.bring_back(databases.site, OWNER, post.id)
    await posts.trash.put(databases.site, OWNER, post.id)
    await posts.trash.remove(databases.site, OWNER, post.id)
    (_, began, _), (_, planned, when), *rest = await told(databases, kind="post")
    assert (began, planned) == ("post.begun", "post.scheduled")
    assert re.fullmatch(r"Fog again, for \d{4}-\d\d-\d\d \d\d:\d\d UTC", when)
    assert rest == [
        ("system", "post.published", "Fog again"),
        ("ada", "post.withdrawn", "Fog again"),
        ("ada", "post.trashed", "Fog again"),
        ("ada", "post.untrashed", "Fog again"),
        ("ada", "post.trashed", "Fog again"),
        ("ada", "post.deleted", "Fog again"),
    ]


async def test_what_shapes_the_site_is_told(databases: Databases, author_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    other = await posts.create(databases.site, OWNER, "project")
    project = await posts.create(databases.site, OWNER, "project")
    text = Draft(title="Fog", tags=("tea", "milk"), series="On fog")
    await posts.revisions.save(databases.site, OWNER, post.id, text, 1)
    await posts.publish(databases.site, OWNER, post.id)
    async with databases.site.read() as connection:
        (series,) = await posts.series.everything(connection)
    await posts.tags.change(databases.site, OWNER, "tea", {"name": "tee"})
    await tags_moved.free(databases.site, OWNER, "tee", "tea")
    await posts.tags.merge(databases.site, OWNER, "milk", "tee")
    await posts.tags.delete(databases.site, OWNER, "tee")
    given = Series(id=series.id, slug="fog", title="Fog", description="")
    await posts.series.change(databases.site, OWNER, given)
    await posts.series.delete(databases.site, OWNER, series.id)
    await redirects.add_own(databases.site, OWNER, "/old", "/posts", "")
    await redirects.delete(databases.site, OWNER, "/old")
    await posts.navigation.put(databases.site, OWNER, [Link(title="A", url="/a")], "")
    await posts.navigation.forget(databases.site, OWNER)
    for each in (other, project):
        await posts.home.choose(databases.site, OWNER, each.id)
    await posts.home.move(databases.site, OWNER, project.id, "up")
    await posts.home.leave(databases.site, OWNER, project.id)
    await site.change(databases.site, OWNER, site.Words(title="Notes", description="", language="en"))
    assert [(did, words) for _, did, words in await told(databases) if not did.startswith("post.")] == [
        ("tag.changed", "tea, now tee"),
        ("tag.freed", "tea"),
        ("tag.merged", "milk into tee"),
        ("tag.deleted", "tee"),
        ("series.changed", "Fog"),
        ("series.deleted", "Fog"),
        ("redirect.added", "/old to /posts"),
        ("redirect.deleted", "/old"),
        ("site.changed", "the navigation: A"),
        ("site.changed", "the navigation: made from what is published"),
        ("site.changed", "the projects of the home page: one more"),
        ("site.changed", "the projects of the home page: one more"),
        ("site.changed", "the projects of the home page: their order"),
        ("site.changed", "the projects of the home page: one less"),
        ("site.changed", "its words: Notes"),
    ]


async def test_pictures_tokens_and_authors_are_told(databases: Databases, author_id: str) -> None:
    asset = assets.new_asset("0" * 64, "a.png", "image/png", 9, "")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await media.set_alt(databases.site, OWNER, asset.id, "A lamp")
    await media.removal.remove(databases.site, OWNER, asset.id)
    await tokens.issue(databases.site, OWNER, name="phone", scope="write", author_id=author_id)
    await tokens.revoke(databases.site, OWNER, "phone")
    await accounts.create(databases, SYSTEM, name="eve", role="viewer")
    await accounts.set_password(databases, SYSTEM, "eve", PASSWORD)
    assert await told(databases) == [
        ("ada", "media.described", "a.png"),
        ("ada", "media.deleted", "a.png"),
        ("ada", "token.made", "phone, which may write"),
        ("ada", "token.revoked", "phone"),
        ("system", "author.added", "eve, as viewer"),
        ("system", "author.password", "eve"),
    ]


async def test_what_is_done_to_revisions_links_and_former_files_is_told(databases: Databases, author_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    second = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", body="A"), 1)
    await posts.publish(databases.site, OWNER, post.id)
    await posts.history.name(databases.site, OWNER, post.id, second.id, "Calm")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", body="B"), second.number)
    await posts.history.restore(databases.site, OWNER, post.id, second.id, second.number + 1)
    made = await preview_links.make(databases, OWNER, post.id, days=1, note="For Eve")
    await preview_links.revoke(databases, OWNER, post.id, made.link.id)
    await one_time_tokens.issue_login_link(databases, OWNER.name)
    assert [(did, words) for _, did, words in await told(databases)][2:] == [
        ("post.named", "Fog, revision 2: Calm"),
        ("post.restored", "Fog, revision 2"),
        ("post.shared", "Fog, For Eve"),
        ("post.unshared", "Fog"),
        ("author.link", "ada"),
    ]


async def undone(databases: Databases, post_id: str) -> None:
    """A change that breaks off once it has been told."""
    async with databases.site.transaction() as connection:
        await audit.record(connection, OWNER, "post.published", post_id, "Fog")
        raise RuntimeError("stop")


async def test_what_was_refused_or_taken_back_leaves_no_entry(databases: Databases, author_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    with pytest.raises(Invalid):
        await posts.publish(databases.site, OWNER, post.id)
    with pytest.raises(Invalid):
        await redirects.add_own(databases.site, OWNER, "/old", "/old", "")
    with pytest.raises(RuntimeError):
        await undone(databases, post.id)
    assert [did for _, did, _ in await told(databases)] == ["post.begun"]


async def test_no_entry_is_ever_changed_or_taken_away(databases: Databases) -> None:
    await add(databases, "Fog")
    for statement in (
        "UPDATE audit_entries SET words = ''",
        "DELETE FROM audit_entries",
        "INSERT OR REPLACE INTO audit_entries SELECT id, 0, '', '', '', '', '', 'Nothing', '' FROM audit_entries",
    ):
        with pytest.raises(IntegrityError, match="only added to"):
            async with databases.site.transaction() as connection:
                await execute(connection, statement)
    assert await told(databases) == [("ada", "post.published", "Fog")]


async def test_signing_in_and_out_is_told_with_device_and_country_and_without_address_or_secret(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await make_author(databases)
    client.headers["User-Agent"] = FIREFOX
    await sign_in(client)
    other = await signed_in.start(databases, author, user_agent=FIREFOX, country="DE", way="link")
    await send(client, f"/author/sessions/{other.session.id}?_method=DELETE", {})
    await signed_in.start(databases, author, user_agent=FIREFOX, country="")
    await send(client, "/author/sessions?_method=DELETE", {})
    cookie = client.cookies["sdc_session"]
    await send(client, "/author/sign-out", {})
    assert await told(databases, kind="session") == [
        ("ada", "session.begun", "by password, Firefox on Linux"),
        ("ada", "session.begun", "by link, Firefox on Linux, DE"),
        ("ada", "session.ended", "Firefox on Linux, DE"),
        ("ada", "session.begun", "Firefox on Linux"),
        ("ada", "session.ended", "1 session"),
        ("ada", "session.ended", "Firefox on Linux"),
    ]
    async with databases.site.read() as connection:
        everything = str(
            await fetch_value(
                connection, "SELECT json_group_array(json_array(words, haystack, subject_id)) FROM audit_entries"
            )
        )
    for secret in (PASSWORD, cookie, other.token, "127.0.0.1", "192.0.2"):
        assert secret not in everything


async def test_refused_sign_ins_are_told_and_never_what_was_typed(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client, "not the password at all")
    await sign_in(client, PASSWORD, "my password typed into the wrong field")
    assert await told(databases, kind="session") == [
        ("", "session.refused", "as ada"),
        ("", "session.refused", "under a name that nobody has"),
    ]
    for _ in range(2):
        await sign_in(client, "not the password at all")
    assert (await told(databases, kind="session"))[-1] == ("", "session.throttled", "as ada")


async def test_a_thousand_refusals_within_an_hour_are_eight_rows(databases: Databases) -> None:
    with clock.frozen(DAY_US):
        for _ in range(1_000):
            await folding.refused(databases, None, "session.refused", "1", "as ada")
    written = [words for _, _, words in await told(databases)]
    assert written == [
        *["as ada"] * folding.WHOLE,
        *(f"as ada ({times} times within this hour)" for times in ("10", "100", "1,000")),
    ]


async def test_each_author_and_each_hour_is_counted_by_itself(databases: Databases) -> None:
    for hour in range(2):
        with clock.frozen(DAY_US + hour * folding.HOUR_US):
            for _ in range(9):
                await folding.refused(databases, None, "session.refused", "1", "as ada")
            await folding.refused(databases, None, "session.refused", "2", "as eve")
    assert [words for _, _, words in await told(databases)] == [*["as ada"] * 5, "as eve"] * 2
    assert await expire(databases.ttl, DAY_US + 4 * folding.HOUR_US) == 4


async def test_refusals_at_once_are_each_counted(databases: Databases) -> None:
    with clock.frozen(DAY_US):
        async with asyncio.TaskGroup() as group:
            for _ in range(40):
                group.create_task(folding.refused(databases, OWNER, "right.denied", OWNER.id, "GET /x"))
    assert len(await told(databases)) == folding.WHOLE + 1


async def test_a_denial_is_told_with_the_route_and_who_was_denied(
    app: object, client: httpx.AsyncClient, databases: Databases, author_id: str
) -> None:
    text = await token(databases, author_id, "read")
    async with program(app, text) as api:  # ty: ignore[invalid-argument-type]
        assert (await api.delete("/posts/x")).status_code == 403
    (eve,) = [await accounts.create(databases, SYSTEM, name="eve", role="viewer")]
    started = await signed_in.start(databases, eve, user_agent="", country="")
    client.cookies.set("sdc_session", started.token, domain="localhost.local")
    assert (await client.get("/author/posts/x?secret=1", headers=BROWSER)).status_code == 403
    assert await told(databases, kind="right") == [
        ("ada", "right.denied", "DELETE /api/v1/posts/{post_id}"),
        ("eve", "right.denied", "GET /author/posts/{post_id}"),
    ]


async def test_the_log_is_searched_by_words_person_kind_and_period(databases: Databases) -> None:
    for day, (words, by) in enumerate([("Über den Nebel", OWNER), ("Fog and 100% lamp", SYSTEM), ("Fog", None)]):
        with clock.frozen(DAY_US + day * clock.DAY_US):
            await add(databases, words, by)
    with clock.frozen(DAY_US):
        first, second = clock.day_of(DAY_US), clock.day_of(DAY_US + clock.DAY_US)
    found = {
        "über": ["Über den Nebel"],
        "uber den": ["Über den Nebel"],
        "neb": ["Über den Nebel"],
        "published -fog": ["Über den Nebel"],
        '"100 lamp"': ["Fog and 100% lamp"],
        "!?": [],
        "fog lamp": ["Fog and 100% lamp"],
        "100%": ["Fog and 100% lamp"],
        "ada published": ["Über den Nebel"],
        "nothing like it": [],
        "' OR 1=1 --": [],
    }
    for q, words in found.items():
        assert [each for _, _, each in await told(databases, q=q)] == words, q
    assert [who for who, _, _ in await told(databases, who="ada")] == ["ada"]
    assert [who for who, _, _ in await told(databases, who=audit.log.NOBODY)] == [""]
    assert await told(databases, kind="media") == []
    assert len(await told(databases, since=second)) == 2
    assert len(await told(databases, until=first)) == 1
    assert len(await told(databases, since=second, until=second)) == 1
    async with databases.site.read() as connection:
        assert await audit.names(connection, OWNER) == ["", "ada", "system"]


async def test_words_are_found_in_scripts_without_spaces(databases: Databases) -> None:
    await add(databases, "霧の中のランプ")
    assert [words for _, _, words in await told(databases, q="ランプ")] == ["霧の中のランプ"]


async def test_a_search_reads_the_index_of_words_and_sorts_nothing(databases: Databases) -> None:
    asked = {"before": 9, "since_us": 0, "until_us": 9, "who": None, "kind": "", "limit": 9, "sought": '"fog"'}
    async with databases.site.read() as connection:
        cursor = await connection.execute(f"EXPLAIN QUERY PLAN {audit.log.SQL_SEARCH}", asked)
        plan = " ".join(str(tuple(row)) for row in await cursor.fetchall())
    assert "VIRTUAL TABLE INDEX" in plan
    assert "SCAN entry" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "2026-1-1", "1969-12-31", "\u0662\u0660\u0662\u0666-01-01"])
async def test_a_day_that_is_none_is_refused(databases: Databases, day: str) -> None:
    with pytest.raises(Invalid) as refused:
        await entries(databases, since=day)
    assert refused.value.field == "since"


async def test_nobody_but_an_owner_reads_the_log(databases: Databases) -> None:
    async with databases.site.read() as connection:
        for role in ("author", "viewer"):
            with pytest.raises(Forbidden):
                await audit.page(connection, Actor(id="1", name="eve", role=role), Filters())


async def test_the_page_is_paged_by_key_and_keeps_its_filters(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    for number in range(audit.log.PAGE + 1):
        await add(databases, f"Fog {number}")
    page = (await client.get("/author/audit?q=fog&kind=post", headers=BROWSER)).text
    assert page.count('id="audit-entry-') == audit.log.PAGE
    older = re.search(r'href="(/author/audit\?[^"]+)" rel="next"', page)
    assert older is not None
    address = older[1].replace("&amp;", "&")
    assert "q=fog&kind=post&before=" in address
    rest = (await client.get(address, headers=BROWSER)).text
    assert (rest.count('id="audit-entry-'), "Fog 0</a>" in rest, "Back to the newest" in rest) == (1, True, True)


async def test_htmx_gets_the_lines_alone_and_everybody_words_where_there_are_none(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    part = (await client.get("/author/audit?q=nothing+like+it", headers=HTMX)).text
    assert part.lstrip().startswith('<div class="posts-list" id="audit-entries-all">')
    assert "Nothing of the kind is in the log." in part
    wrong = await client.get("/author/audit?since=never", headers=BROWSER)
    assert (wrong.status_code, 'id="error-since"' in wrong.text, 'value="never"' in wrong.text) == (422, True, True)


async def test_words_of_an_author_are_text_on_the_page(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await add(databases, '<script>alert(1)</script>"')
    assert "<script>alert(1)" not in (await client.get("/author/audit", headers=BROWSER)).text


async def test_words_of_an_author_forge_no_line_and_turn_no_direction(databases: Databases) -> None:
    await add(databases, "Fog\n\x1b[2K\x9b1Aada\u202esigned in\u2066 \ud800")
    assert await told(databases) == [("ada", "post.published", "Fog [2K 1Aada signed in")]


def test_every_action_has_a_kind_that_the_page_offers() -> None:
    assert {kind_of(each) for each in ACTIONS} == set(KINDS)
