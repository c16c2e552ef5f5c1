import msgspec
import pytest
from sdc_core import clock, keys
from sdc_core.errors import Misconfigured
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_worker.mirror import child, markers, monthly, rclone
from sdc_worker.mirror.daily import Target
from sdc_worker.mirror.monthly import Mirror
from sdc_worker.mirror.plan import MirrorRefused

from conftest import FreshBucket

LTX = "backups/litestream/site/0000/0000000000000001-0000000000000001.ltx"


@pytest.fixture
async def mirror(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Mirror:
    """A daily mirror with two objects and some history."""
    bucket = await fresh_bucket()
    await markers.put(object_store, bucket)
    for key in (f"current/{LTX}", "current/media/originals/a", "history/2026-01-01/media/originals/b"):
        await object_store.put(bucket, key, b"bytes", content_type="image/jpeg")
    return Mirror(store=object_store, bucket=bucket)


@pytest.fixture
async def target(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Target:
    """An empty bucket for the snapshots."""
    ends = rclone.remotes(object_store.endpoint, object_store.endpoint, child.clean_environment(Settings()))
    return Target(store=object_store, bucket=await fresh_bucket(), remotes=ends)


async def test_a_month_is_the_current_state_of_the_mirror_without_its_history(mirror: Mirror, target: Target) -> None:
    report = await monthly.run(mirror, target)
    month = clock.today()[:7]
    kept = set(await markers.listing(target.store, target.bucket))
    assert kept == {keys.MARKER, f"{month}/{LTX}", f"{month}/media/originals/a"}
    assert (report.copied, report.checked) == (2, 2)


async def test_a_later_month_leaves_the_earlier_one_alone(mirror: Mirror, target: Target) -> None:
    await monthly.run(mirror, target)
    await mirror.store.delete(mirror.bucket, "current/media/originals/a")
    with clock.frozen(clock.now_us() + 31 * clock.DAY_US):
        await monthly.run(mirror, target)
    assert len(await markers.listing(target.store, target.bucket)) == 4


async def test_a_bucket_that_is_missing_on_either_side_is_named_with_its_setting(
    mirror: Mirror, target: Target
) -> None:
    away = msgspec.structs.replace(target, bucket="never-made", setting=monthly.BUCKET_SETTING)
    with pytest.raises(Misconfigured, match="never-made: create it, or set SDC_REMOTE_MONTHLY_BUCKET"):
        await monthly.run(mirror, away)
    with pytest.raises(Misconfigured, match="never-made: create it, or set SDC_REMOTE_DAILY_BUCKET"):
        await monthly.run(msgspec.structs.replace(mirror, bucket="never-made"), target)


async def test_an_empty_mirror_makes_no_snapshot(target: Target, fresh_bucket: FreshBucket) -> None:
    with pytest.raises(MirrorRefused, match="holds no daily mirror"):
        await monthly.run(Mirror(store=target.store, bucket=await fresh_bucket()), target)
