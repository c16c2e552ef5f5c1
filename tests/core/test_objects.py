import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sdc_core import clock, objects
from sdc_core.errors import Conflict, NotFound, TooLarge, Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.settings import Settings

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
    async with asyncio.timeout(60):
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


async def test_two_stores_at_once_are_each_signed_for_with_their_own_keys(object_store_endpoint: Endpoint) -> None:
    other = Endpoint(url="http://127.0.0.1:1", access_key_id="another", secret_access_key="another's secret")
    async with open_store(other) as second, open_store(object_store_endpoint) as first:
        keys = [store._client._request_signer._credentials for store in (first, second)]
    assert [(each.access_key, each.secret_key) for each in keys] == [
        (endpoint.access_key_id, endpoint.secret_access_key) for endpoint in (object_store_endpoint, other)
    ]


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
