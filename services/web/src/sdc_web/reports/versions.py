"""What each service runs on, and what changed in its releases."""

import asyncio
import re
from functools import cache
from importlib import resources

import msgspec
from sdc_core import versions
from sdc_core.answers.versions import Versions
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import db
from sdc_web.reports.asking import ask
from sdc_web.texts import markdown

_RELEASE = re.compile(r"^## ", re.MULTILINE)
_PART = re.compile(r"<(/?)h2[^>]*>")


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A release as the changelog tells of it: `html` is safe to show and begins at `<h3>`."""

    title: str
    html: str


async def of_worker(worker: ServiceClient) -> Versions:
    """What the worker runs on. Raises Unavailable when it is away."""
    return await ask(worker, "/versions", Versions)


async def of_web(settings: Settings) -> Versions:
    """What this process runs on."""
    files = ((settings.site_db, db.MIGRATIONS / "site"), (settings.ttl_db, db.MIGRATIONS / "ttl"))
    return await asyncio.to_thread(versions.of_process, (), files)


async def releases() -> tuple[Release, ...]:
    """All of the changelog, the newest release first."""
    return await asyncio.to_thread(_releases)


@cache
def _releases() -> tuple[Release, ...]:
    text = (resources.files("sdc_web") / "CHANGELOG.md").read_text(encoding="utf-8")
    return tuple(_release(each) for each in _RELEASE.split(text)[1:])


def _release(section: str) -> Release:
    title, _, text = section.partition("\n")
    # Each release has parts of the same names, so they have no anchors.
    html = _PART.sub(r"<\1h3>", markdown.render(text).html)
    return Release(title=re.sub(r"[\[\]]", "", title).replace(" - ", ", ").strip(), html=html)
