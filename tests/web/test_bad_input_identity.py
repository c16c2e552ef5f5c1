"""Somebody who is signed in and reaches for what is another's, and those who lead a browser astray."""

import re

import httpx
import pytest
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp
from sdc_core.sqlite import Connection
from sdc_web import posts, tokens
from sdc_web.authors import accounts, invitations, one_time_tokens
from sdc_web.authors.rights import RIGHTS, SYSTEM
from sdc_web.db import Databases
from sdc_web.media import assets
from sdc_web.posts import Draft
from sdc_web.sessions import signed_in

from api_client import program, token
from raw_requests import ask
from signing_in import BROWSER, OWNER, PASSWORD, as_actor, bring, make_author, send

EVIL = "evil.example"
OF_AUTHORS = {right for right, reaches in RIGHTS.items() if reaches.author != "none"}
FORMS = {
    "draft": {"title": "Stolen", "base_revision": "2"},
    "set-aside": {"title": "Stolen", "base_revision": "2"},
    "preview": {"title": "Stolen", "base_revision": "2"},
    "checks": {"title": "Stolen", "base_revision": "2"},
    "schedule": {"title": "Stolen", "base_revision": "2"},
    "noindex": {"title": "Stolen", "base_revision": "2"},
    "expiry": {"title": "Stolen", "base_revision": "2", "unpublish_at": "2099-01-01T00:00"},
    "preview-links": {"note": "Stolen"},
    "publication": {"title": "Stolen", "base_revision": "2"},
    "restorations": {"revision_id": "REVISION", "base_revision": "2"},
    "{revision_id}": {"name": "Stolen"},
    "{asset_id}": {"alt": "Stolen"},
    "{passkey_id}": {"name": "Stolen"},
}
"""What is sent, by the last part of the address."""
OPEN = {
    "GET /author/media/{asset_id}",
    "GET /author/media/{asset_id}/original",
    "GET /author/media/{asset_id}/picture",
}
"""An author may use the pictures of all."""


async def kept(connection: Connection) -> list[tuple[object, ...]]:
    """Everything that somebody could have changed."""
    found: list[tuple[object, ...]] = []
    for statement in (
        "SELECT * FROM posts ORDER BY id",
        "SELECT * FROM revisions ORDER BY id",
        "SELECT * FROM media_assets ORDER BY id",
    ):
        found += [tuple(row) for row in await connection.execute_fetchall(statement)]
    return found


