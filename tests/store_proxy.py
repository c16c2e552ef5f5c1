"""A proxy in front of a real object store, in a thread of its own, that makes it misbehave as it is told."""

import asyncio
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

Fault: TypeAlias = Literal["", "gone", "no writes", "slow", "hangs once", "500", "503", "opaque"]
"""`gone`: nobody listens. `no writes`: reads work, all else is denied. `slow`: each request waits first. `hangs once`:
of the next answer the beginning comes, and nothing more. `opaque`: the ETags are no digests of the content, as where a
store encrypts with keys of its own.
"""

SLOW_S = 5.0
_ERRORS = {"500": ("500 Internal Server Error", "InternalError"), "503": ("503 Slow Down", "SlowDown")}
_ETAG = re.compile(rb"(?<=&#34;)[0-9a-f]{32}(?=&#34;)|(?<=&quot;)[0-9a-f]{32}(?=&quot;)|(?<=\")[0-9a-f]{32}(?=\")")
_DENIED = ("403 Forbidden", "AccessDenied")


class StoreProxy:
    """Where it listens, and what is wrong with it at the moment."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._loop = asyncio.new_event_loop()
        self._fault: Fault = ""
        self._server: asyncio.Server | None = None
        self._served: set[asyncio.Task[None]] = set()
        self.port = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._listen())

    @property
    def url(self) -> str:
        """The address of the store, by way of this."""
        return f"http://127.0.0.1:{self.port}"

    def become(self, fault: Fault) -> None:
        """From now on; whoever is being served is hung up on."""
        self._do(self._become(fault))

    def close(self) -> None:
        """End."""
        self._do(self._become("gone"))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _do(self, work: "asyncio.Future[None] | object") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)  # ty: ignore[invalid-argument-type]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _become(self, fault: Fault) -> None:
        self._fault = fault
        for task in [*self._served]:
            task.cancel()
        if self._served:
            await asyncio.wait(self._served, timeout=5)
        if self._server is not None and fault == "gone":
            self._server.close()
            self._server = None
        elif self._server is None and fault != "gone":
            await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._served.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        refusal = _ERRORS.get(self._fault) or (_DENIED if self._refuses(head) else None)
        if refusal:
            status, code = refusal
            body = b"" if head.startswith(b"HEAD") else f"<Error><Code>{code}</Code></Error>".encode()
            said = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{said}Connection: close\r\n\r\n".encode() + body)
            await writer.drain()
            return
        if self._fault == "slow":
            await asyncio.sleep(SLOW_S)
        there, here = await asyncio.open_connection(*self._upstream)
        try:
            # One request a connection: which of them are writes is seen at its beginning.
            here.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(_pipe(reader, here))
                if self._fault == "hangs once":
                    self._fault = ""
                    writer.write(await there.read(65_536))
                    await asyncio.Event().wait()
                await _pipe(there, writer, _reversed if self._fault == "opaque" else bytes)
                sending.cancel()
        finally:
            here.close()

    def _refuses(self, head: bytes) -> bool:
        return self._fault == "no writes" and not head.startswith((b"GET", b"HEAD"))


def _reversed(chunk: bytes) -> bytes:
    """The ETags in it read backwards: answers to what is asked here are small, and come in one piece."""
    return _ETAG.sub(lambda found: found[0][::-1], chunk)


async def _pipe(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, through: Callable[[bytes], bytes] = bytes
) -> None:
    while chunk := await source.read(65_536):
        target.write(through(chunk))
        await target.drain()


@contextmanager
def proxying(upstream: str) -> Generator[StoreProxy]:
    """One for the block."""
    proxy = StoreProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
