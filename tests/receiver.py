"""An endpoint as somebody else's program would be: an HTTP server on loopback, and what it was sent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from sdc_core.webhooks import Keyring, Verified


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One POST."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The webhook id."""
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, object]:
        """The body, read."""
        return msgspec.json.decode(self.body, type=dict[str, object])

    def verified_by(self, secret: str) -> Verified:
        """Raises WebhookError."""
        return Keyring([secret]).verify(self.headers, self.body)


class Receiver:
    """It answers with `answers` first, then with `answer`, each the raw bytes of an answer or what is to be done."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: bytes | Callable[[asyncio.StreamWriter], Awaitable[None]] = answer("204 No Content")
        self.answers: list[bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines[1:] if each)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.heard.append(Heard(path=lines[0].split(" ")[1], headers=headers, body=body))
        given = self.answers.pop(0) if self.answers else self.answer
        if isinstance(given, bytes):
            writer.write(given)
            await writer.drain()
        else:
            await given(writer)

    @property
    def ids(self) -> list[str]:
        """Of every message, as they came."""
        return [each.id for each in self.heard]

    @property
    def types(self) -> list[object]:
        """Of every message, as they came."""
        return [each.told["type"] for each in self.heard]


def answer(status: str, body: bytes = b"", headers: str = "") -> bytes:
    """A whole answer."""
    return f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


async def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up without a word."""
    writer.transport.abort()


async def silence(_: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()
