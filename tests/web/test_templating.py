import jinja2
import pytest
from sdc_core import clock
from sdc_web import templating

NOW_US = clock.from_datetime(clock.EPOCH) + 20_000 * clock.DAY_US
SECOND = clock.SECOND_US


@pytest.mark.parametrize(
    ("apart_us", "words"),
    [
        (0, "just now"),
        (59 * SECOND, "just now"),
        (60 * SECOND, "1 minute ago"),
        (-120 * SECOND, "in 2 minutes"),
        (3_600 * SECOND, "1 hour ago"),
        (49 * 3_600 * SECOND, "2 days ago"),
        (-clock.DAY_US, "in 1 day"),
        (400 * clock.DAY_US, "1 year ago"),
    ],
)
def test_how_long_ago_is_told_in_whole_units(apart_us: int, words: str) -> None:
    with clock.frozen(NOW_US):
        assert templating.ago(NOW_US - apart_us) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (12_345, "12 KB"), (999_600, "1.0 MB"), (52_428_800, "52 MB")],
)
def test_a_size_is_told_in_the_unit_that_fits(size_bytes: int, words: str) -> None:
    assert templating.bytes_in_words(size_bytes) == words


@pytest.mark.parametrize(
    ("duration_us", "words"),
    [
        (7, "7\u00a0µs"),
        (1_500, "1\u00a0ms"),
        (3_400_000, "3.4\u00a0s"),
        (61 * SECOND, "1\u00a0min"),
        (7_500 * SECOND, "2\u00a0h 5\u00a0min"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_fits(duration_us: int, words: str) -> None:
    assert templating.duration_in_words(duration_us) == words


def test_moments_are_told_for_people_feeds_and_machines() -> None:
    at_us = 1_795_512_600 * SECOND
    assert templating.iso(at_us) == "2026-11-24T09:30:00Z"
    assert templating.day(at_us) == "24 November 2026"
    assert templating.rfc822(at_us) == "Tue, 24 Nov 2026 09:30:00 +0000"


def test_an_address_of_a_file_changes_with_its_content() -> None:
    digest = templating.static_files()["css/site.css"].digest
    assert templating.static_address("css/site.css") == f"/static/css/site.{digest}.css"


def test_a_file_that_is_not_there_has_no_address() -> None:
    with pytest.raises(KeyError):
        templating.static_address("css/nothing.css")


def test_a_name_that_the_context_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        templating.render("site/rss.xml")
