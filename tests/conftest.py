"""What every test may ask for: a real object store, and buckets of its own in it."""

import logging
import os
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.objects import Endpoint, ObjectStore, open_store
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import seaweed

pytest_plugins = ["blocking"]

for name in [name for name in os.environ if name.startswith("SDC_")]:
    del os.environ[name]  # settings of a site that somebody has here, and no business of the tests

WHOLE = {
    "tests/faults/test_store_faults.py": "faults of the store",
    "tests/faults/": "faults",
    "tests/e2e/test_[a-e]": "e2e to e",
    "tests/e2e/": "e2e from f",
}
"""Files whose tests share a whole site, so one process must have all of them: the first that fits, and what it is
called. Those of e2e are two halves, each with a site of its own, for machines that can run both at once. Faults of the
store mostly wait, for a minute of outage, on a site of their own.
"""
FIRST = (
    "e2e to e",
    "e2e from f",
    "faults",
    "faults of the store",
    "tests/cli/test_recover.py",
    "tests/cli/test_up.py",
    "tests/worker/test_analytics_oracle.py",
    "tests/worker/test_worker_app.py",
    "tests/cli/test_command.py",
    "tests/web/test_api_schemathesis.py",
    "tests/web/test_bad_input_requests.py",
    "tests/worker/test_drills.py",
)
"""The longest pieces, longest first."""

FreshBucket = Callable[[], Awaitable[str]]


class Pieces(LoadScopeScheduling):
    """Shares the tests out in pieces that stay whole: a whole folder of them, or a file."""

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Who shares the work out where several processes do it; the order is ours as well."""
    config.option.loadscopereorder = False
    return Pieces(config, log)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One a core, and one for every four where all start whole sites: a site and a browser keep four busy."""
    whole = all(argument.startswith(("tests/e2e", "tests/faults")) for argument in config.args)
    cores = os.cpu_count() or 1
    return max(cores // 4, 1) if whole else min(max(cores, 2), 6)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest pieces come first, after all has been shuffled."""
    items.sort(key=lambda item: FIRST.index(piece(item.nodeid)) if piece(item.nodeid) in FIRST else len(FIRST))


def piece(nodeid: str) -> str:
    """The piece that a test belongs to."""
    file = nodeid.partition("::")[0]
    return next((name for files, name in WHOLE.items() if fnmatch(file, f"{files}*")), file)


@pytest.fixture(autouse=True)
def root_log() -> Generator[None]:
    """Whatever a test sets up for the log of its application, the next one finds the log as it was."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    yield
    root.setLevel(level)
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)


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
