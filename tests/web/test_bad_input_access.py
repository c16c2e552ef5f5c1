"""Who may call what: a table of every route, and those who may not try each of them."""

# size: one table of every route, and what is tried on each
import asyncio
import re
from collections.abc import Iterable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.sqlite import execute
from sdc_web import tokens
from sdc_web.about.site import clean_title
from sdc_web.authors import accounts, one_time_tokens, throttle
from sdc_web.authors.rights import SYSTEM, Role
from sdc_web.db import Databases
from sdc_web.request_log.asked import logged_path
from sdc_web.sessions import signed_in
from sdc_web.site import sitemap

import signing_in
from raw_requests import ask
from signing_in import BROWSER, PASSWORD, come_in, make_author, sign_in

PUBLIC, SIGNED, LOOPBACK, TOKEN = "public", "signed", "loopback", "token"
ANYBODY, AUTHOR, OWNER = "whoever is signed in", "an author or an owner", "an owner"
READER, WRITER = "an API token", "an API token that may write"
OTHER_SITES = "other sites, who are to write here"
TOOLS = "an API token; each tool asks for its own right"
APP = "an API token, in the header or in a form; refusals are Micropub's"
WHO = {
    "GET /": PUBLIC,
    "GET /apple-touch-icon.png": PUBLIC,
    "GET /apple-touch-icon-precomposed.png": PUBLIC,
    "GET /apple-touch-icon-120x120.png": PUBLIC,
    "GET /apple-touch-icon-120x120-precomposed.png": PUBLIC,
    "GET /favicon.ico": PUBLIC,
    "GET /feed.json": PUBLIC,
    "GET /feed.xml": PUBLIC,
    "GET /feed/{name}": PUBLIC,
    "GET /health": PUBLIC,
    "GET /health/live": PUBLIC,
    "GET /media/{asset_id}/{name}": PUBLIC,
    "GET /media/{asset_id}/{recipe}/{name}": PUBLIC,
    "GET /posts": PUBLIC,
    "GET /posts/{slug}": PUBLIC,
    "GET /projects": PUBLIC,
    "GET /projects/{slug}": PUBLIC,
    "GET /projects/feed.json": PUBLIC,
    "GET /projects/feed.xml": PUBLIC,
    "GET /projects/rss.xml": PUBLIC,
    "GET /robots.txt": PUBLIC,
    "GET /.well-known/security.txt": PUBLIC,
    "GET /look/{name}": PUBLIC,
    "GET /icon/{name}": PUBLIC,
    "GET /manifest.webmanifest": PUBLIC,
    "GET /opensearch.xml": PUBLIC,
    "GET /rss.xml": PUBLIC,
    "GET /search": PUBLIC,
    "GET /series/{slug}": PUBLIC,
    "GET /series/{slug}/feed.json": PUBLIC,
    "GET /series/{slug}/feed.xml": PUBLIC,
    "GET /series/{slug}/rss.xml": PUBLIC,
    "GET /share/{post_id}/{name}": PUBLIC,
    "GET /sitemap.xml": PUBLIC,
    **{f"GET /{name}": PUBLIC for name in sitemap.NAMES},
    "GET /static/{path}": PUBLIC,
    "GET /tags": PUBLIC,
    "GET /tags/{tag}": PUBLIC,
    "GET /tags/{tag}/{year}": PUBLIC,
    "GET /tags/{tag}/feed.json": PUBLIC,
    "GET /tags/{tag}/feed.xml": PUBLIC,
    "GET /tags/{tag}/rss.xml": PUBLIC,
    "GET /preview/{token}": TOKEN,
    "GET /badges/{key}/{name}": TOKEN,
    "GET /{slug}": PUBLIC,
    "GET /metrics": LOOPBACK,
    "POST /hooks": SIGNED,
    "POST /pages/read": PUBLIC,
    "GET /author/sign-in": PUBLIC,
    "POST /author/sign-in": PUBLIC,
    "POST /author/sign-in/challenge": PUBLIC,
    "POST /author/sign-in/passkey": PUBLIC,
    "GET /author/sign-in/code": PUBLIC,
    "POST /author/sign-in/code": PUBLIC,
    "GET /author/sign-in/recovery": PUBLIC,
    "POST /author/sign-in/recovery": PUBLIC,
    "POST /author/sign-in/github": PUBLIC,
    "GET /author/github/callback": PUBLIC,
    "GET /author/setup": TOKEN,
    "POST /author/setup/github": TOKEN,
    "POST /author/setup/challenge": TOKEN,
    "POST /author/setup": TOKEN,
    "GET /author/login/{token}": TOKEN,
    "POST /author/login/{token}": TOKEN,
    "GET /author": ANYBODY,
    "GET /author/account": ANYBODY,
    "GET /author/account/codes": ANYBODY,
    "POST /author/account/codes": ANYBODY,
    "PUT /author/account/codes": ANYBODY,
    "DELETE /author/account/codes": ANYBODY,
    "POST /author/account/github": ANYBODY,
    "DELETE /author/account/github": ANYBODY,
    "POST /author/account/password": ANYBODY,
    "PUT /author/account/time-zone": ANYBODY,
    "GET /author/account/recovery-codes": ANYBODY,
    "POST /author/account/recovery-codes": ANYBODY,
    "POST /author/account/passkeys": ANYBODY,
    "POST /author/account/passkeys/challenge": ANYBODY,
    "PUT /author/account/passkeys/{passkey_id}": ANYBODY,
    "DELETE /author/account/passkeys/{passkey_id}": ANYBODY,
    "GET /author/confirm": ANYBODY,
    "POST /author/confirm/challenge": ANYBODY,
    "POST /author/confirm": ANYBODY,
    "POST /author/confirm/form": ANYBODY,
    "GET /author/audit": OWNER,
    "GET /author/authors": OWNER,
    "GET /author/authors/{author_id}": OWNER,
    "PUT /author/authors/{author_id}": OWNER,
    "DELETE /author/authors/{author_id}": OWNER,
    "POST /author/authors/invitations": OWNER,
    "DELETE /author/authors/invitations/{invitation_id}": OWNER,
    "GET /author/invitations/{token}": TOKEN,
    "POST /author/invitations/{token}": TOKEN,
    "POST /author/invitations/{token}/challenge": TOKEN,
    "GET /author/backups": OWNER,
    "GET /author/versions": OWNER,
    "GET /author/backups/plan": OWNER,
    "POST /author/backups/confirmations": OWNER,
    "POST /author/backups/copies": AUTHOR,
    "POST /author/backups/drills": OWNER,
    "POST /author/backups/rehearsals": OWNER,
    "POST /author/alerts/tests": OWNER,
    "GET /author/links": AUTHOR,
    "GET /author/webmentions": AUTHOR,
    "GET /author/webmentions/told": AUTHOR,
    "POST /author/webmentions/decisions": AUTHOR,
    "POST /author/webmentions/blocks": OWNER,
    "DELETE /author/webmentions/blocks": OWNER,
    "POST /webmention": OTHER_SITES,
    "GET /author/site/webmentions": OWNER,
    "PUT /author/site/webmentions": OWNER,
    "GET /author/jobs": OWNER,
    "GET /author/jobs/{name}": OWNER,
    "PUT /author/jobs/{name}/pause": OWNER,
    "DELETE /author/jobs/{name}/pause": OWNER,
    "POST /author/jobs/{name}/runs": OWNER,
    "GET /author/exports": OWNER,
    "POST /author/exports": OWNER,
    "DELETE /author/exports/{transfer_id}": OWNER,
    "DELETE /author/exports/{transfer_id}/run": OWNER,
    "GET /author/exports/{transfer_id}/file": OWNER,
    "GET /author/imports": OWNER,
    "POST /author/imports": OWNER,
    "GET /author/imports/{transfer_id}": OWNER,
    "DELETE /author/imports/{transfer_id}": OWNER,
    "POST /author/imports/{transfer_id}/run": OWNER,
    "DELETE /author/imports/{transfer_id}/run": OWNER,
    "GET /author/imports/{transfer_id}/report": OWNER,
    "GET /author/media": AUTHOR,
    "POST /author/media": AUTHOR,
    "GET /author/media/states": AUTHOR,
    "GET /author/media/alt": AUTHOR,
    "PUT /author/media/alt": AUTHOR,
    "GET /author/media/unused": AUTHOR,
    "GET /author/media/trash": AUTHOR,
    "GET /author/media/sizes": OWNER,
    "PUT /author/media/sizes": OWNER,
    "GET /author/media/orphans": OWNER,
    "DELETE /author/media/orphans": OWNER,
    "POST /author/media/selection": AUTHOR,
    "POST /author/media/trash": AUTHOR,
    "DELETE /author/media/trash": AUTHOR,
    "POST /author/media/removals": AUTHOR,
    "GET /author/media/{asset_id}/original": AUTHOR,
    "GET /author/media/{asset_id}/picture": AUTHOR,
    "PUT /author/media/{asset_id}/file": AUTHOR,
    "DELETE /author/media/{asset_id}/file": AUTHOR,
    "POST /author/media/{asset_id}/orders": AUTHOR,
    "GET /author/media/{asset_id}": AUTHOR,
    "PUT /author/media/{asset_id}": AUTHOR,
    "DELETE /author/media/{asset_id}": AUTHOR,
    "GET /author/navigation": OWNER,
    "PUT /author/navigation": OWNER,
    "DELETE /author/navigation": OWNER,
    "GET /author/posts": AUTHOR,
    "POST /author/posts": AUTHOR,
    "GET /author/posts/trash": AUTHOR,
    "DELETE /author/posts/trash": AUTHOR,
    "POST /author/posts/trash/removals": AUTHOR,
    "GET /author/posts/selection": AUTHOR,
    "POST /author/posts/selection": AUTHOR,
    "GET /author/posts/{post_id}": AUTHOR,
    "DELETE /author/posts/{post_id}": AUTHOR,
    "PUT /author/posts/{post_id}/draft": AUTHOR,
    "GET /author/posts/{post_id}/comparison": AUTHOR,
    "DELETE /author/posts/{post_id}/draft": AUTHOR,
    "PUT /author/posts/{post_id}/expiry": AUTHOR,
    "PUT /author/posts/{post_id}/noindex": AUTHOR,
    "DELETE /author/posts/{post_id}/noindex": AUTHOR,
    "GET /author/posts/{post_id}/preview-links": AUTHOR,
    "POST /author/posts/{post_id}/preview-links": AUTHOR,
    "DELETE /author/posts/{post_id}/preview-links/{link_id}": AUTHOR,
    "POST /author/posts/{post_id}/set-aside": AUTHOR,
    "POST /author/posts/{post_id}/restorations": AUTHOR,
    "DELETE /author/posts/{post_id}/schedule": AUTHOR,
    "GET /author/posts/{post_id}/revisions": AUTHOR,
    "GET /author/posts/{post_id}/revisions/{revision_id}": AUTHOR,
    "PUT /author/posts/{post_id}/revisions/{revision_id}": AUTHOR,
    "GET /author/posts/{post_id}/revisions/{revision_id}/preview": AUTHOR,
    "GET /author/posts/{post_id}/checks": AUTHOR,
    "POST /author/posts/{post_id}/checks": AUTHOR,
    "GET /author/posts/{post_id}/preview": AUTHOR,
    "GET /author/posts/{post_id}/preview/frame": AUTHOR,
    "POST /author/posts/{post_id}/preview": AUTHOR,
    "GET /author/pictures": AUTHOR,
    "GET /author/link-choices": AUTHOR,
    "GET /author/tag-choices": AUTHOR,
    "POST /author/posts/{post_id}/publication": AUTHOR,
    "DELETE /author/posts/{post_id}/publication": AUTHOR,
    "GET /author/redirects": OWNER,
    "POST /author/redirects": OWNER,
    "PUT /author/redirects": OWNER,
    "DELETE /author/redirects": OWNER,
    "GET /author/site/robots": OWNER,
    "PUT /author/site/robots": OWNER,
    "GET /author/site/reading": OWNER,
    "PUT /author/site/reading": OWNER,
    "GET /author/site/look": OWNER,
    "PUT /author/site/look": OWNER,
    "GET /author/site/look/sample.css": OWNER,
    "GET /author/site/endpoints": OWNER,
    "POST /author/site/endpoints": OWNER,
    "GET /author/site/endpoints/{endpoint_id}": OWNER,
    "PUT /author/site/endpoints/{endpoint_id}": OWNER,
    "DELETE /author/site/endpoints/{endpoint_id}": OWNER,
    "POST /author/site/endpoints/{endpoint_id}/pause": OWNER,
    "DELETE /author/site/endpoints/{endpoint_id}/pause": OWNER,
    "POST /author/site/endpoints/{endpoint_id}/secret": OWNER,
    "POST /author/site/endpoints/{endpoint_id}/ping": OWNER,
    "POST /author/site/endpoints/{endpoint_id}/replays": OWNER,
    "POST /author/site/endpoints/replays": OWNER,
    "GET /author/site/deliveries": OWNER,
    "GET /author/site/deliveries/{delivery_id}": OWNER,
    "POST /author/site/deliveries/{delivery_id}/replays": OWNER,
    "GET /author/site/tokens": AUTHOR,
    "POST /author/site/tokens": AUTHOR,
    "DELETE /author/site/tokens": AUTHOR,
    "GET /author/site/home": OWNER,
    "POST /author/site/home": OWNER,
    "PUT /author/site/home/{post_id}": OWNER,
    "DELETE /author/site/home/{post_id}": OWNER,
    "GET /author/series": OWNER,
    "GET /author/series/{series_id}": OWNER,
    "PUT /author/series/{series_id}": OWNER,
    "DELETE /author/series/{series_id}": OWNER,
    "GET /author/sessions": ANYBODY,
    "DELETE /author/sessions": ANYBODY,
    "POST /author/sessions/notices": ANYBODY,
    "DELETE /author/sessions/{session_id}": ANYBODY,
    "POST /author/sign-out": ANYBODY,
    "GET /author/site": OWNER,
    "PUT /author/site": OWNER,
    "GET /author/tags": OWNER,
    "GET /author/tags/{tag}": OWNER,
    "PUT /author/tags/{tag}": OWNER,
    "DELETE /author/tags/{tag}": OWNER,
    "POST /author/tags/{tag}/merge": OWNER,
    "DELETE /author/tags/{tag}/names": OWNER,
    "GET /author/statistics": ANYBODY,
    "GET /author/statistics/export": ANYBODY,
    "GET /author/statistics/live": ANYBODY,
    "DELETE /author/statistics/notes/{note_id}": AUTHOR,
    "POST /author/statistics/notes": AUTHOR,
    "GET /author/statistics/posts/{post_id}": AUTHOR,
    "GET /author/statistics/rows": ANYBODY,
    "POST /author/statistics/views": ANYBODY,
    "DELETE /author/statistics/views/{view_id}": ANYBODY,
    "GET /author/site/tokens/api": AUTHOR,
    "GET /micropub": APP,
    "POST /micropub": APP,
    "POST /micropub/media": APP,
    "GET /api/v1/posts": READER,
    "POST /api/v1/posts": WRITER,
    "GET /api/v1/posts/{post_id}": READER,
    "PATCH /api/v1/posts/{post_id}": WRITER,
    "DELETE /api/v1/posts/{post_id}": WRITER,
    "PUT /api/v1/posts/{post_id}/author": WRITER,
    "PUT /api/v1/posts/{post_id}/indexing": WRITER,
    "POST /api/v1/posts/{post_id}/publication": WRITER,
    "POST /api/v1/posts/{post_id}/restoration": WRITER,
    "DELETE /api/v1/posts/{post_id}/publication": WRITER,
    "GET /api/v1/media": READER,
    "POST /api/v1/media": WRITER,
    "GET /api/v1/media/{asset_id}": READER,
    "PATCH /api/v1/media/{asset_id}": WRITER,
    "DELETE /api/v1/media/{asset_id}": WRITER,
    "POST /api/v1/media/{asset_id}/restoration": WRITER,
    "GET /api/v1/openapi.json": PUBLIC,
    "GET /api/v1/analytics/summary": READER,
    "GET /api/v1/analytics/timeseries": READER,
    "GET /api/v1/analytics/breakdown": READER,
    "GET /api/v1/analytics/latency": READER,
    "GET /api/v1/analytics/live": READER,
    "GET /api/v1/posts/{post_id}/revisions": READER,
    "GET /api/v1/posts/{post_id}/revisions/{revision_id}": READER,
    "POST /api/v1/posts/{post_id}/revisions/{revision_id}/restoration": WRITER,
    "GET /api/v1/redirects": READER,
    "POST /api/v1/redirects": WRITER,
    "DELETE /api/v1/redirects": WRITER,
    "GET /api/v1/jobs": READER,
    "GET /api/v1/jobs/{name}/runs": READER,
    "GET /api/v1/backups": READER,
    "GET /api/v1/tags": READER,
    "GET /api/v1/tags/{name}": READER,
    "PATCH /api/v1/tags/{name}": WRITER,
    "DELETE /api/v1/tags/{name}": WRITER,
    "POST /api/v1/tags/{name}/merge": WRITER,
    "DELETE /api/v1/tags/{name}/former-names/{former_name}": WRITER,
    "GET /api/v1/series": READER,
    "POST /api/v1/series": WRITER,
    "GET /api/v1/series/{series_id}": READER,
    "PATCH /api/v1/series/{series_id}": WRITER,
    "DELETE /api/v1/series/{series_id}": WRITER,
    "GET /api/v1/navigation": READER,
    "PUT /api/v1/navigation": WRITER,
    "DELETE /api/v1/navigation": WRITER,
    "GET /api/v1/home/projects": READER,
    "PUT /api/v1/home/projects": WRITER,
    "GET /api/v1/posts/{post_id}/preview-links": WRITER,
    "POST /api/v1/posts/{post_id}/preview-links": WRITER,
    "DELETE /api/v1/posts/{post_id}/preview-links/{link_id}": WRITER,
    "GET /api/v1/posts/{post_id}/checks": READER,
    "GET /api/v1/posts/{post_id}/backlinks": READER,
    "GET /api/v1/links": READER,
    "GET /api/v1/media/{asset_id}/original": READER,
    "DELETE /api/v1/posts/{post_id}/schedule": WRITER,
    "PUT /api/v1/posts/{post_id}/expiry": WRITER,
    "PATCH /api/v1/posts/{post_id}/revisions/{revision_id}": WRITER,
    "GET /api/v1/media/{asset_id}/file": READER,
    "PUT /api/v1/media/{asset_id}/file": WRITER,
    "DELETE /api/v1/media/{asset_id}/file": WRITER,
    "POST /api/v1/media/{asset_id}/orders": WRITER,
    "GET /api/v1/media/{asset_id}/uses": READER,
    "POST /api/v1/redirects/import": WRITER,
    "PATCH /api/v1/redirects": WRITER,
    "GET /api/v1/site": READER,
    "PATCH /api/v1/site": WRITER,
    "GET /api/v1/site/look": READER,
    "PATCH /api/v1/site/look": WRITER,
    "GET /api/v1/site/robots": READER,
    "PATCH /api/v1/site/robots": WRITER,
    "GET /api/v1/site/reading": READER,
    "PATCH /api/v1/site/reading": WRITER,
    "PUT /api/v1/series/{series_id}/parts": WRITER,
    "GET /api/v1/webmentions": READER,
    "POST /api/v1/webmentions/decisions": WRITER,
    "GET /api/v1/webmentions/told": READER,
    "GET /api/v1/webmentions/blocks": READER,
    "PUT /api/v1/webmentions/blocks/{host}": WRITER,
    "DELETE /api/v1/webmentions/blocks/{host}": WRITER,
    "GET /api/v1/site/webmentions": READER,
    "PATCH /api/v1/site/webmentions": WRITER,
    "GET /api/v1/endpoints": READER,
    "GET /api/v1/endpoints/{endpoint_id}": READER,
    "POST /api/v1/endpoints/{endpoint_id}/pause": WRITER,
    "DELETE /api/v1/endpoints/{endpoint_id}/pause": WRITER,
    "GET /api/v1/deliveries": READER,
    "GET /api/v1/deliveries/{delivery_id}": READER,
    "POST /api/v1/deliveries/{delivery_id}/replay": WRITER,
    "POST /api/mcp": TOOLS,
}
SIGNED_IN = (ANYBODY, AUTHOR, OWNER)
SAME = (b"sec-fetch-site", b"same-origin")
HTML = (b"accept", b"text/html")


