"""Asking the worker one question: signed, within a deadline, decoded once at this edge."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

TIMEOUT_S = 8.0
AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)


async def ask(
    worker: ServiceClient, path: str, answer: type[AnswerT], query: Mapping[str, str] | None = None
) -> AnswerT:
    """The worker's answer. Raises Unavailable when it is away, refuses, or says what this version does not know."""
    attempt = await worker.send("GET", path, query=query, timeout_s=TIMEOUT_S)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, answer)


def decode(body: bytes, answer: type[AnswerT]) -> AnswerT:
    """An answer from its bytes; Unavailable when it is none. Fields that this version does not know are passed over."""
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.DecodeError as error:
        message = f"the worker's answer is not understood: {error}"
        raise Unavailable(message) from None
