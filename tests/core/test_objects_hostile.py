"""The client of a store that is away, breaks off, drips or answers nonsense, and of a disk that is slow."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import pytest
from sdc_core import objects
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store

from loopback import serving

FreshBucket = Callable[[], Awaitable[str]]
TEXT = "text/plain"
BODY = bytes(range(256)) * 4_096  # 1 MiB: larger than a chunk


async def _put(store: ObjectStore, bucket: str, key: str, body: bytes = b"x") -> str:
    return await store.put(bucket, key, body, content_type=TEXT)


@pytest.mark.usefixtures("_no_second_try")
async def test_a_store_that_is_down_is_unavailable_and_opening_it_is_not() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with open_store(Endpoint(url=url, access_key_id="a", secret_access_key="b")) as store:
            with pytest.raises(Unavailable, match=f"the object store at {url} does not answer"):
                await store.head("media", "k")
            assert "does not answer" in await store.ping("media")


@pytest.fixture
def _no_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "ATTEMPTS", 1)


@asynccontextmanager
async def _hostile(answer: bytes, *, then_close: bool) -> AsyncGenerator[ObjectStore]:
    """A store that answers every request alike, and then hangs up or falls silent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if not then_close:
            await reader.read()

    async with (
        serving(serve) as url,
        open_store(Endpoint(url=url, access_key_id="a", secret_access_key="b")) as store,
    ):
        yield store


HALF = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 1000000\r\n\r\n' + bytes(500_000)


async def test_a_store_that_hangs_up_in_the_middle_is_unavailable() -> None:
    async with _hostile(HALF, then_close=True) as store:
        with pytest.raises(Unavailable, match="stopped in the middle of media/k"):
            await store.get("media", "k", max_bytes=10**6)


async def test_half_a_file_is_not_left_behind(tmp_path: Path) -> None:
    async with _hostile(HALF, then_close=True) as store:
        with pytest.raises(Unavailable):
            await store.get_file("media", "k", tmp_path / "file")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_a_cancelled_copy_leaves_no_file(tmp_path: Path) -> None:
    async with _hostile(HALF, then_close=False) as store:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await store.get_file("media", "k", tmp_path / "file")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_a_store_that_falls_silent_in_the_middle_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "READ_S", 0.2)
    async with _hostile(HALF, then_close=False) as store:
        with pytest.raises(Unavailable, match="stopped in the middle of media/k"):
            await store.get("media", "k", max_bytes=10**6)


async def test_a_store_that_is_slow_over_all_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "CALL_S", 0.2)
    monkeypatch.setattr(objects, "SLOWEST_BYTES_PER_S", 10**9)
    async with _hostile(HALF, then_close=False) as store:
        with pytest.raises(Unavailable, match="too slow with media/k"):
            await store.get("media", "k", max_bytes=10**6)


@asynccontextmanager
async def _dripping() -> AsyncGenerator[ObjectStore]:
    """A store that always sends a little more, and would not come to an end for hours."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HALF)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with (
        serving(serve) as url,
        open_store(Endpoint(url=url, access_key_id="a", secret_access_key="b")) as store,
    ):
        yield store


@pytest.fixture
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "CALL_S", 0.2)
    monkeypatch.setattr(objects, "SLOWEST_BYTES_PER_S", 10**9)


@pytest.mark.usefixtures("_little_time")
async def test_a_copy_from_a_store_that_drips_has_a_deadline_and_leaves_no_file(tmp_path: Path) -> None:
    async with asyncio.timeout(5), _dripping() as store:
        with pytest.raises(Unavailable, match="too slow with media/k"):
            await store.get_file("media", "k", tmp_path / "file")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


@pytest.mark.usefixtures("_little_time")
async def test_a_stream_from_a_store_that_drips_has_a_deadline() -> None:
    async with asyncio.timeout(5), _dripping() as store, store.stream("media", "k") as stream:
        with pytest.raises(Unavailable, match="too slow with media/k"):
            _ = [chunk async for chunk in stream.chunks]


class _SlowDisk:
    """Opens files as ever, but only once it is told to; keeps what it opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.opened: list[IO[bytes]] = []
        open_ = Path.open

        def slowly(path: Path, mode: str) -> IO[bytes]:
            self.asked.set()
            self.go.wait(5)
            self.opened.append(open_(path, mode))
            return self.opened[-1]

        monkeypatch.setattr(Path, "open", slowly)

    async def cancel_while_it_opens(self, copying: Coroutine[object, object, object]) -> None:
        """Cancel in the moment in which a thread is opening the file; returns when all is over."""
        async with asyncio.TaskGroup() as group:
            copy = group.create_task(copying)
            await asyncio.to_thread(self.asked.wait, 5)
            copy.cancel()
            await asyncio.sleep(0)
            self.go.set()
        # What the thread still has to do, it has done before the executor has another turn.
        while not self.opened:  # noqa: ASYNC110 - a thread that nobody waits for
            await asyncio.sleep(0.001)
        assert copy.cancelled()


async def test_a_copy_cancelled_while_its_file_is_opened_leaves_nothing_open_and_no_file(
    object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k")
    disk = _SlowDisk(monkeypatch)
    await disk.cancel_while_it_opens(object_store.get_file(bucket, "k", tmp_path / "file"))
    assert [file.closed for file in disk.opened] == [True]
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_an_upload_cancelled_while_its_file_is_opened_leaves_nothing_open(
    object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = await fresh_bucket()
    await asyncio.to_thread((tmp_path / "file").write_bytes, BODY)
    disk = _SlowDisk(monkeypatch)
    await disk.cancel_while_it_opens(object_store.put_file(bucket, "k", tmp_path / "file", content_type=TEXT))
    assert [file.closed for file in disk.opened] == [True]


async def test_silence_ends_a_ping_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PING_S", 0.1)
    async with _hostile(b"", then_close=False) as store:
        assert await store.ping("media") == "the object store did not answer in time"


@pytest.mark.usefixtures("_no_second_try")
@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
async def test_a_broken_answer_is_unavailable(answer: bytes) -> None:
    async with _hostile(answer, then_close=True) as store:
        with pytest.raises(Unavailable):
            await store.head("media", "k")


@pytest.mark.parametrize("following", [b"", b"<NextContinuationToken>once more</NextContinuationToken>"])
async def test_a_listing_without_end_is_ended(following: bytes) -> None:
    listed = b"<ListBucketResult><IsTruncated>true</IsTruncated>%s</ListBucketResult>" % following
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    async with _hostile(head % len(listed) + listed, then_close=True) as store:
        with pytest.raises(Unavailable, match="does not say where its listing of media goes on"):
            _ = [info async for info in store.list("media")]


@pytest.mark.usefixtures("_no_second_try")
async def test_an_error_page_of_something_else_is_unavailable() -> None:
    page = b"<html>Bad Gateway</html>"
    answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    async with _hostile(answer, then_close=True) as store:
        with pytest.raises(Unavailable):
            await store.get("media", "k", max_bytes=1)
