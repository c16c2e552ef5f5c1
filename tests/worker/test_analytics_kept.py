"""Answers that are kept: how many, by what they take of the memory."""

import sys
import threading
from pathlib import Path

import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import Breakdown
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Database
from sdc_worker.analytics import kept, reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.kept import Kept, Table
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.segments import Segments
from sdc_worker.ingest import packing
from sdc_worker.ingest import store as ingest

from log_lines import CHROME


def paths(count: int) -> Table:
    """The figures of so many paths."""
    return [
        (f"/posts/{number:06d}-some-title-of-a-text", *range(number + 1_000, number + 1_008)) for number in range(count)
    ]


def put(answers: Kept, name: str, table: Table) -> bool:
    """Whether an answer is kept."""
    answers.put((name,), table)
    return answers.get((name,)) is not None


def test_the_figures_of_all_paths_of_a_large_site_are_kept() -> None:
    assert put(Kept(), "large", paths(40_000))


def test_the_paths_that_a_month_of_scanners_made_up_are_kept() -> None:
    made_up: Table = [
        ("missing", f"/backup/{number:09d}/wp-content/x.php", *[None] * 4, 1, 1_234, None, 0, 0, 0)
        for number in range(60_000)
    ]
    assert put(Kept(), "missing", made_up)


async def test_among_many_rows_the_largest_are_chosen_beside_the_loop(
    database: Database, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, largest, chosen_in = clock.today(), reports._largest, set[int]()
    paths = ["/most", *(f"/{number}" for number in range(reports.MOST_AT_ONCE)), "/most"]
    lines = [Line(ts=clock.now_us(), visitor="a" * 16, path=path, status=404, ua=CHROME) for path in paths]
    body = b"".join(map(access_log.encode, lines))
    async with database.transaction() as connection:
        packed = packing.pack(body)
        await ingest.add_batch(connection, slot="0", day=day, at=0, size_bytes=len(body), body=packed, whole=True)

    def noted(*asked: object) -> Breakdown:
        chosen_in.add(threading.get_ident())
        return largest(*asked)  # ty: ignore[invalid-argument-type]

    monkeypatch.setattr(reports, "_largest", noted)
    hits = Hits(database, Segments(object_store, "none", tmp_path / "analytics"))
    (found,) = await reports.breakdowns(hits, question(day, day, {}), ["missing"], 1)
    assert (found.total, found.rows[0].key, found.rows[0].requests) == (reports.MOST_AT_ONCE + 1, "/most", 2)
    assert threading.get_ident() not in chosen_in


def test_an_answer_that_would_push_out_most_others_is_not_kept() -> None:
    answers = Kept()
    assert put(answers, "small", paths(10))
    assert not put(answers, "huge", paths(100_000))
    assert answers.get(("small",)) is not None


def test_the_oldest_answers_make_room() -> None:
    answers, table = Kept(), paths(10_000)
    most = kept.MOST_BYTES // kept.weight_bytes(table)
    for number in range(most + 1):
        assert put(answers, str(number), table)
    assert [number for number in range(most + 1) if answers.get((str(number),)) is None] == [0]


def test_what_an_answer_takes_is_reckoned_closely() -> None:
    table: Table = [(f"/{'x' * (number % 200)}", number, None, number / 7) for number in range(5_000)]
    whole = sys.getsizeof(table) + sum(sys.getsizeof(row) + sum(map(sys.getsizeof, row)) for row in table)
    assert abs(kept.weight_bytes(table) - whole) < whole // 10
    assert kept.weight_bytes([]) > 0
