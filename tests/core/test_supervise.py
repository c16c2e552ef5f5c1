import asyncio
import logging
import signal
import subprocess
import sys

import pytest
from sdc_core import clock, supervise
from sdc_core.errors import Misconfigured


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 0.001)


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_loop_runs_while_the_block_runs() -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        started.set()
        try:
            await _for_ever()
        finally:
            stopped.set()

    async with supervise.background({"loop": loop}) as board:
        await started.wait()
        assert board.loops["loop"].running
        assert board.failing() == {}
        assert not stopped.is_set()
    assert stopped.is_set()
    assert not board.loops["loop"].running


async def test_a_loop_that_fails_is_logged_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    third = asyncio.Event()
    runs = 0

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            third.set()
            await _for_ever()
        raise OSError(runs)

    async with supervise.background({"loop": loop}) as board:
        await third.wait()
        assert board.loops["loop"].restarts == 2
        assert board.loops["loop"].error == "OSError: 2"
        assert board.failing() == {}
    failures = [record for record in caplog.records if record.message == "loop failed"]
    assert [vars(record)["loop"] for record in failures] == ["loop", "loop"]
    assert all(record.exc_info for record in failures)


async def test_a_loop_that_is_down_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 60.0)
    failed = asyncio.Event()

    async def loop() -> None:
        asyncio.get_running_loop().call_soon(failed.set)
        raise OSError("no disk")

    async with supervise.background({"bad": loop, "good": _for_ever}) as board:
        await failed.wait()
        assert board.failing() == {"bad": "OSError: no disk"}


async def test_a_failing_loop_leaves_the_others_alone() -> None:
    runs = 0
    enough = asyncio.Event()

    async def bad() -> None:
        nonlocal runs
        runs += 1
        if runs == 4:
            enough.set()
        raise ValueError

    async with supervise.background({"bad": bad, "good": _for_ever}) as board:
        await enough.wait()
        assert board.loops["good"].running
        assert board.loops["good"].restarts == 0


