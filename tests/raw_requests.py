"""Requests as no well-behaved client would send them, straight into an ASGI application."""

from collections.abc import Iterable

import msgspec
from litestar.types import ASGIApp, HTTPScope, Message, ReceiveMessage

Headers = Iterable[tuple[bytes, bytes]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, and the application that said so."""

    status: int
    headers: dict[str, str]
    body: bytes
    scope: HTTPScope

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: bytes = b"",
    headers: Headers = (),
    body: bytes = b"",
    client: str = "127.0.0.1",
    host: bytes | None = b"localhost:8000",
) -> Answer:
    """The answer to one request. `path` may hold what a server makes of any bytes, lone surrogates included. It is for
    `host`, unless its headers have one.
    """
    sent = [*headers]
    if host is not None and not any(name == b"host" for name, _ in sent):
        sent.insert(0, (b"host", host))
    if body and not any(name == b"content-length" for name, _ in sent):
        sent.append((b"content-length", str(len(body)).encode()))
    scope: HTTPScope = {  # ty: ignore[missing-typed-dict-key]
        "type": "http",  # ty: ignore[invalid-argument-type]
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,  # ty: ignore[invalid-argument-type]
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(errors="replace"),
        "query_string": query,
        "root_path": "",
        "headers": sent,
        "client": (client, 50_000),
        "server": ("localhost", 8000),
        "extensions": {},
        "state": {},
    }
    waiting: list[ReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]
    status, answered, received = 0, {}, bytearray()

    async def receive() -> ReceiveMessage:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status = message["status"]
            answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            received.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status=status, headers=answered, body=bytes(received), scope=scope)
