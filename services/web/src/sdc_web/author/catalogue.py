"""The list of posts: a page of it, with its filters in the address."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.service_client import ServiceClient

from sdc_web import htmx, pages, posts, redirects
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.posts.listing import STATES, Filters
from sdc_web.problems import AnyRequest
from sdc_web.reports.readership import Views
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/posts"


class StateLink(msgspec.Struct, frozen=True, kw_only=True):
    """One state to look at, or all: how many there are, and where."""

    state: str
    count: int
    url: str
    current: bool


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list as `_list.html` shows it. `views` are page views of 30 days by path, None when the worker does
    not tell; it `hands_over` where texts can be given to another author; `next` and `first` are addresses, empty where
    there is no such page.
    """

    rows: list[posts.listing.Listed]
    states: list[StateLink]
    filtered: bool
    views: dict[str, int] | None
    hands_over: bool
    next: str
    first: str


@get(ADDRESS, right="posts.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    views: NamedDependency[Views],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The list, the one saved last first; to htmx, while one types a search, the lines alone."""
    filters = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    async with databases.site.read() as connection:
        found = await posts.listing.page(connection, author.actor, filters)
        hands_over = await posts.handing.is_of_use(connection, author.actor)
        if htmx.wants_fragment(request):
            series, tags = [], []
        else:
            series = [each.title for each in await posts.series.everything(connection)]
            tags = await posts.tags.carried(connection)
        on_site = [each for each in found.rows if each.on_site]
        former = await redirects.former_paths(connection, [each.id for each in on_site])
    read = await views.of_month(worker, [each.path for each in on_site], former)
    listed = view(found, filters, read, hands_over=hands_over)
    if htmx.wants_fragment(request):
        return pages.fragment("author/posts/_list.html", author, listed=listed)
    return await pages.page(
        request,
        databases,
        "author/posts/index.html",
        author=author,
        listed=listed,
        filters=filters,
        known_series=series,
        known_tags=tags,
    )


def view(found: posts.listing.Page, filters: Filters, views: dict[str, int] | None, *, hands_over: bool) -> ListView:
    """What the page shows of what was found."""
    counts = [("", found.total), *((state, found.counts.get(state, 0)) for state in STATES)]
    states = [
        StateLink(state=state, count=count, url=address(filters, state=state, after=""), current=state == filters.state)
        for state, count in counts
    ]
    return ListView(
        rows=found.rows,
        states=states,
        filtered=bool(filters.q or filters.kind or filters.state or filters.tag or filters.series),
        views=views,
        hands_over=hands_over,
        next=address(filters, after=found.after) if found.after else "",
        first=address(filters, after="") if filters.after else "",
    )


def address(filters: Filters, **changes: str) -> str:
    """Where the same list is, with other values in those fields."""
    default = msgspec.structs.asdict(Filters())
    fields = {**msgspec.structs.asdict(filters), **changes}
    query = urlencode({name: value for name, value in fields.items() if value != default[name]})
    return f"{ADDRESS}?{query}" if query else ADDRESS


route_handlers = [index]
