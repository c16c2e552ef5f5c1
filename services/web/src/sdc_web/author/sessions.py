"""Where the author is signed in, and ending it there."""

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sdc_web import pages
from sdc_web.author import forms
from sdc_web.author.signed_in import page_before
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import devices, endings, notices, signed_in
from sdc_web.sessions.country_names import country
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.sessions.store import Session


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list; times in microseconds, UTC. `began_in` is empty where it is the place of the last use."""

    id: str
    current: bool
    device: str
    place: str
    began_in: str
    way: str
    created_at_us: int
    seen_at_us: int
    expires_at_us: int


class NoticeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The moment of the newest sign-in that the page told of."""

    until_us: int


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
    await endings.revoke(databases, author.actor, session_id, from_id=author.session_id)
    return pages.redirect("/author/sessions", "ended")


@delete("/author/sessions", status_code=303, right="account.change")
async def end_others(databases: NamedDependency[Databases], author: NamedDependency[SignedIn]) -> Response[bytes]:
    """End all but this one."""
    await endings.revoke_all(databases, author.actor, author.id, kept_id=author.session_id)
    return pages.redirect("/author/sessions", "ended")


@post("/author/sessions/notices", status_code=303, right="account.change")
async def dismiss(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """The sign-ins that the page told of were the author's own."""
    form = await forms.read(request, NoticeForm)
    await notices.dismiss(databases, author, form.until_us)
    return pages.redirect(page_before(request))


def _row(session: Session, author: SignedIn) -> SessionRow:
    return SessionRow(
        id=session.id,
        current=session.id == author.session_id,
        device=devices.name(session.user_agent),
        place=country(session.seen_country),
        began_in=country(session.country) if session.country != session.seen_country else "",
        way=session.way,
        created_at_us=session.created_at_us,
        seen_at_us=session.seen_at_us,
        expires_at_us=session.expires_at_us,
    )


route_handlers = [index, end, end_others, dismiss]