async def for_authors(app: ASGIApp) -> list[tuple[str, str]]:
    """Methods and addresses of the CMS that take an id, and are open to an author for what is their own."""
    routes = (await ask(app, "GET", "/health/live")).scope["litestar_app"].routes
    handlers = [
        (route.path_format, handler)
        for route in routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/author/") and "{" in route.path_format
        for handler in route.route_handlers
    ]
    return [
        (method, path)
        for path, handler in handlers
        for method in handler.http_methods - {"OPTIONS"}
        if handler.opt.get("right") in OF_AUTHORS and f"{method} {path}" not in OPEN
    ]


async def test_an_author_reaches_nothing_of_another_authors_by_its_id(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases, author_id: str
) -> None:
    ada = await signed_in.start(
        databases, (await accounts.everyone(databases))[0], user_agent="Browser", country="", way="password"
    )
    eve = await accounts.create(databases, SYSTEM, name="eve", role="author")
    bring(client, (await signed_in.start(databases, eve, user_agent="Browser", country="")).token)
    asset = assets.new_asset("0" * 64, "a.png", "image/png", 9, "A lamp", author_id)
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    post = await posts.create(databases.site, OWNER, "post")
    draft = Draft(title="Fog", body=f"![](media:{asset.id})")
    revision = await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
    ids = {
        "{post_id}": post.id,
        "{revision_id}": revision.id,
        "{asset_id}": asset.id,
        "{session_id}": ada.session.id,
        "{passkey_id}": "x",
        "{link_id}": "x",
    }
    async with databases.site.read() as connection:
        before = await kept(connection)
    for method, path in await for_authors(app):
        form = {
            name: value.replace("REVISION", revision.id)
            for name, value in FORMS.get(path.rpartition("/")[2], {}).items()
        }
        query = f"?old={revision.id}" if path.endswith("/comparison") else ""
        address = "/".join(ids.get(part, part) for part in path.split("/")) + query
        file = (
            {"file": ("b.png", b"\x89PNG\r\n\x1a\n")} if (method, path.rpartition("/")[2]) == ("PUT", "file") else None
        )
        answer = await client.request(method, address, data=None if file else form, files=file, headers=BROWSER)
        assert answer.status_code in (403, 404), (method, path, answer.status_code)
        for secret in ("Fog", "A lamp"):
            assert secret not in answer.text, path
    for action in ("publish", "unpublish", "delete", "tag", "untag", "series", "author"):
        form = {"action": action, "post": post.id, "tag": "stolen", "writer": "eve"}
        await send(client, "/author/posts/selection", form)
    await send(client, "/author/media/trash", {"asset": asset.id})
    await send(client, "/author/media/removals", {"asset": asset.id})
    for listed in (
        "/author/posts",
        f"/author/posts/selection?action=delete&post={post.id}",
        "/author",
        f"/author/media/{asset.id}",
    ):
        assert "Fog" not in (await client.get(listed, headers=BROWSER)).text, listed
    async with databases.site.read() as connection:
        assert await kept(connection) == before
    assert await signed_in.find(databases, ada.token) is not None


async def test_a_program_reaches_nothing_of_another_authors_by_its_id(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    eve = await accounts.create(databases, SYSTEM, name="eve", role="author")
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog"), 1)
    asset = assets.new_asset("0" * 64, "a.png", "image/png", 9, "A lamp", author_id)
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    async with databases.site.read() as connection:
        before = await kept(connection)
    async with program(app, await token(databases, eve.id)) as api:
        assert (await api.get("/posts")).json()["posts"] == []
        assert (await api.get(f"/posts/{post.id}")).status_code == 403
        assert (await api.delete(f"/posts/{post.id}")).status_code == 403
        assert (await api.post(f"/posts/{post.id}/publication")).status_code == 403
        assert (await api.delete(f"/posts/{post.id}/publication")).status_code == 403
        changed = await api.patch(f"/posts/{post.id}", json={"title": "Stolen"}, headers={"If-Match": '"2"'})
        assert changed.status_code == 403
        assert (await api.patch(f"/media/{asset.id}", json={"alt": "Stolen"})).status_code == 403
        assert (await api.delete(f"/media/{asset.id}")).status_code == 403
        assert (await api.patch("/tags/x", json={"colour": "red"})).status_code == 403
    async with databases.site.read() as connection:
        assert await kept(connection) == before


async def test_a_translation_of_another_authors_text_is_made_by_an_owner_alone(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases, author_id: str
) -> None:
    eve = await accounts.create(databases, SYSTEM, name="eve", role="author")
    bring(client, (await signed_in.start(databases, eve, user_agent="Browser", country="")).token)
    secret = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, secret.id, Draft(title="Secret plan", translation_key="plan"), 1)
    shown = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, shown.id, Draft(title="Fog"), 1)
    await posts.publish(databases.site, OWNER, shown.id)
    own = await posts.create(databases.site, as_actor(eve), "post")
    address = f"/author/posts/{own.id}"
    told: list[str] = []
    for named in ("/posts/secret-plan", "/posts/nothing", "/posts/fog", "plan", shown.id):
        form = {"title": "Nebel", "language": "de", "translation_of": named, "base_revision": "1"}
        answer = await send(client, f"{address}/draft?_method=PUT", form)
        assert answer.status_code == 422
        told += re.findall(r'data-refused="translation_of">([^<]+)<', answer.text)
        async with databases.site.transaction() as connection:
            newest = await posts.revisions.newest(connection, OWNER, own.id)
            assert newest.translation_key == ""
            await connection.execute("UPDATE revisions SET number = 1 WHERE id = :id", {"id": newest.id})
    assert told[0] == told[1]
    async with program(app, await token(databases, eve.id)) as api:
        for key in (secret.id, shown.id, "plan"):
            made = await api.post("/posts", json={"title": "Nebel", "translation_key": key})
            assert (made.status_code, made.json()["field"]) == (422, "translation_key")
    # One that an owner has joined stays so, whatever else its author changes, and tells them what readers see.
    joined = Draft(title="Nebel", language="de", translation_key=shown.id)
    await posts.revisions.save(databases.site, OWNER, own.id, joined, 1)
    planned = Draft(title="Fog, not out yet", translation_key=secret.id)
    await posts.revisions.save(databases.site, OWNER, shown.id, planned, 2)
    editor = (await client.get(address, headers=BROWSER)).text
    assert ('value="/posts/fog"' in editor, ">Fog</a>" in editor, "not out yet" in editor) == (True, True, False)
    form = {"title": "Nebel", "language": "de", "translation_of": "/posts/fog", "base_revision": "2", "tags": "sea"}
    assert (await send(client, f"{address}/draft?_method=PUT", form)).status_code == 303


