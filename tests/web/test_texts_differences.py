import random
import time

import pytest
from sdc_web.texts import differences
from sdc_web.texts.differences import Row, compare, pieces, words

LIMIT_S = 8.0
PROSE = "The fog came in at dawn.\n\nNobody saw the lamp.\n\nIt burned all the same."


def told(rows: tuple[Row, ...]) -> list[str]:
    """Each row in short: `-` and `+` before what went and came."""
    signs = {"same": "", "removed": "-", "added": "+"}
    return [
        f"fold {len(row.folded)}" if row.kind == "fold" else "|".join(signs[each.kind] + each.text for each in row.both)
        for row in rows
    ]


def test_equal_texts_have_no_difference() -> None:
    assert compare(PROSE, PROSE).same
    assert not compare(PROSE, f"{PROSE} ").same


def test_a_changed_word_is_shown_within_its_line() -> None:
    rows = compare("The fog is thick.", "The fog is thin.").rows
    assert told(rows) == ["The fog is |-thick|+thin|."]
    assert [each.text for each in rows[0].old] == ["The fog is ", "thick", "."]
    assert [each.text for each in rows[0].new] == ["The fog is ", "thin", "."]


def test_lines_that_came_and_went_stand_alone() -> None:
    assert told(compare("one\ntwo", "two\nthree").rows) == ["-one", "two", "+three"]


def test_a_line_replaced_by_another_one_is_not_woven_into_it() -> None:
    assert told(compare("Nobody saw the lamp.", "A quite different matter!").rows) == [
        "-Nobody saw the lamp.",
        "+A quite different matter!",
    ]


def test_a_changed_line_among_new_ones_is_found() -> None:
    rows = compare("The lamp burned all night.", "A new line.\nThe lamp burned all day.\nAnother.").rows
    assert told(rows) == ["+A new line.", "The lamp burned all |-night|+day|.", "+Another."]


def test_what_did_not_change_is_folded_but_for_two_lines_around() -> None:
    lines = [f"line {number}" for number in range(20)]
    changed = [*lines[:10], "new", *lines[10:]]
    rows = compare("\n".join(lines), "\n".join(changed)).rows
    assert told(rows) == ["fold 8", "line 8", "line 9", "+new", "line 10", "line 11", "fold 8"]


def test_a_fold_holds_its_lines() -> None:
    assert compare("a\nb\nc", "a\nb\nc").rows[0].folded == ("a", "b", "c")


def test_letters_of_a_script_without_spaces_are_compared_one_by_one() -> None:
    assert told(compare("雾很浓。", "雾很薄。").rows) == ["雾很|-浓|+薄|。"]


def test_words_that_came_and_went_are_counted_and_moved_ones_are_not() -> None:
    counted = words("one two three", "three two four five")
    assert (counted.added, counted.removed) == (2, 1)
    assert words("one two", "two one") == differences.Words(added=0, removed=0)


def test_a_short_text_is_woven_word_by_word() -> None:
    assert [(each.kind, each.text) for each in pieces("fog, lamp", "fog, tea")] == [
        ("same", "fog, "),
        ("removed", "lamp"),
        ("added", "tea"),
    ]


@pytest.mark.parametrize("seed", range(30))
def test_both_texts_can_be_read_out_of_every_comparison(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    words_there = ["fog", "lamp", "tea", "dawn,", "", "the", "雾浓"]
    lines = [" ".join(chance.choices(words_there, k=chance.randrange(8))) for _ in range(60)]
    changed = [line for line in lines if chance.random() > 0.2]
    for _ in range(8):
        changed.insert(chance.randrange(len(changed)), " ".join(chance.choices(words_there, k=5)))
    chance.shuffle(changed[10:20])
    rows = compare("\n".join(lines), "\n".join(changed)).rows
    old, new = list[str](), list[str]()
    for row in rows:
        old += row.folded or ["".join(each.text for each in row.old or row.both)] * (row.kind != "added")
        new += row.folded or ["".join(each.text for each in row.new or row.both)] * (row.kind != "removed")
    assert (old, new) == (lines, changed)


def _repeated(text: str) -> str:
    return text * (400_000 // len(text))


HOSTILE = {
    "blank lines": ("\n" * 400_000, "x" + "\n" * 399_000),
    "two lines in turn": (_repeated("a\nb\n"), _repeated("b\na\na\n")),
    "two words in turn": (_repeated("a b "), _repeated("b a a ")),
    "lines in reverse": ("\n".join(map(str, range(60_000))), "\n".join(map(str, range(60_000, 0, -1)))),
    "words in reverse": (" ".join(map(str, range(60_000))), " ".join(map(str, range(60_000, 0, -1)))),
    "nothing alike": (_repeated("one line of text\n"), _repeated("quite another\n")),
    "gaps between anchors": (
        "\n".join("a\nb\n" * 20 + f"anchor {n}" for n in range(4_000)),
        "\n".join("b\na\na\n" * 20 + f"anchor {n}" for n in range(3_000)),
    ),
    "letters without spaces": ("雾" * 400_000, "浓雾" * 200_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_longest_texts_are_compared_in_time_whatever_they_are(name: str) -> None:
    old, new = HOSTILE[name]
    began = time.thread_time()
    compared = compare(old, new)
    words(old, new)
    assert time.thread_time() - began < LIMIT_S
    assert len(compared.rows) <= differences.MAX_ROWS
