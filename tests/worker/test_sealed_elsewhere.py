"""Sealed days are read by other engines as docs/scale-out.md says, and come to the worker's own figures."""

import re
import zlib
from pathlib import Path

import duckdb
import msgspec
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Database
from sdc_worker.analytics import reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.seal import seal
from sdc_worker.analytics.segments import Segments
from sdc_worker.ingest import store as ingest

from conftest import FreshBucket
from documents import ROOT, blocks
from log_lines import FIREFOX

DAYS = ("2026-03-01", "2026-03-02")
SOURCE = re.compile(r"s3\('\S+?/(hits/\S+)', '\w+', '\w+', 'Parquet'\)")
READ = {"/posts/fog": 3, "/posts/lamp": 2, "/": 1}


async def commit(database: Database, day: str) -> None:
    """Three visitors of a day: the first reads the fog twice."""
    noon_us = clock.from_datetime(clock.EPOCH.fromisoformat(f"{day}T12:00:00+00:00"))
    page = Line(ts=noon_us, visitor="a" * 16, path="/", status=200, bytes=7, type="text/html", ua=FIREFOX)
    views = [("a", "/posts/fog"), ("a", "/posts/fog"), ("b", "/posts/fog"), ("b", "/posts/lamp"), ("c", "/posts/lamp")]
    lines = [page, *(msgspec.structs.replace(page, visitor=who * 16, path=path) for who, path in views)]
    body = b"".join(map(access_log.encode, lines))
    async with database.transaction() as connection:
        packed = zlib.compress(body)
        await ingest.add_batch(connection, slot="0", day=day, at=0, size_bytes=len(body), body=packed, whole=True)
        await ingest.advance(connection, slot="0", day=day, at=len(body), now_us=1)
        await ingest.close(connection, slot="0", day=day, sha256="", now_us=2)


async def test_the_query_of_the_documents_counts_what_the_worker_counts(
    database: Database, object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path
) -> None:
    hits = Hits(database, Segments(object_store, await fresh_bucket(), tmp_path / "analytics"))
    for day in DAYS:
        await commit(database, day)
    with clock.frozen(clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-04T12:00:00+00:00"))):
        await seal(database, hits)
    (written,) = [block.text for block in blocks(ROOT / "docs" / "scale-out.md") if block.info == "sql"]
    asked, found = SOURCE.subn(rf"read_parquet('{hits.segments.folder}/\1')", written)
    assert found == 1
    # What the page says of DuckDB.
    asked = asked.replace("DISTINCT visitor, day", "DISTINCT (visitor, day)")
    told = [(row.key, row.page_views, row.visitors) for row in await pages(hits)]
    assert {key: views // len(DAYS) for key, views, _ in told} == READ
    with duckdb.connect() as engine:
        assert engine.execute(asked).fetchall() == told


async def pages(hits: Hits) -> list[reports.Slice]:
    """What the worker tells of both days, in the order of the query."""
    told = await reports.breakdown(hits, question(DAYS[0], DAYS[1], {}), "page", 10)
    return sorted(told.rows, key=lambda row: (-row.page_views, row.key))
