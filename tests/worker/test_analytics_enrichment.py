"""What the engine makes of a line: its kind, its origin, its bot; today and sealed, and of segments of before."""

import asyncio
import hashlib
import zlib
from pathlib import Path

import duckdb
import msgspec
import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Database, execute
from sdc_worker.analytics import reports, store
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.kept import Cell
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.rows import COLUMNS
from sdc_worker.analytics.seal import seal
from sdc_worker.analytics.segments import Segments, settle
from sdc_worker.analytics.visits import SCHEMA, SQL_HITS
from sdc_worker.ingest import streams

from conftest import FreshBucket

DAY = "2026-03-01"
START_US = clock.from_datetime(clock.EPOCH.fromisoformat(f"{DAY}T00:00:00+00:00"))
NEXT_NOON_US = START_US + 3 * clock.DAY_US // 2
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PAGE = Line(ts=START_US, visitor="a" * 16, path="/", status=200, bytes=7, type="text/html", ua=FIREFOX)
SECOND_US = clock.SECOND_US


@pytest.fixture
async def hits(database: Database, object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path) -> Hits:
    return Hits(database, Segments(object_store, await fresh_bucket(), tmp_path / "analytics"))


def line(at_s: float = 0, **fields: object) -> Line:
    return msgspec.structs.replace(PAGE, ts=START_US + int(at_s * SECOND_US), **fields)


async def commit(database: Database, body: bytes, *, slot: str = "0") -> None:
    """Through the door that web uses, and closed."""
    with clock.frozen(NEXT_NOON_US):
        intake = streams.Intake(database)
        await intake.append(slot=slot, day=DAY, at=0, body=body)
        digest = hashlib.sha256(body).hexdigest()
        await streams.close(database, slot=slot, day=DAY, closing=streams.Closing(length=len(body), sha256=digest))


async def commit_lines(database: Database, *lines: Line, slot: str = "0") -> None:
    await commit(database, b"".join(map(access_log.encode, lines)), slot=slot)


async def ask(hits: Hits, columns: str) -> list[tuple[Cell, ...]]:
    sql = f"WITH {SQL_HITS} SELECT {columns} FROM hits ORDER BY ts, seq"  # noqa: S608 - the test's own words
    return await hits.query(sql, {}, first=DAY, last=DAY)


async def seal_later(database: Database, hits: Hits) -> str:
    with clock.frozen(NEXT_NOON_US):
        return await seal(database, hits)


@pytest.mark.parametrize(
    ("path", "type_", "kind"),
    [
        ("/", "text/html", "page"),
        ("/author", "text/html", "author"),
        ("/author/posts", "text/html", "author"),
        ("/authors", "text/html", "page"),
        ("/preview/", "text/html", "author"),
        ("/api/v1/posts", "application/json", "api"),
        ("/feed.xml", "application/atom+xml", "feed"),
        ("/static/site.css", "text/css", "asset"),
        ("/static/icon.png", "image/png", "asset"),
        ("/media/x/640.avif", "image/avif", "media"),
        ("/media/x/talk.pdf", "application/pdf", "download"),
        ("/media/x/case.stl", "model/stl", "download"),
        ("/media/x/data.json", "application/json", "download"),
        ("/media/x/song.mp3", "audio/mpeg", "media"),
        ("/app.exe", "application/x-msdos-program", "download"),
        ("/app.dmg", "application/x-apple-diskimage", "download"),
        ("/app.deb", "application/vnd.debian.binary-package", "download"),
        ("/a.odt", "application/vnd.oasis.opendocument.text", "download"),
        ("/robots.txt", "text/plain", "other"),
        ("/nothing", "", "other"),
    ],
)
async def test_a_request_has_a_kind(database: Database, hits: Hits, path: str, type_: str, kind: str) -> None:
    await commit_lines(database, line(path=path, type=type_))
    assert await ask(hits, "kind, page") == [(kind, kind == "page")]


async def test_source_medium_and_campaign_are_columns_today_and_sealed(database: Database, hits: Hits) -> None:
    await commit_lines(
        database,
        line(0, ref="www.google.de"),
        line(1, ref="blog.example", query="utm_source=letter&utm_medium=email&utm_campaign=march"),
        line(2),
    )
    expected = [("Google", "search", ""), ("letter", "email", "march"), ("", "direct", "")]
    assert await ask(hits, "source, medium, campaign") == expected
    await seal_later(database, hits)
    assert await ask(hits, "source, medium, campaign") == expected


