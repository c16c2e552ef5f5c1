import asyncio
import time

from sdc_core.lag import Lag


async def beaten(lag: Lag, beats: int) -> None:
    """Returns after so many beats."""
    while len(lag._late_us) < beats:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0)


async def test_a_loop_that_is_held_up_is_late_and_busy() -> None:
    lag = Lag(every_s=0.001)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        beating = group.create_task(lag.run())
        await beaten(lag, 1)
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        await beaten(lag, 2)
        beating.cancel()
    assert lag.late_us(1) >= 45_000
    assert lag.busy_us(1) >= 50_000


async def test_a_loop_that_waits_is_not_busy() -> None:
    lag = Lag(every_s=0.05)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        beating = group.create_task(lag.run())
        await asyncio.wait([beating], timeout=0.2)
        beating.cancel()
    assert lag.busy_us(1) < 45_000


def test_before_the_first_beat_nothing_is_late() -> None:
    assert (Lag().late_us(0.99), Lag().busy_us(0.99)) == (0, 0)
