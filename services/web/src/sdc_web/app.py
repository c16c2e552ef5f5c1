"""The whole of web, put together: layers, routes, and the parts that live as long as the process."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import lru_cache
from typing import TypeVar

import msgspec
from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp, Scope
from sdc_core import logging, metrics, supervise, threads, tracing
from sdc_core.errors import Forbidden, SdcError
from sdc_core.lag import Lag
from sdc_core.metrics import Family
from sdc_core.objects import ObjectStore, local_endpoint, open_store
from sdc_core.service_client import ServiceClient, connect
from sdc_core.settings import Settings, load
from sdc_core.sqlite import Database
from sdc_core.supervise import Board, Loop
from sdc_core.threads import Threads
from sdc_core.webhooks import Keyring

from sdc_web import (
    announcements,
    api,
    audit,
    author,
    dashboard,
    debug_page,
    endpoints,
    hooks,
    media,
    mock_github,
    posts,
    problems,
    site,
    templating,
    transfers,
    watch,
    webmentions,
)
from sdc_web.db import Databases, open_databases
from sdc_web.edge import Bodies, Crowd, Edge, method_override, noting_route, security_headers
from sdc_web.hosts import Hosts
from sdc_web.page_cache import PageCache
from sdc_web.problems import ACTOR
from sdc_web.redirects.uses import Uses, open_uses
from sdc_web.reports.readership import Views
from sdc_web.request_log.middleware import RequestLogMiddleware
from sdc_web.request_log.service import RequestLog, open_request_log
from sdc_web.sessions import cookies
from sdc_web.site.moved import Moved
from sdc_web.site.routes import asks_more, cacheable
from sdc_web.slow_readers import SlowReaders

MAX_BODY_BYTES = 1024 * 1024
MAX_FORM_PARTS = 100
WORKER_CONNECTIONS = 64
"""Pages and streams of the statistics, lists and the home page ask side by side."""
LAG_S = 0.5
NAMING_S = 0.5
"""An error page waits no longer to learn what the site is called."""
T = TypeVar("T")


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What lives as long as the process; handlers ask for each by its name."""

    databases: Databases
    store: ObjectStore
    pictures: site.Pictures
    cards: site.Cards
    worker: ServiceClient
    board: Board
    uses: Uses
    request_log: RequestLog
    threads: Threads
    process: site.Process


def create() -> ASGIApp:
    """The application as a server loads it: settings from the environment, logs as JSON. Raises Misconfigured."""
    settings = load()
    logging.configure("web", settings.LOG_LEVEL)
    return build(settings, routes_of(settings))


def rehearse(settings: Settings, below: str) -> ASGIApp:
    """The public site alone, over databases that were restored and pictures that are `below` something in their bucket.
    No loop runs: nothing is announced, delivered, shipped or published.
    """
    return build(settings, Routes(public_alone=True), rehearsed_below=below)


def build(settings: Settings, routes: "Routes | None" = None, *, rehearsed_below: str | None = None) -> ASGIApp:
    """The application. Its parts open with the ASGI lifespan. Raises Misconfigured without a webhook secret."""
    routes = routes or Routes(_own_routes(settings))
    opened = routes.opened = _Opened(settings, Keyring(settings.webhook_secrets), rehearsed_below)
    routes.litestar.state.clear()
    opened.bodies = Bodies(noting_route(routes.litestar))
    opened.crowd = Crowd(Moved(opened.bodies, opened.moved))
    headers = security_headers(settings)
    edge = Edge(method_override(opened.crowd), headers)
    opened.page_cache = PageCache(
        edge,
        settings.site_db,
        cacheable,
        cookie=cookies.PLAIN_NAME,
        asks_more=asks_more,
        cdn_seconds=settings.CDN_SECONDS,
    )
    hosts = Hosts(opened.page_cache, opened.page_cache.ready, settings, headers)
    opened.request_log = RequestLogMiddleware(hosts, settings, hosts.ready)
    return opened.request_log


@lru_cache(maxsize=1)
def routes_of(settings: Settings) -> "Routes":
    """The routes of a site with these settings, once a process: whoever starts others makes them for all of them."""
    return Routes(_own_routes(settings))


