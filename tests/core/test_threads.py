import asyncio
import threading

import pytest
from sdc_core import threads
from sdc_core.threads import Threads

LIMIT_S = 30
_BESIDE = Threads()
"""Of the test, which waits for the others."""


def told(of: Threads) -> dict[str, float]:
    return {family.name: family.samples[0].value for family in of.figures()}


async def test_what_is_at_work_and_what_waits_is_counted() -> None:
    counted = threads.install()
    most = int(told(counted)["sdc_threads"])
    begun, go_on = threading.Semaphore(0), threading.Event()

    def block() -> None:
        begun.release()
        go_on.wait(LIMIT_S)

    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        loop = asyncio.get_running_loop()
        for _ in range(most + 3):
            group.create_task(asyncio.to_thread(block))
        for _ in range(most):
            await loop.run_in_executor(_BESIDE, begun.acquire)
        assert told(counted) == {"sdc_threads": most, "sdc_threads_busy": most, "sdc_threads_waiting": 3}
        go_on.set()
    assert told(counted) == {"sdc_threads": most, "sdc_threads_busy": 0, "sdc_threads_waiting": 0}


async def test_what_fails_in_a_thread_is_at_work_no_more() -> None:
    counted = threads.install()
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(divmod, 1, 0)
    assert told(counted)["sdc_threads_busy"] == 0