def for_whom(*who: str) -> Iterable[tuple[str, str]]:
    """Methods and filled-in addresses of those routes."""
    for route, whose in WHO.items():
        method, _, path = route.partition(" ")
        if whose in who:
            yield method, "/".join("x" if part.startswith("{") else part for part in path.split("/"))


async def test_the_table_names_every_route(app: ASGIApp) -> None:
    answer = await ask(app, "GET", "/health/live")
    routes = answer.scope["litestar_app"].routes
    found = {f"{method} {route.path_format}" for route in routes for method in route.methods - {"OPTIONS", "HEAD"}}
    assert found == set(WHO)


COOKIES = [
    b"",
    b"sdc_session=",
    b"sdc_session=guess",
    b"__Host-sdc_session=THE-TOKEN",
    b"SDC_SESSION=THE-TOKEN",
    b"sdc_session=THE-TOKEN-",
    b'sdc_session=\xff; sdc_session=""',
]


async def test_without_the_right_cookie_every_author_route_leads_to_the_sign_in_page(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    for cookie in COOKIES:
        sent = (b"cookie", cookie.replace(b"THE-TOKEN", client.cookies["sdc_session"].encode()))
        for method, path in for_whom(*SIGNED_IN):
            answer = await ask(app, method, path, headers=[SAME, HTML, sent])
            told = (answer.status, answer.headers.get("location", "").partition("?")[0], answer.body)
            assert told == (303, "/author/sign-in", b""), (method, path, cookie)


async def test_an_expired_session_opens_nothing(app: ASGIApp, client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    cookie = (b"cookie", f"sdc_session={client.cookies['sdc_session']}".encode())
    async with databases.ttl.transaction() as connection:
        await execute(connection, "UPDATE sessions SET expires_at_us = :now_us", {"now_us": clock.now_us()})
    for method, path in for_whom(*SIGNED_IN):
        assert (await ask(app, method, path, headers=[SAME, HTML, cookie])).status == 303, (method, path)


MAY: dict[Role, tuple[str, ...]] = {"owner": SIGNED_IN, "author": (ANYBODY, AUTHOR), "viewer": (ANYBODY,)}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("role", MAY)
async def test_each_role_reaches_the_routes_that_are_for_it_and_no_others(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases, role: Role
) -> None:
    for method, path in for_whom(*SIGNED_IN):
        # Some of the routes end the session.
        cookie = (b"cookie", f"sdc_session={await come_in_again(client, databases, role)}".encode())
        answer = await ask(app, method, path, headers=[SAME, HTML, cookie])
        reached = (method, path) in for_whom(*MAY[role])
        assert (answer.status != 403) == reached, (method, path, answer.status)
        if not reached:
            assert b"has no right to this" in answer.body, (method, path)


async def test_no_cache_keeps_what_the_cms_answers_to_whoever_is_signed_in(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases
) -> None:
    cookie = (b"cookie", f"sdc_session={await come_in_again(client, databases, 'owner')}".encode())
    shown = 0
    for method, path in for_whom(*SIGNED_IN):
        if method == "GET":
            for kind in (HTML, (b"hx-request", b"true")):
                answer = await ask(app, method, path, headers=[SAME, kind, cookie])
                assert answer.headers["cache-control"] == "private, no-store", path
                shown += answer.status == 200
    assert shown > 40


async def test_the_navigation_leads_to_nothing_that_is_refused(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases
) -> None:
    for role in MAY:
        cookie = (b"cookie", f"sdc_session={await come_in_again(client, databases, role)}".encode())
        page = (await ask(app, "GET", "/author", headers=[SAME, HTML, cookie])).body.decode()
        led_to = set(re.findall(r'href="(/author[^"#?]*)"', page))
        assert {"/author", "/author/statistics", "/author/account"} <= led_to
        for path in led_to:
            assert (await ask(app, "GET", path, headers=[SAME, HTML, cookie])).status == 200, (role, path)


async def test_a_token_may_no_more_than_its_author(app: ASGIApp, databases: Databases) -> None:
    author = await make_author(databases)
    issued = await tokens.issue(databases.site, SYSTEM, name="phone", scope="write", author_id=author.id)
    headers = [(b"authorization", b"Bearer " + issued.text.encode())]
    await set_role(databases, author.id, "viewer")
    for method, path in for_whom(READER, WRITER, APP):
        # A viewer sees the statistics, and no worker is there to tell them.
        expected = 503 if path.startswith("/api/v1/analytics/") else 403
        assert (await ask(app, method, path, headers=headers)).status == expected, (method, path)
    await set_role(databases, author.id, "author")
    assert (await ask(app, "GET", "/api/v1/posts", headers=headers)).status == 200
    refused = await ask(app, "PATCH", "/api/v1/tags/x", headers=headers)
    assert (refused.status, "www-authenticate" in refused.headers) == (403, False)


async def come_in_again(client: httpx.AsyncClient, databases: Databases, role: Role) -> str:
    """The token of a new session of the one author there is, who has that role now."""
    known = await accounts.everyone(databases)
    author = known[0] if known else await come_in(client, databases)
    await set_role(databases, author.id, role)
    return (await signed_in.start(databases, author, user_agent="Browser", country="")).token


async def set_role(databases: Databases, author_id: str, role: Role) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE authors SET role = :role WHERE id = :id", {"id": author_id, "role": role})


STRANGERS = [
    [],
    [b""],
    [b"Bearer"],
    [b"Bearer "],
    [b"Bearer sdc_guess"],
    [b"Bearer sdc_" + b"x" * 43],
    [b"Bearer sdc_" + b"x" * 100_000],
    [b"Bearer \xff\xfe"],
    [b"Bearer THE-TOKEN-"],
    [b"Bearer THE-TOKEN, Bearer THE-TOKEN"],
    [b"Basic THE-TOKEN"],
    [b"THE-TOKEN"],
    [b"BearerTHE-TOKEN"],
    [b"Bearer THE-TOKEN", b"Bearer THE-TOKEN"],
]


async def test_without_a_token_in_force_every_api_route_is_closed(app: ASGIApp, databases: Databases) -> None:
    author = await make_author(databases)
    issued = await tokens.issue(databases.site, SYSTEM, name="phone", scope="write", author_id=author.id)
    routes = [*for_whom(READER, WRITER, TOOLS)]
    for sent in STRANGERS:
        headers = [(b"authorization", each.replace(b"THE-TOKEN", issued.text.encode())) for each in sent]
        for method, path in routes:
            answer = await ask(app, method, path, headers=[SAME, HTML, *headers])
            challenge = 'Bearer error="invalid_token"' if headers else "Bearer"
            told = (answer.status, answer.headers["www-authenticate"], answer.headers["content-type"])
            assert told == (401, challenge, "application/problem+json"), (method, path, sent)


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_token_no_longer_in_force_opens_nothing(app: ASGIApp, databases: Databases, how: str) -> None:
    author = await make_author(databases)
    issued = await tokens.issue(databases.site, SYSTEM, name="phone", scope="write", author_id=author.id, days=1)
    if how == "revoked":
        await tokens.revoke(databases.site, SYSTEM, "phone")
    headers = [(b"authorization", b"Bearer " + issued.text.encode())]
    with clock.frozen(clock.now_us() + (clock.DAY_US if how == "expired" else 0)):
        for method, path in for_whom(READER, WRITER, TOOLS, APP):
            assert (await ask(app, method, path, headers=headers)).status == 401, (method, path)


async def test_a_token_that_may_read_changes_nothing(app: ASGIApp, databases: Databases) -> None:
    author = await make_author(databases)
    issued = await tokens.issue(databases.site, SYSTEM, name="phone", scope="read", author_id=author.id)
    headers = [(b"authorization", b"Bearer " + issued.text.encode()), (b"if-match", b'"1"')]
    for method, path in for_whom(WRITER):
        answer = await ask(app, method, path, headers=headers)
        told = re.fullmatch(r'Bearer error="insufficient_scope", scope="(.+)"', answer.headers["www-authenticate"])
        assert answer.status == 403, (method, path)
        assert told is not None
        assert told[1] in {"posts:write", "posts:publish", "media:write", "site:write"}, (method, path)


async def test_a_cookie_gives_no_right_to_the_api(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    cookie = (b"cookie", f"sdc_session={client.cookies['sdc_session']}".encode())
    for method, path in for_whom(READER, WRITER, TOOLS, APP):
        assert (await ask(app, method, path, headers=[SAME, cookie])).status == 401, (method, path)


async def test_an_api_token_is_no_way_into_the_cms(app: ASGIApp, databases: Databases) -> None:
    author = await make_author(databases)
    issued = await tokens.issue(databases.site, SYSTEM, name="phone", scope="write", author_id=author.id)
    headers = [
        (b"authorization", b"Bearer " + issued.text.encode()),
        (b"cookie", f"sdc_session={issued.text}".encode()),
    ]
    for method, path in for_whom(*SIGNED_IN):
        assert (await ask(app, method, path, headers=[SAME, HTML, *headers])).status == 303, (method, path)


FOREIGN: list[list[tuple[bytes, bytes]]] = [
    [(b"sec-fetch-site", b"cross-site")],
    [(b"sec-fetch-site", b"same-site")],
    [(b"sec-fetch-site", b"")],
    [(b"sec-fetch-site", b"Same-Origin")],
    [(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")],
    [(b"sec-fetch-site", b"cross-site"), (b"origin", b"http://localhost:8000")],
    [(b"origin", b"null")],
    [(b"origin", b"http://[")],
    [(b"origin", b"http://localhost:8000.evil.example")],
    [(b"origin", b"http://localhost:8000@evil.example")],
    [(b"origin", b"http://evil.example/http://localhost:8000")],
    [(b"origin", b"javascript://localhost:8000")],
    [(b"referer", b"http://localhost:8000/author")],
    [],
]


async def test_another_site_can_write_nothing(app: ASGIApp, client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    cookie = (b"cookie", f"sdc_session={client.cookies['sdc_session']}".encode())
    for route, whose in WHO.items():
        method, _, path = route.replace("{", "").replace("}", "").partition(" ")
        if method == "GET" or whose in (SIGNED, WRITER, TOOLS, OTHER_SITES, APP):
            continue
        for headers in FOREIGN:
            assert (await ask(app, method, path, headers=[cookie, *headers])).status == 403, (route, headers)
            assert (await ask(app, method, f"/{path}", headers=[cookie, *headers])).status == 403, (route, headers)


OVERRIDES = [
    ("GET", "/author/sessions", b"_method=DELETE", 200),
    ("POST", "/author/sessions", b"_method=GET", 405),
    ("POST", "/author/sessions", b"_method=TRACE", 405),
    ("POST", "/author/sessions", b"_method=delete", 303),
    ("POST", "/author/sessions", b"_method=DELETE&_method=PUT", 303),
    ("POST", "/author/sessions", b"_METHOD=DELETE", 405),
    ("POST", "/author/sessions", b"_method=%00DELETE", 405),
    ("PUT", "/author/sessions", b"_method=DELETE", 405),
    ("POST", "//author/sessions", b"_method=DELETE", 405),
    ("POST", "/hooks", b"_method=DELETE", 401),
    ("POST", "/posts", b"_method=DELETE", 405),
    ("POST", "/authority", b"_method=DELETE", 405),
]


async def test_a_form_may_stand_for_a_few_methods_below_author_alone(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    cookie = (b"cookie", f"sdc_session={client.cookies['sdc_session']}".encode())
    for method, path, query, expected in OVERRIDES:
        answer = await ask(app, method, path, query=query, headers=[SAME, cookie])
        assert answer.status == expected, (method, path, query)


ELSEWHERE = [
    "//[",
    "http://[",
    "/author/☃",
    "/author/\u00e9",
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "\t//evil.example",
    "/author/%0d%0aSet-Cookie:x=1\r\n",
    "/%2f/evil.example",
    "/author\u2028",
    "/author\\..\\x",
]


async def test_signing_in_leads_nowhere_else(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    for address in ELSEWHERE:
        form = {"name": "ada", "password": PASSWORD, "return_to": address}
        answer = await client.post("/author/sign-in", data=form, headers=BROWSER)
        assert (answer.status_code, answer.headers["location"]) == (303, "/author"), address


async def test_a_session_that_was_brought_along_is_not_taken_over(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    client.cookies.set("sdc_session", "chosen-by-somebody-else", domain="localhost")
    answer = await sign_in(client)
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]
    stranger = {"Cookie": "sdc_session=chosen-by-somebody-else", **BROWSER}
    client.cookies.clear()
    assert (await client.get("/author", headers=stranger)).status_code == 303


async def test_two_who_send_the_setup_form_at_once_make_one_author(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    form = {"token": token, "display_name": "", "password": PASSWORD, "site_title": "Notes"}
    async with asyncio.TaskGroup() as group:
        tries = [
            group.create_task(client.post("/author/setup", data={**form, "name": name}, headers=BROWSER))
            for name in ("ada", "eve")
        ]
    codes = sorted(each.result().status_code for each in tries)
    assert codes[0] == 303
    assert codes[1] in (401, 409)


async def test_two_who_use_a_login_link_at_once_begin_one_session(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    token = await one_time_tokens.issue_login_link(databases, "ada")
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(client.post(f"/author/login/{token}", headers=BROWSER)) for _ in range(2)]
    assert sorted(each.result().status_code for each in tries) == [303, 401]


@pytest.mark.parametrize("name", ["ada", "ADA", " ada", "ada\u00a0", "\u3000aDa\t"])
def test_one_account_has_one_throttle_however_it_is_written(name: str) -> None:
    assert next(iter(throttle.keys(name, "192.0.2.1"))) == next(iter(throttle.keys("ada", "198.51.100.7")))


async def test_a_forged_address_is_no_new_address(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    codes = []
    for number in range(5):
        forged = {**BROWSER, "X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
        form = {"name": f"somebody{number}", "password": "not the password at all"}
        codes.append((await client.post("/author/sign-in", data=form, headers=forged)).status_code)
    assert codes == [422, 422, 422, 429, 429]


@pytest.mark.parametrize("path", ["/author/login/SECRET", "//author/login/SECRET", "/author///login//SECRET"])
def test_no_spelling_of_a_login_link_is_logged_with_its_token(path: str) -> None:
    assert "SECRET" not in logged_path(path)


@pytest.mark.parametrize("title", ["a\x00b", "a\x01b", "a\x7fb", "a\uffffb", "\ud800"])
def test_a_title_that_feeds_cannot_carry_is_refused(title: str) -> None:
    with pytest.raises(Invalid, match="visible characters"):
        clean_title(title)


async def test_metrics_are_told_to_nobody_behind_a_proxy(client: httpx.AsyncClient) -> None:
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "Via"):
        assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 403, header


async def test_metrics_are_told_to_nobody_elsewhere(app: ASGIApp) -> None:
    for address in ("198.51.100.7", "::ffff:198.51.100.7", "10.0.0.1", ""):
        assert (await ask(app, "GET", "/metrics", client=address)).status == 403


async def test_metrics_are_told_elsewhere_to_a_token_of_whoever_may_see_jobs(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    issued = await tokens.issue(databases.site, signing_in.OWNER, name="prometheus", scope="read", author_id=author_id)
    for text, expected in ((issued.text, 200), (issued.text[:-1] + "!", 403), ("sdc_" + 43 * "a", 403), ("", 403)):
        headers = ((b"authorization", f"Bearer {text}".encode()), (b"x-forwarded-for", b"198.51.100.7"))
        assert (await ask(app, "GET", "/metrics", headers=headers, client="198.51.100.7")).status == expected, text
