"""Figures for Prometheus, for whoever asks from this machine or with a token.

Whichever process is asked tells those of every process, each under its slot, and once what they have in common.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock, versions
from sdc_core import metrics as families
from sdc_core.errors import Forbidden, SdcError
from sdc_core.metrics import Family
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, OperationalError

from sdc_web import announcements, endpoints, media, origins, tokens, webmentions
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.headers import bearer_token
from sdc_web.problems import AnyRequest
from sdc_web.site.health import Parts

Figures: TypeAlias = Callable[[], Awaitable[list[Family]]]
"""Of every process of web."""
_OVERDUE = "For how long the webmention that is due longest stands still; 0 while they are off."


@get("/metrics")
async def metrics(
    request: AnyRequest,
    figures: NamedDependency[Figures],
    parts: NamedDependency[Parts],
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
) -> Response[str]:
    await _require_right(request, databases)
    well = {name: part.ok for name, part in (await parts()).items()}
    told = [
        versions.figure("web"),
        families.by("gauge", "sdc_part_ok", "What /health says.", "part", well),
        *await asyncio.to_thread(_of_databases, databases),
        *await _queues(databases, settings),
        *await figures(),
    ]
    return Response(families.text(told), media_type=families.MEDIA_TYPE, headers={"cache-control": "no-store"})


route_handlers = [metrics]


async def _require_right(request: AnyRequest, databases: Databases) -> None:
    """Raises Forbidden for anyone elsewhere, unless they send a token of an author who may see jobs."""
    if text := bearer_token(request.scope["headers"]):
        found = await tokens.recognise(databases.site, text)
        if found is None:
            raise Forbidden("this token is not in force")
        rights.require(found.actor, "jobs.read")
    elif not origins.is_here(request.client.host if request.client else "", request.headers):
        raise Forbidden("Metrics are for this machine, and for those who send a token: `Authorization: Bearer sdc_...`")


def _of_databases(databases: Databases) -> list[Family]:
    return [*databases.site.figures(), *databases.ttl.figures()]


async def _queues(databases: Databases, settings: Settings) -> list[Family]:
    """What waits in the database; nothing while that cannot be asked, which `sdc_part_ok` tells."""
    try:
        async with databases.site.read() as connection:
            deliveries = await endpoints.queue.count_waiting(connection)
            mentions = {
                "out": await webmentions.told.count_waiting(connection),
                "in": await webmentions.received.count_due(connection),
            }
            overdue = await _overdue(connection, settings)
            audiences = await announcements.audiences(connection)
            assets = await media.count_by_state(connection)
    except (SdcError, OperationalError):
        return []
    waiting = {each.name: each.waiting for each in audiences}
    return [
        families.single("gauge", "sdc_deliveries_waiting", "Webhooks to the author's endpoints to send.", deliveries),
        families.by("gauge", "sdc_webmentions_waiting", "Webmentions to send, or to look at.", "way", dict(mentions)),
        families.by("gauge", "sdc_webmentions_overdue_seconds", _OVERDUE, "way", overdue),
        families.by("gauge", "sdc_announcements_waiting", "Changes to tell.", "audience", dict(waiting)),
        families.by("gauge", "sdc_media_assets", "Uploads by state.", "state", dict(assets)),
    ]


async def _overdue(connection: Connection, settings: Settings) -> dict[str, float]:
    """Of a site without a public address none is told and none looked at."""
    now_us = clock.now_us()
    wanted = await webmentions.switches.current(connection) if settings.SITE_URL else webmentions.switches.Switches()
    late_us = {
        "out": await webmentions.told.overdue_us(connection, now_us) if wanted.out else 0,
        "in": await webmentions.received.overdue_us(connection, now_us) if wanted.into else 0,
    }
    return {way: each_us / clock.SECOND_US for way, each_us in late_us.items()}
