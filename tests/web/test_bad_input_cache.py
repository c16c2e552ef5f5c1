"""What one visitor sends never changes what the page cache shows to the next, nor the addresses in it."""

import re
from collections.abc import Awaitable, Callable

import httpx
from litestar.types import ASGIApp
from sdc_web.posts import Post

from raw_requests import ask

Publish = Callable[..., Awaitable[Post]]

EVIL = b"evil.example"
POISON: list[list[tuple[bytes, bytes]]] = [
    [(b"x-forwarded-host", EVIL)],
    [(b"x-forwarded-proto", b"https"), (b"x-forwarded-scheme", EVIL)],
    [(b"x-original-url", b"/author"), (b"x-rewrite-url", b"/author")],
    [(b"x-http-method-override", b"POST")],
    [(b"forwarded", b"host=evil.example")],
    [(b"accept", b"application/json"), (b"accept-language", EVIL)],
    [(b"hx-request", b"true")],
    [(b"accept-encoding", b"br;q=0, gzip;q=0, *;q=0")],
    [(b"accept-encoding", b"x-evil, identity;q=0")],
    [(b"range", b"bytes=0-3")],
    [(b"if-none-match", b"*")],
    [(b"cookie", b"sdc_session=guess")],
    [(b"cookie", b"lang=evil.example")],
    [(b"content-length", b"4")],
]
PATHS = (
    "/",
    "/posts",
    "/posts/a-note",
    "/feed.xml",
    "/rss.xml",
    "/feed.json",
    "/sitemap.xml",
    "/robots.txt",
    "/tags/x/feed.xml",
)
SAME_PAGE = ("//posts/a-note", "/posts//a-note", "/posts/a-note/", "/./posts/a-note", "/posts/../posts/a-note")


async def test_the_first_visitor_does_not_choose_what_the_next_one_sees(app: ASGIApp, publish: Publish) -> None:
    await publish("A note", tags=["x"])
    for path in PATHS:
        for method in ("HEAD", "GET"):
            for headers in POISON:
                await ask(app, method, path, headers=headers)
        plain = await ask(app, "GET", path)
        assert plain.status == 200, path
        assert "evil" not in plain.text, path
        assert "content-encoding" not in plain.headers, path
        assert "set-cookie" not in plain.headers, path
        assert len(plain.body) > 20, path
        again = await ask(app, "GET", path, query=b"utm_source=evil.example")
        assert "evil" not in again.text, path


async def test_no_other_spelling_of_an_address_is_kept_in_its_place(app: ASGIApp, publish: Publish) -> None:
    await publish("A note")
    for path in SAME_PAGE:
        await ask(app, "GET", path, headers=[(b"hx-request", b"true")])
    answer = await ask(app, "GET", "/posts/a-note")
    assert answer.status == 200
    assert "A note" in answer.text


async def test_addresses_come_from_the_settings_and_not_from_what_a_proxy_is_made_to_say(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("A note", tags=["x"])
    for path in PATHS:
        answer = await client.get(path, headers={"Host": "127.0.0.1:4000", "X-Forwarded-Host": "evil.example"})
        assert answer.status_code == 200, path
        assert not re.search("evil|4000", answer.text + str(answer.headers)), path


async def test_what_was_asked_under_another_name_is_in_no_answer_and_not_kept(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("A note", tags=["x"])
    for path in PATHS:
        answer = await client.get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 421, path
        assert "evil" not in answer.text + str(answer.headers), path
        assert (await client.get(path)).status_code == 200, path
        assert (await client.get(path, headers={"Host": "evil.example"})).status_code == 421, path