async def test_pauses_grow_and_start_anew_after_a_steady_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    at_us = 0
    runs = 0
    enough = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def loop() -> None:
        nonlocal at_us, runs
        runs += 1
        if runs == 5:
            at_us += 61 * clock.SECOND_US
        if runs == 7:
            enough.set()
            await _for_ever()
        raise ValueError

    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr(supervise, "LONGEST_PAUSE_S", 4.0)
    monkeypatch.setattr(clock, "monotonic_us", lambda: at_us)
    monkeypatch.setattr(clock, "jitter", lambda _: 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", pause)
        async with supervise.background({"loop": loop}):
            await enough.wait()
    assert pauses == [1.0, 2.0, 4.0, 4.0, 1.0, 2.0]


async def test_a_loop_that_returns_is_done_and_no_failure() -> None:
    done = asyncio.Event()
    runs = 0

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ValueError
        asyncio.get_running_loop().call_soon(done.set)

    async with supervise.background({"loop": loop}) as board:
        await done.wait()
        assert board.failing() == {}
    assert runs == 2


async def test_a_stray_cancellation_inside_a_loop_is_a_failure_and_not_its_silent_end() -> None:
    again = asyncio.Event()
    runs = 0

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise asyncio.CancelledError
        again.set()
        await _for_ever()

    async with supervise.background({"loop": loop}) as board:
        await again.wait()
        assert board.loops["loop"].error == "CancelledError: "


async def test_a_stray_cancellation_after_a_failed_group_of_tasks_is_a_failure_too() -> None:
    again = asyncio.Event()
    runs = 0

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        if runs == 2:
            raise asyncio.CancelledError
        again.set()
        await _for_ever()

    async with asyncio.timeout(60), supervise.background({"loop": loop}):
        await again.wait()


async def test_a_loop_that_fails_while_it_stops_is_not_started_again() -> None:
    runs = 0
    started = asyncio.Event()

    async def loop() -> None:
        nonlocal runs
        runs += 1
        started.set()
        try:
            await _for_ever()
        finally:
            raise OSError("while stopping")

    async with supervise.background({"loop": loop}):
        await started.wait()
    assert runs == 1


async def test_a_loop_that_swallows_the_cancellation_and_returns_is_done() -> None:
    started = asyncio.Event()

    async def loop() -> None:
        started.set()
        try:
            await _for_ever()
        except asyncio.CancelledError:
            return

    async with supervise.background({"loop": loop}):
        await started.wait()


async def test_a_loop_that_swallows_one_cancellation_is_named_and_cancelled_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    started = asyncio.Event()

    async def loop() -> None:
        started.set()
        try:
            await _for_ever()
        except asyncio.CancelledError:
            await _for_ever()

    async with asyncio.timeout(60), supervise.background({"deaf": loop}, grace_s=0.05):
        await started.wait()
    assert [vars(record)["loop"] for record in caplog.records if "in time" in record.message] == ["deaf"]


async def test_a_loop_has_time_to_clean_up() -> None:
    started = asyncio.Event()
    cleaned = False

    async def loop() -> None:
        nonlocal cleaned
        started.set()
        try:
            await _for_ever()
        finally:
            await asyncio.to_thread(lambda: None)
            cleaned = True

    async with supervise.background({"loop": loop}):
        await started.wait()
    assert cleaned


async def test_what_the_block_raises_comes_out_as_it_is() -> None:
    with pytest.raises(Misconfigured, match="set it") as raised:
        async with supervise.background({"loop": _for_ever}):
            raise Misconfigured("set it")
    assert raised.value.__cause__ is None


async def test_a_cancelled_block_stops_its_loops_and_stays_cancelled() -> None:
    stopped = asyncio.Event()
    started = asyncio.Event()

    async def loop() -> None:
        started.set()
        try:
            await _for_ever()
        finally:
            stopped.set()

    async def service() -> None:
        async with supervise.background({"loop": loop}):
            await _for_ever()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(service())
        await started.wait()
        task.cancel()
    assert task.cancelled()
    assert stopped.is_set()


async def test_no_loops_at_all_are_well() -> None:
    async with supervise.background({}) as board:
        assert board.failing() == {}


async def test_a_failure_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    failed = asyncio.Event()

    async def loop() -> None:
        asyncio.get_running_loop().call_soon(failed.set)
        raise ValueError("here")

    async with supervise.background({"loop": loop}):
        await failed.wait()
    assert caplog.records[0].levelno == logging.ERROR
    assert "ValueError: here" in caplog.text


def test_a_wish_to_exit_in_a_loop_ends_the_process() -> None:
    program = (
        "import asyncio, sys\nfrom sdc_core import supervise\n"
        "async def loop(): sys.exit(7)\n"
        "async def main():\n"
        "    async with supervise.background({'loop': loop}): await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=15).returncode == 7


SERVICE = """
import asyncio, os, signal, sys, uvloop
from sdc_core import supervise

async def main():
    async def loop():
        try:
            await asyncio.Event().wait()
        finally:
            print("stopping", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
            print("stopped", flush=True)
    async with supervise.background({"loop": loop}):
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(supervise.until_signal())
            await asyncio.sleep(0)
            print("up", flush=True)
        print(waiting.result(), flush=True)

run = uvloop.run if sys.argv[1] == "uvloop" else asyncio.run
run(main())
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_service_cleanly_and_a_second_one_does_not_disturb_it(
    loop: str, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "up\n"
        service.send_signal(number)
        assert service.stdout.readline() == f"{number.name}\n"
        assert service.stdout.readline() == "stopping\n"
        service.send_signal(signal.SIGTERM)
        service.send_signal(signal.SIGINT)
        rest, _ = service.communicate("\n", timeout=10)
        assert rest == "stopped\n"
        assert service.returncode == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_wait_for_a_signal_that_is_cancelled_gives_the_signals_back(loop: str) -> None:
    program = (
        "import asyncio, os, signal, sys, uvloop\nfrom sdc_core import supervise\n"
        "async def main():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.01): await supervise.until_signal()\n"
        "    except TimeoutError: pass\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    await asyncio.Event().wait()\n"
        "(uvloop.run if sys.argv[1] == 'uvloop' else asyncio.run)(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, loop], check=False, timeout=10)
    assert done.returncode == -signal.SIGTERM
