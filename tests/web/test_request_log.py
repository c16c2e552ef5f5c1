import asyncio
import re
from pathlib import Path

import httpx
import pytest
from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core import access_log, clock, supervise
from sdc_core.access_log import Line
from sdc_core.errors import Misconfigured
from sdc_core.logging import request_id
from sdc_core.service_client import connect
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_web.page_cache import Reply
from sdc_web.request_log import visitors
from sdc_web.request_log.asked import campaign, logged_path
from sdc_web.request_log.client import Proxies
from sdc_web.request_log.middleware import RequestLogMiddleware
from sdc_web.request_log.service import open_request_log
from sdc_web.request_log.visitors import Visitors, shared_salt

CLIENT = "198.51.100.23"
NOW_US = 1_800_000_000_000_000
DAY = clock.day_of(NOW_US)


async def hello(_: Scope, receive: Receive, send: Send) -> None:
    """A page of five bytes."""
    await receive()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"x-seen", request_id.get().encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"he", "more_body": True})
    await send({"type": "http.response.body", "body": b"llo", "more_body": False})


async def broken(_: Scope, receive: Receive, send: Send) -> None:
    """An application that fails before it answers."""
    raise ValueError


async def left(_: Scope, receive: Receive, send: Send) -> None:
    """An application whose client leaves in the middle of the answer."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await receive()


def to(app: ASGIApp, peer: str = CLIENT) -> httpx.ASGITransport:
    """The way to an application, which httpx types more loosely than the framework."""
    return httpx.ASGITransport(app, client=(peer, 1234), raise_app_exceptions=False)  # ty: ignore[invalid-argument-type]


async def lines(
    settings: Settings, app: ASGIApp, *requests: httpx.Request, peer: str = CLIENT, ready: Reply | None = None
) -> list[Line]:
    """The lines that these requests leave behind, through the real log; `ready` is kept for each of them."""
    middleware = RequestLogMiddleware(app, settings, lambda _scope, _sent: ready)
    transport = to(middleware, peer)
    with clock.frozen(NOW_US):
        async with (
            connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
            open_request_log(settings, worker) as request_log,
            httpx.AsyncClient(transport=transport) as client,
        ):
            middleware.attach(request_log)
            for request in requests:
                await client.send(request)
    written = await asyncio.to_thread((settings.log_dir / "0" / f"{DAY}.ndjson").read_bytes)
    return [access_log.decode(line) for line in written.splitlines()]


def get(path: str = "/posts/tea", **headers: str) -> httpx.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Request("GET", f"http://localhost:8000{path}", headers=named)


async def test_a_request_leaves_one_whole_line(settings: Settings) -> None:
    (line,) = await lines(settings, hello, get("/posts/tea?utm_source=a&secret=b", user_agent="Browser/1"))
    assert (line.method, line.path, line.query, line.status, line.bytes) == (
        "GET", "/posts/tea", "utm_source=a", 200, 5,
    )  # fmt: skip
    assert (line.type, line.ua, line.ts) == ("text/html", "Browser/1", NOW_US)
    assert re.fullmatch(r"[0-9a-f]{16}", line.visitor)


@pytest.mark.parametrize(
    ("purpose", "method"),
    [
        ("prefetch", "PREFETCH"),
        ("prefetch;anonymous-client-ip", "PREFETCH"),
        ("prefetch;prerender", "GET"),
        ("", "GET"),
    ],
)
async def test_a_page_that_is_fetched_ahead_is_no_page_view(settings: Settings, purpose: str, method: str) -> None:
    (line,) = await lines(settings, hello, get("/", sec_purpose=purpose))
    assert line.method == method


async def test_no_address_is_in_any_file(settings: Settings) -> None:
    request = get(x_forwarded_for=f"{CLIENT}, 192.0.2.77", referer="http://news.example/")
    await lines(settings, hello, get(), request)

    def addresses() -> list[Path]:
        files = [path for path in settings.DATA_DIR.rglob("*") if path.is_file()]
        return [
            p for p in files if re.search(rb"(?<![\w.])198\.51\.100\.23(?!\.example)|192\.0\.2\.77", p.read_bytes())
        ]

    assert await asyncio.to_thread(addresses) == []


async def test_the_same_client_is_one_visitor_and_another_browser_is_another(settings: Settings) -> None:
    found = await lines(settings, hello, get(user_agent="A"), get("/x", user_agent="A"), get(user_agent="B"))
    first, again, other = (line.visitor for line in found)
    assert first == again
    assert first != other


async def test_a_client_that_leaves_is_recorded_as_499(settings: Settings) -> None:
    log_app = RequestLogMiddleware(left, settings)
    events = iter([{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}])
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "client": (CLIENT, 1),
    }  # fmt: skip

    async def receive() -> object:
        return next(events)

    async def send(_: object) -> None:
        return

    with clock.frozen(NOW_US):
        async with (
            connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
            open_request_log(settings, worker) as request_log,
        ):
            log_app.attach(request_log)
            await log_app(scope, receive, send)  # ty: ignore[invalid-argument-type]
    written = await asyncio.to_thread((settings.log_dir / "0" / f"{DAY}.ndjson").read_bytes)
    assert access_log.decode(written).status == 499


async def test_a_failure_without_an_answer_is_recorded_as_500(settings: Settings) -> None:
    (line,) = await lines(settings, broken, get())
    assert line.status == 500


async def test_the_request_id_is_in_the_answer_the_logs_and_the_line(settings: Settings) -> None:
    middleware = RequestLogMiddleware(hello, settings)
    async with httpx.AsyncClient(transport=to(middleware)) as client:
        answer = await client.get("http://localhost:8000/", headers={"X-Request-Id": "chosen-by-a-stranger"})
    assert answer.headers["x-request-id"] == answer.headers["x-seen"]
    assert answer.headers["x-request-id"] != "chosen-by-a-stranger"


async def test_a_kept_page_tells_no_id_of_one_reader_to_others_and_leaves_its_line(settings: Settings) -> None:
    page = Reply(
        start={"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]},
        end={"type": "http.response.body", "body": b"hello", "more_body": False},
        told=(200, 5, "text/html"),
    )
    middleware = RequestLogMiddleware(broken, settings, lambda _scope, _sent: page)
    async with httpx.AsyncClient(transport=to(middleware)) as client:
        answers = [await client.get("http://localhost:8000/posts/tea") for _ in range(2)]
    assert [(answer.text, dict(answer.headers)) for answer in answers] == [("hello", {"content-type": "text/html"})] * 2
    first, second = await lines(settings, broken, get(), get(), ready=page)
    assert (first.status, first.bytes, first.type, first.path) == (200, 5, "text/html", "/posts/tea")
    assert first.rid == second.rid == ""
    assert first.query == ""
    *_, named = await lines(settings, broken, get("/posts/tea?a=b&utm_source=a&ref=c"), ready=page)
    assert (named.path, named.query) == ("/posts/tea", "utm_source=a&ref=c")
    proxied = settings.model_copy(update={"TRUSTED_PROXIES": (CLIENT,)})
    *_, given = await lines(proxied, broken, get(x_request_id="given-by-our-proxy"), ready=page)
    assert given.rid == "given-by-our-proxy"


async def test_who_leaves_before_a_kept_page_is_recorded_as_499(settings: Settings) -> None:
    page = Reply(
        start={"type": "http.response.start", "status": 200, "headers": []},
        end={"type": "http.response.body", "body": b"hello", "more_body": False},
        told=(200, 5, ""),
    )

    async def gone(_: object) -> None:
        raise ConnectionResetError

    middleware = RequestLogMiddleware(broken, settings, lambda _scope, _sent: page)
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "client": (CLIENT, 1),
    }  # fmt: skip
    with clock.frozen(NOW_US):
        async with (
            connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
            open_request_log(settings, worker) as request_log,
        ):
            middleware.attach(request_log)
            with pytest.raises(ConnectionResetError):
                await middleware(scope, gone, gone)  # ty: ignore[invalid-argument-type]
    written = await asyncio.to_thread((settings.log_dir / "0" / f"{DAY}.ndjson").read_bytes)
    line = access_log.decode(written)
    assert (line.status, line.bytes) == (499, 0)


async def test_a_trusted_proxy_names_the_request_and_the_client(settings: Settings) -> None:
    proxied = settings.model_copy(update={"TRUSTED_PROXIES": ("10.0.0.0/8",)})
    middleware = RequestLogMiddleware(seen_client, proxied)
    transport = to(middleware, "10.1.2.3")
    headers = {"X-Request-Id": "0123456789", "X-Forwarded-For": f"1.2.3.4, {CLIENT}, 10.9.9.9"}
    async with httpx.AsyncClient(transport=transport) as client:
        answer = await client.get("http://localhost:8000/", headers=headers)
    assert answer.headers["x-request-id"] == "0123456789"
    assert answer.text == CLIENT


async def seen_client(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers whom it sees."""
    client = scope["client"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": client[0].encode() if client else b"", "more_body": False})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (CLIENT, ["1.2.3.4"], CLIENT),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["[2001:DB8::1]:443"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["1.2.3.4:5678"], "1.2.3.4"),
        ("unix:", ["1.2.3.4"], "unix:"),
        ("", [], ""),
    ],
)
def test_the_client_is_the_last_address_that_a_trusted_hop_vouches_for(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert Proxies(["10.0.0.0/8"]).client(peer, ",".join(forwarded)) == client


def test_a_proxy_that_is_no_network_is_told_of() -> None:
    with pytest.raises(Misconfigured, match="SDC_TRUSTED_PROXIES"):
        Proxies(["my-proxy"])


def test_only_campaigns_stay_of_a_query() -> None:
    assert (
        campaign(b"utm_medium=mail&token=secret&ref=hn&q=me%40example.org&source=x")
        == "utm_medium=mail&ref=hn&source=x"
    )


def test_a_campaign_is_looked_for_where_links_name_it_and_no_further() -> None:
    assert campaign(b"q=x&utm_source=a&" + b"&" * 60_000) == "utm_source=a"
    assert campaign(b"&" * 60_000 + b"&utm_source=a") == ""
    assert campaign(b"&" * 4_090 + b"utm_source=cut") == ""


def test_the_token_of_a_login_link_is_not_logged() -> None:
    assert logged_path("/author/login/abcdef") == "/author/login/"


def test_a_path_that_is_no_text_is_logged_all_the_same() -> None:
    line = Line(ts=0, visitor="", path=logged_path("/\udcff" + "x" * 9_000), status=404)
    assert len(access_log.encode(line)) < 700


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://news.example/item?id=1", "news.example"),
        ("http://localhost:8000/posts", ""),
        ("https://[bad", ""),
        ("android-app://com.google.android.googlequicksearchbox/", "com.google.android.googlequicksearchbox"),
        ("about:blank", ""),
    ],
)
async def test_of_a_referrer_only_a_foreign_host_stays(settings: Settings, referrer: str, host: str) -> None:
    (line,) = await lines(settings, hello, get(referer=referrer))
    assert line.ref == host


