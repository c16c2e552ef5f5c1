"""Fails a test in which our code blocks the event loop. Loaded for the whole suite by `conftest.py`.

Only calls made below a function of ours count: a test may read a file itself. aiosqlite works in its own threads, where
no loop runs, so it passes; a direct use of SQLite on the loop does not.
"""

from collections.abc import Generator

import pytest
import sdc_core
import sdc_web
import sdc_worker
from blockbuster import BlockBuster
from sdc_core import sqlite

# The page cache asks `PRAGMA data_version` once a turn of the loop, on a connection of the loop's own thread: three
# microseconds, against the hundred of a thread's round trip, on every request (`docs/architecture.md`).
DIRECT_READS = ("sdc_web/page_cache/cache.py", ("_current", "_open"))

# botocore reads its models from JSON files when a client is opened, which happens once, at the start of a service.
ONCE_AT_THE_START = ("sdc_core/objects.py", ("open_store",))


@pytest.fixture(scope="session", autouse=True)
def _nothing_blocks_the_loop() -> Generator[None]:
    # It wraps the methods of whatever `sqlite3` is by now: our build, once this module is loaded.
    assert sqlite.is_safe(sqlite.pysqlite3.sqlite_version_info)
    guard = BlockBuster([sdc_core, sdc_web, sdc_worker])
    for function in guard.functions.values():
        for file, names in (DIRECT_READS, ONCE_AT_THE_START):
            function.can_block_in(file, names)
    guard.activate()
    yield
    guard.deactivate()
