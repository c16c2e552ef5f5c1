"""What every test may ask for: a real object store, and buckets of its own in it."""

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.objects import Endpoint, ObjectStore, open_store

import seaweed

pytest_plugins = ["blocking"]

FreshBucket = Callable[[], Awaitable[str]]


@pytest.fixture(scope="session")
def object_store_endpoint() -> Generator[Endpoint]:
    """A SeaweedFS that all tests share. Its folder's name is short, since a Unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="sdc-s3-") as folder, seaweed.running(Path(folder)) as endpoint:
        yield endpoint


@pytest.fixture
async def object_store(object_store_endpoint: Endpoint) -> AsyncGenerator[ObjectStore]:
    """A client of the shared object store."""
    async with open_store(object_store_endpoint) as store:
        yield store


@pytest.fixture
def fresh_bucket(object_store: ObjectStore) -> FreshBucket:
    """Makes an empty bucket and returns its name, another one at each call."""

    async def make() -> str:
        name = f"test-{clock.new_id().lower()}"
        await object_store.make_bucket(name)
        return name

    return make
