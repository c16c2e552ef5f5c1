"""Months that are over: how many stay, which leave, and what holds them."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta

import aioboto3
import msgspec
import pytest
from pydantic import SecretStr
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectInfo, ObjectStore
from sdc_core.settings import Settings
from sdc_worker.mirror import child, markers, monthly, months, origins, rclone
from sdc_worker.mirror.monthly import Mirror
from sdc_worker.mirror.plan import MirrorAsks
from sdc_worker.mirror.target import Target

from conftest import FreshBucket

SNAPSHOT = "backups/litestream/site/0009/0000000000000001-0000000000000009.ltx"
FIRST = "backups/litestream/site/0000/0000000000000001-0000000000000001.ltx"
SECOND = "backups/litestream/site/0000/0000000000000002-0000000000000002.ltx"
PICTURE = "media/originals/a"
MARKERS = tuple(f"{bucket}/{keys.MARKER}" for bucket in ("backups", "media"))
OLD = ("2026-08", "2026-09", "2026-10")


@pytest.fixture
async def mirror(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Mirror:
    """A daily mirror."""
    bucket = await fresh_bucket()
    await markers.put(object_store, bucket, role="daily")
    for key in (FIRST, PICTURE, *MARKERS):
        await object_store.put(bucket, f"current/{key}", b"bytes", content_type="image/jpeg")
    return Mirror(store=object_store, bucket=bucket)


@pytest.fixture
async def target(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Target:
    """A bucket with three months in it."""
    ends = rclone.remotes(object_store.endpoint, object_store.endpoint, child.clean_environment(Settings()))
    where = Target(store=object_store, bucket=await fresh_bucket(), remotes=ends, role="monthly", site="this")
    await fill(where)
    return where


async def fill(where: Target) -> None:
    """The months of `OLD`, and the marker."""
    await markers.put(where.store, where.bucket, role="monthly", site=where.site)
    for month in OLD:
        for key in (PICTURE, SECOND, FIRST, SNAPSHOT, *MARKERS):
            await where.store.put(where.bucket, f"{month}/{key}", b"bytes", content_type="image/jpeg")


async def kept(where: Target) -> list[str]:
    """The months that are there."""
    listed = await markers.listing(where.store, where.bucket)
    assert keys.MARKER in listed
    return sorted({key[:7] for key in listed if key != keys.MARKER})


async def test_the_oldest_month_leaves_when_a_new_one_is_kept(mirror: Mirror, target: Target) -> None:
    report = await monthly.run(mirror, target, "2026-11", retention=3)
    assert await kept(target) == ["2026-09", "2026-10", "2026-11"]
    assert str(report).endswith("4 checked; 2026-08 removed")


async def test_without_a_number_every_month_stays(mirror: Mirror, target: Target) -> None:
    await monthly.run(mirror, target, "2026-11")
    assert await kept(target) == [*OLD, "2026-11"]


async def test_a_month_that_is_copied_again_moves_no_other(mirror: Mirror, target: Target) -> None:
    await monthly.run(mirror, target, "2026-11", retention=3)
    again = await monthly.run(mirror, target, "2026-11", retention=3)
    assert (await kept(target), again.removed) == (["2026-09", "2026-10", "2026-11"], ())


async def test_when_several_would_leave_the_new_one_is_kept_and_a_person_asked(mirror: Mirror, target: Target) -> None:
    with pytest.raises(
        MirrorAsks, match=r"with 2026-11 there are 2 months more .* SDC_\w+: 2026-08, 2026-09\."
    ) as asks:
        await monthly.run(mirror, target, "2026-11", retention=2)
    assert await kept(target) == [*OLD, "2026-11"]
    await monthly.run(mirror, target, "2026-11", retention=2, confirmed=str(asks.value))
    assert await kept(target) == ["2026-10", "2026-11"]


async def test_who_confirms_that_some_months_leave_has_confirmed_no_more(mirror: Mirror, target: Target) -> None:
    with pytest.raises(MirrorAsks) as asks:
        await monthly.run(mirror, target, "2026-11", retention=2)
    with pytest.raises(MirrorAsks, match="2026-08, 2026-09, 2026-10"):
        await monthly.run(mirror, target, "2026-11", retention=1, confirmed=str(asks.value))
    assert await kept(target) == [*OLD, "2026-11"]


async def test_the_month_that_was_copied_stays_whatever_the_others_are_called(mirror: Mirror, target: Target) -> None:
    await monthly.run(mirror, target, "2026-07", retention=2)
    assert await kept(target) == ["2026-07", "2026-09", "2026-10"]


async def test_who_takes_over_the_months_of_another_site_has_not_said_that_they_may_leave(
    mirror: Mirror, target: Target
) -> None:
    new = msgspec.structs.replace(target, site="new")
    with pytest.raises(MirrorAsks, match="another site") as asks:
        await monthly.run(mirror, new, "2026-11", retention=2)
    with pytest.raises(MirrorAsks, match="2 months"):
        await monthly.run(mirror, new, "2026-11", retention=2, confirmed=str(asks.value))
    assert await kept(target) == [*OLD, "2026-11"]


async def test_a_month_that_was_emptied_by_hand_is_none_that_is_kept(mirror: Mirror, target: Target) -> None:
    for key in await markers.listing(target.store, target.bucket, "2026-10/"):
        await target.store.delete(target.bucket, f"2026-10/{key}")
    await monthly.run(mirror, target, "2026-11", retention=3)
    assert await kept(target) == ["2026-08", "2026-09", "2026-11"]


async def halved(where: Target, month: str) -> None:
    """As a run leaves a month that ended before its last object."""
    await where.store.delete(where.bucket, f"{month}/media/{keys.MARKER}")


async def test_half_a_month_pushes_no_whole_one_out(mirror: Mirror, target: Target) -> None:
    await halved(target, "2026-10")
    await monthly.run(mirror, target, "2026-11", retention=3)
    assert await kept(target) == [*OLD, "2026-11"]
    await monthly.run(mirror, target, "2026-12", retention=3)
    assert await kept(target) == ["2026-09", "2026-10", "2026-11", "2026-12"]


async def test_what_somebody_put_into_a_month_makes_it_no_half_one(target: Target) -> None:
    for key in ("2026-10/", "2026-10/read me", "2026-10/empty/"):
        await target.store.put(target.bucket, key, b"" if key.endswith("/") else b"me", content_type="text/plain")
    assert await months.is_whole(target.store, target.bucket, "2026-10")


async def test_half_a_month_leaves_when_it_is_older_than_those_that_stay(mirror: Mirror, target: Target) -> None:
    await halved(target, "2026-08")
    await monthly.run(mirror, target, "2026-11", retention=3)
    assert await kept(target) == ["2026-09", "2026-10", "2026-11"]


async def test_what_tells_that_a_month_is_whole_is_copied_last(
    mirror: Mirror, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ends before its last group leaves a month that counts for none."""
    copied = rclone.copy
    groups: list[Sequence[str]] = []

    async def stopped(
        ends: rclone.Remotes,
        source: str,
        to: str,
        history: str,
        keys: Sequence[str],
        *,
        in_turn: bool,
        told: rclone.Told,
    ) -> rclone.Stats:
        groups.append(keys)
        if set(keys) & set(MARKERS):
            message = "stopped"
            raise Unavailable(message)
        return await copied(ends, source, to, history, keys, in_turn=in_turn, told=told)

    monkeypatch.setattr(rclone, "copy", stopped)
    with pytest.raises(Unavailable, match="stopped"):
        await monthly.run(mirror, target, "2026-11", retention=3)
    assert set(groups[-1]) == set(MARKERS)
    assert not await months.is_whole(target.store, target.bucket, "2026-11")
    assert await kept(target) == [*OLD, "2026-11"]


