"""`sdc up`: the whole site as one process tree, started in order, kept running, stopped in order."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
from sdc_core.errors import SdcError
from sdc_core.process import die_with_parent, only_one

from sdc_cli import plan, ports
from sdc_cli.parts import Part, signal_group
from sdc_cli.plan import Plan

PLAN_S = 30.0
PREPARE_S = 900.0
"""A database that is lost may have to come back out of a store that is slow."""
FILL_S = 120.0
READY_S = 60.0
# Together under ten seconds. Litestream's last sync waits for the worker; SeaweedFS takes two and may be killed.
WEB_GRACE_S = 3.0
WORKER_GRACE_S = 4.0
STORE_GRACE_S = 2.7
FORCED = 130
TWICE_S = 0.5

Group = asyncio.TaskGroup
Ending = asyncio.Future[str]


class Parts(NamedTuple):
    """In the order in which they are stopped; no store when it is somebody else's."""

    web: Part
    worker: Part
    store: Part | None

    def running(self) -> list[Part]:
        """Those that there are."""
        return [part for part in self if part is not None]


@click.command()
@click.option("--demo", is_flag=True, help="First fill an empty site with sample texts, pictures and readers.")
def up(*, demo: bool) -> None:
    """Run the whole site here: object store, Litestream with the worker, web.

    The first run makes the data folder and its secrets, and prints the link that makes you the author. Ctrl-C stops
    everything in order, a second one at once.
    """
    made = plan.read(asyncio.run(_make_plan()))
    with only_one(Path(made.data_dir) / plan.UP_LOCK, "`sdc up`"):
        ports.require_free(made.ports)
        _remove_strays(made)
        try:
            code = asyncio.run(_run(made, demo=demo))
        finally:
            _remove_strays(made)
    sys.exit(code)


def say(line: str) -> None:
    """A line for whoever watches; nobody need."""
    try:
        if line:
            click.echo(line)
    except OSError:
        # A terminal that was closed. What is still buffered would fail again at the end, and make the exit code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _remove_strays(made: Plan) -> None:
    """Only once the ports are known to be free: until then they may be another's."""
    for stray in made.strays:
        Path(stray).unlink(missing_ok=True)


async def _make_plan() -> str:
    async with child(["sdc_cli.make_plan"], None, PLAN_S) as process:
        output, errors = await process.communicate()
    if process.returncode:
        raise SdcError(_sentence(errors))
    return output.decode()


async def _run(made: Plan, *, demo: bool) -> int:
    """Until a signal comes (0), a second one (130), or a part that is needed cannot be kept (1)."""
    ending: Ending = asyncio.get_running_loop().create_future()
    parts = _parts(made, ending)
    forced = asyncio.Event()
    _on_signals(ending, forced, parts)
    say(f"sdc: data in {made.data_dir}")
    async with Group() as group:
        starting = group.create_task(_start(made, parts, group, ending, demo=demo))
        try:
            reason = await ending
        finally:
            say("sdc: stopping")
            starting.cancel()
            for part in parts.running():
                await part.stop()
    if reason:
        raise SdcError(reason)
    say("sdc: killed" if forced.is_set() else "sdc: stopped")
    return FORCED if forced.is_set() else 0


def _parts(made: Plan, ending: Ending) -> Parts:
    def give_up(reason: str) -> None:
        if not ending.done():
            ending.set_result(reason)

    return Parts(
        web=Part("web", made.web, WEB_GRACE_S, say, give_up),
        worker=Part("worker", made.worker, WORKER_GRACE_S, say, None),
        # Pages are read without it: a disk that is full, say, keeps it from starting until there is room.
        store=Part("object store", made.store, STORE_GRACE_S, say, None) if made.store else None,
    )


def _on_signals(ending: Ending, forced: asyncio.Event, parts: Parts) -> None:
    running = asyncio.get_running_loop()
    first_s = 0.0

    def receive() -> None:
        nonlocal first_s
        if not ending.done():
            first_s = running.time()
            ending.set_result("")
            return
        # One Ctrl-C may come twice: from the terminal, and passed on by what stands between.
        if running.time() - first_s < TWICE_S:
            return
        forced.set()
        for part in parts.running():
            part.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        running.add_signal_handler(number, receive)


