"""Texts that are made to take long: what they are asked for takes as much more time as they are longer, and no more."""

import time
from collections.abc import Callable

import pytest
from sdc_core.errors import Invalid
from sdc_web.author import unsent
from sdc_web.imports import callouts, front_matter, old_site
from sdc_web.texts import scrolling

LIMIT_S = 2.0
"""Each took minutes, or hours."""


def _headed() -> None:
    text = "Title: b\n" + ("            x\n" * 50) + "text goes on\n"
    assert front_matter.parted(text)[0] == {}


def _directive() -> None:
    body = "".join(f":::note{' ' * 190}{{\n:::\n" for _ in range(200))
    callouts.of_directives(body)


def _blanks() -> None:
    callouts.of_directives(f":::note{' ' * 4_000}{{\n:::\n")


def _named() -> None:
    heading = f"<h2>{'<em>a</em> ' * 20_000}</h2>"
    scrolling.named(heading + "<pre>x</pre>" * 4_000)


@pytest.mark.parametrize("work", [_headed, _directive, _blanks, _named])
def test_a_text_that_is_made_to_take_long_does_not(work: Callable[[], None]) -> None:
    began = time.process_time()
    work()
    assert time.process_time() - began < LIMIT_S


def test_lines_of_fields_go_on_and_directives_have_titles_as_before() -> None:
    assert front_matter.parted("Title: Fog\nSummary: one\n    two\n\ttabs\n\nText.") == (
        {},
        "Title: Fog\nSummary: one\n    two\n\ttabs\n\nText.",
    )
    fields, rest = front_matter.parted("Title: Fog\nSummary: one\n    two\n\t\t\t\tthree\n\nText.")
    assert (fields, rest) == ({"title": "Fog", "summary": "one two three"}, "Text.")
    shown, _ = callouts.of_directives(":::note  Mind the fog  {.x}\nIt is thick.\n:::\n")
    assert "Mind the fog" in shown
    assert "> It is thick." in shown


def test_a_name_is_that_of_the_heading_above_and_short() -> None:
    named = scrolling.named(f"<h2>A <em>long</em> {'way ' * 40}</h2><pre>x</pre><h3>Fog</h3><pre>y</pre>")
    assert 'aria-label="Code: Fog"' in named
    assert "…" in named


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *(("two words", True), ("x" * 40, True), ("霧の中の灯台", True), ("туман", True), ("façade", False)),
        *(("on", False), ("2026-11-30T13:00", False), ("01ARZ3NDEKTSV4RRFFQ69G5FAV", False), ("", False)),
    ],
)
def test_what_somebody_has_written_is_told_from_what_was_chosen(value: str, *, written: bool) -> None:
    assert bool(unsent._WORDS.search(value)) is written


@pytest.mark.parametrize(
    ("site", "host"), [("https://old.example:443", "old.example"), ("http://old.example:8080/", "old.example:8080")]
)
def test_the_usual_port_is_no_part_of_a_host(site: str, host: str) -> None:
    assert host in old_site.own_hosts(old_site.checked(site))


def test_a_port_that_is_none_is_no_address() -> None:
    with pytest.raises(Invalid):
        old_site.checked("https://old.example:99999")
