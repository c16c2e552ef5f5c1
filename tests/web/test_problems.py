from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import unquote

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import errors
from sdc_core.errors import Invalid, SdcError, Throttled, Unavailable
from sdc_core.sqlite import execute
from sdc_web import app, posts, problems
from sdc_web.db import Databases
from sdc_web.posts import Post

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ODD_PATHS = [
    "/../../etc/passwd",
    "/static/../../etc/passwd",
    "/static/..%2f..%2fetc%2fpasswd",
    "/static/%2e%2e/%2e%2e/app.py",
    "/static//etc/passwd",
    "/static/",
    "/static/css",
    "/posts/%00",
    "/posts/a%00b",
    "/%00",
    "/%ff%fe",
    "/posts/%c3%28",
    "/posts/%zz",
    "/%",
    "/posts/..",
    "/media/x/%00",
    "/media/../originals/x",
    "/media/01ARZ3NDEKTSV4RRFFQ69G5FAV/..%2f..%2foriginals",
    "/media/01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "/tags/%f0%9f%92%a9",
    "/" + "a" * 20_000,
    "/posts/" + "%20" * 5_000,
    "/a/b/c/d/e",
    "/posts/;a=b",
    "/posts/{slug:str}",
    "/<script>alert(1)</script>",
    "/?" + "a=b&" * 5_000,
    "/author/posts/%00",
    "/HEALTH",
]


ODD_BODIES = [
    ("application/json", b"{"),
    ("application/json", b"[" * 100_000),
    ("application/json", b"\xff"),
    ("application/x-www-form-urlencoded", b"%zz=%00&&&=&a"),
    ("application/x-www-form-urlencoded", b"\xff\xfe=\xff"),
    ("application/x-www-form-urlencoded", b"a=1&" * 10_000),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'),
    ("multipart/form-data; boundary=" + "x" * 500, b"--x"),
    ("", b"?"),
    ("nonsense", b"?"),
]


def _codes() -> list[type[SdcError]]:
    return [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, SdcError)]


def test_every_code_has_a_status() -> None:
    assert {each.code for each in _codes()} <= set(problems.STATUSES)


def test_a_field_at_fault_is_named() -> None:
    assert problems.of(Invalid("No.", field="slug")).field == "slug"


def test_a_bug_tells_nothing_of_itself() -> None:
    problem = problems.of(RuntimeError("secret"))
    assert problem.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "secret" not in problem.detail


def test_a_request_that_nests_too_deep_is_the_senders_fault() -> None:
    assert problems.of(RecursionError()).status == HTTPStatus.BAD_REQUEST


async def test_a_browser_gets_a_page_and_a_program_gets_problem_details(client: httpx.AsyncClient) -> None:
    page = await client.get("/nothing", headers=BROWSER)
    details = await client.get("/nothing")
    assert page.headers["content-type"].startswith("text/html")
    assert "<!doctype html>" in page.text
    assert details.headers["content-type"] == "application/problem+json"
    assert details.json()["code"] == "not_found"
    assert page.status_code == details.status_code == HTTPStatus.NOT_FOUND


async def test_htmx_gets_one_element(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing", headers={"hx-request": "true"})
    assert answer.text.startswith('<div class="notice')


async def test_no_error_is_kept_by_caches(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing", headers=BROWSER)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["program", "browser"])
async def test_an_odd_address_is_refused_calmly(app: ASGIApp, headers: dict[str, str]) -> None:
    answers = {path: await _raw_get(app, path, headers) for path in ODD_PATHS}
    assert {path for path, status in answers.items() if status >= HTTPStatus.INTERNAL_SERVER_ERROR} == set()


async def _raw_get(app: ASGIApp, target: str, headers: dict[str, str]) -> int:
    """As a server passes it on: the path decoded once, bad bytes as replacement characters."""
    path, _, query = target.partition("?")
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path, errors="replace"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 8000),
        "state": {},
    }
    await app(scope, receive, send)  # ty: ignore[invalid-argument-type]
    return statuses[0]


async def test_a_method_that_an_address_lacks_is_refused(client: httpx.AsyncClient) -> None:
    for path in ("/", "/posts", "/feed.xml", "/health/live", "/static/icon.svg", "/media/a/b"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"):
            answer = await client.request(method, path)
            assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED, (method, path)
            assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", ["/hooks", "/author/sign-in", "/author/setup", "/author/posts", "/author/media"])
async def test_a_malformed_body_is_refused_calmly(client: httpx.AsyncClient, path: str) -> None:
    for content_type, body in ODD_BODIES:
        headers = {"content-type": content_type, "sec-fetch-site": "same-origin"}
        answer = await client.post(path, content=body, headers=headers)
        assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (content_type, body[:30])


async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    body = b"name=" + b"x" * (1024 * 1024)
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = await client.post("/author/sign-in", content=body, headers=headers)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("error", [Throttled("Wait.", retry_after_s=7), Unavailable("Later.", retry_after_s=7)])
def test_a_temporary_failure_says_when_to_try_again(error: SdcError) -> None:
    assert problems.of(error).status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


async def test_a_page_of_an_error_has_the_sites_title_and_navigation(client: httpx.AsyncClient) -> None:
    await client.get("/")
    text = (await client.get("/nothing", headers=BROWSER)).text
    assert "A new site" in text
    assert '<a href="/posts">Posts</a>' in text


async def test_an_error_page_names_nothing_that_was_taken_away(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "NAMING_S", 60)
    page = await publish("Redundancies 2027", kind="page")
    assert "Redundancies" in (await client.get("/")).text
    paths = (page.path, "/nothing/there", "/author/nothing", "/tags/nothing")
    assert "Redundancies" in (await client.get(paths[1], headers=BROWSER)).text
    await posts.unpublish(databases.site, OWNER, page.id)
    answers = [await client.get(path, headers=BROWSER) for path in paths]
    assert [each.status_code for each in answers] == [410, 404, 404, 404]
    assert [path for path, each in zip(paths, answers, strict=True) if "Redundancies" in each.text] == []
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = 'Another name'")
    assert "Another name" in (await client.get(page.path, headers=BROWSER)).text


async def test_an_error_page_comes_also_while_the_database_cannot_be_read(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "ALTER TABLE site RENAME TO away")
    answer = await client.get("/posts", headers=BROWSER)
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "This site" in answer.text
