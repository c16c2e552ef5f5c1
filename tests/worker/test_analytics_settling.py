"""Lines that come a few at a time come to what they come to at once: visitors are put into visits one by one."""

import asyncio
import errno
import random
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from duckdb import BinderException
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.objects import ObjectStore
from sdc_worker.analytics import visits
from sdc_worker.analytics.loading import Loaded
from sdc_worker.analytics.segments import Segments
from sdc_worker.ingest import packing
from sdc_worker.ingest.store import Batch

from log_lines import AGENTS, CHROME, day_start

pytestmark = pytest.mark.timeout(120)

DAY = "2026-03-02"
SECOND = clock.SECOND_US
PAGE = Line(ts=0, visitor="0" * 16, path="/", status=200, type="text/html", ua=CHROME)


@pytest.fixture
def segments(object_store: ObjectStore, tmp_path: Path) -> Segments:
    return Segments(object_store, "none", tmp_path / "analytics")


def batch(number: int, lines: list[Line], day: str = DAY) -> Batch:
    body = packing.pack(b"".join(map(access_log.encode, lines)))
    return Batch(id=number, day=day, body=body, whole=True)


def settled(loaded: Loaded, pieces: list[list[Line]], first: int = 1) -> list[tuple[object, ...]]:
    """The day's requests after each piece was put into visits, in the order of their numbers."""
    for number, lines in enumerate(pieces, first):
        loaded.add([batch(number, lines)])
        loaded.settle(DAY, DAY)
    return loaded.connection.execute("FROM hot ORDER BY seq").fetchall()


def of(visitor: int, at_s: float, path: str = "/", **more: str | int) -> Line:
    values = {"ts": day_start(DAY) + int(at_s * SECOND), "visitor": f"{visitor:016x}", "path": path, **more}
    return msgspec.structs.replace(PAGE, **values)


def made(count: int) -> list[Line]:
    """Few visitors with many lines, so that most pieces go on with some that were there: pages, files, probes, haste,
    programs that say so, lines that come late, and what pages tell.
    """
    dice = random.Random(20261129)  # noqa: S311 - the same lines each time
    lines = []
    for number in range(count):
        late = dice.choice([0, 0, 0, 5, 3_000])
        who = dice.randrange(60)
        agent = dice.choice(list(AGENTS)[:5]) if who % 7 == 0 else CHROME
        path = dice.choice(["/", "/a", "/b", "/static/x.css", "/posts/c"])
        more: dict[str, str | int] = {"ua": agent, "ref": dice.choice(["", "", "example.org"])}
        if path.endswith("css"):
            more["type"] = "text/css"
        if dice.random() < 0.01:
            path, more = "/wp-login.php", {"status": 404, "ua": agent}
        if dice.random() < 0.02:
            more |= {"query": f"ms={number}&depth=3&first=1&to=", "method": "POST", "status": 204, "type": ""}
        lines.append(of(who, max(number * 20 + dice.random() - late, 0), path, **more))
    return lines


async def test_a_few_lines_at_a_time_come_to_what_all_come_to_at_once(segments: Segments) -> None:
    lines, pieces, at, dice = made(3_000), [], 0, random.Random(7)  # noqa: S311 - as above
    while at < len(lines):
        length = dice.choice([1, 2, 7, 40, 400]) if at > len(lines) // 2 else 300
        pieces.append(lines[at : at + length])
        at += length
    loaded = await asyncio.to_thread(Loaded, segments)
    bit_by_bit = await asyncio.to_thread(settled, loaded, pieces)
    at_once = await asyncio.to_thread(settled, await asyncio.to_thread(Loaded, segments), [lines])
    assert len(bit_by_bit) == len(lines)
    assert bit_by_bit == at_once


