"""Authors and invitations: roles, leaving, the last owner, links that work once."""

import asyncio
import re

import httpx
import pytest
from sdc_core import clock
from sdc_core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from sdc_web import audit, posts, tokens
from sdc_web.authors import accounts, invitations, one_time_tokens, roster, store
from sdc_web.authors.invitations import Acceptance
from sdc_web.authors.rights import SYSTEM, Actor, Role
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.hooks.expiry import expire
from sdc_web.media import assets
from sdc_web.posts import Draft, history
from sdc_web.reports import notes, saved_views
from sdc_web.request_log.asked import logged_path
from sdc_web.sessions import confirm, signed_in

from signing_in import BROWSER, OWNER, PASSWORD, come_in, send

LIST = "/author/authors"


async def another(databases: Databases, name: str, role: Role) -> Author:
    return await accounts.create(databases, SYSTEM, name=name, role=role, display_name=name.title())


async def role_of(databases: Databases, author_id: str) -> str:
    async with databases.site.read() as connection:
        found = await store.by_id(connection, author_id)
    return found.role if found else "gone"


async def told(databases: Databases, kind: str) -> list[tuple[str, str]]:
    async with databases.site.read() as connection:
        return [
            (each.action, each.words)
            for each in reversed(await audit.page(connection, OWNER, audit.Filters(kind=kind)))
        ]