def _own_routes(settings: Settings) -> list[HTTPRouteHandler | Router]:
    for_developers = [
        *([mock_github.router()] if settings.GITHUB_MOCK else []),
        *([debug_page.show] if settings.DEBUG_PAGE else []),
    ]
    return [*site.key_file(settings), *for_developers]


class Routes:
    """Every route, or those that the public may ask. To work them out takes longer than all else here, so applications
    that follow one another, as in tests, may have the same ones: `opened` is whose they are now.
    """

    opened: "_Opened"

    def __init__(self, more: Sequence[HTTPRouteHandler | Router] = (), *, public_alone: bool = False) -> None:
        others = (author, dashboard, hooks, api)
        behind = [] if public_alone else [route for each in others for route in each.route_handlers]
        self.litestar = Litestar(
            route_handlers=[*site.route_handlers, *more, *behind],
            dependencies={**author.dependencies, **_dependencies(self)},
            exception_handlers={
                **author.exception_handlers,
                SdcError: problems.respond,
                HTTPException: problems.respond,
                Exception: problems.respond,
            },
            after_exception=[self._tell_of_denials, self._name_site],
            lifespan=[self._lifespan],
            middleware=[DefineMiddleware(author.Gate, site_url=lambda: self.opened.settings.site_url)],
            request_max_body_size=MAX_BODY_BYTES,
            multipart_form_part_limit=MAX_FORM_PARTS,
            openapi_config=None,
            logging_config=None,
        )

    async def _tell_of_denials(self, error: Exception, scope: Scope) -> None:
        """The audit log holds who was refused what they have no right to."""
        by = scope.get("state", {}).get(ACTOR)
        if scope["type"] == "http" and isinstance(error, Forbidden) and by is not None:
            words = f"{scope['method']} {scope.get('path_template', '')}"
            await audit.refused(self.opened.parts.databases, by, "right.denied", by.id, words)

    async def _name_site(self, _: Exception, scope: Scope) -> None:
        """A page that says what went wrong has the site's menu, of which nothing may stand there once it is taken away.
        It says less where the database does not tell in time: that may be what went wrong.
        """
        if scope["type"] != "http" or not problems.wants_html(Request(scope)):
            return
        with suppress(Exception):
            async with asyncio.timeout(NAMING_S), self.opened.parts.databases.site.read() as connection:
                scope["state"][problems.SITE] = await posts.front(connection, self.opened.settings.site_url)

    def _lifespan(self, litestar: Litestar) -> AbstractAsyncContextManager[None]:
        return self.opened.lifespan(litestar)


