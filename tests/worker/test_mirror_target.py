"""A mirror writes into a bucket of its own, of its own site, and never into one that it copies."""

import msgspec
import pytest
from sdc_core import keys
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_worker.mirror import child, daily, markers, places, rclone, target
from sdc_worker.mirror.markers import Marker
from sdc_worker.mirror.plan import MirrorAsks, MirrorRefused
from sdc_worker.mirror.target import Target

from conftest import FreshBucket

HERE = "http://127.0.0.1:8333"


@pytest.fixture
async def source(object_store: ObjectStore, fresh_bucket: FreshBucket) -> str:
    """A bucket of the site, with one object."""
    bucket = await fresh_bucket()
    await markers.ensure(object_store, bucket)
    await object_store.put(bucket, "originals/a", b"bytes", content_type="image/jpeg")
    return bucket


@pytest.fixture
async def where(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Target:
    """An empty bucket for its mirror."""
    ends = rclone.remotes(object_store.endpoint, object_store.endpoint, child.clean_environment(Settings()))
    return Target(store=object_store, bucket=await fresh_bucket(), remotes=ends, site="this")


async def mark_as_before(store: ObjectStore, bucket: str) -> None:
    """As releases did whose markers told of no role."""
    body = msgspec.json.encode({"bucket": bucket, "created": "2026-01-01T00:00:00+00:00"})
    await store.put(bucket, keys.MARKER, body, content_type="application/json")


async def marker(where: Target) -> Marker:
    body = await where.store.get(where.bucket, keys.MARKER, max_bytes=1000)
    return msgspec.json.decode(body, type=Marker)


async def mirror(source: str, where: Target, *, confirmed: bool = False) -> daily.MirrorReport:
    try:
        return await daily.run(where.store, [source], where)
    except MirrorAsks as asks:
        if not confirmed:
            raise
        return await daily.run(where.store, [source], where, confirmed=str(asks))


async def test_an_empty_bucket_is_marked_with_what_it_is_for_and_whose_it_is(source: str, where: Target) -> None:
    await mirror(source, where)
    found = await marker(where)
    assert (found.bucket, found.role, found.site) == (where.bucket, "daily", "this")


@pytest.mark.parametrize("old", [False, True])
async def test_a_bucket_that_is_copied_is_never_written_by_whatever_name_it_is_reached(
    source: str, where: Target, fresh_bucket: FreshBucket, *, old: bool
) -> None:
    empty = await fresh_bucket()
    await markers.ensure(where.store, empty)
    if old:
        for bucket in (source, empty):
            await mark_as_before(where.store, bucket)
    for bucket in (source, empty):
        before = await markers.listing(where.store, bucket)
        with pytest.raises(MirrorRefused, match="nothing was copied or deleted"):
            await daily.run(where.store, [source, empty], msgspec.structs.replace(where, bucket=bucket))
        assert await markers.listing(where.store, bucket) == before


async def test_the_mirror_of_another_site_is_asked_about_and_left_alone(source: str, where: Target) -> None:
    await mirror(source, msgspec.structs.replace(where, site="other"))
    before = await markers.listing(where.store, where.bucket)
    with pytest.raises(MirrorAsks, match="was marked by another site, on 2"):
        await mirror(source, where)
    assert await markers.listing(where.store, where.bucket) == before


async def test_whose_a_mirror_is_costs_no_request(
    source: str, where: Target, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mirror(source, where)
    asked, call = [], object_store._call

    async def counted(operation: str, **arguments: object) -> object:
        asked.append(operation)
        return await call(operation, **arguments)  # ty: ignore[invalid-argument-type]

    monkeypatch.setattr(ObjectStore, "_call", lambda _, operation, **arguments: counted(operation, **arguments))
    assert (await mirror(source, where)).copied == 0
    assert asked == ["list_objects_v2"] * 2


async def test_a_confirmed_run_takes_it_over(source: str, where: Target) -> None:
    await mirror(source, msgspec.structs.replace(where, site="other"))
    await mirror(source, where, confirmed=True)
    assert (await marker(where)).site == "this"
    assert (await mirror(source, where)).copied == 0


async def test_a_mirror_of_before_is_taken_once_it_has_passed_the_guards(source: str, where: Target) -> None:
    await mirror(source, where)
    await mark_as_before(where.store, where.bucket)
    await where.store.delete(source, "originals/a")
    with pytest.raises(MirrorAsks):
        await mirror(source, where)
    assert (await marker(where)).role == ""
    await mirror(source, where, confirmed=True)
    assert (await marker(where)).site == "this"


async def test_an_old_marker_beside_strange_things_is_refused(source: str, where: Target) -> None:
    await mark_as_before(where.store, where.bucket)
    await where.store.put(where.bucket, "holiday.jpg", b"mine", content_type="image/jpeg")
    with pytest.raises(MirrorRefused, match=r"holds what no daily mirror does, such as holiday\.jpg"):
        await mirror(source, where)


async def test_a_marker_that_no_mirror_wrote_is_refused(source: str, where: Target) -> None:
    await where.store.put(where.bucket, keys.MARKER, b"\xff", content_type="application/json")
    with pytest.raises(MirrorRefused, match="that no mirror wrote"):
        await mirror(source, where)


async def test_a_site_has_one_id_for_ever(database: Database) -> None:
    async with database.read() as connection:
        first, second = await target.site_id(connection), await target.site_id(connection)
    assert (len(first), first) == (32, second)


def remotes(daily_url: str, bucket: str = "daily", monthly_url: str = "", months: str = "months") -> Settings:
    return Settings(
        S3_ENDPOINT_URL=HERE,
        REMOTE_DAILY_ENDPOINT_URL=daily_url,
        REMOTE_DAILY_BUCKET=bucket,
        REMOTE_MONTHLY_ENDPOINT_URL=monthly_url,
        REMOTE_MONTHLY_BUCKET=months,
    )


@pytest.mark.parametrize("url", [HERE, "http://localhost:8333/", "http://[::1]:8333"])
@pytest.mark.parametrize("bucket", ["backups", "media", "analytics"])
def test_a_bucket_of_the_site_itself_is_no_remote(url: str, bucket: str) -> None:
    with pytest.raises(MirrorRefused, match=f"SDC_REMOTE_DAILY_BUCKET is {bucket}, a bucket of the site itself"):
        places.require_apart(remotes(url, bucket))
    with pytest.raises(MirrorRefused, match=f"SDC_REMOTE_MONTHLY_BUCKET is {bucket}, a bucket of the site itself"):
        places.require_apart(remotes("https://s3.example", "daily", url, bucket))


def test_both_mirrors_in_one_bucket_are_refused() -> None:
    with pytest.raises(MirrorRefused, match="are both daily in one store"):
        places.require_apart(remotes("https://s3.example", "daily", "https://S3.example:443/", "daily"))


def test_mirrors_that_are_apart_are_let_be() -> None:
    places.require_apart(remotes("https://s3.example", "backups", "https://s3.example", "months"))
    places.require_apart(remotes(HERE, "daily", HERE, "months"))
    places.require_apart(Settings())


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("", False),
        (HERE, False),
        ("http://localhost:9000", False),
        ("http://127.0.0.2:9000", False),
        ("https://s3.example", True),
        ("http://192.0.2.1:9000", True),
    ],
)
def test_a_remote_on_this_machine_is_not_elsewhere(url: str, *, elsewhere: bool) -> None:
    assert places.is_elsewhere(remotes(url)) is elsewhere


def test_a_remote_at_the_address_of_the_store_is_not_elsewhere() -> None:
    settings = remotes("https://s3.example").model_copy(update={"S3_ENDPOINT_URL": "https://S3.example"})
    assert not places.is_elsewhere(settings)