async def test_processes_share_the_salt_of_the_day(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        salts = [group.create_task(asyncio.to_thread(shared_salt, tmp_path / "salts", DAY)) for _ in range(16)]
    assert len({each.result() for each in salts}) == 1


async def test_a_salt_dies_with_its_day_and_is_readable_by_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "salts"
    await asyncio.to_thread(shared_salt, folder, "2026-01-01")
    await asyncio.to_thread(shared_salt, folder, "2026-01-02")
    kept = await asyncio.to_thread(lambda: [(file.name, file.stat().st_mode & 0o777) for file in folder.iterdir()])
    assert kept == [("2026-01-02", 0o600)]


async def test_the_salt_of_a_day_goes_though_nobody_comes_afterwards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "FORGET_EVERY_S", 0.01)
    folder = settings.DATA_DIR / "salts"
    await asyncio.to_thread(shared_salt, folder, "2026-01-01")
    async with (
        asyncio.timeout(60),
        connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
        open_request_log(settings, worker) as request_log,
        supervise.background(request_log.loops),
    ):
        while await asyncio.to_thread(lambda: list(folder.iterdir())):  # noqa: ASYNC110 - the loop has nothing to tell
            await asyncio.sleep(0.005)


async def test_a_process_forgets_the_salt_of_a_day_though_nobody_comes_afterwards(tmp_path: Path) -> None:
    seen = Visitors(tmp_path)
    before = await seen.hashed("2026-01-01", CLIENT, "A")
    await seen.forget("2026-01-02")
    assert await seen.hashed("2026-01-01", CLIENT, "A") != before


async def test_a_visitor_of_another_day_is_another_visitor(tmp_path: Path) -> None:
    seen = Visitors(tmp_path)
    assert await seen.hashed("2026-01-01", CLIENT, "A") != await seen.hashed("2026-01-02", CLIENT, "A")


async def test_visitors_are_counted_when_the_salt_cannot_be_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    await asyncio.to_thread(file.touch)
    seen = Visitors(file)
    assert await seen.hashed(DAY, CLIENT, "A") == await seen.hashed(DAY, CLIENT, "A")


@pytest.mark.parametrize(
    ("peer", "kept"), [(CLIENT, "198.51.100.0"), ("2001:db8:1:2::3", "2001:db8:1::"), ("no address", "")]
)
async def test_an_address_is_kept_without_its_last_part_where_that_is_set(
    settings: Settings, peer: str, kept: str
) -> None:
    keeping = settings.model_copy(update={"LOG_ADDRESSES": "truncated"})
    (line,) = await lines(keeping, hello, httpx.Request("GET", "http://site.example/"), peer=peer)
    assert line.net == kept