class _Opened:
    """The parts, and the layers that are told of them, between the start and the end of the lifespan."""

    bodies: Bodies
    crowd: Crowd
    page_cache: PageCache
    request_log: RequestLogMiddleware

    def __init__(self, settings: Settings, keyring: Keyring, rehearsed_below: str | None) -> None:
        self.settings = settings
        self.keyring = keyring
        self._rehearsed_below = rehearsed_below
        self.rates = api.Rates()
        self.looks = site.Looks()
        self.views = Views()
        self.lag = Lag(LAG_S)
        self.slow_readers = SlowReaders(settings.WEB_PORT)
        self.errors = debug_page.Errors()
        self.health = site.Examination(self._examined)
        self._parts: Parts | None = None

    @property
    def parts(self) -> Parts:
        if self._parts is None:
            raise RuntimeError("the application serves before its lifespan has begun")
        return self._parts

    def moved(self) -> tuple[Database, Uses]:
        """What the redirects are asked of, and counted by."""
        return self.parts.databases.site, self.parts.uses

    @asynccontextmanager
    async def lifespan(self, _: Litestar) -> AsyncGenerator[None]:
        settings = self.settings
        counted = threads.install()
        await asyncio.to_thread(templating.environment)
        await asyncio.to_thread(templating.static_files)
        await asyncio.to_thread(media.upload.forget_left_over, settings)
        async with (
            tracing.opened(settings.TRACES_URL, "web"),
            open_databases(settings) as databases,
            open_uses(databases.site) as uses,
            open_store(local_endpoint(settings)) as store,
            connect(settings.worker_url, self.keyring, connections=WORKER_CONNECTIONS) as worker,
            open_request_log(settings, worker) as request_log,
            supervise.background(self._loops(databases, store, worker, uses, request_log)) as board,
        ):
            self._parts = Parts(
                databases=databases,
                store=store,
                pictures=site.Pictures(store, settings.S3_MEDIA_BUCKET, self._rehearsed_below or ""),
                cards=site.Cards(),
                worker=worker,
                board=board,
                uses=uses,
                request_log=request_log,
                threads=counted,
                process=site.Process(request_log.folder, self.figures),
            )
            self.request_log.attach(request_log)
            try:
                with self.errors.kept(wanted=settings.DEBUG_PAGE):
                    yield
            finally:
                self.request_log.attach(None)
                self._parts = None

    def _loops(
        self, databases: Databases, store: ObjectStore, worker: ServiceClient, uses: Uses, request_log: RequestLog
    ) -> dict[str, Loop]:
        """All that goes on by itself; a rehearsal does nothing by itself."""
        if self._rehearsed_below is not None:
            return {}
        settings, bucket = self.settings, self.settings.S3_MEDIA_BUCKET
        return {
            **request_log.loops,
            "lag": self.lag.run,
            "readers.look": self.slow_readers.run,
            "figures.leave": site.Process(request_log.folder, self.figures).leave,
            "media.order": lambda: media.order_again(databases.site, worker),
            "redirects.count": uses.run,
            "posts.schedule": lambda: posts.schedule.run(databases.site),
            "posts.read_again": lambda: posts.read_again(databases.site),
            "drafts.read": lambda: posts.draft_words.run(databases.site),
            "tags.follow": lambda: posts.tags_following.run(databases.site),
            "changes.announce": lambda: announcements.run(databases.site, settings),
            "webmentions.look": lambda: webmentions.looking.run(databases.site, settings),
            "webmentions.tell": lambda: webmentions.telling.run(databases.site, settings),
            "endpoints.deliver": lambda: endpoints.run(databases.site, settings),
            "people.tell": lambda: watch.run(databases, settings, worker),
            "transfers.run": lambda: transfers.rounds.run(databases, settings),
            "media.remove": lambda: media.removal.clear_away(databases.site, store, bucket),
        }

    def figures(self) -> list[Family]:
        """Of this process, for Prometheus; none when it is about to end. Blocking."""
        if (parts := self._parts) is None:
            return []
        return [
            *metrics.of_process(),
            *self.lag.figures(),
            *parts.threads.figures(),
            *parts.worker.figures(),
            *parts.board.figures(),
            *self.request_log.timings.figures(),
            *self.page_cache.figures(),
            *self.bodies.figures(),
            *self.crowd.figures(),
            *self.slow_readers.figures(),
            *parts.pictures.figures(),
            *parts.request_log.figures(),
        ]

    async def _examined(self) -> dict[str, site.Part]:
        parts, lines = self.parts, self.parts.request_log
        services = parts.databases, parts.store, parts.worker
        return await site.examine(*services, self.settings, parts.board, lines.trouble(), lines.waiting())


def _dependencies(routes: Routes) -> dict[str, Provide]:
    """Every name under which a handler may ask for a part; a part is looked up when it is asked for."""
    return {
        "settings": _given(lambda: routes.opened.settings),
        "keyring": _given(lambda: routes.opened.keyring),
        "rates": _given(lambda: routes.opened.rates),
        "looks": _given(lambda: routes.opened.looks),
        "views": _given(lambda: routes.opened.views),
        "databases": _given(lambda: routes.opened.parts.databases),
        "store": _given(lambda: routes.opened.parts.store),
        "pictures": _given(lambda: routes.opened.parts.pictures),
        "cards": _given(lambda: routes.opened.parts.cards),
        "worker": _given(lambda: routes.opened.parts.worker),
        "board": _given(lambda: routes.opened.parts.board),
        "page_cache": _given(lambda: routes.opened.page_cache),
        "retire_logs": _given(lambda: routes.opened.parts.request_log.retire),
        "parts": _given(lambda: routes.opened.health),
        "recent_errors": _given(lambda: routes.opened.errors),
        "figures": _given(lambda: routes.opened.parts.process.of_all),
    }


def _given(find: Callable[[], T]) -> Provide:
    def provide() -> T:
        return find()

    return Provide(provide, sync_to_thread=False)