async def test_a_site_comes_back_from_the_newest_whole_month(target: Target) -> None:
    await halved(target, "2026-10")
    settings = Settings(
        REMOTE_MONTHLY_ENDPOINT_URL=target.store.endpoint.url,
        REMOTE_MONTHLY_ACCESS_KEY_ID=target.store.endpoint.access_key_id,
        REMOTE_MONTHLY_SECRET_ACCESS_KEY=SecretStr(target.store.endpoint.secret_access_key),
        REMOTE_MONTHLY_BUCKET=target.bucket,
    )
    assert (await origins.find(settings, "monthly")).prefix == "2026-09/"
    assert (await origins.find(settings, "monthly", "2026-10")).prefix == "2026-10/"
    for month in OLD:
        await halved(target, month)
    assert (await origins.find(settings, "monthly")).prefix == "2026-10/"


async def test_a_folder_made_by_hand_is_no_month_that_is_kept(mirror: Mirror, target: Target) -> None:
    await target.store.put(target.bucket, "2027-01/", b"", content_type="application/x-directory")
    await monthly.run(mirror, target, "2026-11", retention=3)
    assert (await months.kept(target.store, target.bucket)) == ["2026-09", "2026-10", "2026-11"]


async def test_a_month_that_could_not_be_copied_moves_no_other(mirror: Mirror, target: Target) -> None:
    strange = msgspec.structs.replace(target.store.endpoint, secret_access_key="made-up")
    ends = rclone.remotes(mirror.store.endpoint, strange, child.clean_environment(Settings()))
    with pytest.raises(Unavailable, match="rclone copy ended"):
        await monthly.run(mirror, msgspec.structs.replace(target, remotes=ends), "2026-11", retention=2)
    assert await kept(target) == list(OLD)


