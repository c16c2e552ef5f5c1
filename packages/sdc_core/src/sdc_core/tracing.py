"""Traces, for operators who set a collector: what a service did, when, and because of what, sent by OTLP.

Without a collector nothing of OpenTelemetry is imported, and a span costs a microsecond. No span has an address that
was asked for, a query, a text, or anything of a visitor: routes are patterns, as they are in the figures.
"""

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from sdc_core import logging
from sdc_core.errors import Misconfigured

if TYPE_CHECKING:
    from opentelemetry.trace import Span as Live

    from sdc_core.otlp import Maker

Kind: TypeAlias = Literal["INTERNAL", "SERVER", "CLIENT"]
Value: TypeAlias = str | int

HEADER = b"traceparent"
"""In which one service tells another what its request belongs to (https://www.w3.org/TR/trace-context/)."""


class Span:
    """What is under way; without a collector it forgets what it is told."""

    __slots__ = ("_live",)

    def __init__(self, live: "Live | None") -> None:
        self._live = live

    def rename(self, name: str) -> None:
        """Once it is known which route took a request."""
        if self._live is not None:
            self._live.update_name(name)

    def note(self, **attributes: Value) -> None:
        """More of it, named as in OpenTelemetry with `__` where a dot is meant."""
        if self._live is not None:
            self._live.set_attributes(_named(attributes))

    def failed(self, reason: str) -> None:
        """It has not done what was asked. `reason` is words of ours or the name of an error, never what it says."""
        if self._live is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 - not loaded without a collector

            self._live.set_status(StatusCode.ERROR, reason)

    def answered(self, status: int, bad_from: int = 500) -> None:
        """With that status, 0 when not at all."""
        self.note(http__response__status_code=status)
        if status >= bad_from or not status:
            self.failed(str(status) if status else "no answer")


_FORGETS = Span(None)


class _Active:
    """Who makes spans in this process."""

    maker: "Maker | None" = None


@asynccontextmanager
async def opened(collector_url: str, service: str) -> AsyncGenerator[None]:
    """Make spans while the block runs, and send what is left at its end, which takes three seconds at most. Does
    nothing when `collector_url` is empty; raises Misconfigured without the extra. A collector that is away takes
    nothing from the service but its spans.
    """
    if not collector_url:
        yield
        return
    require(collector_url)
    maker = await asyncio.to_thread(_maker, collector_url, service)
    before, _Active.maker = _Active.maker, maker
    try:
        yield
    finally:
        _Active.maker = before
        await asyncio.to_thread(maker.close)


def require(collector_url: str) -> None:
    """Raises Misconfigured when a collector is set and what speaks to it is not installed."""
    try:
        found = not collector_url or importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        message = "SDC_TRACES_URL is set and OpenTelemetry is not installed: `uv sync --all-packages --extra traces`"
        raise Misconfigured(message)


@contextmanager
def span(name: str, kind: Kind = "INTERNAL", *, caller: bytes = b"", **attributes: Value) -> Generator[Span]:
    """One thing that is done in the block, below what is under way, or below what `caller`, the value of such a
    header, names; one that is none is passed over. Lines of the log in the block tell its trace. What the block raises
    marks it as failed by its type alone, for its words may quote what nobody else should read.
    """
    if (maker := _Active.maker) is None:
        yield _FORGETS
        return
    from sdc_core import otlp  # noqa: PLC0415 - not loaded without a collector

    with maker.span(name, kind, caller.decode("latin-1"), _named(attributes)) as live:
        told = Span(live)
        reset = logging.trace_id.set(otlp.trace_id(live))
        try:
            yield told
        except BaseException as error:
            told.failed(type(error).__name__)
            raise
        finally:
            logging.trace_id.reset(reset)


def headers() -> dict[str, str]:
    """What tells another service of ours what a request belongs to; empty while nothing is traced."""
    if _Active.maker is None:
        return {}
    from sdc_core import otlp  # noqa: PLC0415 - not loaded without a collector

    return otlp.headers()


def _maker(collector_url: str, service: str) -> "Maker":
    """Blocking: half a second of imports, and files that are read."""
    from sdc_core.otlp import Maker  # noqa: PLC0415 - not loaded without a collector

    return Maker(collector_url, service)


def _named(attributes: dict[str, Value]) -> dict[str, Value]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
