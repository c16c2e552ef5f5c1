"""Requests that two servers might read in two ways, and headers without measure, on the real server."""

import socket
from functools import partial

import pytest

from living_site import Site
from raw_connections import answered, statuses

pytestmark = pytest.mark.timeout(120)

HOST = b"Host: localhost\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST
END = b"\r\n"
BODY = b"POST /hooks HTTP/1.1\r\n" + HOST
CHUNKS = BODY + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = LIVE + END
"""What would be answered 200, had the request before ended where a hostile client wants it to."""

READ_IN_TWO_WAYS = {
    "chunks and a length": BODY + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
    "a length and chunks": BODY + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "two lengths": BODY + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef" + NEXT,
    "a list of lengths": BODY + b"Content-Length: 5, 5\r\n\r\nabcde" + NEXT,
    "a length with a sign": BODY + b"Content-Length: +5\r\n\r\nabcde" + NEXT,
    "a length in another base": BODY + b"Content-Length: 0x5\r\n\r\nabcde" + NEXT,
    "chunks that are none": BODY + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks inside of something": BODY + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks after a control character": BODY + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks in HTTP/1.0": b"POST /hooks HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "a chunk that ends with a bare LF": CHUNKS + b"5\nabcde\n0\n\n" + NEXT,
    "an extension that ends with a bare LF": CHUNKS + b"5;a\nabcde\r\n0\r\n\r\n" + NEXT,
    "a chunk larger than all numbers": CHUNKS + b"fffffffffffffffff\r\nabcde\r\n0\r\n\r\n" + NEXT,
    "an extension of a megabyte": CHUNKS + b"5;" + b"a" * 1_000_000 + b"\r\nabcde\r\n0\r\n\r\n" + NEXT,
    "ten thousand trailers": CHUNKS + b"5\r\nabcde\r\n0\r\n" + b"X: y\r\n" * 10_000 + END + NEXT,
    "a folded header": LIVE + b"X: a\r\n b\r\n\r\n" + NEXT,
    "a space before the colon": b"GET /health/live HTTP/1.1\r\nHost : localhost\r\n\r\n" + NEXT,
    "a zero in a header": LIVE + b"X: a\0b\r\n\r\n" + NEXT,
    "bare CR": b"GET /health/live HTTP/1.1\rHost: localhost\r\r" + NEXT,
}
NO_HTTP_1 = {
    "HTTP/0.9": b"GET /health/live\r\n",
    "HTTP/1.9": b"GET /health/live HTTP/1.9\r\n" + HOST + END,
    "HTTP/2.0": b"GET /health/live HTTP/2.0\r\n" + HOST + END,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
}
TOO_MUCH = {
    "101 headers": b"".join(b"X-%d: 1\r\n" % number for number in range(101)),
    "ten thousand headers": b"".join(b"X-%d: 1\r\n" % number for number in range(10_000)),
    "one of 100 kB": b"X: " + b"x" * 100_000 + END,
    "a megabyte of cookies": b"Cookie: " + b"a=b; " * 200_000 + END,
    "a megabyte that never ends": b"X: " + b"x" * 1_000_000,
}
NOT_OF_THIS_SITE = {
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + END, 405),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + HOST + b"Cookie: sdc_session=told\r\n\r\n", 405),
    "an asterisk": (b"GET * HTTP/1.1\r\n" + HOST + END, 404),
    "a method of 10 kB": (b"A" * 10_000 + b" / HTTP/1.1\r\n" + HOST + END, 405),
    "another site's whole address": (b"GET http://evil.example/nothing HTTP/1.1\r\n" + HOST + END, 404),
}


def asked(site: Site, sent: bytes) -> bytes:
    return answered(partial(socket.create_connection, ("127.0.0.1", site.port), timeout=15), sent)


@pytest.mark.parametrize("sent", READ_IN_TWO_WAYS.values(), ids=READ_IN_TWO_WAYS)
def test_what_can_be_read_in_two_ways_is_answered_once_and_never_as_well(site: Site, sent: bytes) -> None:
    (status,) = statuses(asked(site, sent))
    assert status in (400, 401)


@pytest.mark.parametrize("sent", NO_HTTP_1.values(), ids=NO_HTTP_1)
def test_what_is_no_http_1_is_not_answered_as_such(site: Site, sent: bytes) -> None:
    assert statuses(asked(site, sent)) in ([], [400])


@pytest.mark.parametrize("headers", TOO_MUCH.values(), ids=TOO_MUCH)
def test_headers_without_measure_are_refused_before_they_are_whole(site: Site, headers: bytes) -> None:
    assert statuses(asked(site, LIVE + headers + END)) == [431]


def test_headers_as_long_as_they_may_be_are_read(site: Site) -> None:
    assert statuses(asked(site, LIVE + b"Cookie: " + b"a=b; " * 6_000 + END + END)) == [200]


@pytest.mark.parametrize(("sent", "status"), NOT_OF_THIS_SITE.values(), ids=NOT_OF_THIS_SITE)
def test_what_is_no_address_here_is_refused_and_repeats_nothing(site: Site, sent: bytes, status: int) -> None:
    answers = asked(site, sent)
    assert statuses(answers) == [status]
    assert b"sdc_session=told" not in answers
    assert b"evil.example" not in answers


def test_another_site_s_whole_address_leads_nobody_there(site: Site) -> None:
    answers = asked(site, b"GET http://evil.example//posts/ HTTP/1.1\r\n" + HOST + END)
    assert statuses(answers) == [308]
    assert b"\r\nlocation: /posts\r\n" in answers
