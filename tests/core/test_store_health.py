"""A store that answers and takes nothing is not well, and is asked no more than need be."""

from collections.abc import AsyncGenerator

import pytest
from sdc_core import clock, keys, store_health
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store

from conftest import FreshBucket
from store_proxy import StoreProxy, proxying


@pytest.fixture
async def proxied(object_store_endpoint: Endpoint) -> AsyncGenerator[tuple[ObjectStore, StoreProxy]]:
    """A client of a store that can be made to refuse."""
    with proxying(object_store_endpoint.url) as proxy:
        endpoint = Endpoint(
            url=proxy.url,
            access_key_id=object_store_endpoint.access_key_id,
            secret_access_key=object_store_endpoint.secret_access_key,
        )
        async with open_store(endpoint) as store:
            yield store, proxy


async def test_a_refused_write_is_told_until_one_is_taken(
    proxied: tuple[ObjectStore, StoreProxy], fresh_bucket: FreshBucket
) -> None:
    store, proxy = proxied
    bucket = await fresh_bucket()
    assert await store_health.trouble(store, bucket) == ""
    proxy.become("no writes")
    assert await store_health.trouble(store, bucket) == "", "nobody has written yet"
    with pytest.raises(Unavailable):
        await store.put(bucket, keys.original("a"), b"x", content_type="image/jpeg")
    for _ in range(2):
        assert "refused put_object" in await store_health.trouble(store, bucket)
    proxy.become("")
    store.probed_us -= store_health.PROBE_EVERY_US
    assert await store_health.trouble(store, bucket) == ""
    assert [info.key async for info in store.list(bucket)] == []
    assert store.unwritten == ""


async def test_however_many_look_a_probe_is_written_every_ten_seconds(
    proxied: tuple[ObjectStore, StoreProxy], fresh_bucket: FreshBucket
) -> None:
    store, _ = proxied
    bucket = await fresh_bucket()
    store.unwritten, store.probed_us = "refused", clock.monotonic_us()
    assert await store_health.trouble(store, bucket) == "refused"
    store.probed_us -= store_health.PROBE_EVERY_US
    assert await store_health.trouble(store, bucket) == ""
