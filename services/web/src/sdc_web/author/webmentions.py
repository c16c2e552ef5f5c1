"""Webmentions: what other sites told of each text, to accept or to refuse; what they were told; the switches."""

from typing import Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.webmentions import moderation, switches, told
from sdc_web.webmentions.switches import Switches

ADDRESS = "/author/webmentions"
TOLD = f"{ADDRESS}/told"
BLOCKS = f"{ADDRESS}/blocks"
SWITCHES = "/author/site/webmentions"
Databased = NamedDependency[Databases]
Author = NamedDependency[SignedIn]
Page = Response[str] | Response[bytes]
State = Literal["waiting", "accepted", "refused"]


class SwitchesForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box that is not ticked is not sent."""

    out: bool = False
    into: bool = False


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed; `before` is the id to go on from."""

    state: State = "waiting"
    before: str = ""


class TextOf(msgspec.Struct, frozen=True, kw_only=True):
    """`post` narrows the list to one text, by its id."""

    post: str = ""


class DecisionForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was ticked, and what is to become of it; `state` is the list that it was ticked in."""

    verdict: moderation.Verdict
    state: State = "waiting"
    mention: tuple[str, ...] = ()


class BlockForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host."""

    host: str = ""


@get(ADDRESS, right="posts.read")
async def index(request: AnyRequest, databases: Databased, author: Author) -> Response[str]:
    """What other sites told, in one state, the newest first."""
    filters = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    return await _index(request, databases, author, filters, {})


@post(f"{ADDRESS}/decisions", status_code=303, right="posts.publish")
async def decide(request: AnyRequest, databases: Databased, author: Author) -> Response[bytes]:
    """Accept or refuse what was ticked."""
    form = await forms.read(request, DecisionForm, "mention")
    back = f"{ADDRESS}?state={form.state}"
    if not form.mention:
        return pages.redirect(back, "none-ticked")
    await moderation.decide(databases.site, author.actor, form.mention, form.verdict)
    return pages.redirect(back, form.verdict)


@get(TOLD, right="posts.read")
async def show_told(request: AnyRequest, databases: Databased, author: Author) -> Response[str]:
    """What other sites were told, and what became of it."""
    shown = forms.fields(request.scope["query_string"].decode("latin-1"), TextOf)
    async with databases.site.read() as connection:
        chosen = await switches.current(connection)
        rows = await told.listed(connection, author.actor, shown.post)
    return await pages.page(
        request, databases, "author/webmentions/told.html", author=author, told=rows, post=shown.post, switches=chosen
    )


@post(BLOCKS, status_code=303, right="site.change")
async def block(request: AnyRequest, databases: Databased, author: Author) -> Page:
    """Take nothing from a host any more."""
    form = await forms.read(request, BlockForm)
    try:
        await moderation.block(databases.site, author.actor, form.host)
    except (Invalid, Conflict) as error:
        return await _index(request, databases, author, Filters(), {"host": str(error)}, status_code=422)
    return pages.redirect(ADDRESS, "saved")


@delete(BLOCKS, status_code=303, right="site.change")
async def allow(request: AnyRequest, databases: Databased, author: Author) -> Response[bytes]:
    """It may tell again."""
    form = await forms.read(request, BlockForm)
    await moderation.allow(databases.site, author.actor, form.host)
    return pages.redirect(ADDRESS, "saved")


@get(SWITCHES, right="site.change")
async def edit(
    request: AnyRequest, databases: Databased, settings: NamedDependency[Settings], author: Author
) -> Response[str]:
    """The choice as it stands."""
    async with databases.site.read() as connection:
        chosen = await switches.current(connection)
    return await pages.page(
        request,
        databases,
        "author/webmentions/edit.html",
        author=author,
        switches=chosen,
        has_address=bool(settings.SITE_URL),
    )


@put(SWITCHES, status_code=303, right="site.change")
async def update(request: AnyRequest, databases: Databased, author: Author) -> Response[bytes]:
    """Keep it."""
    form = await forms.read(request, SwitchesForm)
    await switches.change(databases.site, author.actor, Switches(out=form.out, into=form.into))
    return pages.redirect(SWITCHES, "saved")


async def _index(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    filters: Filters,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        chosen = await switches.current(connection)
        rows = await moderation.listing(connection, author.actor, filters.state, filters.before, moderation.PAGE + 1)
        blocks = await moderation.blocked(connection, author.actor) if author.may("site.read") else []
    more = rows[moderation.PAGE - 1].id if len(rows) > moderation.PAGE else ""
    return await pages.page(
        request,
        databases,
        "author/webmentions/index.html",
        author=author,
        status_code=status_code,
        rows=rows[: moderation.PAGE],
        state=filters.state,
        next=f"{ADDRESS}?state={filters.state}&before={more}" if more else "",
        switches=chosen,
        blocks=blocks,
        errors=errors,
    )


route_handlers = [index, decide, show_told, block, allow, edit, update]
