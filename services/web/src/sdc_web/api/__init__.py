"""The API, version 1: JSON for programs that bring a token, below `/api/v1`, and as tools of a model at `/api/mcp`;
writing apps speak Micropub at `/micropub`.

`route_handlers` asks for the dependencies `databases`, `settings`, `store`, `worker` and `rates`, a `Rates`; the page
that shows the API asks for `author` as well. Below `/api` cookies give no rights, so the gate against cross-site writes
has nothing to guard; no answer lets a page of another site read it (no CORS), but those of Micropub.
"""

from litestar import Router
from litestar.di import Provide
from sdc_core.errors import Unauthorized

from sdc_web.api import (
    analytics,
    bearer,
    checks,
    conditions,
    document,
    endpoints,
    jobs,
    mcp,
    media,
    media_files,
    micropub,
    navigation,
    one_post,
    operations,
    posts,
    preview_links,
    publications,
    rates,
    redirects,
    reference,
    refusals,
    revisions,
    schedules,
    series,
    site,
    tags,
    webmentions,
)
from sdc_web.api.once import InProgress
from sdc_web.api.rates import Rates
from sdc_web.authors.rights import BeyondScope
from sdc_web.media.uses import InUse
from sdc_web.posts import Stale

router = Router(
    path="/api/v1",
    route_handlers=[
        *operations.route_handlers,
        *posts.route_handlers,
        *publications.route_handlers,
        *schedules.route_handlers,
        *revisions.route_handlers,
        *preview_links.route_handlers,
        *checks.route_handlers,
        *media.route_handlers,
        *media_files.route_handlers,
        *tags.route_handlers,
        *series.route_handlers,
        *navigation.route_handlers,
        *site.route_handlers,
        *redirects.route_handlers,
        *webmentions.route_handlers,
        *endpoints.route_handlers,
        *jobs.route_handlers,
        *analytics.route_handlers,
        *document.route_handlers,
    ],
    dependencies={
        "reader": Provide(bearer.provide_reader),
        "writer": Provide(bearer.provide_writer),
        "one": Provide(one_post.provide),
    },
    middleware=[rates.tell],
    exception_handlers={
        Unauthorized: refusals.challenge,
        BeyondScope: refusals.beyond_scope,
        Stale: refusals.stale,
        conditions.Changed: conditions.respond,
        InUse: refusals.in_use,
        InProgress: refusals.in_progress,
    },
)
route_handlers = [router, mcp.router, micropub.router, *reference.route_handlers]

__all__ = ["Rates", "route_handlers"]
