"""What every test may ask for: a real object store, and buckets of its own in it."""

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.objects import Endpoint, ObjectStore, open_store

import seaweed

pytest_plugins = ["blocking"]

WHOLE = ("faults", "e2e", "cli")
"""Folders whose tests start whole sites: each folder's sites are shared, so one process must have all of its tests."""

FreshBucket = Callable[[], Awaitable[str]]


def piece(item: pytest.Item) -> str:
    """What a test belongs to where several processes share the work: a whole folder of them, or its file."""
    folder = item.path.relative_to(item.config.rootpath).parts[1]
    return folder if folder in WHOLE else item.path.name


def pytest_itemcollected(item: pytest.Item) -> None:
    """Each piece stays whole. pytest-xdist reads the mark before the hook below is called."""
    item.add_marker(pytest.mark.xdist_group(piece(item)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest pieces come first, after all has been shuffled."""
    items.sort(key=lambda item: WHOLE.index(piece(item)) if piece(item) in WHOLE else len(WHOLE))


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