async def test_a_token_of_another_author_is_neither_seen_nor_revoked(
    client: httpx.AsyncClient, databases: Databases, author_id: str
) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="kettle", scope="write", author_id=author_id)
    eve = await accounts.create(databases, SYSTEM, name="eve", role="author")
    bring(client, (await signed_in.start(databases, eve, user_agent="Browser", country="")).token)
    assert "kettle" not in (await client.get("/author/site/tokens", headers=BROWSER)).text
    taken = {"name": "kettle"}
    for form in (taken, {**taken, "author": author_id}):
        assert (await send(client, "/author/site/tokens?_method=DELETE", form)).status_code == 403
    # Nor does a name that is taken tell of it.
    made = await send(client, "/author/site/tokens", {**taken, "scope": "read", "days": ""})
    assert (made.status_code, "already" in made.text) == (200, False)
    assert (await send(client, "/author/site/tokens?_method=DELETE", taken)).status_code == 303
    assert await tokens.recognise(databases.site, issued.text) is not None


FORGED = [(b"x-forwarded-host", EVIL.encode()), (b"forwarded", f"host={EVIL}".encode())]


async def test_a_forged_host_is_in_no_answer_of_the_authors_pages(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    link = one_time_tokens.login_path(await one_time_tokens.issue_login_link(databases, "ada"))
    offer = invitations.path(await invitations.make(databases, OWNER, "author", ""))
    (ada,) = await accounts.everyone(databases)
    session = (await signed_in.start(databases, ada, user_agent="", country="")).token
    cookie = (b"cookie", f"sdc_session={session}".encode())
    same = [(b"sec-fetch-site", b"same-origin"), (b"accept", b"text/html")]
    form = b"role=viewer&whom="
    sent = (b"content-type", b"application/x-www-form-urlencoded")
    for path in ("/author/sign-in", "/author/x/", link, offer, "/author"):
        refused = await ask(app, "GET", path, headers=[(b"host", EVIL.encode()), *FORGED, *same])
        assert (refused.status, EVIL in f"{refused.headers}{refused.text}") == (421, False), path
        answer = await ask(app, "GET", path, headers=[*FORGED, *same])
        assert (answer.status < 400, EVIL in f"{answer.headers}{answer.text}") == (True, False), path
    made = await ask(app, "POST", "/author/authors/invitations", headers=[*FORGED, *same, sent, cookie], body=form)
    assert EVIL not in made.text
    assert "http://localhost:8000/author/invitations/" in made.text


@pytest.mark.parametrize("way", ["link", "invitation", "password"])
async def test_no_way_in_takes_over_a_session_that_the_browser_was_given(
    client: httpx.AsyncClient, databases: Databases, way: str
) -> None:
    ada = await make_author(databases)
    victim = await accounts.create(databases, SYSTEM, name="vic", role="viewer")
    planted = (await signed_in.start(databases, victim, user_agent="", country="")).token
    bring(client, planted)
    match way:
        case "link":
            path, form = one_time_tokens.login_path(await one_time_tokens.issue_login_link(databases, "ada")), {}
        case "invitation":
            path = invitations.path(await invitations.make(databases, OWNER, "author", ""))
            form = {"name": "eve", "display_name": "", "password": PASSWORD}
        case _:
            path, form = "/author/sign-in", {"name": ada.name, "password": PASSWORD, "return_to": ""}
    answer = await send(client, path, form)
    assert (answer.status_code, client.cookies["sdc_session"] == planted) == (303, False)
    assert await signed_in.find(databases, planted) is None


ELSEWHERE = ["https://evil.example", "//evil.example", "/\\evil.example", "/author/../..//evil.example", "javascript:x"]


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_a_proof_leads_nowhere_else(client: httpx.AsyncClient, databases: Databases, address: str) -> None:
    ada = await make_author(databases)
    bring(client, (await signed_in.start(databases, ada, user_agent="", country="")).token)
    form = {"password": PASSWORD, "return_to": address, "action": "", "held": ""}
    answer = await send(client, "/author/confirm", form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author"), address
    held = await send(client, "/author/confirm", {**form, "action": address, "held": "a=b"})
    assert 'action="/author"' in held.text
    assert f'action="{address}"' not in held.text


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
async def test_a_neighbouring_subdomain_changes_no_role_and_accepts_no_invitation(
    client: httpx.AsyncClient, databases: Databases, site: str
) -> None:
    ada = await make_author(databases)
    bring(client, (await signed_in.start(databases, ada, user_agent="", country="")).token)
    offer = invitations.path(await invitations.make(databases, OWNER, "author", ""))
    foreign = {**BROWSER, "Sec-Fetch-Site": site, "Origin": "http://notes.localhost:8000"}
    forms = {
        f"/author/authors/{ada.id}?_method=PUT": {"role": "viewer"},
        "/author/authors/invitations": {"role": "owner", "whom": ""},
        offer: {"name": "eve", "display_name": "", "password": PASSWORD},
    }
    for path, form in forms.items():
        assert (await client.post(path, data=form, headers=foreign)).status_code == 403, path
    assert [each.role for each in await accounts.everyone(databases)] == ["owner"]
    assert len(await invitations.listing(databases, OWNER)) == 1
