"""Idempotency-Key: what a program sends again, because no answer came, is done once."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import cast

import httpx
import pytest
from litestar import Response
from litestar.types import ASGIApp, HTTPScope
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.sqlite import execute, fetch_value
from sdc_web import posts, tokens
from sdc_web.api import kept_answers, once
from sdc_web.db import Databases
from sdc_web.hooks.expiry import expire
from sdc_web.posts import Post, whole
from sdc_web.problems import AnyRequest
from sdc_web.tokens import ApiToken

from api_client import program, token
from signing_in import OWNER

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
MINUTE_US = 60 * clock.SECOND_US
Publish = Callable[..., Awaitable[Post]]
Work = Callable[[str], Awaitable[Response[bytes]]]


@pytest.fixture
async def api(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with program(app, await token(databases, author_id)) as opened:
        yield opened


@pytest.fixture
async def api_token(databases: Databases, author_id: str) -> ApiToken:
    return (await tokens.issue(databases.site, OWNER, name="x", scope="write", author_id=author_id)).token


async def count(databases: Databases) -> int:
    async with databases.site.read() as connection:
        return len(await posts.listing.last_saved(connection, OWNER, 99))


async def kept(databases: Databases) -> object:
    async with databases.ttl.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM idempotency_keys")


async def tried(databases: Databases, owner: ApiToken, work: Work, body: str = "body") -> Response[bytes]:
    """One try of a request that has a key."""
    headers = [(b"idempotency-key", b"k")]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/posts", "query_string": b"", "headers": headers}
    return await once.once(AnyRequest(cast("HTTPScope", scope)), databases.ttl, owner, body, work)


async def done(made_id: str) -> Response[bytes]:
    return Response(made_id.encode(), status_code=201)


async def outcome(databases: Databases, owner: ApiToken) -> str:
    try:
        return (await tried(databases, owner, done)).content.decode()
    except once.InProgress:
        return "in progress"


async def begun(databases: Databases, owner: ApiToken, request_sha256: str, at_us: int) -> None:
    """A process has begun a request with the key `k`, and is at it."""
    key = once._sha256(owner.id, "k")
    async with databases.ttl.transaction() as connection:
        await kept_answers.begin(
            connection, key, token_id=owner.id, request_sha256=request_sha256, made_id="made", now_us=at_us
        )


async def test_a_post_that_is_sent_twice_is_made_once(api: httpx.AsyncClient, databases: Databases) -> None:
    first = await api.post("/posts", json={"title": "A lamp"}, headers=KEY)
    second = await api.post("/posts", json={"title": "A lamp"}, headers=KEY)
    assert (second.status_code, second.content) == (201, first.content)
    assert [second.headers[name] == first.headers[name] for name in ("etag", "location", "content-type")] == [True] * 3
    assert ("idempotent-replayed" in first.headers, second.headers["idempotent-replayed"]) == (False, "true")
    assert await count(databases) == 1


async def test_without_quotation_marks_it_is_the_same_key(api: httpx.AsyncClient, databases: Databases) -> None:
    bare = {"Idempotency-Key": KEY["Idempotency-Key"].strip('"')}
    for headers in (KEY, bare):
        await api.post("/posts", json={"title": "A lamp"}, headers=headers)
    assert await count(databases) == 1


async def test_a_publication_that_is_sent_twice_is_made_once(api: httpx.AsyncClient, databases: Databases) -> None:
    made = await api.post("/posts", json={"title": "A lamp"})
    address = f"/posts/{made.json()['id']}"
    first = await api.post(f"{address}/publication", headers=KEY)
    await api.patch(address, json={"body": "Not to be published."}, headers={"If-Match": first.headers["etag"]})
    second = await api.post(f"{address}/publication", headers=KEY)
    assert second.json() == first.json()
    assert (await api.get(address)).json()["state"] == "changed"


async def test_a_key_stands_for_one_request(api: httpx.AsyncClient, publish: Publish, databases: Databases) -> None:
    post = await publish("On cups")
    await api.post("/posts", json={"title": "A lamp"}, headers=KEY)
    refused = [
        await api.post("/posts", json={"title": "Fog"}, headers=KEY),
        await api.post("/posts?x=1", json={"title": "A lamp"}, headers=KEY),
        await api.post(f"/posts/{post.id}/publication", headers=KEY),
    ]
    assert [(each.status_code, each.json()["field"]) for each in refused] == [(422, "Idempotency-Key")] * 3
    assert await count(databases) == 2


async def test_a_key_of_one_token_is_none_of_another(
    api: httpx.AsyncClient, app: ASGIApp, databases: Databases, author_id: str
) -> None:
    other = await tokens.issue(databases.site, OWNER, name="other", scope="write", author_id=author_id)
    await api.post("/posts", json={"title": "A lamp"}, headers=KEY)
    async with program(app, other.text) as second:
        await second.post("/posts", json={"title": "A lamp"}, headers=KEY)
    assert await count(databases) == 2


async def test_what_was_refused_may_be_sent_right_with_the_same_key(
    api: httpx.AsyncClient, databases: Databases
) -> None:
    refused = await api.post("/posts", json={"title": "A lamp", "slug": "A Lamp"}, headers=KEY)
    taken = await api.post("/posts", json={"title": "A lamp", "slug": "a-lamp"}, headers=KEY)
    assert (refused.status_code, taken.status_code, await count(databases)) == (422, 201, 1)


async def test_a_key_that_is_none_is_refused(api: httpx.AsyncClient, databases: Databases) -> None:
    for key in ("", '""', '"', "a b", "é", '"a', 'a"b', "a\\b", "x" * 256, '"a";p=1', '"a", "b"'):
        refused = await api.post("/posts", json={"title": "A lamp"}, headers={b"Idempotency-Key": key.encode()})
        assert (refused.status_code, refused.json()["field"]) == (422, "Idempotency-Key"), key
    assert await count(databases) == 0


async def test_while_the_first_is_being_done_the_second_is_told_to_wait(
    api: httpx.AsyncClient, databases: Databases
) -> None:
    (owner,) = await tokens.listing(databases.site, OWNER)
    same = once._sha256("POST", "/api/v1/posts", "", "", hashlib.sha256(b"{}").hexdigest())
    await begun(databases, owner, same, clock.now_us())
    refused = await api.post("/posts", json={}, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (409, "conflict", "5")
    assert await count(databases) == 0


async def test_of_two_at_once_one_works(databases: Databases, api_token: ApiToken) -> None:
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(outcome(databases, api_token)) for _ in range(5)]
    assert len({each.result() for each in tries} - {"in progress"}) == 1


async def test_a_try_that_broke_locks_the_key_for_nobody_and_the_next_makes_the_same(
    databases: Databases, api_token: ApiToken
) -> None:
    seen = []

    async def broken(made_id: str) -> Response[bytes]:
        seen.append(made_id)
        raise KeyError

    with pytest.raises(KeyError):
        await tried(databases, api_token, broken)
    assert (await tried(databases, api_token, done)).content.decode() == seen[0]


async def test_a_try_that_could_not_end_now_is_followed_by_one_that_makes_the_same(
    databases: Databases, api_token: ApiToken
) -> None:
    seen = []

    async def busy(made_id: str) -> Response[bytes]:
        seen.append(made_id)
        raise Unavailable("the database is busy")

    with pytest.raises(Unavailable):
        await tried(databases, api_token, busy)
    assert (await tried(databases, api_token, done)).content.decode() == seen[0]


async def test_a_process_that_died_locks_the_key_for_a_minute(databases: Databases, api_token: ApiToken) -> None:
    died_us = clock.now_us()
    await begun(databases, api_token, once._sha256("POST", "/api/v1/posts", "", "", "body"), died_us)
    with pytest.raises(once.InProgress), clock.frozen(died_us + MINUTE_US - 1):
        await tried(databases, api_token, done)
    with clock.frozen(died_us + MINUTE_US):
        assert (await tried(databases, api_token, done)).content == b"made"


async def test_a_post_that_a_dead_process_made_is_found_by_the_next_try(databases: Databases, author_id: str) -> None:
    post_id = clock.new_id()
    first = await whole.begin(databases.site, OWNER, "post", posts.Draft(title="A lamp"), post_id)
    second = await whole.begin(databases.site, OWNER, "post", posts.Draft(title="A lamp"), post_id)
    assert (second, await count(databases)) == (first, 1)


async def test_what_takes_too_long_is_ended_and_may_be_tried_again(
    databases: Databases, api_token: ApiToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(_: str) -> Response[bytes]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(once, "DEADLINE_S", 0.01)
    with pytest.raises(Unavailable):
        await tried(databases, api_token, endless)
    monkeypatch.undo()
    assert (await tried(databases, api_token, done)).status_code == 201


async def test_a_key_is_forgotten_after_a_day(databases: Databases, api_token: ApiToken) -> None:
    first = await tried(databases, api_token, done)
    now_us = clock.now_us()
    with clock.frozen(now_us + clock.DAY_US - MINUTE_US):
        assert (await tried(databases, api_token, done)).content == first.content
    with clock.frozen(now_us + clock.DAY_US):
        assert (await tried(databases, api_token, done)).content != first.content
    assert await expire(databases.ttl, now_us + 3 * clock.DAY_US) == 1


async def fill(databases: Databases, owner: str, number: int, answer_bytes: int) -> None:
    async with databases.ttl.transaction() as connection:
        for each in range(number):
            await kept_answers.begin(
                connection, f"{owner}{each}", token_id=owner, request_sha256="", made_id="", now_us=each + 1
            )
            await execute(connection, "UPDATE idempotency_keys SET answer_bytes = :n", {"n": answer_bytes})
        await kept_answers.make_room(connection, owner)


async def names(databases: Databases) -> object:
    async with databases.ttl.read() as connection:
        return await fetch_value(connection, "SELECT group_concat(key_sha256) FROM idempotency_keys")


async def test_a_token_keeps_so_many_keys(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "MOST_KEYS", 2)
    await fill(databases, "a", 3, 1)
    await fill(databases, "b", 2, 1)
    assert await names(databases) == "a1,a2,b0,b1"


async def test_a_token_keeps_so_many_bytes(databases: Databases) -> None:
    await fill(databases, "a", 4, kept_answers.MOST_BYTES // 2)
    assert await names(databases) == "a2,a3"
