"""Webhook endpoints as owners keep them: the list, the form of each, its switch, its secret, a test, sending again."""

from typing import Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import endpoints, pages
from sdc_web.author import forms
from sdc_web.author.views import moment_us
from sdc_web.db import Databases
from sdc_web.endpoints.keeping import Made, Wishes
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/site/endpoints"
DELIVERIES = "/author/site/deliveries"
SPANS_US = {"hour": 3_600 * clock.SECOND_US, "day": clock.DAY_US, "week": 7 * clock.DAY_US, "month": 30 * clock.DAY_US}
NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]
Author = NamedDependency[SignedIn]
Page = Response[str] | Response[bytes]


class EndpointForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    name: str = ""
    url: str = ""
    types: tuple[str, ...] = ()


class SecretForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`replaces` is the mark of the secret that a new one is to replace."""

    replaces: str


class ReplayForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent again, and since when: with `moment` since `at`, by the clocks of the author's zone."""

    since: Literal["hour", "day", "week", "month", "moment"] = "day"
    at: str = ""
    which: Literal["missing", "every"] = "missing"


@get(ADDRESS, right="endpoints.read")
async def index(request: AnyRequest, databases: NamedDatabases, author: Author) -> Response[str]:
    """Every endpoint, and the form for one more."""
    return await _index(request, databases, author, EndpointForm(types=tuple(endpoints.TYPES)), {})


@post(ADDRESS, status_code=200, right="endpoints.change")
async def create(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author) -> Page:
    """One more; its secret is shown in this answer alone."""
    confirm.require(author)
    form = await forms.read(request, EndpointForm, "types")
    try:
        made = await endpoints.keeping.add(databases.site, author.actor, settings, _wishes(form))
    except (Invalid, Conflict) as error:
        return await _index(request, databases, author, form, _errors(error), status_code=422)
    return await _show(request, databases, author, made.id, made=made)


@get(f"{ADDRESS}/{{endpoint_id:str}}", right="endpoints.read")
async def show(
    request: AnyRequest, databases: NamedDatabases, author: Author, endpoint_id: FromPath[str]
) -> Response[str]:
    """One endpoint: how it fares, its form, and all that can be done with it."""
    return await _show(request, databases, author, endpoint_id)


@put(f"{ADDRESS}/{{endpoint_id:str}}", status_code=303, right="endpoints.change")
async def update(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, endpoint_id: FromPath[str]
) -> Page:
    """Another name or choice; another address, to which all that waits will go, with a fresh proof."""
    form = await forms.read(request, EndpointForm, "types")
    found = await endpoints.keeping.one(databases.site, author.actor, endpoint_id)
    if form.url.strip() != found.url:
        confirm.require(author)
    try:
        await endpoints.keeping.change(databases.site, author.actor, settings, endpoint_id, _wishes(form))
    except Invalid as error:
        return await _show(request, databases, author, endpoint_id, form=form, errors=_errors(error), status_code=422)
    return pages.redirect(f"{ADDRESS}/{endpoint_id}", "saved")


@delete(f"{ADDRESS}/{{endpoint_id:str}}", status_code=303, right="endpoints.change")
async def remove(databases: NamedDatabases, author: Author, endpoint_id: FromPath[str]) -> Response[bytes]:
    """Gone, with its log."""
    await endpoints.keeping.remove(databases.site, author.actor, endpoint_id)
    return pages.redirect(ADDRESS, "deleted")


@post(f"{ADDRESS}/{{endpoint_id:str}}/pause", status_code=303, right="endpoints.change")
async def pause(databases: NamedDatabases, author: Author, endpoint_id: FromPath[str]) -> Response[bytes]:
    """What happens waits."""
    await endpoints.keeping.pause(databases.site, author.actor, endpoint_id)
    return pages.redirect(f"{ADDRESS}/{endpoint_id}", "saved")


@delete(f"{ADDRESS}/{{endpoint_id:str}}/pause", status_code=303, right="endpoints.change")
async def resume(databases: NamedDatabases, author: Author, endpoint_id: FromPath[str]) -> Response[bytes]:
    """What waits goes out."""
    await endpoints.keeping.resume(databases.site, author.actor, endpoint_id)
    return pages.redirect(f"{ADDRESS}/{endpoint_id}", "saved")


