"""The API, version 1: JSON for programs that bring a token, below `/api/v1`.

`route_handlers` asks for the dependencies `databases`, `settings`, `store`, `worker` and `rates`, a `Rates`. Cookies
give no rights here, so the gate against cross-site writes has nothing to guard; no answer lets a page of another site
read it (no CORS).
"""

from litestar import Router
from litestar.di import Provide
from sdc_core.errors import Unauthorized

from sdc_web.api import (
    analytics,
    bearer,
    document,
    jobs,
    media,
    operations,
    posts,
    publications,
    rates,
    redirects,
    refusals,
    revisions,
    tags,
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
        *revisions.route_handlers,
        *media.route_handlers,
        *tags.route_handlers,
        *redirects.route_handlers,
        *jobs.route_handlers,
        *analytics.route_handlers,
        *document.route_handlers,
    ],
    dependencies={"reader": Provide(bearer.provide_reader), "writer": Provide(bearer.provide_writer)},
    middleware=[rates.tell],
    exception_handlers={
        Unauthorized: refusals.challenge,
        BeyondScope: refusals.beyond_scope,
        Stale: refusals.stale,
        InUse: refusals.in_use,
        InProgress: refusals.in_progress,
    },
)
route_handlers = [router]

__all__ = ["Rates", "route_handlers"]
