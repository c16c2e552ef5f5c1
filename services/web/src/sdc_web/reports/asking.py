"""Asking the worker: signed, within a deadline, decoded once at this edge; several questions at once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
from sdc_core.attempts import Attempt
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

TIMEOUT_S = 8.0
SLOW_S = 1.5
"""After this long without an answer the worker is asked whether it is there at all."""
THERE_S = 1.0
AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)
T = TypeVar("T")
log = logging.getLogger(__name__)


async def ask(
    worker: ServiceClient, path: str, answer: type[AnswerT], query: Mapping[str, str | Sequence[str]] | None = None
) -> AnswerT:
    """The worker's answer. Raises Unavailable when it is away, refuses, or says what this version does not know.

    A question about a long period may take its time; a worker that hangs is found out sooner.
    """
    attempt = await _answered(worker, path, query)
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


async def _answered(worker: ServiceClient, path: str, query: Mapping[str, str | Sequence[str]] | None) -> Attempt:
    async with asyncio.TaskGroup() as group:
        question = group.create_task(worker.send("GET", path, query=query, timeout_s=TIMEOUT_S))
        done, _ = await asyncio.wait({question}, timeout=SLOW_S)
        reason = "" if done else await worker.reachable(THERE_S)
        if reason and not question.done():
            question.cancel()
    return Attempt(error=reason) if question.cancelled() else question.result()


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