async def test_a_day_reads_the_same_sealed_and_not(database: Database, hits: Hits) -> None:
    agents = [FIREFOX, "GPTBot/1.2", "Feedly/1.0 (3 subscribers)", ""]
    lines = [
        line(number * 7 % 5000, visitor=f"{number % 17:016x}", ua=agents[number % 4], path=f"/{number % 9}", us=number)
        for number in range(400)
    ]
    await commit_lines(database, *lines)
    every = ", ".join(COLUMNS) + ", visit, visit_views, visit_us, entry, exit"
    before = await ask(hits, every)
    await seal_later(database, hits)
    assert await ask(hits, every) == before
    assert len(before) == len(lines)


async def test_a_visitor_that_asks_for_what_programs_try_is_no_reader(database: Database, hits: Hits) -> None:
    await commit_lines(
        database,
        line(0),
        line(1, path="/wp-login.php", status=404),
        line(2, visitor="b" * 16),
        line(3, visitor="b" * 16, path="/posts/wp-adminned", status=404),
    )
    assert await ask(hits, "page, bot, bot_kind") == [
        (False, "probing", "behaviour"),
        (False, "probing", "behaviour"),
        (True, "", ""),
        (False, "", ""),
    ]


@pytest.mark.parametrize(("pages", "within_s", "bot"), [(10, 10, "hasty"), (9, 1, ""), (10, 10.1, "")])
async def test_ten_pages_in_ten_seconds_and_no_file_are_a_program(
    database: Database, hits: Hits, pages: int, within_s: float, bot: str
) -> None:
    await commit_lines(database, *(line(number * within_s / (pages - 1), path=f"/{number}") for number in range(pages)))
    assert set(await ask(hits, "page, bot")) == {(not bot, bot)}


async def test_who_asks_for_a_page_s_files_may_be_as_quick_as_they_like(database: Database, hits: Hits) -> None:
    pages = [line(number / 10, path=f"/{number}") for number in range(20)]
    await commit_lines(database, *pages, line(9, path="/static/site.css", type="text/css"))
    assert set(await ask(hits, "bot")) == {("",)}


async def test_late_lines_can_prove_a_program_to_be_a_reader(database: Database, hits: Hits) -> None:
    await commit_lines(database, *(line(number / 10, path=f"/{number}") for number in range(20)))
    await seal_later(database, hits)
    assert set(await ask(hits, "page, bot")) == {(False, "hasty")}
    await commit_lines(database, line(9, path="/static/site.css", type="text/css"), slot="1")
    expected = await ask(hits, "path, page, bot")
    assert {(page, bot) for path, page, bot in expected if path != "/static/site.css"} == {(True, "")}
    await seal_later(database, hits)
    assert await ask(hits, "path, page, bot") == expected


async def test_lines_that_one_reader_takes_and_another_does_not_are_counted_alike(
    database: Database, hits: Hits
) -> None:
    """A name twice, a NUL: lines by the letter of JSON. One with numbers out of all bounds is left out."""
    odd = (
        b'{"ts":%d,"visitor":"%s","path":"/one","path":"/two","status":200}\n'
        b'{"ts":%d,"visitor":"%s","path":"/a\\u0000b","status":999}\n'
        b'{"ts":%d,"visitor":"%s","path":"/odd","status":99999,"bytes":-5,"us":123456789012345678901}\n'
    ) % (START_US, b"c" * 16, START_US + 1, b"d" * 16, START_US + 2, b"e" * 16)
    await commit(database, odd + access_log.encode(line(1)))
    found = await ask(hits, "path, status, bytes, us")
    assert found[:2] == [("/two", 200, 0, 0), ("/a\x00b", 999, 0, 0)]
    assert [path for path, *_ in found[2:]] == ["/"]


async def test_sums_of_sealed_days_and_of_today_are_one(database: Database, hits: Hits) -> None:
    await commit_lines(database, line(0), line(1, path="/a", bytes=1))
    await seal_later(database, hits)
    sql = f"WITH {SQL_HITS} SELECT path, count(*), sum(bytes) FROM hits GROUP BY path"  # noqa: S608 - as above
    assert sorted(await hits.counted(sql, {}, first=DAY, last="2026-03-02", keys=1)) == [("/", 1, 7), ("/a", 1, 1)]
    with clock.frozen(NEXT_NOON_US):
        later = msgspec.structs.replace(PAGE, ts=START_US + clock.DAY_US)
        body = access_log.encode(later)
        await streams.Intake(database).append(slot="0", day="2026-03-02", at=0, body=body)
    assert sorted(await hits.counted(sql, {}, first=DAY, last="2026-03-02", keys=1)) == [("/", 2, 14), ("/a", 1, 1)]


