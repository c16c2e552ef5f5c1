"""The worker's signed surface, as the command uses it."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import click
import msgspec
from sdc_core import clock, service_client
from sdc_core.answers.jobs import Run
from sdc_core.errors import NotFound, SdcError, Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring

T = TypeVar("T")
WORKER = "the worker"
LONGEST_RUN_S = 6 * 3600.0
LOOK_S = 0.5
PATIENCE_S = 120.0
"""So long a worker that answered before may be silent."""


async def get(settings: Settings, path: str, answer: type[T]) -> T:
    """A signed GET. Raises Unavailable when there is no good answer."""
    async with connect(settings) as client:
        return await _get(client, path, answer)


async def unreachable(settings: Settings) -> str:
    """Empty when a worker answers, else the reason in words."""
    async with connect(settings) as client:
        return await client.reachable()


async def run_job(settings: Settings, job: str, *, confirms: str = "") -> Run:
    """Have the worker run a job now, and wait for how it ends; on a terminal the seconds are counted meanwhile.
    `confirms` is the id of a run that stopped to ask: this one goes on.

    Raises Unavailable when the worker cannot be asked or the run does not end, and NotFound when it has no such job.
    """
    async with connect(settings) as client:
        body = msgspec.json.encode({"confirmed_run_id": confirms}) if confirms else b""
        attempt = await client.send("POST", f"/jobs/{job}/runs", body=body)
        if attempt.status == 404:
            message = f"the worker has no job {job}"
            raise NotFound(message)
        attempt.raise_unless_ok(WORKER)
        run = _decode(attempt.body, Run)
        try:
            async with asyncio.timeout(LONGEST_RUN_S):
                return await _ended(client, run)
        except TimeoutError:
            message = f"{job} is still under way after {LONGEST_RUN_S / 3600:.0f} hours: `sdc backup status` tells more"
            raise Unavailable(message) from None
        finally:
            _count(None)


def require_ok(run: Run) -> None:
    """Raises SdcError with what the run says when it did not end well."""
    if run.outcome != "ok":
        message = f"{run.job} {run.outcome.replace('_', ' ')}: {run.output}"
        raise SdcError(message)


async def _ended(client: ServiceClient, run: Run) -> Run:
    """A worker that is busy or started anew is asked again: the run may well go on. Raises Unavailable when it has not
    answered for `PATIENCE_S`.
    """
    heard_us = clock.monotonic_us()
    while run.ended_us is None:
        await asyncio.sleep(LOOK_S)
        try:
            run = await _get(client, f"/jobs/{run.job}/runs/{run.id}", Run)
        except Unavailable as error:
            if clock.monotonic_us() - heard_us > PATIENCE_S * clock.SECOND_US:
                message = f"{error}. {run.job} may still go on: `sdc backup status` tells how it ended"
                raise Unavailable(message) from None
            continue
        heard_us = clock.monotonic_us()
        _count(run)
    return run


def connect(settings: Settings) -> AbstractAsyncContextManager[ServiceClient]:
    """The client itself, for as long as the block runs."""
    return service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets))


async def _get(client: ServiceClient, path: str, answer: type[T]) -> T:
    attempt = await client.send("GET", path)
    attempt.raise_unless_ok(WORKER)
    return _decode(attempt.body, answer)


def _decode(body: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.DecodeError as error:
        message = f"the worker answered something else than expected ({error}): is it of this version?"
        raise Unavailable(message) from None


def _count(run: Run | None) -> None:
    """A line that counts the seconds of a run, wiped at its end."""
    if not sys.stderr.isatty():
        return
    text = ""
    if run is not None:
        seconds = (clock.now_us() - (run.started_us or run.due_us)) // clock.SECOND_US
        text = f"{run.job}: {seconds} s{f', {run.output}' if run.output else ''}"
    click.echo(f"\r\x1b[K{text}", nl=False, err=True)
