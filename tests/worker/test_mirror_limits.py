"""A mirror that leaves the line to readers, and one that nobody can destroy."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aioboto3
import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr
from sdc_core import clock, keys
from sdc_core.answers.jobs import Run
from sdc_core.errors import Misconfigured
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_core.webhooks import Keyring
from sdc_worker import app
from sdc_worker.cron.jobs import JobContext
from sdc_worker.images.pool import Pool
from sdc_worker.mirror import daily, markers, monthly
from sdc_worker.mirror.daily import CURRENT

from conftest import FreshBucket

KIB = 1024
Mirror = Callable[..., Awaitable[JobContext]]


@pytest.fixture
def mirror(
    settings: Settings,
    keyring: Keyring,
    database: Database,
    object_store: ObjectStore,
    fresh_bucket: FreshBucket,
    web: ServiceClient,
) -> Mirror:
    """What the action of a mirror is given: a site with one object of some KiB, and that bucket as its remote."""

    async def make(remote: str, size_kib: int = 1, months: str = "", **more: object) -> JobContext:
        names = {f"S3_{name}_BUCKET": await fresh_bucket() for name in ("BACKUP", "MEDIA", "ANALYTICS")}
        for name in names.values():
            await markers.ensure(object_store, name)
        body = bytes(size_kib * KIB)
        await object_store.put(names["S3_MEDIA_BUCKET"], keys.original("a"), body, content_type="image/jpeg")
        endpoint = object_store.endpoint
        given = {
            f"REMOTE_{kind}_{name}": value
            for kind in ("DAILY", "MONTHLY")
            for name, value in (
                ("ENDPOINT_URL", endpoint.url),
                ("ACCESS_KEY_ID", endpoint.access_key_id),
                ("SECRET_ACCESS_KEY", SecretStr(endpoint.secret_access_key)),
                ("BUCKET", remote if kind == "DAILY" else months or f"{remote}-months"),
            )
        }
        told = settings.model_copy(update={**names, **given, **more})
        run = Run(
            id="run_1", job="mirror.daily", trigger="manual", attempt=1, due_us=1, started_us=1, ended_us=None,
            outcome="running", output="",
        )  # fmt: skip
        return app.assemble(told, keyring, database, object_store, web, Pool(1)).context(run)

    return make


async def test_a_limit_is_kept(mirror: Mirror, object_store: ObjectStore, fresh_bucket: FreshBucket) -> None:
    elsewhere = object_store.endpoint.url.replace("127.0.0.1", "localhost")
    limit = {"MIRROR_KIB_PER_S": 256, "REMOTE_DAILY_ENDPOINT_URL": elsewhere}
    context = await mirror(await fresh_bucket(), size_kib=768, **limit)
    began_s = time.monotonic()
    assert "4 objects copied" in str(await daily.daily(context))
    assert time.monotonic() - began_s > 2


async def test_a_store_that_is_its_own_remote_copies_by_itself(mirror: Mirror, fresh_bucket: FreshBucket) -> None:
    remote = await fresh_bucket()
    context = await mirror(remote, size_kib=768, MIRROR_KIB_PER_S=16)
    async with asyncio.timeout(60):
        # Over the line it would take three times as long.
        assert "4 objects copied" in str(await daily.daily(context))
    key = f"{CURRENT}{context.settings.S3_MEDIA_BUCKET}/{keys.original('a')}"
    assert await context.store.get(remote, key, max_bytes=1 << 20) == bytes(768 * KIB)


async def test_what_is_mirrored_under_a_lock_can_be_destroyed_by_nobody_until_its_day(
    mirror: Mirror, object_store: ObjectStore
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
    async with client as owner:
        await owner.create_bucket(Bucket=remote, ObjectLockEnabledForBucket=True)
        context = await mirror(remote, REMOTE_DAILY_LOCK_DAYS=7)
        media, file = context.settings.S3_MEDIA_BUCKET, keys.manifest("a")
        await object_store.put(media, file, b"former", content_type="application/json")
        key = f"{CURRENT}{media}/{file}"
        await daily.daily(context)
        version = (await owner.head_object(Bucket=remote, Key=key))["VersionId"]
        kept = (await owner.get_object_retention(Bucket=remote, Key=key))["Retention"]
        with pytest.raises(ClientError, match="AccessDenied"):
            await owner.delete_object(Bucket=remote, Key=key, VersionId=version)
        # A mirror goes on all the same: what replaces it is another version.
        await object_store.put(media, file, b"new", content_type="application/json")
        again = str(await daily.daily(context))
        now = await owner.head_object(Bucket=remote, Key=key)
        before = await owner.head_object(Bucket=remote, Key=key, VersionId=version)
    days = (clock.from_datetime(kept["RetainUntilDate"]) - clock.now_us()) / clock.DAY_US
    assert (kept["Mode"], round(days)) == ("COMPLIANCE", 7)
    assert again.startswith("1 object copied")
    assert (now["ContentLength"], before["ContentLength"]) == (3, 6)


async def test_a_bucket_without_locks_is_named_with_what_to_do(mirror: Mirror, fresh_bucket: FreshBucket) -> None:
    remote = await fresh_bucket()
    months = await fresh_bucket()
    context = await mirror(remote, months=months, REMOTE_DAILY_LOCK_DAYS=7, REMOTE_MONTHLY_LOCK_DAYS=7)
    with pytest.raises(Misconfigured, match=f"{remote} has no Object Lock.* leave SDC_REMOTE_DAILY_LOCK_DAYS unset"):
        await daily.daily(context)
    with pytest.raises(Misconfigured, match=f"{months} has no Object Lock.* leave SDC_REMOTE_MONTHLY_LOCK_DAYS unset"):
        await monthly.monthly(context)
    assert [each async for each in context.store.list(remote)] == []
