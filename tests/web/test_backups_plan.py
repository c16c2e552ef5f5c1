"""What the next mirror would do, told before it does."""

import socket
from collections.abc import Awaitable, Callable

import httpx
import pytest
from pydantic import SecretStr
from sdc_core import keys
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_worker import app as worker_app
from sdc_worker.mirror import markers

from signing_in import BROWSER, HTMX, come_in

FreshBucket = Callable[[], Awaitable[str]]


@pytest.fixture
async def settings(
    settings_with_worker: Settings,
    object_store: ObjectStore,
    fresh_bucket: FreshBucket,
) -> Settings:
    """A site with one picture in its store, and an empty remote."""
    endpoint = object_store.endpoint
    buckets = {f"S3_{name}_BUCKET": await fresh_bucket() for name in ("BACKUP", "MEDIA", "ANALYTICS")}
    for bucket in buckets.values():
        await markers.ensure(object_store, bucket)
    media = buckets["S3_MEDIA_BUCKET"]
    await object_store.put(media, keys.original("a"), bytes(2_000), content_type="image/jpeg")
    secret = SecretStr(endpoint.secret_access_key)
    return settings_with_worker.model_copy(
        update=buckets
        | {
            "S3_ENDPOINT_URL": endpoint.url,
            "S3_ACCESS_KEY_ID": endpoint.access_key_id,
            "S3_SECRET_ACCESS_KEY": secret,
            "REMOTE_DAILY_ENDPOINT_URL": endpoint.url,
            "REMOTE_DAILY_ACCESS_KEY_ID": endpoint.access_key_id,
            "REMOTE_DAILY_SECRET_ACCESS_KEY": secret,
            "REMOTE_DAILY_BUCKET": await fresh_bucket(),
            "REMOTE_MONTHLY_ENDPOINT_URL": endpoint.url,
            "REMOTE_MONTHLY_ACCESS_KEY_ID": endpoint.access_key_id,
            "REMOTE_MONTHLY_SECRET_ACCESS_KEY": secret,
            "REMOTE_MONTHLY_BUCKET": await fresh_bucket(),
            "REMOTE_MONTHLY_RETENTION_MONTHS": 2,
        }
    )


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


async def test_before_the_first_mirror_the_page_asks_by_itself_what_it_will_copy(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, settings: Settings
) -> None:
    page = await signed_in.get("/author/backups", headers=BROWSER)
    assert 'id="backups-plan" hx-get="/author/backups/plan" hx-trigger="load"' in page.text
    fragment = (await signed_in.get("/author/backups/plan", headers=HTMX)).text
    assert "The mirror would copy 4 objects, 2." in fragment
    assert f"{settings.S3_MEDIA_BUCKET}: 2 new, 0 changed, 0 deleted here, 0 as they are" in fragment
    assert "html" not in fragment[:20]
    kept = [info.key async for info in worker.store.list(settings.REMOTE_DAILY_BUCKET)]
    assert kept == []


async def test_without_scripts_it_is_a_page(signed_in: httpx.AsyncClient, worker: worker_app.Parts) -> None:
    assert worker
    page = await signed_in.get("/author/backups/plan", headers=BROWSER)
    assert "<h1" in page.text
    assert "The mirror would copy 4 objects" in page.text


async def test_a_question_is_part_of_it(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, settings: Settings
) -> None:
    await markers.put(worker.store, settings.REMOTE_DAILY_BUCKET, role="daily", site="another")
    fragment = (await signed_in.get("/author/backups/plan", headers=HTMX)).text
    assert "It would stop and ask: the remote bucket" in fragment
    assert "was marked by another site" in fragment


async def test_the_next_month_is_told_with_those_that_would_be_removed(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, settings: Settings
) -> None:
    months = settings.REMOTE_MONTHLY_BUCKET
    await markers.put(worker.store, months, role="monthly")
    for month in ("2024-11", "2024-12"):
        await worker.store.put(months, f"{month}/media/originals/a", b"mine", content_type="image/jpeg")
        # Copied to its end.
        await worker.store.put(months, f"{month}/media/{keys.MARKER}", b"{}", content_type="application/json")
    fragment = (await signed_in.get("/author/backups/plan", headers=HTMX)).text
    assert "would have 4 objects, 2." in fragment
    assert "Kept are 2024-11, 2024-12." in fragment
    assert "<strong>2024-11 would be removed.</strong>" in fragment
    assert len([info async for info in worker.store.list(months)]) == 5


async def test_a_bucket_of_months_that_is_not_right_takes_nothing_from_the_rest(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, settings: Settings
) -> None:
    await worker.store.put(settings.REMOTE_MONTHLY_BUCKET, "holiday.jpg", b"mine", content_type="image/jpeg")
    fragment = (await signed_in.get("/author/backups/plan", headers=HTMX)).text
    assert "The mirror would copy 4 objects" in fragment
    assert "That run would stop: the remote bucket" in fragment


async def test_a_guard_that_refuses_says_why(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, settings: Settings
) -> None:
    await worker.store.put(settings.REMOTE_DAILY_BUCKET, "holiday.jpg", b"mine", content_type="image/jpeg")
    fragment = await signed_in.get("/author/backups/plan", headers=HTMX)
    assert fragment.status_code == 200
    assert "is it the right one?" in fragment.text


async def test_a_worker_that_is_away_is_told_of(signed_in: httpx.AsyncClient, listener: socket.socket) -> None:
    listener.close()
    fragment = await signed_in.get("/author/backups/plan", headers=HTMX)
    assert "What the mirror would do is not known." in fragment.text