@post(f"{ADDRESS}/{{endpoint_id:str}}/secret", status_code=200, right="endpoints.change")
async def rotate(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, endpoint_id: FromPath[str]
) -> Response[str]:
    """A new secret, shown in this answer alone."""
    confirm.require(author)
    form = await forms.read(request, SecretForm)
    try:
        made = await endpoints.keeping.rotate(
            databases.site, author.actor, settings, endpoint_id, replaces=form.replaces
        )
    except Conflict as error:
        return await _show(request, databases, author, endpoint_id, errors=_errors(error), status_code=409)
    return await _show(request, databases, author, endpoint_id, made=made)


@post(f"{ADDRESS}/{{endpoint_id:str}}/ping", status_code=303, right="endpoints.change")
async def ping(request: AnyRequest, databases: NamedDatabases, author: Author, endpoint_id: FromPath[str]) -> Page:
    """A test message; its delivery tells what became of it."""
    try:
        delivery_id = await endpoints.keeping.ping(databases.site, author.actor, endpoint_id)
    except Conflict as error:
        errors = {"form": str(error)}
        return await _show(request, databases, author, endpoint_id, errors=errors, status_code=409)
    return pages.redirect(f"{DELIVERIES}/{delivery_id}")


@post(f"{ADDRESS}/{{endpoint_id:str}}/replays", status_code=303, right="endpoints.change")
async def replay(request: AnyRequest, databases: NamedDatabases, author: Author, endpoint_id: FromPath[str]) -> Page:
    """What did not arrive is sent again, or all of it."""
    form = await forms.read(request, ReplayForm)
    try:
        since_us = _since_us(form, author)
    except Invalid as error:
        return await _show(request, databases, author, endpoint_id, errors=_errors(error), status_code=422)
    every = form.which == "every"
    many = await endpoints.keeping.replay_since(databases.site, author.actor, endpoint_id, since_us, every=every)
    return pages.redirect(f"{ADDRESS}/{endpoint_id}", "sent-again" if many else "none-to-send")


@post(f"{ADDRESS}/replays", status_code=303, right="endpoints.change")
async def replay_all(request: AnyRequest, databases: NamedDatabases, author: Author) -> Page:
    """The same to every endpoint."""
    form = await forms.read(request, ReplayForm)
    try:
        since_us = _since_us(form, author)
    except Invalid as error:
        empty = EndpointForm(types=tuple(endpoints.TYPES))
        return await _index(request, databases, author, empty, _errors(error), status_code=422)
    every = form.which == "every"
    many = [
        await endpoints.keeping.replay_since(databases.site, author.actor, each.id, since_us, every=every)
        for each in await endpoints.keeping.listing(databases.site, author.actor)
    ]
    return pages.redirect(ADDRESS, "sent-again" if any(many) else "none-to-send")


def _since_us(form: ReplayForm, author: SignedIn) -> int:
    if form.since != "moment":
        return clock.now_us() - SPANS_US[form.since]
    at_us = moment_us(form.at, "at", author.time_zone, exact=False)
    if at_us is None:
        raise Invalid("say since when", field="at")
    return at_us


def _wishes(form: EndpointForm) -> Wishes:
    return Wishes(name=form.name, url=form.url, types=form.types)


def _errors(error: Invalid | Conflict) -> dict[str, str]:
    return {(error.field if isinstance(error, Invalid) else "") or "form": str(error)}


async def _index(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: EndpointForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/endpoints/index.html",
        author=author,
        status_code=status_code,
        listed=await endpoints.keeping.listing(databases.site, author.actor),
        form=form,
        errors=errors,
        types=endpoints.TYPES,
    )


async def _show(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    endpoint_id: str,
    *,
    form: EndpointForm | None = None,
    errors: dict[str, str] | None = None,
    made: Made | None = None,
    status_code: int = 200,
) -> Response[str]:
    found = await endpoints.keeping.one(databases.site, author.actor, endpoint_id)
    newest = await endpoints.log.page(databases.site, author.actor, endpoints.log.Filters(endpoint=endpoint_id), 5)
    return await pages.page(
        request,
        databases,
        "author/endpoints/show.html",
        author=author,
        status_code=status_code,
        endpoint=found,
        overlaps=found.former_until_us is not None and found.former_until_us > clock.now_us(),
        newest=newest,
        form=form or EndpointForm(name=found.name, url=found.url, types=tuple(found.wanted)),
        errors=errors or {},
        types=endpoints.TYPES,
        made=made,
    )


route_handlers = [index, create, show, update, remove, pause, resume, rotate, ping, replay, replay_all]
