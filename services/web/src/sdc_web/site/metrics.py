"""Figures for Prometheus, for whoever asks from this machine.

Whichever process is asked tells those of every process, each under its slot, and once what they have in common.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import metrics as families
from sdc_core.errors import Forbidden, SdcError
from sdc_core.metrics import Family
from sdc_core.sqlite import VERSION, OperationalError

from sdc_web import announcements, endpoints, media
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.site.health import Parts

Figures: TypeAlias = Callable[[], Awaitable[list[Family]]]
"""Of every process of web."""
_OF_PROXIES = frozenset(
    {"x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via", "cf-connecting-ip"}
)


@get("/metrics")
async def metrics(
    request: AnyRequest,
    figures: NamedDependency[Figures],
    parts: NamedDependency[Parts],
    databases: NamedDependency[Databases],
) -> Response[str]:
    _require_loopback(request)
    info = families.Sample(labels={"service": "web", "sqlite": VERSION}, value=1)
    well = {name: part.ok for name, part in (await parts()).items()}
    told = [
        Family(name="sdc_info", kind="gauge", help="What runs here.", samples=(info,)),
        families.by("gauge", "sdc_part_ok", "What /health says.", "part", well),
        *await asyncio.to_thread(_of_databases, databases),
        *await _queues(databases),
        *await figures(),
    ]
    return Response(families.text(told), media_type=families.MEDIA_TYPE, headers={"cache-control": "no-store"})


route_handlers = [metrics]


def _require_loopback(request: AnyRequest) -> None:
    """Raises Forbidden for anyone elsewhere. Behind a proxy of this machine everyone would seem to be here, so a
    forwarded request counts as elsewhere.
    """
    forwarded = _OF_PROXIES & set(request.headers)
    host = request.client.host if request.client else ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if forwarded or not here:
        message = "Metrics are for this machine alone."
        raise Forbidden(message)


def _of_databases(databases: Databases) -> list[Family]:
    return [*databases.site.figures(), *databases.ttl.figures()]


async def _queues(databases: Databases) -> list[Family]:
    """What waits in the database; nothing while that cannot be asked, which `sdc_part_ok` tells."""
    try:
        async with databases.site.read() as connection:
            deliveries = await endpoints.queue.count_waiting(connection)
            audiences = await announcements.audiences(connection)
            assets = await media.count_by_state(connection)
    except (SdcError, OperationalError):
        return []
    waiting = {each.name: each.waiting for each in audiences}
    return [
        families.single("gauge", "sdc_deliveries_waiting", "Webhooks to the author's endpoints to send.", deliveries),
        families.by("gauge", "sdc_announcements_waiting", "Changes to tell.", "audience", dict(waiting)),
        families.by("gauge", "sdc_media_assets", "Uploads by state.", "state", dict(assets)),
    ]
