"""Bodies that come slowly, or many at a time: none takes the place of a reader."""

import asyncio

import msgspec
import pytest
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, ReceiveMessage, Scope, Send
from sdc_web import edge
from sdc_web.edge import Bodies, Crowd


async def reading(_: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the whole body and tells its length."""
    length = 0
    while (message := await receive())["type"] == "http.request":
        length += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode(), "more_body": False})


async def send_slowly(
    app: ASGIApp,
    finish: asyncio.Event,
    address: str = "192.0.2.1",
    header: tuple[bytes, bytes] = (b"content-length", b"9"),
) -> tuple[int, bytes]:
    """Status and body of the answer to a request whose body ends once `finish` is set."""
    pieces = [b"begin", b"-end"]
    status, body = 0, b""

    async def receive() -> ReceiveMessage:
        if len(pieces) == 1:
            await finish.wait()
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            body += message["body"]

    scope: HTTPScope = {"type": "http", "headers": [header], "client": (address, 1)}  # ty: ignore[missing-typed-dict-key, invalid-argument-type]
    await app(scope, receive, send)
    return status, body


async def test_a_body_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_S", 0.01)
    with pytest.raises(HTTPException) as refused:
        await send_slowly(Bodies(reading), asyncio.Event())
    assert refused.value.status_code == 408


async def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours() -> None:
    async def receive() -> ReceiveMessage:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise AssertionError

    scope: HTTPScope = {"type": "http", "headers": [(b"content-length", b"9")], "client": None}  # ty: ignore[missing-typed-dict-key, invalid-argument-type]
    with pytest.raises(HTTPException) as ended:
        await Bodies(reading)(scope, receive, send)
    assert ended.value.status_code == 400


async def refusing(_: Scope, __: Receive, send: Send) -> None:
    """An application that wants nothing of the body."""
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b"sign in", "more_body": False})


@pytest.mark.parametrize(
    ("headers", "heard_out"),
    [
        ([(b"content-length", b"9")], True),
        ([(b"transfer-encoding", b"chunked")], True),
        ([(b"content-length", b"9"), (b"expect", b"100-continue")], False),
        ([(b"content-length", b"%d" % (edge.HEARD_OUT_BYTES + 1))], False),
    ],
    ids=("by length", "in chunks", "asks before it sends", "more than is taken in"),
)
async def test_who_is_refused_while_they_send_is_answered_at_the_end_of_what_they_send(
    headers: list[tuple[bytes, bytes]], *, heard_out: bool
) -> None:
    pieces, told = [b"beg", b"in-", b"end"], []

    async def receive() -> ReceiveMessage:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        told.append((message["type"], not pieces))

    scope: HTTPScope = {"type": "http", "headers": headers, "client": None}  # ty: ignore[missing-typed-dict-key, invalid-argument-type]
    await Bodies(refusing)(scope, receive, send)
    assert told == [("http.response.start", heard_out), ("http.response.body", heard_out)]


async def test_who_is_refused_and_does_not_get_on_is_answered_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "HEARD_OUT_PIECE_S", 0.01)
    assert await send_slowly(Bodies(refusing), asyncio.Event()) == (401, b"sign in")


async def test_those_who_are_refused_and_dribble_on_take_nobodys_place() -> None:
    bodies, finish = Bodies(refusing), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        heard_out = [
            group.create_task(send_slowly(bodies, finish, f"192.0.2.{number}"))
            for number in range(edge.HEARD_OUT_AT_ONCE)
        ]
        await asyncio.sleep(0)
        assert bodies.figures()[0].samples[0].value == 0
        assert await send_slowly(bodies, finish) == (401, b"sign in"), "and is not waited for, nor heard out"
        assert not any(each.done() for each in heard_out)
        finish.set()


@pytest.mark.parametrize("header", [(b"content-length", b"9"), (b"transfer-encoding", b"chunked")])
async def test_one_address_sends_a_few_bodies_at_once_and_no_more(header: tuple[bytes, bytes]) -> None:
    bodies, finish = Bodies(reading), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        slow = [group.create_task(send_slowly(bodies, finish, header=header)) for _ in range(edge.BODIES_OF_ONE)]
        await asyncio.sleep(0)
        status, body = await send_slowly(bodies, finish)
        finish.set()
        another = await send_slowly(bodies, finish, "192.0.2.2")
    assert (status, msgspec.json.decode(body)["code"]) == (503, "unavailable")
    assert another == (200, b"9")
    assert {each.result() for each in slow} == {(200, b"9")}
    assert await send_slowly(bodies, finish) == (200, b"9")


async def test_many_addresses_together_leave_room_for_readers() -> None:
    bodies, finish = Bodies(reading), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(edge.BODIES):
            group.create_task(send_slowly(bodies, finish, f"192.0.2.{number}"))
        await asyncio.sleep(0)
        refused, _ = await send_slowly(bodies, finish, "198.51.100.1")
        finish.set()
    assert refused == 503


async def asked(app: ASGIApp, path: str = "/search", accept: bytes = b"*/*") -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of the answer to a request without a body."""
    told: list[Message] = []

    async def receive() -> ReceiveMessage:
        raise AssertionError

    async def send(message: Message) -> None:
        told.append(message)

    scope: HTTPScope = {"type": "http", "path": path, "headers": [(b"accept", accept)]}  # ty: ignore[missing-typed-dict-key, invalid-argument-type]
    await app(scope, receive, send)
    return told[0]["status"], dict(told[0]["headers"]), told[1]["body"]  # ty: ignore[invalid-typed-dict-key]


async def test_who_comes_when_there_is_too_much_to_do_is_told_at_once() -> None:
    finish, entered = asyncio.Event(), asyncio.Semaphore(0)

    async def working(scope: Scope, _: Receive, send: Send) -> None:
        entered.release()
        if scope["path"] == "/search":
            await finish.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    crowd = Crowd(working, at_once=2)
    async with asyncio.TaskGroup() as group:
        first = [group.create_task(asked(crowd)) for _ in range(2)]
        for _ in first:
            await entered.acquire()
        status, headers, body = await asked(crowd)
        assert (status, msgspec.json.decode(body)["code"]) == (503, "unavailable")
        assert int(headers[b"retry-after"]) > 0
        status, headers, body = await asked(crowd, accept=b"text/html,*/*;q=0.8")
        assert (status, headers[b"content-type"], body[:15]) == (503, b"text/html; charset=utf-8", b"<!doctype html>")
        assert (await asked(crowd, "/health/live"))[0] == 200
        finish.set()
    assert [each.result()[0] for each in first] == [200, 200]
    assert (await asked(crowd))[0] == 200


async def test_work_that_fails_leaves_its_place() -> None:
    async def failing(_: Scope, __: Receive, ___: Send) -> None:
        raise LookupError

    crowd = Crowd(failing, at_once=1)
    for _ in range(3):
        with pytest.raises(LookupError):
            await asked(crowd)
