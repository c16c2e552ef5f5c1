"""Answers that are kept: how many, by what they take of the memory."""

import sys

from sdc_worker.analytics import kept
from sdc_worker.analytics.kept import Kept, Table


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
