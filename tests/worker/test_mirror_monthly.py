import msgspec
import pytest
from sdc_core import clock, keys
from sdc_core.answers.jobs import Outcome, Run
from sdc_core.errors import Misconfigured, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_worker.cron import store
from sdc_worker.mirror import child, markers, monthly, rclone
from sdc_worker.mirror.monthly import Mirror
from sdc_worker.mirror.plan import MirrorAsks, MirrorRefused
from sdc_worker.mirror.progress import Progress
from sdc_worker.mirror.target import Target

from conftest import FreshBucket

MONTH = "2026-11"
LTX = "backups/litestream/site/0000/0000000000000001-0000000000000001.ltx"


@pytest.fixture
async def mirror(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Mirror:
    """A daily mirror with two objects and some history."""
    bucket = await fresh_bucket()
    await markers.put(object_store, bucket, role="daily")
    for key in (f"current/{LTX}", "current/media/originals/a", "history/2026-01-01/media/originals/b"):
        await object_store.put(bucket, key, b"bytes", content_type="image/jpeg")
    return Mirror(store=object_store, bucket=bucket)


@pytest.fixture
async def target(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Target:
    """An empty bucket for the snapshots."""
    ends = rclone.remotes(object_store.endpoint, object_store.endpoint, child.clean_environment(Settings()))
    return Target(store=object_store, bucket=await fresh_bucket(), remotes=ends, role="monthly", site="this")


async def test_a_month_is_the_current_state_of_the_mirror_without_its_history(mirror: Mirror, target: Target) -> None:
    report = await monthly.run(mirror, target, MONTH)
    kept = set(await markers.listing(target.store, target.bucket))
    assert kept == {keys.MARKER, f"{MONTH}/{LTX}", f"{MONTH}/media/originals/a"}
    assert (report.copied, report.checked) == (2, 2)


async def test_a_later_month_leaves_the_earlier_one_alone(mirror: Mirror, target: Target) -> None:
    await monthly.run(mirror, target, MONTH)
    await mirror.store.delete(mirror.bucket, "current/media/originals/a")
    await monthly.run(mirror, target, "2026-12")
    assert len(await markers.listing(target.store, target.bucket)) == 4


async def test_a_bucket_that_is_missing_on_either_side_is_named_with_its_setting(
    mirror: Mirror, target: Target
) -> None:
    away = msgspec.structs.replace(target, bucket="never-made", setting=monthly.BUCKET_SETTING)
    with pytest.raises(Misconfigured, match="never-made: create it, or set SDC_REMOTE_MONTHLY_BUCKET"):
        await monthly.run(mirror, away, MONTH)
    with pytest.raises(Misconfigured, match="never-made: create it, or set SDC_REMOTE_DAILY_BUCKET"):
        await monthly.run(msgspec.structs.replace(mirror, bucket="never-made"), target, MONTH)


async def test_an_empty_mirror_makes_no_snapshot(target: Target, fresh_bucket: FreshBucket) -> None:
    with pytest.raises(MirrorRefused, match="holds no daily mirror"):
        await monthly.run(Mirror(store=target.store, bucket=await fresh_bucket()), target, MONTH)


async def test_the_mirror_of_another_site_makes_no_month_of_this_one(mirror: Mirror, target: Target) -> None:
    await markers.put(mirror.store, mirror.bucket, role="daily", site="other", anew=True)
    with pytest.raises(MirrorRefused, match=f"{mirror.bucket} holds the daily mirror of another site"):
        await monthly.run(mirror, target, MONTH)
    assert await markers.listing(target.store, target.bucket) == {}


async def test_a_month_is_not_mixed_with_an_older_state_that_was_restored_since(mirror: Mirror, target: Target) -> None:
    later = LTX.replace("0000000000000001.ltx", "0000000000000002.ltx")
    await mirror.store.put(mirror.bucket, f"current/{later}", b"later", content_type="text/plain")
    await monthly.run(mirror, target, MONTH)
    await mirror.store.delete(mirror.bucket, f"current/{later}")
    await mirror.store.put(mirror.bucket, f"current/{LTX}", b"another state", content_type="text/plain")
    before = await markers.listing(target.store, target.bucket)
    with pytest.raises(MirrorRefused, match=f"{MONTH} keeps a later state of site than the daily mirror has"):
        await monthly.run(mirror, target, MONTH)
    assert await markers.listing(target.store, target.bucket) == before


async def test_a_wrong_clock_makes_no_month(mirror: Mirror, target: Target) -> None:
    with clock.frozen(clock.now_us() + 31 * clock.DAY_US), pytest.raises(MirrorRefused, match="ahead of that of"):
        await monthly.run(mirror, target, MONTH)
    assert await markers.listing(target.store, target.bucket) == {}


async def test_a_month_tells_how_far_it_is(mirror: Mirror, target: Target) -> None:
    progress = Progress()
    await monthly.run(mirror, target, MONTH, progress=progress)
    assert progress.words == "2 of 2 objects copied, 0.0 of 0.0 MB"


async def test_the_months_of_another_site_are_taken_over_by_a_confirmed_run_alone(
    mirror: Mirror, target: Target
) -> None:
    await monthly.run(mirror, msgspec.structs.replace(target, site="other"), MONTH)
    with pytest.raises(MirrorAsks, match="was marked by another site") as asks:
        await monthly.run(mirror, target, "2026-12")
    await monthly.run(mirror, target, "2026-12", confirmed=str(asks.value))
    assert (await monthly.run(mirror, target, "2026-12")).copied == 0


async def test_the_bucket_of_the_daily_mirror_is_none_for_months(mirror: Mirror, target: Target) -> None:
    with pytest.raises(MirrorRefused, match="is marked as the bucket of a daily mirror"):
        await monthly.run(mirror, msgspec.structs.replace(target, bucket=mirror.bucket), MONTH)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("running", "is being written"), ("failed", "did not end well"), ("timed_out", "did not end well")],
)
async def test_no_month_is_made_of_a_mirror_that_may_be_half_done(
    database: Database, outcome: Outcome, words: str
) -> None:
    run = Run(
        id="run_1", job="mirror.daily", trigger="schedule", attempt=1, due_us=1, started_us=1,
        ended_us=None if outcome == "running" else 2, outcome=outcome, output="",
    )  # fmt: skip
    async with database.transaction() as connection:
        await store.insert_run(connection, run)
        with pytest.raises(Unavailable, match=words):
            await monthly._require_whole(connection)
        await store.insert_run(connection, msgspec.structs.replace(run, id="run_2", due_us=2, outcome="ok"))
        await monthly._require_whole(connection)
