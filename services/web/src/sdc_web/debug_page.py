"""What this process of web does and holds at this moment, for whoever develops SDC: there only where `DEBUG_PAGE` asks
for it, on a site of this machine, for an owner who sits at it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from logging import ERROR, Handler, LogRecord, getLogger
from pathlib import Path
from types import FrameType

import msgspec
from litestar import Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from sdc_core import metrics
from sdc_core.errors import NotFound
from sdc_core.logging import JsonFormatter
from sdc_core.metrics import Family
from sdc_core.settings import Settings
from sdc_core.settings_told import shown

from sdc_web import origins, pages
from sdc_web.db import Databases
from sdc_web.page_cache import PageCache
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

KEPT_ERRORS = 50
DEEPEST = 40
"""Frames of a task that are told."""


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log, level error or worse."""

    at: str
    logger: str
    text: str
    request_id: str = ""
    trace: str = ""


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """A task: where it waits, outermost first."""

    name: str
    stack: list[str]


class Errors(Handler):
    """The newest errors of this process, while `kept` runs."""

    def __init__(self) -> None:
        super().__init__(ERROR)
        self.setFormatter(JsonFormatter("web"))
        self._lines: deque[str] = deque(maxlen=KEPT_ERRORS)

    def emit(self, record: LogRecord) -> None:
        """Keep one."""
        self._lines.append(self.format(record))

    def newest(self) -> list[Error]:
        """Newest first."""
        return [msgspec.json.decode(line, type=Error) for line in reversed(list(self._lines))]

    @contextmanager
    def kept(self, *, wanted: bool) -> Generator[None]:
        """Keep what is logged in the block."""
        if wanted:
            getLogger().addHandler(self)
        try:
            yield
        finally:
            getLogger().removeHandler(self)


def _only_here(connection: ASGIConnection[BaseRouteHandler, object, object, State], _: BaseRouteHandler) -> None:
    """Before anything else is looked at: elsewhere there is no such page, whoever asks."""
    if not origins.is_here(connection.client.host if connection.client else "", connection.headers):
        raise NotFound("there is no such page")


@get("/author/debug", right="site.change", guards=[_only_here])
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    page_cache: NamedDependency[PageCache],
    figures: NamedDependency[Callable[[], Awaitable[list[Family]]]],
    recent_errors: NamedDependency[Errors],
) -> Response[str]:
    """Owners alone, from this machine alone."""
    told = [each for each in await figures() if each.kind != "histogram"]
    return await pages.page(
        request,
        databases,
        "debug_page/show.html",
        author=author,
        tasks=_tasks(),
        errors=recent_errors.newest(),
        kept=page_cache.contents(),
        figures=metrics.text(told),
        settings=shown(settings),
    )


def _tasks() -> list[Doing]:
    found = [Doing(name=task.get_name(), stack=_stack(task)) for task in asyncio.all_tasks()]
    return sorted(found, key=lambda each: each.name)


def _stack(task: asyncio.Task[object]) -> list[str]:
    """`Task.get_stack` tells the outermost frame of one that waits; what that awaits is below it."""
    found: list[str] = []
    below: object = task.get_coro()
    while below is not None and len(found) < DEEPEST:
        frame = next((each for kind in ("cr", "gi", "ag") if (each := getattr(below, f"{kind}_frame", None))), None)
        if isinstance(frame, FrameType):
            found.append(_line(frame))
        awaited = (getattr(below, name, None) for name in ("cr_await", "gi_yieldfrom", "ag_await"))
        below = next((each for each in awaited if each is not None), None)
    return found


def _line(frame: FrameType) -> str:
    place = "/".join(Path(frame.f_code.co_filename).parts[-3:])
    return f"{place}:{frame.f_lineno} {frame.f_code.co_qualname}"
