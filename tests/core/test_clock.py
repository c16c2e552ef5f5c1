import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sdc_core import clock


def test_now_is_microseconds_of_the_real_clock() -> None:
    before = datetime.now(UTC)
    now = clock.now()
    assert before - timedelta(milliseconds=1) <= now <= datetime.now(UTC) + timedelta(milliseconds=1)


@pytest.mark.parametrize("at_us", [0, 1, 999_999, 1_795_478_400_000_001, 253_402_300_799_999_999])
def test_a_moment_survives_the_way_to_a_datetime_and_back_to_the_microsecond(at_us: int) -> None:
    assert clock.from_datetime(clock.to_datetime(at_us)) == at_us


def test_a_datetime_of_another_zone_is_the_same_moment() -> None:
    at = datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert clock.to_datetime(clock.from_datetime(at)) == at


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(TypeError):
        clock.from_datetime(datetime(2026, 11, 24))  # noqa: DTZ001 - that is the point


def test_the_day_changes_at_midnight_utc() -> None:
    midnight_us = 20_000 * clock.DAY_US
    assert clock.day_of(midnight_us - 1) == "2024-10-03"
    assert clock.day_of(midnight_us) == "2024-10-04"


def test_a_frozen_clock_stands_still_and_runs_again() -> None:
    with clock.frozen(1_000_000):
        assert clock.now_us() == 1_000_000
        assert clock.today() == "1970-01-01"
    assert clock.now_us() > 1_700_000_000_000_000


async def test_a_frozen_clock_holds_in_the_tasks_and_threads_started_inside() -> None:
    async with asyncio.TaskGroup() as group:
        with clock.frozen(7):
            task = group.create_task(asyncio.to_thread(clock.now_us))
    assert task.result() == 7


def test_the_monotonic_clock_does_not_freeze() -> None:
    with clock.frozen(7):
        first_us = clock.monotonic_us()
        assert clock.monotonic_us() >= first_us > 7


def test_identifiers_sort_by_time_and_never_repeat() -> None:
    with clock.frozen(1_795_478_400_000_000):
        earlier = {clock.new_id() for _ in range(1_000)}
    with clock.frozen(1_795_478_400_001_000):
        later = clock.new_id()
    assert len(earlier) == 1_000
    assert max(earlier) < later


def test_an_identifier_holds_its_millisecond() -> None:
    with clock.frozen(1_469_918_176_385_000):
        assert clock.new_id()[:10] == "01ARYZ6S41"  # the example of the ULID specification


def test_tokens_have_the_asked_strength() -> None:
    assert len(clock.new_token()) == 43
    assert len(clock.random_bytes(24)) == 24
    assert clock.new_token() != clock.new_token()


def test_jitter_stays_in_its_span() -> None:
    shares = [clock.jitter(2.0) for _ in range(1_000)]
    assert 0 <= min(shares) < 0.5
    assert 1.5 < max(shares) <= 2.0


def test_the_first_id_of_a_moment_comes_before_all_of_it_and_after_all_before_it() -> None:
    with clock.frozen(5_000_000):
        here = clock.new_id()
    with clock.frozen(4_999_000):
        before = clock.new_id()
    assert before < clock.first_id(5_000_000) <= here
