"""Restoring a database of 200 MB, checked, beside `litestream restore` alone, by turns."""

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import seaweed
from sdc_core.objects import Endpoint, open_store
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_worker.drills import replica
from sdc_worker.mirror import child

ROWS, ROW_BYTES = 50_000, 4_000
ROUNDS = 3
BUCKET = "backups"


async def main() -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder, seaweed.running(Path(folder) / "s3") as endpoint:
        home = Path(folder)
        fill(home / "site.db")
        async with open_store(endpoint) as store:
            await store.make_bucket(BUCKET)
        await litestream(endpoint, "replicate", "-once", str(home / "site.db"), url(endpoint))
        ours, theirs = [], []
        for number in range(ROUNDS):
            bare, ended = home / f"bare-{number}.db", home / f"ours-{number}.db"
            started_s = time.perf_counter()
            await litestream(endpoint, "restore", "-o", str(bare), url(endpoint))
            theirs.append(time.perf_counter() - started_s)
            started_s = time.perf_counter()
            environment = child.clean_environment(Settings())
            await replica.restore_database(endpoint, BUCKET, "", "site", ended, env=environment)
            ours.append(time.perf_counter() - started_s)
            for path in (bare, ended):
                path.unlink()
    one, other = statistics.median(ours), statistics.median(theirs)
    size = f"{ROWS * ROW_BYTES / 1e6:.0f} MB"
    print(f"restore of {size}, checked {one:.1f} s; litestream alone {other:.1f} s; {one / other:.2f}x")


def fill(path: Path) -> None:
    """Bytes that do not compress."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)")
        connection.executemany("INSERT INTO rows (body) VALUES (?)", ((os.urandom(ROW_BYTES),) for _ in range(ROWS)))
        connection.commit()


def url(endpoint: Endpoint) -> str:
    """The replica, as the restore names it."""
    return f"s3://{BUCKET}/litestream/site?endpoint={endpoint.url}&region=us-east-1&forcePathStyle=true"


async def litestream(endpoint: Endpoint, *arguments: str) -> None:
    """Run it to its end."""
    given = child.clean_environment(Settings()) | {
        "LITESTREAM_ACCESS_KEY_ID": endpoint.access_key_id,
        "LITESTREAM_SECRET_ACCESS_KEY": endpoint.secret_access_key,
    }
    ended = await child.run([find_program("litestream"), *arguments], given, deadline_s=300)
    assert ended.code == 0, ended.errors


if __name__ == "__main__":
    asyncio.run(main())