@pytest.mark.parametrize("later", ["probing", "hasty", "a file", "an hour", "a new agent"])
async def test_what_a_visitor_does_later_decides_what_they_did_before(segments: Segments, later: str) -> None:
    before = [of(visitor, at * 60 + visitor) for at in range(4) for visitor in range(30)]
    before += [of(1, 600 + at / 10) for at in range(10)] if later == "a file" else []
    following = {
        "probing": [of(1, 900, "/.env", status=404)],
        "hasty": [of(1, 900 + at / 10) for at in range(10)],
        "a file": [of(1, 900, "/static/x.css", type="text/css")],
        "an hour": [of(1, 4_500), of(1, 4_600)],
        "a new agent": [of(1, 900, ua="curl/8.5"), of(99, 900, ua="NetNewsWire/6.1", ref="new.example")],
    }[later]
    bit_by_bit = await asyncio.to_thread(settled, await asyncio.to_thread(Loaded, segments), [before, following])
    at_once = await asyncio.to_thread(settled, await asyncio.to_thread(Loaded, segments), [before + following])
    assert bit_by_bit == at_once


async def test_others_stay_where_they_are_until_what_was_done_again_comes_to_a_day(segments: Segments) -> None:
    loaded = await asyncio.to_thread(Loaded, segments)
    await asyncio.to_thread(settled, loaded, [[of(visitor, visitor) for visitor in range(200)]])
    before = await asyncio.to_thread(_places, loaded)
    for number in range(2, 40):
        await asyncio.to_thread(settled, loaded, [[of(5, 100 * number)]], number)
        if number == 5:
            assert await asyncio.to_thread(_places, loaded) == before
    # Each piece puts all of one visitor's requests behind the others: 818 in sum.
    assert max(await asyncio.to_thread(_places, loaded, 0)) < 500


def _places(loaded: Loaded, but: int = 5) -> list[int]:
    """Where in their table the requests of all visitors but that one are."""
    sql = "SELECT rowid FROM hot_20260302 WHERE visitor <> $but ORDER BY seq"
    return [place for (place,) in loaded.connection.execute(sql, {"but": but}).fetchall()]


async def test_visits_that_cannot_be_worked_out_leave_those_there_were(segments: Segments) -> None:
    loaded = await asyncio.to_thread(Loaded, segments)
    before = await asyncio.to_thread(settled, loaded, [made(1_000)])
    loaded.connection.execute("ALTER TABLE agents RENAME readers TO nobody")
    with pytest.raises(BinderException):
        await asyncio.to_thread(settled, loaded, [[of(1, 80_000)]], 2)
    assert loaded.connection.execute("FROM hot ORDER BY seq").fetchall() == before
    loaded.connection.execute("ALTER TABLE agents RENAME nobody TO readers")
    await asyncio.to_thread(loaded.settle, DAY, DAY)
    assert len(loaded.connection.execute("FROM hot").fetchall()) == 1_001


async def test_what_was_loaded_before_a_failure_is_not_loaded_again(
    segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, following = await asyncio.to_thread(Loaded, segments), "2026-03-03"
    came = [batch(1, [of(1, 1)]), batch(2, [of(2, 86_401)], following)]
    read = Loaded._read

    def full(self: Loaded, table: str, day: str, bodies: Iterable[bytes]) -> int:
        if day == following:
            raise OSError(errno.ENOSPC, "No space left on device")
        return read(self, table, day, bodies)

    with monkeypatch.context() as patched:
        patched.setattr(Loaded, "_read", full)
        with pytest.raises(OSError, match="No space"):
            await asyncio.to_thread(loaded.add, came)
    await asyncio.to_thread(loaded.add, [each for each in came if each.id > loaded.seen])
    await asyncio.to_thread(loaded.settle, DAY, following)
    assert loaded.connection.execute("SELECT day, count(*) FROM hot GROUP BY day ORDER BY day").fetchall() == [
        (DAY, 1), (following, 1),
    ]  # fmt: skip


class Interrupted:
    """A lock after which, each time it is free again, what is known of agents is begun anew."""

    def __init__(self, loaded: Loaded) -> None:
        self.lock, self.other = threading.Lock(), loaded.connection.cursor()

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        self.other.execute(visits.SQL_TABLES)


async def test_a_day_is_written_whole_while_what_is_known_is_begun_anew(
    segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, lines = await asyncio.to_thread(Loaded, segments), made(50)
    monkeypatch.setattr(loaded, "_lock", Interrupted(loaded))

    def write() -> int:
        loaded.begin(DAY, None, 0)
        loaded.go_on(DAY, [batch(1, lines)])
        return loaded.write(DAY, segments.scratch / "day.parquet", sealed=False)

    assert await asyncio.to_thread(write) == len(lines)