async def test_what_a_restore_begins_with_goes_first_so_that_half_a_month_is_taken_for_none(
    mirror: Mirror, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    delete = ObjectStore.delete

    async def noted(store: ObjectStore, bucket: str, key: str) -> None:
        await delete(store, bucket, key)
        gone.append(key.removeprefix("2026-08/"))

    monkeypatch.setattr(ObjectStore, "delete", noted)
    await monthly.run(mirror, target, "2026-11", retention=3)
    assert set(gone[:4]) == {SNAPSHOT, FIRST, *MARKERS}
    assert set(gone[4:]) == {SECOND, PICTURE}


async def test_only_the_months_that_are_written_or_leave_are_listed(
    mirror: Mirror, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    listing = ObjectStore.list

    async def noted(
        store: ObjectStore, bucket: str, prefix: str = "", *, flat: bool = True
    ) -> AsyncGenerator[ObjectInfo]:
        async for info in listing(store, bucket, prefix, flat=flat):
            told.extend([info.key[:7]] if bucket == target.bucket else [])
            yield info

    monkeypatch.setattr(ObjectStore, "list", noted)
    await monthly.run(mirror, target, "2026-11", retention=3)
    assert {month: told.count(month) for month in OLD} == {"2026-08": 15, "2026-09": 5, "2026-10": 5}


@pytest.mark.parametrize(("days", "stays"), [(7, True), (0, False)])
async def test_a_month_that_is_locked_stays_and_stops_nothing(
    mirror: Mirror, object_store: ObjectStore, target: Target, days: int, *, stays: bool
) -> None:
    remote = f"test-{clock.new_id().lower()}"
    endpoint = object_store.endpoint
    client = aioboto3.Session().client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
    )
    where = msgspec.structs.replace(target, bucket=remote)
    async with client as owner:
        await owner.create_bucket(Bucket=remote, ObjectLockEnabledForBucket=True)
        await fill(where)
        until = {"Mode": "COMPLIANCE", "RetainUntilDate": clock.now() + timedelta(days=days)}
        for key in await markers.listing(where.store, remote) if days else ():
            await owner.put_object_retention(Bucket=remote, Key=key, Retention=until)
    report = await monthly.run(mirror, where, "2026-11", retention=2, confirmed="" if days else ": 2026-08, 2026-09")
    assert (await kept(where), report.removed) == (
        ([*OLD, "2026-11"], ()) if stays else (["2026-10", "2026-11"], ("2026-08", "2026-09"))
    )
