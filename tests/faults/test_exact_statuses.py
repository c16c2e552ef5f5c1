"""Which status each kind of bad request is answered with by the real server, and why that one.

Ranges of pictures have theirs in `web/test_site_pictures.py`, preconditions of the API in `web/test_api_conditions.py`.
"""

import json
import re
import socket
from functools import partial

import pytest

from living_site import Site
from raw_connections import answered, statuses

pytestmark = pytest.mark.timeout(120)

PATH = "/posts/exactly"
CLOSE = b"Connection: close\r\n"
HOST = b"Host: localhost\r\n" + CLOSE
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"


def get(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    lines = [method + b" " + target + b" HTTP/1.1", HOST.rstrip(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def post(target: bytes, headers: bytes, body: bytes = b"x=1", length: bytes | None = None) -> bytes:
    """A request with one, whatever it says of its length."""
    said = b"Content-Length: " + (b"%d" % len(body) if length is None else length)
    return b"POST " + target + b" HTTP/1.1\r\n" + HOST + headers + said + b"\r\n\r\n" + body


NO_PAGE = {
    "a parent: nothing is taken out of a path": b"/posts/../posts/exactly",
    "an escaped parent": b"/posts/%2e%2e/posts/exactly",
    "a parent of the files": b"/static/../../../etc/passwd",
    "an escaped parent of the files": b"/static/..%2f..%2f..%2fetc%2fpasswd",
    "a path of the machine": b"/static/etc/passwd%00.css",
    "backslashes": b"/static/..\\..\\etc\\passwd",
    "a zero": b"/posts/exactly%00",
    "half an escape": b"/posts/%",
    "an escape of no byte": b"/posts/%zz",
    "bytes that are no text": b"/posts/%ff%fe",
    "an overlong spelling of a dot": b"/static/%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
    "half a surrogate": b"/posts/%ed%a0%80",
    "an escape of an escape": b"/posts/%2565xactly",
    "a line's end": b"/posts/exactly%0d%0aSet-Cookie:%20x=1",
    "a path of 20 kB": b"/posts/" + b"x" * 20_000,
}
EXACT = {
    **{name: (get(target), 404) for name, target in NO_PAGE.items()},
    "nothing bad": (get(b"/posts/exactly"), 200),
    "a path in escapes is the same path": (get(b"/%70osts/exactly"), 200),
    "two slashes: the one spelling is named": (get(b"//posts//exactly"), 308),
    "a raw zero in the path": (get(b"/posts/\0"), 400),
    "a space in the path": (get(b"/posts/a b"), 400),
    "capitals: the one spelling is named": (get(b"/Posts/Exactly"), 301),
    "a path without its slash": (get(b"posts"), 400),
    "an asterisk, which is for OPTIONS": (get(b"*"), 400),
    "a path of 200 kB, more than line and headers may have": (get(b"/posts/" + b"x" * 200_000), 431),
    "a query of 401 fields": (get(b"/search?" + b"&".join([b"q=1"] * 401)), 422),
    "a query with a zero, which no text has": (get(b"/search?q=%00"), 200),
    "another host": (get(b"/posts/exactly").replace(b"localhost", b"evil.example"), 421),
    "no host": (get(b"/posts/exactly").replace(HOST, CLOSE), 400),
    "a method that this address has not": (get(PATH.encode(), method=b"DELETE"), 405),
    "a method that no address has": (get(PATH.encode(), method=b"TRACE"), 405),
    "a tunnel": (get(b"evil.example:443", method=b"CONNECT"), 405),
    "a method that nobody knows": (get(PATH.encode(), method=b"BREW"), 501),
    "a method in small letters is another one": (get(PATH.encode(), method=b"get"), 501),
    "a method that is no word": (get(PATH.encode(), method=b"G(T"), 400),
    "which methods there are": (get(PATH.encode(), method=b"OPTIONS"), 204),
    "an ETag that is none matches nothing": (get(PATH.encode(), b'If-None-Match: "'), 200),
    "any ETag": (get(PATH.encode(), b"If-None-Match: *"), 304),
    "a date that is none says nothing": (get(PATH.encode(), b"If-Modified-Since: yesterday"), 200),
    "a range of what has none": (get(PATH.encode(), b"Range: bytes=5-1"), 200),
    "codings that are none": (get(PATH.encode(), b"Accept-Encoding: \xff;q=nan, br;q=2"), 200),
    "a header without a colon": (get(PATH.encode(), b"X"), 400),
    "a header whose name has a space": (get(PATH.encode(), b"X Y: 1"), 400),
    "a zero in a header": (get(PATH.encode(), b"X: \0"), 400),
    "a header of 100 kB": (get(PATH.encode(), b"X: " + b"x" * 100_000), 431),
    "a length below nothing": (post(b"/author/sign-in", FORM, length=b"-1"), 400),
    "a length that is no number": (post(b"/author/sign-in", FORM, length=b"many"), 400),
    "a length beyond all numbers": (post(b"/author/sign-in", FORM, length=b"9" * 30), 400),
    "a body of 2 MB where a form is wanted": (post(b"/author/sign-in", FORM, b"x" * 2_000_000), 413),
    "a body of 2 GB that is announced": (post(b"/author/sign-in", FORM, length=b"2000000000"), 413),
    "what is no form has none of its fields": (
        post(b"/author/sign-in", FORM.replace(b"x-www-form-urlencoded", b"json"), b"{}"),
        422,
    ),
    "a form without its fields": (post(b"/author/sign-in", FORM), 422),
    "a form of another site": (post(b"/author/sign-in", FORM.replace(b"same-origin", b"cross-site")), 403),
    "a message that nobody signed": (post(b"/hooks", b"Content-Type: application/json\r\n", b"{}"), 401),
    "a message of 2 MB": (post(b"/hooks", b"Content-Type: application/json\r\n", b"x" * 2_000_000), 413),
    "a program without its token": (get(b"/api/v1/posts"), 401),
    "a program with a token that is none": (get(b"/api/v1/posts", b"Authorization: Bearer sdc_\xff"), 401),
    "the author's part without a session leads to the door": (get(b"/author/posts"), 303),
}


@pytest.fixture(scope="module")
def published(site: Site) -> Site:
    """A site with a post at `PATH`."""
    assert site.publish("Exactly") == PATH
    return site


@pytest.mark.parametrize(("sent", "status"), EXACT.values(), ids=EXACT)
def test_each_bad_request_is_answered_with_the_status_that_is_for_it(published: Site, sent: bytes, status: int) -> None:
    answers = answered(partial(socket.create_connection, ("127.0.0.1", published.port), timeout=15), sent)
    assert statuses(answers) == [status]
    head, _, body = answers.partition(b"\r\n\r\n")
    assert not re.search(rb"passwd|root:|Traceback|evil\.example|set-cookie: x", answers, re.IGNORECASE)
    if status in (301, 308):
        assert b"\r\nlocation: /posts/exactly\r\n" in head.lower() + b"\r\n", head
    if status == 405:
        assert re.search(rb"\r\nallow: [A-Z, ]*GET", head), head
    if b"application/problem+json" in head:
        assert json.loads(body)["status"] == status
