"""Every route of web against what a hostile client sends: the right 4xx, problem details or a page, and no leak.

Every bad value meets every route; who sends it, signed in or not, is by chance, and so is the method, since what reads
addresses, queries and headers is the same for all. A bad body comes by every method.
"""

import random

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core.settings import Settings
from sdc_web.db import Databases

from hostile_input import BODIES, FORM, HEADERS, KNOWN, METHODS, PIECES, QUERIES
from raw_requests import Answer, Headers, ask
from signing_in import come_in

# Each walks all routes, several thousand requests: nine seconds where nothing else runs.
pytestmark = pytest.mark.timeout(240)
SEED = 20261124
HTML = [(b"accept", b"text/html")]
SAME = (b"sec-fetch-site", b"same-origin")
AWAY = frozenset(
    {
        "/health",
        "/author/media",
        "/author/alerts/tests",
        "/author/jobs",
        "/author/backups/drills",
        "/author/backups/rehearsals",
        "/author/statistics/export",
        "/api/v1/analytics",
    }
)
"""Below these, 503 is right while there is no worker and no object store."""
OWN_FORM = {"/micropub": "application/json", "/webmention": "text/plain"}
"""Below these, refusals have the form of a specification (Micropub 3.8), or are read by whoever wrote a sender."""
LEAKS = ("Traceback", 'File "/', "sqlite3", "site-packages", "sdc_web.", "UnicodeEncodeError", "ValueError")


@pytest.fixture
async def cookie(client: httpx.AsyncClient, databases: Databases) -> tuple[bytes, bytes]:
    """The header of a signed-in author."""
    await come_in(client, databases)
    return b"cookie", f"sdc_session={client.cookies['sdc_session']}".encode()


async def addresses(app: ASGIApp) -> list[tuple[str, list[str]]]:
    """Every route of the application with its methods, but for OPTIONS, which the framework answers."""
    answer = await ask(app, "GET", "/health/live")
    routes = answer.scope["litestar_app"].routes
    found = sorted((route.path_format, sorted({*route.methods} - {"OPTIONS"})) for route in routes)
    # One takes a second to find the object store away and reads nothing; the other would end the session.
    return [(path, methods) for path, methods in found if path not in ("/health", "/author/sign-out")]


def same_dice() -> random.Random:
    """Chance that is the same each time."""
    return random.Random(SEED)  # noqa: S311 - no secret


