"""Figures for Prometheus, for whoever asks from this machine."""

import asyncio
import ipaddress
import resource
from pathlib import Path

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Forbidden
from sdc_core.supervise import Board

from sdc_web.page_cache import PageCache
from sdc_web.problems import AnyRequest

_STARTED_US = clock.monotonic_us()
_PAGE_BYTES = resource.getpagesize()
_OF_PROXIES = frozenset(
    {"x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via", "cf-connecting-ip"}
)


@get("/metrics")
async def metrics(
    request: AnyRequest, board: NamedDependency[Board], page_cache: NamedDependency[PageCache]
) -> Response[str]:
    _require_loopback(request)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    lines = [
        _metric("sdc_web_uptime_seconds", "gauge", (clock.monotonic_us() - _STARTED_US) / clock.SECOND_US),
        _metric("sdc_web_cpu_seconds_total", "counter", usage.ru_utime + usage.ru_stime),
        _metric("sdc_web_resident_bytes", "gauge", await asyncio.to_thread(_resident_bytes)),
        _metric("sdc_web_page_cache_hits_total", "counter", page_cache.hits),
        _metric("sdc_web_page_cache_misses_total", "counter", page_cache.misses),
        _metric("sdc_web_page_cache_bytes", "gauge", page_cache.size_bytes),
        "# TYPE sdc_web_loop_running gauge",
        *(f'sdc_web_loop_running{{loop="{each.name}"}} {int(each.running)}' for each in board.loops.values()),
        "# TYPE sdc_web_loop_restarts_total counter",
        *(f'sdc_web_loop_restarts_total{{loop="{each.name}"}} {each.restarts}' for each in board.loops.values()),
    ]
    return Response(
        "\n".join(lines) + "\n",
        media_type="text/plain; version=0.0.4",
        headers={"cache-control": "no-store"},
    )


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


def _metric(name: str, kind: str, value: float) -> str:
    return f"# TYPE {name} {kind}\n{name} {value}"


def _resident_bytes() -> int:
    """Of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
