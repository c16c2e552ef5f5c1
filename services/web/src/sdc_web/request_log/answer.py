"""An answer as it passes: its status, size and end, and the request id put on it."""

from collections.abc import Awaitable, Iterable
from functools import lru_cache

from litestar.types import Message, Receive, ReceiveMessage, Send

NO_ROUTE = "(none)"
GONE = 499
FAILED = 500
LEFT = GONE, 0, ""
"""What is told of an answer that nobody stayed for."""


class Answer:
    """Stands between the application and the server. `gone` is set when the client left before the end."""

    __slots__ = (
        "_done",
        "_receive",
        "_send",
        "_status",
        "content_type",
        "gone",
        "reading",
        "rid",
        "route",
        "size_bytes",
    )

    def __init__(self, rid: str, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._status = 0
        self._done = False
        self.rid = rid
        self.route = NO_ROUTE
        self.size_bytes = 0
        self.content_type = ""
        self.gone = False
        self.reading: tuple[str, str] | None = None

    def note_route(self, pattern: str) -> None:
        """That one took the request."""
        self.route = pattern

    def note_type(self, media_type: str) -> None:
        """Of what the client has already, and is told of without the header that says so."""
        self.content_type = media_type

    def note_reading(self, path: str, query: str) -> None:
        """It tells how the page at that path was read, and the line says so: the path of that page, and this query."""
        self.reading = path, query

    async def receive(self) -> ReceiveMessage:
        """Pass on what the client sends, and note when it leaves."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._done:
            self.gone = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on the answer. Its messages may belong to the page cache, so they are copied, never changed.

        What the server gives to wait for is handed on as it is: a coroutine around it would cost each message more
        than all that is done here.
        """
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self.content_type = media_type(message["headers"]) or self.content_type
            message = {**message, "headers": [*message["headers"], (b"x-request-id", self.rid.encode())]}
        elif message["type"] == "http.response.body":
            self.size_bytes += len(message.get("body", b""))
            self._done = not message.get("more_body", False)
        return self._send(message)

    def told(self) -> tuple[int, int, str]:
        """The status to record, bytes of the body, and media type. The status is what was answered, 499 when the client
        left first, 500 when nothing was answered.
        """
        status = GONE if self.gone else self._status if self._done else FAILED
        return status, self.size_bytes, self.content_type


def media_type(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The media type that these headers name, without its parameters."""
    for name, value in headers:
        if name == b"content-type":
            return _bare(value)
    return ""


@lru_cache(maxsize=64)
def _bare(value: bytes) -> str:
    return value.partition(b";")[0].strip().decode("latin-1")
