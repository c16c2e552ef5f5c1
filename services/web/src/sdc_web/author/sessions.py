"""Where the author is signed in, and ending it there."""

import re

import msgspec
from litestar import Response, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from sdc_web import pages
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import signed_in
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.sessions.store import Session

_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list; times in microseconds, UTC."""

    id: str
    current: bool
    device: str
    created_at_us: int
    seen_at_us: int
    expires_at_us: int


@get("/author/sessions", right="account.change")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """Every session of the author, this one first."""
    found = await signed_in.listing(databases, author.id)
    rows = sorted((_row(session, author) for session in found), key=lambda row: not row.current)
    return await pages.page(request, databases, "author/sessions/index.html", author=author, sessions=rows)


@delete("/author/sessions/{session_id:str}", status_code=303, right="account.change")
async def end(
    databases: NamedDependency[Databases], author: NamedDependency[SignedIn], session_id: FromPath[str]
) -> Response[bytes]:
    """End one; NotFound when it is somebody else's or gone."""
    await signed_in.revoke(databases, author.id, session_id)
    return pages.redirect("/author/sessions", "ended")


@delete("/author/sessions", status_code=303, right="account.change")
async def end_others(databases: NamedDependency[Databases], author: NamedDependency[SignedIn]) -> Response[bytes]:
    """End all but this one."""
    await signed_in.revoke_all(databases, author.id, kept_id=author.session_id)
    return pages.redirect("/author/sessions", "ended")


def device(user_agent: str) -> str:
    """`Firefox on Linux`, as far as the browser tells."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    first = re.match(r"[\w.-]{1,30}", user_agent)
    return browser or system or (first[0] if first else "An unknown device")


def _row(session: Session, author: SignedIn) -> SessionRow:
    return SessionRow(
        id=session.id,
        current=session.id == author.session_id,
        device=device(session.user_agent),
        created_at_us=session.created_at_us,
        seen_at_us=session.refreshed_at_us,
        expires_at_us=session.expires_at_us,
    )


route_handlers = [index, end, end_others]
