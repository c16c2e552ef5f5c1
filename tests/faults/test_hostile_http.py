"""Requests that two servers might read in two ways, and headers without measure, on the real server."""

import socket
from functools import partial

import pytest

from living_site import Site
from raw_connections import answered, statuses
from two_ways import END, HOST, LIVE, READ_IN_TWO_WAYS

pytestmark = pytest.mark.timeout(120)

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
    "an asterisk": (b"GET * HTTP/1.1\r\n" + HOST + END, 400),
    "a method of 10 kB": (b"A" * 10_000 + b" / HTTP/1.1\r\n" + HOST + END, 501),
    "another site's whole address": (b"GET http://evil.example/nothing HTTP/1.1\r\n" + HOST + END, 404),
}
NO_NAME = {
    "no Host": b"GET /posts HTTP/1.1\r\n\r\n",
    "an empty Host": b"GET /posts HTTP/1.1\r\nHost:\r\n\r\n",
    "two": b"GET /posts HTTP/1.1\r\n" + HOST + HOST + END,
    "two, and the second another": b"GET /posts HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n",
    "a Host that is none": b"GET /posts HTTP/1.1\r\nHost: local/host\r\n\r\n",
    "none in HTTP/1.0": b"GET /posts HTTP/1.0\r\n\r\n",
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


@pytest.mark.parametrize("sent", NO_NAME.values(), ids=NO_NAME)
def test_a_request_that_names_no_host_or_two_is_malformed(site: Site, sent: bytes) -> None:
    assert statuses(asked(site, sent)) == [400]


def test_another_host_is_not_this_one(site: Site) -> None:
    answers = asked(site, b"GET /posts HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert statuses(answers) == [421]
    assert b"evil.example" not in answers
    # Whoever names the host in the address alone has named it.
    assert statuses(asked(site, b"GET http://evil.example/posts HTTP/1.1\r\n\r\n")) == [421]


def test_an_old_health_check_needs_no_host(site: Site) -> None:
    assert statuses(asked(site, b"GET /health/live HTTP/1.0\r\n\r\n")) == [200]
