"""A remote that answers, but not as it should: the run ends in words, and what is there stays."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.settings import Settings
from sdc_worker.mirror import child, daily, markers, rclone
from sdc_worker.mirror.daily import CURRENT
from sdc_worker.mirror.plan import MirrorRefused
from sdc_worker.mirror.target import Target

import store_proxy
from conftest import FreshBucket
from store_proxy import Fault, proxying


@asynccontextmanager
async def answering(status: int, code: str) -> AsyncGenerator[Endpoint]:
    """A store that answers everything with one refusal."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoint(url=f"http://127.0.0.1:{port}", access_key_id="made-up", secret_access_key="made-up")


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalError"), (503, "SlowDown"), (403, "AccessDenied"), (403, "RequestTimeTooSkewed")],
)
async def test_a_remote_that_refuses_ends_the_run_with_what_it_said(
    object_store: ObjectStore, fresh_bucket: FreshBucket, status: int, code: str
) -> None:
    bucket = await fresh_bucket()
    await markers.put(object_store, bucket, role="store")
    async with answering(status, code) as endpoint, open_store(endpoint) as remote:
        ends = rclone.remotes(object_store.endpoint, endpoint, child.clean_environment(Settings()))
        with pytest.raises(Unavailable, match=f"refused list_objects_v2 of daily: {code}"):
            await daily.run(object_store, [bucket], Target(store=remote, bucket="daily", remotes=ends))


async def test_a_remote_that_takes_no_writes_loses_nothing_and_is_made_up_for(
    object_store: ObjectStore, fresh_bucket: FreshBucket
) -> None:
    bucket, kept = await fresh_bucket(), await fresh_bucket()
    await markers.put(object_store, bucket, role="store")
    environment = child.clean_environment(Settings())
    ends = rclone.remotes(object_store.endpoint, object_store.endpoint, environment)
    target = Target(store=object_store, bucket=kept, remotes=ends)
    await daily.run(object_store, [bucket], target)
    await object_store.put(bucket, "originals/a", b"bytes", content_type="image/jpeg")
    async with answering(403, "AccessDenied") as endpoint:
        deaf = rclone.remotes(object_store.endpoint, endpoint, environment)
        with pytest.raises(Unavailable, match="rclone copy ended with code"):
            await daily.run(object_store, [bucket], Target(store=object_store, bucket=kept, remotes=deaf))
    assert await markers.listing(object_store, kept, f"{CURRENT}{bucket}/originals/") == {}
    assert (await daily.run(object_store, [bucket], target)).copied == 1


@asynccontextmanager
async def behind(object_store: ObjectStore, bucket: str, fault: Fault) -> AsyncGenerator[Target]:
    """A bucket of the store, by way of a proxy that makes it misbehave."""
    with proxying(object_store.endpoint.url) as proxy:
        proxy.become(fault)
        there = msgspec.structs.replace(object_store.endpoint, url=proxy.url)
        ends = rclone.remotes(object_store.endpoint, there, child.clean_environment(Settings()))
        async with open_store(there) as remote:
            yield Target(store=remote, bucket=bucket, remotes=ends)


@pytest.mark.parametrize("marked", [False, True])
async def test_a_remote_whose_etags_tell_nothing_is_refused_with_what_to_do(
    object_store: ObjectStore, fresh_bucket: FreshBucket, *, marked: bool
) -> None:
    bucket, kept = await fresh_bucket(), await fresh_bucket()
    await markers.put(object_store, bucket, role="store")
    if marked:
        await markers.put(object_store, kept, role="daily")
    async with behind(object_store, kept, "opaque") as target:
        with pytest.raises(MirrorRefused, match=r"no copy could be compared.* Choose SSE-S3"):
            await daily.run(object_store, [bucket], target)
    assert await markers.listing(object_store, kept, CURRENT) == {}


async def test_a_slow_remote_takes_its_time_and_gets_everything(
    object_store: ObjectStore, fresh_bucket: FreshBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_proxy, "SLOW_S", 0.5)
    bucket, kept = await fresh_bucket(), await fresh_bucket()
    await markers.put(object_store, bucket, role="store")
    for number in range(5):
        await object_store.put(bucket, f"originals/{number}", b"bytes", content_type="image/jpeg")
    async with behind(object_store, kept, "slow") as target:
        assert (await daily.run(object_store, [bucket], target)).checked == 6
        assert (await daily.run(object_store, [bucket], target)).copied == 0