async def test_a_role_is_changed_and_counts_from_the_next_request_on(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    eve = await another(databases, "eve", "viewer")
    started = await signed_in.start(databases, eve, user_agent="", country="")
    hers = {**BROWSER, "Cookie": f"sdc_session={started.token}"}
    assert (await client.get("/author/posts", headers=hers)).status_code == 403
    answer = await send(client, f"{LIST}/{eve.id}?_method=PUT", {"role": "author"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}?said=saved")
    assert (await client.get("/author/posts", headers=hers)).status_code == 200
    assert (await told(databases, "author"))[-1] == ("author.changed", "eve, from viewer to author")


async def test_the_only_owner_stays_one(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    eve = await another(databases, "eve", "author")
    page = await client.get(f"{LIST}/{OWNER.id}", headers=BROWSER)
    assert "You are the only owner." in page.text
    less = await send(client, f"{LIST}/{OWNER.id}?_method=PUT", {"role": "author"})
    assert (less.status_code, 'id="error-role"' in less.text) == (409, True)
    gone = await send(client, f"{LIST}/{OWNER.id}?_method=DELETE", {"heir_id": eve.id})
    assert (gone.status_code, 'id="error-heir_id"' in gone.text) == (409, True)
    assert await role_of(databases, OWNER.id) == "owner"


@pytest.mark.parametrize("how", ["less", "removed"])
async def test_two_owners_who_take_each_other_away_at_once_leave_one(
    databases: Databases, author_id: str, how: str
) -> None:
    eve = await another(databases, "eve", "owner")
    ben = await another(databases, "ben", "author")

    async def take(by: Actor, other_id: str) -> bool:
        try:
            if how == "less":
                await roster.change_role(databases, by, other_id, "viewer")
            else:
                await roster.remove(databases, by, other_id, ben.id)
        except Conflict:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(take(OWNER, eve.id)), group.create_task(take(eve.actor, OWNER.id))]
    assert sorted(each.result() for each in tries) == [False, True]
    async with databases.site.read() as connection:
        assert [each.role for each in await roster.members(connection, OWNER)].count("owner") == 1


async def test_who_leaves_loses_every_way_in_and_nothing_of_what_they_wrote(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    eve = await another(databases, "eve", "author")
    await accounts.set_password(databases, SYSTEM, "eve", PASSWORD)
    post = await posts.create(databases.site, eve.actor, "post")
    await posts.revisions.save(databases.site, eve.actor, post.id, Draft(title="Fog"), 1)
    asset = assets.new_asset("0" * 64, "a.png", "image/png", 9, "", eve.id)
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await notes.add(databases.site, eve.actor, "2026-01-01", "A new year")
    await saved_views.save(databases.site, eve.actor, "Hers", "by=page")
    token = (await tokens.issue(databases.site, eve.actor, name="x", scope="read", author_id=eve.id)).text
    link = await one_time_tokens.issue_login_link(databases, "eve")
    session = await signed_in.start(databases, eve, user_agent="", country="")
    page = (await client.get(f"{LIST}/{eve.id}", headers=BROWSER)).text
    assert "1 text, 1 picture" in page
    answer = await send(client, f"{LIST}/{eve.id}?_method=DELETE", {"heir_id": OWNER.id})
    assert answer.headers["location"] == f"{LIST}?said=removed"
    assert await signed_in.find(databases, session.token) is None
    assert await tokens.recognise(databases.site, token) is None
    with pytest.raises(Unauthorized):
        await one_time_tokens.log_in(databases, link)
    with pytest.raises(Unauthorized):
        await accounts.sign_in(databases, name="eve", password=PASSWORD, address="127.0.0.1")
    with pytest.raises(NotFound):
        await one_time_tokens.issue_login_link(databases, "eve")
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, post.id)).author_id == OWNER.id
        kept = await assets.require(connection, asset.id)
        (entry,) = await history.entries(connection, post.id, limit=1)
        (note,) = await notes.of_days(connection, OWNER, "2026-01-01", "2026-01-01")
        assert await saved_views.listing(connection, eve.actor) == []
    assert (kept.author_id, entry.author_name, note.author_id) == (OWNER.id, "Eve", OWNER.id)
    assert "Eve" not in (await client.get(LIST, headers=BROWSER)).text
    assert (await told(databases, "author"))[-1] == ("author.removed", "eve; what was theirs is ada's")
    assert (await another(databases, "eve", "viewer")).name == "eve"


async def test_whoever_adds_a_table_of_what_is_an_authors_says_what_becomes_of_it(databases: Databases) -> None:
    statement = "SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE c.name = 'author_id'"
    async with databases.site.read() as connection:
        tables = {str(row[0]) for row in await connection.execute_fetchall(f"{statement} AND m.type = 'table'")}
    handed_over, told = {"posts", "catalogue", "media_assets", "statistics_notes"}, {"revisions", "audit_entries"}
    gone = {"api_tokens", "passkeys", "totp_secrets", "recovery_codes", "github_accounts", "statistics_views"}
    assert tables == handed_over | told | gone


@pytest.mark.parametrize("heir", ["", "nobody", "themselves", "a viewer"])
async def test_texts_go_to_somebody_who_can_have_texts(
    client: httpx.AsyncClient, databases: Databases, heir: str
) -> None:
    await come_in(client, databases)
    eve, vic = await another(databases, "eve", "author"), await another(databases, "vic", "viewer")
    heir_id = {"themselves": eve.id, "a viewer": vic.id}.get(heir, heir)
    answer = await send(client, f"{LIST}/{eve.id}?_method=DELETE", {"heir_id": heir_id})
    assert (answer.status_code, 'id="error-heir_id"' in answer.text) == (422, True)
    assert await role_of(databases, eve.id) == "author"


async def test_an_owner_who_leaves_office_is_led_to_a_page_that_is_theirs(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await another(databases, "eve", "owner")
    answer = await send(client, f"{LIST}/{OWNER.id}?_method=PUT", {"role": "author"})
    assert answer.headers["location"] == "/author?said=saved"
    assert (await client.get(LIST, headers=BROWSER)).status_code == 403


async def test_roles_removals_and_invitations_need_a_fresh_proof(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    eve = await another(databases, "eve", "author")
    with clock.frozen(clock.now_us() + confirm.FRESH_US + clock.SECOND_US):
        for path, form in (
            (f"{LIST}/{eve.id}?_method=PUT", {"role": "owner"}),
            (f"{LIST}/{eve.id}?_method=DELETE", {"heir_id": OWNER.id}),
            (f"{LIST}/invitations", {"role": "owner", "whom": ""}),
        ):
            assert (await send(client, path, form)).headers["location"].startswith("/author/confirm/form?"), path
    assert await role_of(databases, eve.id) == "author"
    assert await invitations.listing(databases, OWNER) == []


async def invited(client: httpx.AsyncClient, role: str = "author", whom: str = "Eve") -> str:
    """The path of the link that the page shows."""
    answer = await send(client, f"{LIST}/invitations", {"role": role, "whom": whom})
    link = re.search(r"<code>http://localhost:8000(/author/invitations/[\w-]+)</code>", answer.text)
    assert link is not None
    return link[1]


SAID = {"name": "eve", "display_name": "Eve", "password": PASSWORD}


async def test_an_invited_person_becomes_an_author_and_is_signed_in(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    path = await invited(client)
    assert path not in (await client.get(LIST, headers=BROWSER)).text
    client.cookies.clear()
    for _ in range(2):
        page = (await client.get(path, headers=BROWSER)).text
        assert "Ada Lovelace invites you" in page
        assert "writes and publishes their own texts" in page
    answer = await send(client, path, SAID)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author")
    assert (await client.get("/author/posts", headers=BROWSER)).status_code == 200
    assert (await client.get(LIST, headers=BROWSER)).status_code == 403
    client.cookies.clear()
    assert (await client.get(path, headers=BROWSER)).status_code == 401
    assert (await send(client, path, {**SAID, "name": "bob"})).status_code == 401
    assert await told(databases, "invitation") == [
        ("invitation.made", "Eve, as author"),
        ("invitation.accepted", "Eve, as author, of Ada Lovelace"),
    ]
    assert (await accounts.sign_in(databases, name="eve", password=PASSWORD, address="127.0.0.1")).role == "author"


@pytest.mark.parametrize(
    ("field", "wrong"), [("name", "Ada"), ("name", "a b"), ("password", "short"), ("display_name", "x" * 101)]
)
async def test_what_cannot_be_taken_is_told_beside_its_field_and_uses_nothing_up(
    client: httpx.AsyncClient, databases: Databases, field: str, wrong: str
) -> None:
    await come_in(client, databases)
    path = await invited(client)
    refused = await send(client, path, {**SAID, field: wrong})
    assert (refused.status_code, f'id="error-{field}"' in refused.text) == (422, True)
    assert ('value="Eve"' in refused.text, PASSWORD in refused.text) == (field != "display_name", False)
    assert (await send(client, path, SAID)).status_code == 303


async def test_two_who_use_an_invitation_at_once_make_one_author(databases: Databases, author_id: str) -> None:
    token = await invitations.make(databases, OWNER, "author", "")

    async def take(name: str) -> bool:
        try:
            await invitations.accept(databases, token, Acceptance(name=name, display_name="", password=PASSWORD))
        except Unauthorized:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(take(name)) for name in ("eve", "bob")]
    assert sorted(each.result() for each in tries) == [False, True]
    async with databases.site.read() as connection:
        assert len(await roster.members(connection, OWNER)) == 2


@pytest.mark.parametrize("how", ["taken back", "over", "its maker is no owner any more", "its maker left", "a guess"])
async def test_a_link_that_is_none_tells_nothing(
    client: httpx.AsyncClient, databases: Databases, how: str, author_id: str
) -> None:
    eve = await another(databases, "eve", "owner")
    token = await invitations.make(databases, eve.actor, "author", "Bob")
    (made,) = await invitations.listing(databases, OWNER)
    later_us = 0
    match how:
        case "taken back":
            await invitations.revoke(databases, OWNER, made.id)
        case "over":
            later_us = invitations.LIFETIME_US
        case "its maker is no owner any more":
            await roster.change_role(databases, OWNER, eve.id, "author")
        case "its maker left":
            await roster.remove(databases, OWNER, eve.id, OWNER.id)
        case _:
            token = "guess"
    with clock.frozen(clock.now_us() + later_us):
        for path in (invitations.path(token), f"{invitations.path(token)}/challenge"):
            for method in ("GET", "POST") if not path.endswith("challenge") else ("POST",):
                answer = await send(client, path, SAID, method)
                assert answer.status_code == 401, (method, path)
                assert "Eve" not in answer.text
                assert "Bob" not in answer.text
        assert await expire(databases.ttl, clock.now_us()) == (1 if how == "over" else 0)


async def test_an_invitation_is_listed_and_taken_back(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    path = await invited(client, "viewer", "Bob <b>")
    page = (await client.get(LIST, headers=BROWSER)).text
    assert "Bob &lt;b&gt;" in page
    button = re.search(r'action="(/author/authors/invitations/\w+\?_method=DELETE)"', page)
    assert button is not None
    assert (await send(client, button[1], {})).status_code == 303
    assert (await send(client, button[1], {})).status_code == 404
    assert (await client.get(path, headers=BROWSER)).status_code == 401


async def test_the_link_is_kept_nowhere_and_logged_nowhere(databases: Databases, author_id: str) -> None:
    token = await invitations.make(databases, OWNER, "author", "Bob")
    everything = ((databases.ttl, "SELECT * FROM invitations"), (databases.site, "SELECT * FROM audit_entries"))
    for database, statement in everything:
        async with database.read() as connection:
            rows = [tuple(row) for row in await connection.execute_fetchall(statement)]
        assert rows
        assert token not in str(rows)
    for path in (invitations.path(token), f"//author///invitations//{token}/challenge"):
        assert token not in logged_path(path)


async def test_too_many_open_invitations_and_long_notes_are_refused(databases: Databases, author_id: str) -> None:
    with pytest.raises(Invalid):
        await invitations.make(databases, OWNER, "author", "x" * 101)
    for _ in range(invitations.MOST):
        await invitations.make(databases, OWNER, "author", "")
    with pytest.raises(Conflict):
        await invitations.make(databases, OWNER, "author", "")
    assert len(await told(databases, "invitation")) <= audit.log.PAGE


async def test_only_owners_know_who_belongs_here(databases: Databases, author_id: str) -> None:
    eve = (await another(databases, "eve", "author")).actor
    with pytest.raises(Forbidden):
        await invitations.make(databases, eve, "owner", "")
    with pytest.raises(Forbidden):
        await invitations.listing(databases, eve)
    with pytest.raises(Forbidden):
        await roster.change_role(databases, eve, eve.id, "owner")
    with pytest.raises(Forbidden):
        await roster.remove(databases, eve, OWNER.id, eve.id)
    async with databases.site.read() as connection:
        with pytest.raises(Forbidden):
            await roster.members(connection, eve)