async def test_a_segment_of_before_is_read_and_rebuilt_with_every_column(database: Database, hits: Hits) -> None:
    """As the first version of segments had them: no kind, no origin, no kind of bot."""
    await commit_lines(database, line(0), line(1, path="/feed.xml", type="application/atom+xml", ua="GPTBot/1"))
    await seal_later(database, hits)
    expected = await ask(hits, "ts, visitor, path, page, kind, bot, visit_views, entry")
    segment = await _as_first_version(database, hits)
    assert await ask(hits, "ts, visitor, path, page, kind, bot, visit_views, entry") == expected
    assert (await seal_later(database, hits)).startswith(f"{DAY}: 2 rows")
    async with database.read() as connection:
        (rebuilt,) = await store.segments(connection)
    assert (rebuilt.schema, rebuilt.name == segment.name) == (SCHEMA, False)
    assert await ask(hits, "ts, visitor, path, page, kind, bot, visit_views, entry") == expected
    assert await ask(hits, "medium, bot_kind, readers") == [("", "", 0), ("", "other", 0)]
    assert await seal_later(database, hits) == "nothing to seal"


async def _as_first_version(database: Database, hits: Hits) -> store.Segment:
    async with database.read() as connection:
        (segment,) = await store.segments(connection)
    path = hits.segments.path(DAY, segment.name)
    old = path.parent / "old.parquet"
    added = "kind, source, medium, campaign, bot_kind, readers"
    copy = f"COPY (SELECT * EXCLUDE ({added}, day) FROM '{path}') TO '{old}' (FORMAT parquet)"  # noqa: S608 - our own
    with duckdb.connect() as engine:
        await asyncio.to_thread(engine.execute, copy)
    digest, size_bytes = await asyncio.to_thread(settle, old)
    segment = msgspec.structs.replace(segment, name=digest[:16], sha256=digest, size_bytes=size_bytes, schema=1)
    await asyncio.to_thread(old.rename, hits.segments.path(DAY, segment.name))
    async with database.transaction() as connection:
        await store.enter(connection, segment, now_us=1)
        await execute(connection, "UPDATE segments SET schema = 1")
    return segment


async def test_batches_of_before_are_read_line_by_line(database: Database, hits: Hits) -> None:
    body = access_log.encode(line(0)) + b"no line\n" + access_log.encode(line(1))
    async with database.transaction() as connection:
        sql = "INSERT INTO log_batches (slot, day, at, size_bytes, body) VALUES ('0', :day, 0, 9, :body)"
        await execute(connection, sql, {"day": DAY, "body": zlib.compress(body)})
    assert await ask(hits, "path") == [("/",), ("/",)]


def told(at_s: float, ms: int, depth: int, *, first: int = 0, to: str = "", **fields: object) -> Line:
    """What a page tells of how it was read."""
    query = f"ms={ms}&depth={depth}&first={first}&to={to}"
    return line(at_s, method="POST", status=204, type="", bytes=0, query=query, **fields)


async def test_what_pages_tell_adds_up_and_is_no_view_and_no_origin(database: Database, hits: Hits) -> None:
    lines = (
        line(0, ref="news.example"),
        told(30, 28_000, 60, first=1),
        told(40, 2_000, 25, to="example.org"),
        line(50, visitor="b" * 16),
        told(60, 10_000, 100, first=1, visitor="b" * 16),
    )
    await commit_lines(database, *lines)
    asked = question(DAY, DAY, {})
    for _ in ("today", "sealed"):
        (found,) = (await reports.breakdown(hits, asked, "reading", 10)).rows
        assert (found.key, found.readings, found.read_us, found.depth) == ("/", 2, 40_000_000, 185)
        (left,) = (await reports.breakdown(hits, asked, "outbound", 10)).rows
        assert (left.key, left.clients, left.requests) == ("example.org", 1, 1)
        counted = await reports.summary(hits, asked)
        assert (counted.page_views, counted.visits, counted.visitors, counted.requests) == (2, 2, 2, 5)
        sources = (await reports.breakdown(hits, asked, "source", 10)).rows
        assert {row.key for row in sources} == {"Direct", "news.example"}
        await seal_later(database, hits)


async def test_nobody_tells_of_pages_that_they_did_not_ask_for(database: Database, hits: Hits) -> None:
    await commit_lines(
        database,
        line(0),
        told(1, 9_000, 50, first=1, path="/made-up"),
        told(1, 9_000, 50, first=1, visitor="c" * 16),
        told(2, 9_000, 50, first=1, ua="GPTBot/1.2"),
        line(3, method="POST", status=204, type="", query="ms=a&depth=&first="),
    )
    rows = (await reports.breakdown(hits, question(DAY, DAY, {}), "reading", 10)).rows
    assert [(row.key, row.readings, row.read_us) for row in rows] == [("/", 0, 0)]


async def test_a_page_that_tells_something_was_in_a_browser(database: Database, hits: Hits) -> None:
    pages = [line(number / 10, path=f"/{number}") for number in range(20)]
    await commit_lines(database, *pages, told(9, 100, 50, first=1, path="/19"))
    assert set(await ask(hits, "bot")) == {("",)}
