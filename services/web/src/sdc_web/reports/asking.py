"""Asking the worker: signed, within a deadline, decoded once at this edge; several questions at once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
from sdc_core import clock
from sdc_core.attempts import Attempt
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

TIMEOUT_S = 8.0
SLOW_S = 1.5
"""After this long without an answer the worker is asked whether it is there at all."""
THERE_S = 1.0
RETRY_S = 5
SLOW = f"the worker is there, but has not counted it within {TIMEOUT_S:.0f} seconds: ask for fewer days"
AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)
T = TypeVar("T")
log = logging.getLogger(__name__)


class Refused(Unavailable):
    """The worker is there and says why it gives no answer."""


class _Problem(msgspec.Struct):
    detail: str = ""


async def ask(
    worker: ServiceClient, path: str, answer: type[AnswerT], query: Mapping[str, str | Sequence[str]] | None = None
) -> AnswerT:
    """The worker's answer. Raises Unavailable when it is away or says what this version does not know, and Refused when
    it is there and does not give one.

    A question about a long period may take its time; a worker that hangs is found out sooner.
    """
    attempt = await _answered(worker, path, query)
    if not attempt.ok and (words := said(attempt)):
        raise Refused(words, retry_after_s=attempt.retry_after_s or RETRY_S)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, answer)


@asynccontextmanager
async def together() -> AsyncGenerator[asyncio.TaskGroup]:
    """A group for questions that are asked at once. When one fails the others are cancelled and its error comes out as
    it is; the one to tell of is that something is away, unless something unexpected happened as well.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as errors:
        raise _first(errors) from None


async def unless_away(report: Awaitable[T]) -> T | None:
    """The report, or None when the worker does not give it: the page says so in words, and the rest of it stands."""
    try:
        return await report
    except Unavailable as error:
        log.warning("a report is missing", extra={"reason": str(error)})
        return None


async def or_why(report: Awaitable[T]) -> tuple[T | None, str]:
    """The same, and why the worker refuses it in its words; none when it is away."""
    try:
        return await report, ""
    except Unavailable as error:
        log.warning("a report is missing", extra={"reason": str(error)})
        return None, str(error) if isinstance(error, Refused) else ""


async def _answered(worker: ServiceClient, path: str, query: Mapping[str, str | Sequence[str]] | None) -> Attempt:
    async with asyncio.TaskGroup() as group:
        question = group.create_task(worker.send("GET", path, query=query, timeout_s=TIMEOUT_S))
        done, _ = await asyncio.wait({question}, timeout=SLOW_S)
        reason = "" if done else await worker.reachable(THERE_S)
        if reason and not question.done():
            question.cancel()
        there = not done and not reason
    if question.cancelled():
        return Attempt(error=reason)
    attempt = question.result()
    if there and not attempt.status and attempt.duration_us >= (TIMEOUT_S - THERE_S) * clock.SECOND_US:
        raise Refused(SLOW, retry_after_s=RETRY_S)
    return attempt


def said(attempt: Attempt) -> str:
    """What the worker says of its refusal; empty where it says nothing."""
    try:
        return msgspec.json.decode(attempt.body, type=_Problem).detail if attempt.status else ""
    except msgspec.DecodeError:
        return ""


def decode(body: bytes, answer: type[AnswerT]) -> AnswerT:
    """An answer from its bytes; Unavailable when it is none. Fields that this version does not know are passed over."""
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.DecodeError as error:
        message = f"the worker's answer is not understood: {error}"
        raise Unavailable(message) from None


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    _, other = errors.split(Unavailable)
    leaf: BaseException = other or errors
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf if isinstance(leaf, Exception) else errors
