from collections.abc import Awaitable, Callable

import pytest
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.sqlite import fetch_value
from sdc_web.db import Databases
from sdc_web.media import removal
from sdc_web.media.assets import Asset, insert, new_asset

from signing_in import OWNER

NOBODY = Endpoint(url="http://127.0.0.1:9", access_key_id="nobody", secret_access_key="is here")


@pytest.fixture
async def bucket(fresh_bucket: Callable[[], Awaitable[str]]) -> str:
    return await fresh_bucket()


@pytest.fixture
async def removed(databases: Databases, object_store: ObjectStore, bucket: str) -> Asset:
    """An asset whose row is deleted, and whose original and variant are in the store."""
    asset = new_asset("ab" * 32, "a.jpg", "image/jpeg", 9, "")
    async with databases.site.transaction() as connection:
        await insert(connection, asset)
    for key in (keys.original(asset.id), keys.variant(asset.id, "r1", "480.webp")):
        await object_store.put(bucket, key, b"x", content_type="image/jpeg")
    await removal.remove(databases.site, OWNER, asset.id)
    return asset


async def _keys(store: ObjectStore, bucket: str) -> list[str]:
    return [info.key async for info in store.list(bucket)]


async def _removals(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM removals")


async def test_the_files_follow_their_row(
    databases: Databases, object_store: ObjectStore, bucket: str, removed: Asset
) -> None:
    await removal.clear_away_once(databases.site, object_store, bucket)
    assert await _keys(object_store, bucket) == []


async def test_files_that_the_store_would_not_delete_go_once_it_is_back(
    databases: Databases, object_store: ObjectStore, bucket: str, removed: Asset
) -> None:
    async with open_store(NOBODY) as away:
        with pytest.raises(Unavailable):
            await removal.clear_away_once(databases.site, away, bucket)
    await removal.clear_away_once(databases.site, object_store, bucket)
    assert await _keys(object_store, bucket) == []


async def test_variants_that_were_being_made_go_as_well_and_then_the_removal_is_forgotten(
    databases: Databases, object_store: ObjectStore, bucket: str, removed: Asset
) -> None:
    await removal.clear_away_once(databases.site, object_store, bucket)
    await object_store.put(bucket, keys.manifest(removed.id), b"{}", content_type="application/json")
    await removal.clear_away_once(databases.site, object_store, bucket)
    assert (await _keys(object_store, bucket), await _removals(databases)) == ([], 1)
    with clock.frozen(clock.now_us() + removal.SETTLED_US + 1):
        await removal.clear_away_once(databases.site, object_store, bucket)
    assert await _removals(databases) == 0


async def test_variants_that_were_being_made_go_as_well_when_the_store_was_away_for_long(
    databases: Databases, object_store: ObjectStore, bucket: str, removed: Asset
) -> None:
    with clock.frozen(clock.now_us() + removal.SETTLED_US + 1):
        await removal.clear_away_once(databases.site, object_store, bucket)
        await object_store.put(bucket, keys.manifest(removed.id), b"{}", content_type="application/json")
        await removal.clear_away_once(databases.site, object_store, bucket)
    assert await _keys(object_store, bucket) == []


async def test_files_of_other_assets_stay(
    databases: Databases, object_store: ObjectStore, bucket: str, removed: Asset
) -> None:
    await object_store.put(bucket, keys.original(clock.new_id()), b"x", content_type="image/jpeg")
    await removal.clear_away_once(databases.site, object_store, bucket)
    assert len(await _keys(object_store, bucket)) == 1
