from datetime import date, datetime

import pytest
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_web import templating, zones

BERLIN, NEW_YORK, LORD_HOWE, LIBERIA = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Monrovia"


@pytest.fixture(autouse=True)
async def at_hand() -> None:
    for name in (BERLIN, NEW_YORK, LORD_HOWE, LIBERIA, "America/Sao_Paulo", "Asia/Kathmandu"):
        assert await zones.load(name)


def at(text: str) -> int:
    return clock.from_datetime(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("written", "zone", "meant"),
    [
        ("2026-11-24T18:30", "", "2026-11-24T18:30Z"),
        ("2026-11-24T18:30", BERLIN, "2026-11-24T17:30Z"),
        ("2026-07-24T18:30:05", BERLIN, "2026-07-24T16:30:05Z"),
        ("2026-11-24T18:30+05:45", BERLIN, "2026-11-24T12:45Z"),
        ("2026-10-25T02:30+02:00", BERLIN, "2026-10-25T00:30Z"),
        ("2026-10-25T02:30+01:00", BERLIN, "2026-10-25T01:30Z"),
        ("2026-03-29T03:00", BERLIN, "2026-03-29T01:00Z"),
        ("1971-06-01T00:00", LIBERIA, "1971-06-01T00:44:30Z"),
    ],
)
def test_what_is_written_is_read_by_the_clocks_of_the_zone(written: str, zone: str, meant: str) -> None:
    assert zones.moment_us(datetime.fromisoformat(written), zone) == at(meant)


@pytest.mark.parametrize("zone", ["", BERLIN, NEW_YORK, LORD_HOWE, LIBERIA])
def test_what_a_field_holds_is_read_back_as_the_same_moment(zone: str) -> None:
    """Through the hours around every change of the clocks in 2026, quarter by quarter."""
    for day in ("2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01"):
        start_us = at(f"{day}T00:00Z") - clock.DAY_US // 2
        for at_us in range(start_us, start_us + 2 * clock.DAY_US, 900 * clock.SECOND_US):
            assert zones.moment_us(datetime.fromisoformat(zones.field(at_us, zone)), zone) == at_us


def test_a_time_that_clocks_leave_out_is_refused_with_the_one_that_comes_then() -> None:
    words = "clocks in Europe/Berlin leave out 02:30 on 29 March 2026, when they are set forward: write 03:30"
    with pytest.raises(Invalid, match=words):
        zones.moment_us(datetime.fromisoformat("2026-03-29T02:30"), BERLIN)
    with pytest.raises(Invalid, match=r"Australia/Lord Howe leave out 02:15 .*: write 02:45"):
        zones.moment_us(datetime.fromisoformat("2026-10-04T02:15"), LORD_HOWE)


def test_a_time_that_comes_twice_is_refused_with_both_ways_to_write_it() -> None:
    twice = datetime.fromisoformat("2026-11-01T01:30")
    with pytest.raises(Invalid, match=r"2026-11-01T01:30-04:00 for the first, 2026-11-01T01:30-05:00 for the second"):
        zones.moment_us(twice, NEW_YORK)
    assert zones.moment_us(twice, NEW_YORK, exact=False) == at("2026-11-01T05:30Z")


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("", "24 November 2026, 20:30 UTC"),
        (BERLIN, "24 November 2026, 21:30 CET"),
        ("America/Sao_Paulo", "24 November 2026, 17:30 UTC-03"),
        ("Asia/Kathmandu", "25 November 2026, 02:15 UTC+05:45"),
    ],
)
def test_a_moment_is_told_with_the_name_of_its_zone(zone: str, told: str) -> None:
    assert templating.moment(at("2026-11-24T20:30Z"), zone) == told


@pytest.mark.parametrize("zone", ["", "Asia/Kathmandu", NEW_YORK])
def test_the_end_of_the_calendar_is_told_as_any_moment(zone: str) -> None:
    assert templating.moment(at("9999-12-31T23:59Z"), zone).startswith("31 December 9999, ")
    with pytest.raises(OverflowError):
        zones.moment_us(datetime.fromisoformat("9999-12-31T23:59-12:00"), zone)


def test_a_day_begins_when_its_clocks_say_so() -> None:
    assert zones.day_us(date(2026, 7, 1), BERLIN) == at("2026-06-30T22:00Z")
    # Clocks of São Paulo went from midnight to one.
    assert zones.day_us(date(2018, 11, 4), "America/Sao_Paulo") == at("2018-11-04T03:00Z")


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "Europe/Berlin\0", "localtime", "europe/berlin"])
async def test_what_is_no_zone_of_a_place_is_not_loaded(name: str) -> None:
    assert not await zones.load(name)
