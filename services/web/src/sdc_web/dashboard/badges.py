"""How the jobs fare, as a picture for a page elsewhere, at an address that whoever does not know it cannot guess."""

import hashlib
import hmac
from html import escape
from types import MappingProxyType

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.answers.jobs import JobReports
from sdc_core.errors import NotFound
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web.dashboard.attention import WELL
from sdc_web.headers import FOR_OTHER_SITES
from sdc_web.reports import asking, jobs

ALL = "jobs"
_GREEN, _AMBER, _RED, _GREY = "#1a7f4b", "#8f5a00", "#b3261e", "#57606a"
_COLOURS: MappingProxyType[str, str] = MappingProxyType(
    {
        "down": _RED,
        "failed": _RED,
        "timed out": _RED,
        "late": _AMBER,
        "missed": _AMBER,
        "paused": _GREY,
        "unknown": _GREY,
    }
)
_LETTER_PX = 7


def address(settings: Settings, name: str = ALL) -> str:
    """Where the badge of a job is, or that of all of them; other addresses hold once the webhook secret is another."""
    return f"/badges/{_keys(settings)[0]}/{name}.svg"


@get("/badges/{key:str}/{name:str}")
async def show(
    settings: NamedDependency[Settings], worker: NamedDependency[ServiceClient], key: FromPath[str], name: FromPath[str]
) -> Response[str]:
    """A picture with a word; a worker that is away is a word as well."""
    if not any(hmac.compare_digest(each.encode(), key.encode()) for each in _keys(settings)):
        raise NotFound("there is no such badge")
    job = name.removesuffix(".svg")
    report = await asking.unless_away(jobs.report(worker))
    headers = {"cache-control": "no-cache, private", "x-robots-tag": "noindex", **FOR_OTHER_SITES}
    return Response(_drawn(job, _word(report, job)), media_type="image/svg+xml", headers=headers)


def _keys(settings: Settings) -> list[str]:
    """One for each secret in use: the newest first, those before it good until they are taken away."""
    return [hmac.digest(each.encode(), b"badges", hashlib.sha256).hex()[:32] for each in settings.webhook_secrets]


def _word(report: JobReports | None, name: str) -> str:
    if report is None:
        return "unknown"
    states = {job.name: jobs.shown_state(job) for job in report.jobs}
    if name != ALL:
        if name not in states:
            raise NotFound("there is no such badge")
        return states[name].replace("_", " ")
    ill = [state for state in states.values() if state not in WELL]
    return f"{len(ill)} of {len(states)} need a look" if ill else "all well"


def _drawn(left: str, right: str) -> str:
    colour = _COLOURS.get(right, _RED if right.endswith("look") else _GREEN)
    first, second = len(left) * _LETTER_PX + 12, len(right) * _LETTER_PX + 12
    name = f"{escape(left)}: {escape(right)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="20" role="img" aria-label="{name}">'
        f"<title>{name}</title>"
        f'<rect width="{first}" height="20" fill="#333"/>'
        f'<rect x="{first}" width="{second}" height="20" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{first / 2}" y="14">{escape(left)}</text>'
        f'<text x="{first + second / 2}" y="14">{escape(right)}</text>'
        "</g></svg>"
    )


route_handlers = [show]
