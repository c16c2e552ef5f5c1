"""Under which names the site answers, and what it says under any other one."""

import re
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
import pytest
from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core.settings import Settings
from sdc_web import hosts
from sdc_web.posts import Post

from raw_requests import ask

Publish = Callable[..., Awaitable[Post]]
SITE = "https://example.org"
HTML = (b"accept", b"text/html")
NO_NAME = {
    "none": [],
    "an empty one": [b""],
    "two": [b"example.org", b"example.org"],
    "two that differ": [b"example.org", b"evil.example"],
    "two in one": [b"example.org:80, example.org:80"],
    "a space": [b"exa mple.org"],
    "a path": [b"example.org/x"],
    "a whole address": [b"https://example.org"],
    "somebody at a host": [b"me@example.org"],
    "a port that is none": [b"example.org:http"],
    "two ports": [b"example.org:80:80"],
    "a port alone": [b":8000"],
    "a zero": [b"example.org\0"],
    "bytes": [b"\xff"],
    "half an address": [b"[::1"],
    "half an escape": [b"example%2.org"],
}
OTHER_NAMES = [
    *(b"evil.example", b"example.org.evil.example", b"evilexample.org", b"org", b"sub.example.org"),
    *(b"a.www.example.org", b"*.example.org"),
    *(b"localhost.evil.example", b"127.0.0.1.evil.example", b"2130706433", b"0x7f.1", b"8.8.8.8", b"[2606:4700::1111]"),
    *(b"xn--exmple-cua.org", b"example.org..", b"a,b", b"%65xample.org", b"x" * 5_000, b"web.evil.example"),
]
OURS = [
    *(b"example.org", b"EXAMPLE.org", b"example.org.", b"example.org:443", b"example.org:8443", b"example.org:"),
    *(b"localhost", b"localhost:8000", b"127.0.0.1:8000", b"[::1]:8000", b"127.8.9.1", b"0.0.0.0:8000"),
    *(b"192.168.1.20:8000", b"172.30.83.11:8000", b"[fd00::1]", b"100.64.0.9", b"web:8000", b"web-1.internal"),
    b"cdn.example",
]
LOCAL = ["", "http://localhost:9000", "http://127.0.0.1:8000", "http://192.168.1.20:8000", "http://93.184.215.14"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Of a site that has a name, in containers."""
    more = {
        "SITE_URL": SITE,
        "WEB_URL": "http://web:8000",
        "MEDIA_URL": "https://cdn.example/media",
        "OTHER_HOSTS": ("web-1.internal",),
    }
    return settings.model_copy(update=more)


def names(settings: Settings, site_url: str, **more: object) -> hosts.Hosts:
    """Those of a site with another address."""

    async def nobody(_scope: object, _receive: object, _send: object) -> None: ...

    changed = settings.model_copy(update={"SITE_URL": site_url, **more})
    return hosts.Hosts(nobody, lambda _scope, _sent: None, changed, [])


@pytest.mark.parametrize("given", NO_NAME.values(), ids=NO_NAME)
async def test_a_request_that_names_no_site_is_malformed(app: ASGIApp, given: list[bytes]) -> None:
    for path in ("/posts", "/health/live", "/author", "/api/v1/posts"):
        answer = await ask(app, "GET", path, host=None, headers=[(b"host", name) for name in given])
        problem = msgspec.json.decode(answer.body)
        assert (answer.status, problem["status"], problem["code"]) == (400, 400, "malformed"), path


@pytest.mark.parametrize("name", OTHER_NAMES)
async def test_under_another_name_nothing_of_the_site_is_told(app: ASGIApp, publish: Publish, name: bytes) -> None:
    await publish("A note", slug="a-note")
    for path in ("/", "/posts/a-note", "/robots.txt", "/metrics", "/author/sign-in", "/api/v1/posts", "/nothing"):
        for method in ("GET", "HEAD", "POST"):
            answer = await ask(app, method, path, host=name, headers=[HTML])
            assert answer.status == 421, path
            assert not re.search("A note|example|localhost", answer.text + str(answer.headers)), path
            assert answer.headers["content-security-policy"].startswith("default-src 'none'; base-uri 'none'")
            assert "strict-transport-security" not in answer.headers
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert bool(answer.body) == (method != "HEAD")


@pytest.mark.parametrize("name", OURS)
async def test_under_each_name_of_the_site_it_is_the_same(app: ASGIApp, publish: Publish, name: bytes) -> None:
    await publish("A note")
    first, again = [await ask(app, "GET", "/posts", host=name) for _ in range(2)]
    assert (first.status, first.text == again.text, "A note" in first.text) == (200, True, True)


async def test_whoever_is_refused_is_told_in_words_what_to_do(app: ASGIApp) -> None:
    person = await ask(app, "GET", "/", host=b"other.example", headers=[HTML])
    assert person.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>No site has this name here</h1>" in person.text
    assert "SDC_SITE_URL" in person.text
    program = await ask(app, "GET", "/", host=b"other.example")
    assert program.headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(program.body)["code"] == "misdirected"


@pytest.mark.parametrize(
    ("site", "twin"), [(SITE, b"www.example.org"), ("https://www.example.org", b"Example.org.:443")]
)
async def test_www_too_much_or_too_little_leads_to_the_same_place_of_the_site(
    settings: Settings, site: str, twin: bytes
) -> None:
    layer = names(settings, site)
    for method in ("GET", "HEAD"):
        answer = await ask(layer, method, "//evil.example/ü\udcff", query=b"a=1&b=\xff%0d\r\n", host=twin)
        assert (answer.status, answer.body) == (301, b"")
        assert answer.headers["location"] == f"{site}//evil.example/%C3%BC%3F?a=1&b=%FF%0d%0D%0A"
        assert answer.headers["cache-control"] == "no-cache"
    assert (await ask(layer, "POST", "/author/sign-in", host=twin)).status == 421
    for path in (".evil.example", "@evil.example", "*"):
        assert (await ask(layer, "GET", path, host=twin)).status == 421


async def test_what_probes_and_the_worker_ask_has_no_name(app: ASGIApp) -> None:
    assert (await ask(app, "GET", "/health/live", host=b"web-2:8000")).status == 200
    assert (await ask(app, "POST", "/hooks", host=b"web-2:8000", body=b"{}")).status == 401
    assert (await ask(app, "GET", "/metrics", host=b"web-2:8000")).status == 421


@pytest.mark.parametrize("media", ["", "https://cdn.example/media"])
async def test_a_health_check_of_former_days_need_not_say_a_name(app: ASGIApp, settings: Settings, media: str) -> None:
    layer = names(settings, "", MEDIA_URL=media)
    layer._app = app

    def in_http_1_0(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return layer(cast("Scope", {**scope, "http_version": "1.0"}), receive, send)

    for none in (None, b""):
        assert (await ask(in_http_1_0, "GET", "/health/live", host=none)).status == 200
        assert (await ask(layer, "GET", "/health/live", host=none)).status == 400
        assert (await ask(layer, "GET", "/posts", host=none)).status == 400
    assert (await ask(in_http_1_0, "GET", "/posts", host=None)).status == 400
    assert (await ask(in_http_1_0, "GET", "/health/live", host=b"a/b")).status == 400


@pytest.mark.parametrize("site", LOCAL)
async def test_a_site_without_a_name_is_read_by_any_address_and_no_other_name(settings: Settings, site: str) -> None:
    layer = names(settings, site, WEB_URL="", OTHER_HOSTS=())
    for name in (b"192.168.1.77:8000", b"8.8.8.8", b"[2606:4700::1111]:8000", b"localhost"):
        assert (await ask(layer, "GET", "/posts", host=name)).status == 0, name
    for name in (b"rebound.evil.example:8000", b"www.localhost", b"web:8000"):
        assert (await ask(layer, "GET", "/posts", host=name)).status == 421, name


async def test_a_name_in_letters_of_its_own_is_the_one_that_browsers_send(settings: Settings) -> None:
    layer = names(settings, "https://bücher.example")
    assert (await ask(layer, "GET", "/posts", host=b"xn--bcher-kva.example")).status == 0
    assert (await ask(layer, "GET", "/posts", host=b"www.xn--bcher-kva.example")).status == 301


async def test_no_more_names_are_remembered_than_have_room(settings: Settings) -> None:
    layer = names(settings, "")
    for number in range(2 * hosts.MAX_KNOWN):
        assert (await ask(layer, "GET", "/posts", host=f"10.0.{number % 256}.1:{number}".encode())).status == 0
    assert len(layer._known) == hosts.MAX_KNOWN


@pytest.mark.parametrize("wrong", ["https://web.internal", "web:8000", "a b", "*", "x/y", "me@x"])
def test_a_setting_that_is_no_name_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="OTHER_HOSTS"):
        Settings(OTHER_HOSTS=(wrong,), _env_file=None)
