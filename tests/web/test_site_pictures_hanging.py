"""A store that leaves an answer hanging keeps no reader from a picture."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
import pytest
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_web.site import pictures
from sdc_web.site.pictures import Pictures

from conftest import FreshBucket
from store_proxy import StoreProxy, proxying

BODY = bytes(range(256)) * 4_000
KEY = "variants/one.avif"


@pytest.fixture
async def hanging(
    object_store: ObjectStore, object_store_endpoint: Endpoint, fresh_bucket: FreshBucket
) -> AsyncGenerator[tuple[Pictures, StoreProxy]]:
    """Pictures of a store that can be made to hang."""
    bucket = await fresh_bucket()
    await object_store.put(bucket, KEY, BODY, content_type="image/avif")
    with proxying(object_store_endpoint.url) as proxy:
        async with open_store(msgspec.structs.replace(object_store_endpoint, url=proxy.url)) as store:
            yield Pictures(store, bucket), proxy


async def test_what_hangs_halfway_is_asked_for_once_more(
    hanging: tuple[Pictures, StoreProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_S", 0.5)
    found, proxy = hanging
    proxy.become("hangs once")
    async with asyncio.timeout(20):
        assert b"".join(await found.read(KEY, "")) == BODY


async def test_what_hangs_again_is_told_in_words(
    hanging: tuple[Pictures, StoreProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_S", 0.0)
    found, _ = hanging
    async with asyncio.timeout(20):
        with pytest.raises(Unavailable, match="does not bring it"):
            await found.read(KEY, "")
