"""The worker as its neighbours meet it: a real database, the real surface behind signed calls, a web that listens."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from sdc_core import webhooks
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_core.supervise import Board
from sdc_core.webhooks import Keyring
from sdc_worker import app
from sdc_worker.app import Parts
from sdc_worker.cron.jobs import Job
from sdc_worker.cron.scheduler import Scheduler
from sdc_worker.db import open_worker
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import Workshop

from conftest import FreshBucket
from cron_work import Make, Work
from listening_web import Web

NOBODY = Endpoint(url="http://127.0.0.1:9", access_key_id="nobody", secret_access_key="is here")
SECRET = webhooks.new_secret()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a worker in an empty folder, whose object store is not there."""
    return Settings(DATA_DIR=tmp_path, WEBHOOK_SECRETS=SECRET, S3_ENDPOINT_URL=NOBODY.url, IMAGE_PROCESSES=1)


@pytest.fixture
def keyring(settings: Settings) -> Keyring:
    """Both services' secrets."""
    return Keyring(settings.webhook_secrets)


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    """An empty `worker.db`."""
    async with open_worker(settings.worker_db) as opened:
        yield opened


@pytest.fixture
def hooks(keyring: Keyring) -> Web:
    """The receiving end of web."""
    return Web(keyring)


@pytest.fixture
async def web(hooks: Web, keyring: Keyring) -> AsyncGenerator[ServiceClient]:
    """The worker's client of web."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(hooks), base_url="http://web") as client:
        yield ServiceClient(client, keyring)


@pytest.fixture
async def parts(settings: Settings, keyring: Keyring, database: Database, web: ServiceClient) -> AsyncGenerator[Parts]:
    """What surface and loops share."""
    async with open_store(NOBODY) as store:
        yield app.assemble(settings, keyring, database, store, web, Pool(1))


@pytest.fixture
async def unsigned(parts: Parts) -> AsyncGenerator[httpx.AsyncClient]:
    """Anybody's client of the worker's surface."""
    surface = app.build(parts, Board(["cron"]))
    transport = httpx.ASGITransport(surface, raise_app_exceptions=False)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        yield client


@pytest.fixture
def client(unsigned: httpx.AsyncClient, keyring: Keyring) -> ServiceClient:
    """Web's client of the worker's surface: every call is signed."""
    return ServiceClient(unsigned, keyring)


@pytest.fixture
def work() -> Work:
    """What the test's job does."""
    return Work()


@pytest.fixture
def job(work: Work) -> Job:
    """A job that is due every minute."""
    return Job(name="test", help="A test", cron="* * * * *", action=work, backoff_s=0)


@pytest.fixture
def make(parts: Parts) -> Make:
    """Schedulers of this worker with the given jobs."""

    def made(*jobs: Job) -> Scheduler:
        return Scheduler(parts.database, jobs, parts.context)

    return made


@pytest.fixture
async def workshop(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> AsyncGenerator[Workshop]:
    """A workshop with a database and a bucket of its own, and one process."""
    async with open_worker(tmp_path / "worker.db") as database:
        bucket = await fresh_bucket()
        yield Workshop(database=database, store=object_store, bucket=bucket, pool=Pool(1), home=tmp_path, begin=None)