async def _start(made: Plan, parts: Parts, group: Group, ending: Ending, *, demo: bool) -> None:
    """Bring everything up, each part as soon as what it needs is there; a failure ends `sdc up`."""
    try:
        if parts.store:
            group.create_task(parts.store.keep())
        if made.warm:
            group.create_task(parts.web.keep())
        link = await _prepare(made, parts, group)
        # However long the store takes: the worker and Litestream wait for it themselves.
        group.create_task(parts.worker.keep())
        async with asyncio.timeout(READY_S):
            await parts.web.ready.wait()
            if demo:
                # Pictures are ordered from the worker.
                await parts.worker.ready.wait()
        if demo:
            link = await _fill(made) or link
        _greet(made, link)
        async with asyncio.timeout(READY_S):
            await parts.worker.ready.wait()
    except SdcError as error:
        if not ending.done():
            ending.set_result(str(error))
    except TimeoutError:
        late = [part.name for part in parts.running() if not part.ready.is_set()]
        say(f"sdc: not ready after {READY_S:.0f} s: {', '.join(late)}; `sdc doctor` tells more")


async def _prepare(made: Plan, parts: Parts, group: Group) -> str:
    """Have the preparations made, and start web as soon as its databases are there; returns the set-up link or ''."""
    link = ""
    async with aclosing(_prepared(made)) as events:
        async for event, seconds, text in events:
            match event:
                case "link":
                    link = text
                case "restored":
                    say(f"  {text:<14} was missing: restored from its replica in {seconds:.1f} s")
                case "buckets" | "databases":
                    say(f"  {event:<14} ready in {seconds:.1f} s")
            if event == "databases" and not made.warm:
                group.create_task(parts.web.keep())
    return link


async def _prepared(made: Plan) -> AsyncGenerator[tuple[str, float, str]]:
    """What `sdc_cli.prepare` has done, as it does it: event, seconds, text. Raises SdcError with its sentence."""
    async with child(["sdc_cli.prepare", *(["--warm"] if made.warm else [])], made.environment, PREPARE_S) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        assert process.stderr is not None  # noqa: S101
        async for line in process.stdout:
            told = json.loads(line)
            yield told["event"], told["seconds"], told["text"]
        errors = await process.stderr.read()
        if await process.wait():
            raise SdcError(_sentence(errors))


async def _fill(made: Plan) -> str:
    """Have the samples added; returns a link that signs their author in, or '' where the site is somebody's already."""
    try:
        async with child(["sdc_cli.demo"], made.environment, FILL_S) as process:
            output, errors = await process.communicate()
        if process.returncode:
            raise SdcError(_sentence(errors))
    except SdcError as error:
        say(f"sdc: {error}")
        return ""
    say("  samples        added, by an author named demo")
    return output.decode().strip()


def _greet(made: Plan, link: str) -> None:
    say(f"The site is at {made.site_url}")
    if link:
        say(f"{'Become its author' if '/setup' in link else 'Sign in'}, once, within 30 minutes: {link}")
    say("Ctrl-C stops it.")


@asynccontextmanager
async def child(
    module: list[str], environment: dict[str, str] | None, deadline_s: float
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A module of ours, with its arguments, run as a child for the block, and killed at the end of it.

    Raises SdcError when the block has not ended after `deadline_s`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        process_group=0,
        preexec_fn=partial(die_with_parent, signal.SIGKILL, parent=os.getpid()),
    )
    try:
        async with asyncio.timeout(deadline_s):
            yield process
    except TimeoutError:
        message = f"{module[0]} did not end within {deadline_s:.0f} s"
        raise SdcError(message) from None
    finally:
        signal_group(process.pid, signal.SIGKILL)


def _sentence(errors: bytes) -> str:
    """What a child said last: its own sentence, or what a trace ends with."""
    text = errors.decode(errors="replace").strip()
    if "Traceback" not in text:
        return text
    return next((line.strip(" |") for line in reversed(text.splitlines()) if "Error: " in line), text.splitlines()[-1])