def filled(path: str, piece: str) -> str:
    """The address with that in the place of every variable."""
    parts = [piece if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def harm(answer: Answer, about: object) -> list[str]:
    """What is wrong with an answer: a 5xx (but of a part that is away), something of the inside told, a wrong form."""
    path, told = answer.scope["path"], f"{answer.status} {about}: {answer.text[:200]}"
    away = answer.status == 503 and any(path.startswith(each) for each in AWAY)
    unknown = answer.status == 501 and answer.scope["method"] not in KNOWN
    faults = [] if away or unknown or 200 <= answer.status < 500 else [f"status {told}"]
    faults += [f"leaks {leak}: {told}" for leak in LEAKS if leak in answer.text]
    if answer.headers.get("x-content-type-options") != "nosniff" and answer.status != 304:
        faults.append(f"may be sniffed: {told}")
    if any(set("\r\n\0") & set(value) for value in answer.headers.values()):
        faults.append(f"splits: {told}")
    if answer.status >= 400 and answer.body and path != "/health":
        kind = answer.headers["content-type"].partition(";")[0]
        if kind == "application/problem+json":
            problem = msgspec.json.decode(answer.body, type=dict[str, object])
            kind = "text/html" if problem["status"] == answer.status and problem["code"] else "no problem"
        faults += [] if kind in ("text/html", OWN_FORM.get(f"/{path.split('/')[1]}")) else [f"is {kind}: {told}"]
    return faults


def signed(cookie: tuple[bytes, bytes], *more: tuple[bytes, bytes]) -> Headers:
    return [cookie, SAME, *HTML, *more]


async def test_no_method_breaks_a_route(app: ASGIApp, cookie: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    for path, methods in await addresses(app):
        for method in METHODS:
            answer = await ask(app, method, filled(path, "x"), headers=signed(cookie))
            found += harm(answer, (method, path))
            if method not in {*methods, "HEAD", "OPTIONS"}:
                right = 405 if method in KNOWN else 501
                found += [] if answer.status == right else [f"{answer.status} {method} {path}"]
    assert not found, "\n".join(sorted(set(found)))


async def test_no_path_breaks_a_route(app: ASGIApp, cookie: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    people, dice = ([SAME], [(b"hx-request", b"true"), SAME]), same_dice()
    for path, methods in await addresses(app):
        before = path.partition("{")[0].rstrip("/")
        for piece in PIECES:
            asked = [(f"{before}/{piece}", dice.choice(people)), (f"/{piece}{path}/", dice.choice(people))]
            if before != path:
                asked.append((filled(path, piece), signed(cookie)))
            for address, headers in asked:
                method = dice.choice(methods)
                found += harm(await ask(app, method, address, headers=headers), (method, address[:80]))
    assert not found, "\n".join(sorted(set(found)))


async def test_no_query_breaks_a_route(app: ASGIApp, cookie: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    people, dice = (signed(cookie), [SAME]), same_dice()
    for path, methods in await addresses(app):
        for query in QUERIES:
            method = dice.choice(methods)
            answer = await ask(app, method, filled(path, "x"), query=query, headers=dice.choice(people))
            found += harm(answer, (method, path, query[:60]))
    assert not found, "\n".join(sorted(set(found)))


async def test_no_header_breaks_a_route(app: ASGIApp, cookie: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    people, dice = ([cookie], [cookie, SAME], []), same_dice()
    for path, methods in await addresses(app):
        for header in HEADERS:
            method = dice.choice(methods)
            answer = await ask(app, method, filled(path, "x"), headers=[*dice.choice(people), header])
            found += harm(answer, (method, path, header[0], header[1][:60]))
    assert not found, "\n".join(sorted(set(found)))


async def test_no_body_breaks_a_route(
    app: ASGIApp, client: httpx.AsyncClient, cookie: tuple[bytes, bytes], settings: Settings
) -> None:
    found: list[str] = []
    made = await ask(app, "POST", "/author/posts", headers=signed(cookie, FORM), body=b"kind=post")
    post_id = made.headers["location"].rpartition("/")[2]
    for path, methods in await addresses(app):
        for kind, body in BODIES:
            for method in {*methods} - {"GET", "HEAD"}:
                if method == "DELETE" and path.startswith("/author/posts") and path.count("/") == 3:
                    continue
                headers = signed(cookie, (b"content-type", kind))
                answer = await ask(app, method, filled(path, post_id), headers=headers, body=body)
                found += harm(answer, (method, path, kind, body[:60]))
    assert not found, "\n".join(sorted(set(found)))


async def test_what_was_stored_of_bad_bodies_shows_on_every_page(app: ASGIApp, cookie: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    made = await ask(app, "POST", "/author/posts", headers=signed(cookie, FORM), body=b"kind=post")
    post = made.headers["location"]
    for _, body in BODIES:
        if body.startswith(b"base_revision=1&"):
            await ask(app, "POST", f"{post}/publication", headers=signed(cookie, FORM), body=body)
    for path, _ in await addresses(app):
        if "{" not in path:
            found += harm(await ask(app, "GET", path, headers=signed(cookie)), path)
    assert not found, "\n".join(sorted(set(found)))


async def test_random_requests_break_nothing(app: ASGIApp, cookie: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    dice = same_dice()
    routes = await addresses(app)
    for number in range(600):
        path, methods = dice.choice(routes)
        method = dice.choice([*methods, *METHODS])
        kind, body = dice.choice(BODIES)
        person = dice.choice([[], [cookie], [cookie, SAME]])
        headers = [*dice.sample(HEADERS, dice.randrange(6)), (b"content-type", kind), *person]
        address = filled(path, dice.choice(PIECES))
        answer = await ask(app, method, address, query=dice.choice(QUERIES), headers=headers, body=body[:2_000])
        found += harm(answer, (number, method, address[:80], headers, body[:60]))
    assert not found, "\n".join(sorted(set(found)))
