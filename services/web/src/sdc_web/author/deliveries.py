"""What was sent to the endpoints: the log with its filters in the address, and one delivery with its attempts."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid, NotFound
from sdc_core.settings import Settings

from sdc_web import endpoints, htmx, pages
from sdc_web.author import forms
from sdc_web.author.endpoints import DELIVERIES
from sdc_web.db import Databases
from sdc_web.endpoints.log import PAGE, Filters
from sdc_web.endpoints.sending import body
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

STATES = {"waiting": "waiting", "delivered": "delivered", "failed": "given up", "held_back": "held back"}


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log; `next` and `first` are addresses, empty where there is no such page."""

    rows: list[endpoints.Delivery]
    filtered: bool
    next: str
    first: str


@get(DELIVERIES, right="endpoints.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The newest first; to htmx the lines alone."""
    filters = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    errors: dict[str, str] = {}
    try:
        found = await endpoints.log.page(databases.site, author.actor, filters, PAGE + 1)
    except Invalid as error:
        found, errors = [], {error.field: str(error)}
    status_code = 422 if errors else 200
    log = _view(found, filters)
    if htmx.wants_fragment(request):
        return pages.fragment(
            "author/deliveries/_list.html", author, status_code=status_code, log=log, errors=errors, states=STATES
        )
    return await pages.page(
        request,
        databases,
        "author/deliveries/index.html",
        author=author,
        status_code=status_code,
        log=log,
        filters=filters,
        listed=await endpoints.keeping.listing(databases.site, author.actor),
        types=[*endpoints.TYPES, "ping"],
        states=STATES,
        errors=errors,
    )


@get(f"{DELIVERIES}/{{delivery_id:str}}", right="endpoints.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    delivery_id: FromPath[str],
) -> Response[str]:
    """What was sent, and what came of each attempt."""
    found = await endpoints.log.one(databases.site, author.actor, _number(delivery_id))
    sent = msgspec.json.format(body(found.message, settings.site_url), indent=2).decode()
    return await pages.page(
        request, databases, "author/deliveries/show.html", author=author, found=found, sent=sent, states=STATES
    )


@post(f"{DELIVERIES}/{{delivery_id:str}}/replays", status_code=303, right="endpoints.change")
async def replay(
    databases: NamedDependency[Databases], author: NamedDependency[SignedIn], delivery_id: FromPath[str]
) -> Response[bytes]:
    """Sent again under the same id."""
    await endpoints.log.replay(databases.site, author.actor, _number(delivery_id))
    return pages.redirect(f"{DELIVERIES}/{delivery_id}", "sent-again")


def _number(delivery_id: str) -> int:
    if not (delivery_id.isascii() and delivery_id.isdigit() and len(delivery_id) <= 18):
        raise NotFound("there is no such delivery")
    return int(delivery_id)


def _view(found: list[endpoints.Delivery], filters: Filters) -> LogView:
    rows = found[:PAGE]
    return LogView(
        rows=rows,
        filtered=bool(filters.endpoint or filters.type or filters.state),
        next=_address(filters, str(rows[-1].id)) if len(found) > PAGE else "",
        first=_address(filters, "") if filters.before else "",
    )


def _address(filters: Filters, before: str) -> str:
    fields = {**msgspec.structs.asdict(filters), "before": before}
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{DELIVERIES}?{query}" if query else DELIVERIES


route_handlers = [index, show, replay]
