"""An answer as it passes: its status, size and end, and the request id put on it."""

from collections.abc import Awaitable, Iterable
from functools import lru_cache

from litestar.types import Message, Receive, ReceiveMessage, Send
from sdc_core import clock

from sdc_web.page_cache import Reply

GONE = 499
FAILED = 500


class Answer:
    """Stands between the application and the server. `gone` is set when the client left before the end."""

    __slots__ = ("_done", "_receive", "_send", "_started_us", "_status", "content_type", "gone", "rid", "size_bytes")

    def __init__(self, rid: str, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._started_us = clock.monotonic_us()
        self._status = 0
        self._done = False
        self.rid = rid
        self.size_bytes = 0
        self.content_type = ""
        self.gone = False

    async def receive(self) -> ReceiveMessage:
        """Pass on what the client sends, and note when it leaves."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._done:
            self.gone = True
        return message

    async def give(self, reply: Reply) -> None:
        """Answer with what is kept."""
        self._status = reply.status
        self.content_type = reply.media_type
        reply.headers.append((b"x-request-id", self.rid.encode()))
        await self._send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": False})
        self.size_bytes = len(reply.body)
        self._done = True

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on the answer. Its messages may belong to the page cache, so they are copied, never changed.

        What the server gives to wait for is handed on as it is: a coroutine around it would cost each message more
        than all that is done here.
        """
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self.content_type = media_type(message["headers"])
            message = {**message, "headers": [*message["headers"], (b"x-request-id", self.rid.encode())]}
        elif message["type"] == "http.response.body":
            self.size_bytes += len(message.get("body", b""))
            self._done = not message.get("more_body", False)
        return self._send(message)

    def outcome(self) -> int:
        """The status to record: what was answered, 499 when the client left first, 500 when nothing was answered."""
        if self.gone:
            return GONE
        return self._status if self._done else FAILED

    def duration_us(self) -> int:
        """Microseconds since the request came."""
        return clock.monotonic_us() - self._started_us


def media_type(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The media type that these headers name, without its parameters."""
    for name, value in headers:
        if name == b"content-type":
            return _bare(value)
    return ""


@lru_cache(maxsize=64)
def _bare(value: bytes) -> str:
    return value.partition(b";")[0].strip().decode("latin-1")
