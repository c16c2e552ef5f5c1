"""The worker's database: which file, which schema, how durable."""

from contextlib import AbstractAsyncContextManager
from importlib.resources import files
from pathlib import Path

from sdc_core.sqlite import Database, open_database

MIGRATIONS = files("sdc_worker") / "migrations"


def open_worker(path: Path) -> AbstractAsyncContextManager[Database]:
    """`worker.db`, brought to the newest schema. Every commit is on the disk before it returns: web drops nothing that
    was acknowledged, so the acknowledgement must outlive a power cut.
    """
    return open_database(path, MIGRATIONS, synchronous="FULL")
