import asyncio
import hashlib
import socket
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import pytest
from sdc_core import clock, objects
from sdc_core.errors import Conflict, NotFound, TooLarge, Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.settings import Settings

from loopback import serving

FreshBucket = Callable[[], Awaitable[str]]
TEXT = "text/plain"
BODY = bytes(range(256)) * 4_096  # 1 MiB: larger than a chunk


async def _put(store: ObjectStore, bucket: str, key: str, body: bytes = b"x") -> str:
    return await store.put(bucket, key, body, content_type=TEXT)


async def test_what_is_put_is_got(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "a/b c+ð", BODY)
    assert await object_store.get(bucket, "a/b c+ð", max_bytes=len(BODY)) == BODY


@pytest.mark.parametrize("body", [b"", b"x", BODY], ids=len)
async def test_an_etag_is_the_md5_of_the_body(
    object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path, body: bytes
) -> None:
    bucket = await fresh_bucket()
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    file = tmp_path / "file"
    await asyncio.to_thread(file.write_bytes, body)
    assert await _put(object_store, bucket, "bytes", body) == md5
    assert await object_store.put_file(bucket, "file", file, content_type=TEXT) == md5
    assert await object_store.get(bucket, "file", max_bytes=len(body)) == body


async def test_a_head_tells_the_facts(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    before_us = clock.now_us()
    etag = await object_store.put(
        bucket, "k", b"12345", content_type="image/avif", cache_control="max-age=1", metadata={"origin": "test"}
    )
    info = await object_store.head(bucket, "k")
    assert info is not None
    assert (info.key, info.size_bytes, info.etag, info.content_type) == ("k", 5, etag, "image/avif")
    assert abs(info.modified_us - before_us) < 5 * clock.SECOND_US


async def test_a_missing_object_is_not_found(
    object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path
) -> None:
    bucket = await fresh_bucket()
    assert await object_store.head(bucket, "absent") is None
    with pytest.raises(NotFound, match=f"no {bucket}/absent"):
        await object_store.get(bucket, "absent", max_bytes=1)
    with pytest.raises(NotFound):
        await object_store.get_file(bucket, "absent", tmp_path / "file")
    assert not (await asyncio.to_thread((tmp_path / "file").exists))


async def test_a_missing_bucket_is_not_found(object_store: ObjectStore) -> None:
    with pytest.raises(NotFound, match="no no-such-bucket/k"):
        await _put(object_store, "no-such-bucket", "k")
    with pytest.raises(NotFound):
        await _keys(object_store, "no-such-bucket")


async def test_a_key_that_must_be_new_is_not_written_twice(
    object_store: ObjectStore, fresh_bucket: FreshBucket
) -> None:
    bucket = await fresh_bucket()
    await object_store.put(bucket, "k", b"first", content_type=TEXT, only_new=True)
    with pytest.raises(Conflict, match=f"{bucket}/k already"):
        await object_store.put(bucket, "k", b"second", content_type=TEXT, only_new=True)
    assert await object_store.get(bucket, "k", max_bytes=10) == b"first"


async def test_an_object_over_the_limit_is_not_read(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k", b"12345")
    with pytest.raises(TooLarge, match="has 5 bytes, more than the 4 allowed"):
        await object_store.get(bucket, "k", max_bytes=4)


async def test_an_object_becomes_a_file(object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k", BODY)
    assert await object_store.get_file(bucket, "k", tmp_path / "file") == len(BODY)
    assert await asyncio.to_thread((tmp_path / "file").read_bytes) == BODY


async def test_a_file_that_is_there_already_is_left_alone(
    object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path
) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k", BODY)
    await asyncio.to_thread((tmp_path / "file").write_bytes, b"mine")
    with pytest.raises(FileExistsError):
        await object_store.get_file(bucket, "k", tmp_path / "file")
    assert await asyncio.to_thread((tmp_path / "file").read_bytes) == b"mine"


async def test_a_range_brings_only_its_bytes(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k", b"0123456789")
    async with object_store.stream(bucket, "k", byte_range="bytes=2-4") as stream:
        assert (stream.size_bytes, stream.content_range) == (3, "bytes 2-4/10")
        assert b"".join([chunk async for chunk in stream.chunks]) == b"234"


async def test_a_stream_comes_in_small_pieces(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k", BODY)
    async with object_store.stream(bucket, "k") as stream:
        pieces = [chunk async for chunk in stream.chunks]
    assert max(map(len, pieces)) <= objects.CHUNK_BYTES
    assert b"".join(pieces) == BODY


async def test_a_stream_that_is_left_early_does_not_hold_a_connection(
    object_store: ObjectStore, fresh_bucket: FreshBucket
) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k", BODY)
    async with asyncio.timeout(10):
        for _ in range(40):  # more than the pool has connections
            async with object_store.stream(bucket, "k") as stream:
                await anext(aiter(stream.chunks))


async def _keys(store: ObjectStore, bucket: str, prefix: str = "") -> list[str]:
    return sorted([info.key async for info in store.list(bucket, prefix)])


async def test_a_listing_goes_over_all_pages(
    object_store: ObjectStore, fresh_bucket: FreshBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PAGE", 7)
    bucket = await fresh_bucket()
    wanted = [f"many/{number:02}" for number in range(30)]
    async with asyncio.TaskGroup() as group:
        for key in wanted:
            group.create_task(_put(object_store, bucket, key))
    assert await _keys(object_store, bucket) == wanted


async def test_a_listing_keeps_to_its_prefix(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    for key in ("a", "a/1", "a/2&=", "ab", "b"):
        await _put(object_store, bucket, key)
    assert await _keys(object_store, bucket, "a/") == ["a/1", "a/2&="]
    assert await _keys(object_store, bucket, "none") == []


async def test_deleting_twice_is_as_good_as_once(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    await _put(object_store, bucket, "k")
    await object_store.delete(bucket, "k")
    await object_store.delete(bucket, "k")
    assert await object_store.head(bucket, "k") is None


async def test_making_a_bucket_twice_is_as_good_as_once(object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    bucket = await fresh_bucket()
    await object_store.make_bucket(bucket)
    assert await object_store.ping(bucket) == ""


async def test_a_ping_says_what_is_missing(object_store: ObjectStore) -> None:
    assert await object_store.ping("no-such-bucket") == "the object store has no no-such-bucket"


async def test_a_wrong_key_is_said_in_words(object_store_endpoint: Endpoint) -> None:
    wrong = Endpoint(url=object_store_endpoint.url, access_key_id="nobody", secret_access_key="wrong")
    async with open_store(wrong) as store:
        with pytest.raises(Unavailable, match="the object store refused put_object of media/k: InvalidAccessKeyId"):
            await _put(store, "media", "k")


async def test_without_keys_nothing_is_signed_and_nobody_is_asked_for_some(object_store_endpoint: Endpoint) -> None:
    async with open_store(Endpoint(url=object_store_endpoint.url, access_key_id="", secret_access_key="")) as store:
        with pytest.raises(Unavailable, match="refused put_object of media/k: AccessDenied"):
            await _put(store, "media", "k")


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


@pytest.mark.usefixtures("_no_second_try")
async def test_an_error_page_of_something_else_is_unavailable() -> None:
    page = b"<html>Bad Gateway</html>"
    answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    async with _hostile(answer, then_close=True) as store:
        with pytest.raises(Unavailable):
            await store.get("media", "k", max_bytes=1)


def test_an_endpoint_does_not_print_its_keys() -> None:
    endpoint = Endpoint(url="http://store", access_key_id="AKID", secret_access_key="hush")
    assert f"{endpoint} {endpoint!r}" == "Endpoint(http://store) Endpoint(http://store)"


def test_endpoints_come_from_the_settings() -> None:
    settings = Settings(
        S3_ENDPOINT_URL="http://127.0.0.1:9",
        S3_ACCESS_KEY_ID="a",
        S3_SECRET_ACCESS_KEY="b",
        REMOTE_DAILY_ENDPOINT_URL="https://s3.example",
        REMOTE_DAILY_BUCKET="daily",
        REMOTE_DAILY_REGION="auto",
    )
    local, daily = objects.local_endpoint(settings), objects.daily_endpoint(settings)
    assert (local.url, local.access_key_id, local.secret_access_key) == ("http://127.0.0.1:9", "a", "b")
    assert daily is not None
    assert (daily.url, daily.region) == ("https://s3.example", "auto")


def test_without_a_remote_there_is_no_daily_endpoint() -> None:
    assert objects.daily_endpoint(Settings(REMOTE_DAILY_BUCKET="daily", REMOTE_DAILY_ENDPOINT_URL="")) is None
