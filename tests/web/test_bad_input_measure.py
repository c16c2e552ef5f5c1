"""Queries without measure, before anybody has signed in."""

import pytest
from litestar.types import ASGIApp

from raw_requests import ask

# The first of them waits for the application, which takes seconds where much else runs.
pytestmark = pytest.mark.timeout(120)
ADDRESSES = [
    ("HEAD", "/posts/none/"),
    ("GET", "/search"),
    ("GET", "/nothing/here"),
    ("GET", "/author/posts"),
    ("POST", "/author/sign-in"),
    ("GET", "/api/v1/posts"),
    ("POST", "/hooks"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_ten_thousand_fields_are_taken_apart_nowhere(app: ASGIApp, method: str, path: str) -> None:
    answer = await ask(app, method, path, query=b"_method=PUT" + b"&a=1" * 10_000)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert method == "HEAD" or "too many fields: send 400 at the most" in answer.text


async def test_what_reads_no_query_is_the_same_whatever_its_measure(app: ASGIApp) -> None:
    plain, asked = await ask(app, "GET", "/"), await ask(app, "GET", "/", query=b"&a=1" * 10_000)
    assert (asked.status, asked.body) == (200, plain.body)


async def test_as_many_fields_as_may_be_are_read(app: ASGIApp) -> None:
    answer = await ask(app, "GET", "/search", query=b"&".join([b"q=fog", *[b"a=1"] * 399]))
    assert (answer.status, "fog" in answer.text) == (200, True)
