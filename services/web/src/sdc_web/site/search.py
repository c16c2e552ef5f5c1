"""The search: a page, and for htmx the part of it that changes while a reader types."""

import asyncio
from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import content_codings, htmx, posts, templating
from sdc_web.content_codings import CODINGS
from sdc_web.db import Databases
from sdc_web.posts import Kind
from sdc_web.problems import AnyRequest
from sdc_web.search import nearby, results
from sdc_web.search.query import MAX_PIECES, MAX_QUERY, Query, parse, visible
from sdc_web.search.results import RANKED, Filters, Found

ON_PAGE = 30
LAST_PAGE = RANKED // ON_PAGE
MAX_TAG = 100
_KINDS: dict[str, str] = {"post": "Posts", "project": "Projects", "page": "Pages"}
_VARY = {"vary": "accept-encoding, HX-Request, HX-Request-Type"}


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter as a link; that of the one in use leads away from it."""

    name: str
    url: str
    number: int | None = None
    colour: str = ""
    current: bool = False


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What stands below the form. `said` is the outcome in words, `instead` another question that finds something."""

    said: str = ""
    found: tuple[Found, ...] = ()
    kinds: tuple[Chip, ...] = ()
    tags: tuple[Chip, ...] = ()
    instead: Chip | None = None
    better_url: str = ""
    more_url: str = ""
    ends_here: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A search as its address names it; pages count from 1."""

    query: Query
    filters: Filters
    page: int = 1

    def url(self, *, text: str | None = None, kind: str | None = None, tag: str | None = None, page: int = 1) -> str:
        """The address of this search with something else in it."""
        parts = {
            "q": self.query.text if text is None else text,
            "kind": self.filters.kind if kind is None else kind,
            "tag": self.filters.tag if tag is None else tag,
            "page": str(page) if page > 1 else "",
        }
        return "/search?" + urlencode({name: value for name, value in parts.items() if value})


@get("/search")
async def search(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    q: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    tag: FromQuery[str] = "",
    page: FromQuery[str] = "",
) -> Response[bytes]:
    """The whole page, or the results alone where htmx asks for a part. No answer is kept: there is no end of them."""
    asked = _asked(q, kind, tag, page)
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        shown = await _results(connection, asked, front)
    context = {"site": front, "navigation": front.navigation, "asked": asked, "results": shown}
    fragment = htmx.wants_fragment(request)
    template = "site/search/_results.html" if fragment else "site/search/show.html"
    coding = content_codings.best(request.headers.get("accept-encoding", "").encode("latin-1"))
    body = await asyncio.to_thread(_body, template, coding, context)
    # A browser that goes back must never be given the part for the whole: it has the same address.
    headers = {"cache-control": "no-store" if fragment else "no-cache", **_VARY}
    coded = {} if coding == "identity" else {"content-encoding": coding}
    return Response(body, media_type=MediaType.HTML, headers=headers | coded)


route_handlers = [search]


def _body(template: str, coding: str, context: Mapping[str, object]) -> bytes:
    return CODINGS[coding].encode(templating.render(template, **context).encode())


def _asked(q: str, kind: str, tag: str, page: str) -> Asked:
    """Filters that there are none of are left out, and a page that cannot be is the first."""
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 4 else 1
    filters = Filters(kind=kind if kind in get_args(Kind) else "", tag=visible(tag[:MAX_TAG]))
    return Asked(query=parse(q), filters=filters, page=min(max(number, 1), LAST_PAGE))


async def _results(connection: Connection, asked: Asked, front: posts.Front) -> Results:
    if not asked.query.expression:
        return Results(said=_why_nothing(asked.query))
    numbers = await results.of_kinds(connection, asked.query, asked.filters.tag)
    total = numbers.get(asked.filters.kind, 0) if asked.filters.kind else sum(numbers.values())
    offset = (asked.page - 1) * ON_PAGE
    found = await results.best(connection, asked.query, asked.filters, ON_PAGE, offset)
    tags = await results.tags(connection, asked.query, asked.filters) if total else []
    more = total > offset + ON_PAGE
    return Results(
        said=_how_many(asked, total),
        found=tuple(found),
        kinds=_kind_chips(asked, numbers),
        tags=_tag_chips(asked, tags, front),
        instead=None if total else await _instead(connection, asked, sum(numbers.values())),
        better_url=asked.url(page=asked.page - 1) if asked.page > 1 else "",
        more_url=asked.url(page=asked.page + 1) if more and asked.page < LAST_PAGE else "",
        ends_here=more and asked.page == LAST_PAGE,
    )


async def _instead(connection: Connection, asked: Asked, of_other_kinds: int) -> Chip | None:
    """Without a filter something is found, or a word is mistyped."""
    if of_other_kinds:
        return Chip(name="Show all kinds", url=asked.url(kind=""), number=of_other_kinds)
    if asked.filters.tag:
        everywhere = sum((await results.of_kinds(connection, asked.query, "")).values())
        if everywhere:
            return Chip(name="Search all tags", url=asked.url(kind="", tag=""), number=everywhere)
    text = await nearby.nearby(connection, asked.query)
    return Chip(name=text, url=asked.url(text=text, kind="", tag="")) if text else None


def _why_nothing(query: Query) -> str:
    if query.too_long:
        return f"This is more than a search takes: at most {MAX_PIECES} words and {MAX_QUERY} characters."
    if query.unwanted:
        return "A minus leaves posts out. Say also what they should be about."
    return "There is no word in this. Type one with letters or digits." if query.text else ""


def _how_many(asked: Asked, total: int) -> str:
    number = templating.number(total) if total else "No"
    where = f" in {_KINDS[asked.filters.kind].lower()}" if asked.filters.kind else ""
    tagged = f" tagged {asked.filters.tag}" if asked.filters.tag else ""
    on_page = f", page {asked.page}" if asked.page > 1 else ""
    return f"{number} result{'' if total == 1 else 's'} for “{asked.query.text}”{where}{tagged}{on_page}"


def _kind_chips(asked: Asked, numbers: dict[Kind, int]) -> tuple[Chip, ...]:
    """None where there is no choice."""
    now = asked.filters.kind
    if len(numbers) < 2 and not now:
        return ()
    everything = Chip(name="All", url=asked.url(kind=""), number=sum(numbers.values()), current=not now)
    chips = [
        Chip(name=name, url=asked.url(kind=kind), number=numbers.get(kind, 0), current=kind == now)
        for kind, name in _KINDS.items()
        if kind in numbers or kind == now
    ]
    return (everything, *chips)


def _tag_chips(asked: Asked, tags: list[str], front: posts.Front) -> tuple[Chip, ...]:
    """The tags to choose from, or the one that is chosen, whose link lets go of it."""
    if now := asked.filters.tag:
        return (Chip(name=now, url=asked.url(tag=""), colour=front.colour_of(now), current=True),)
    return tuple(Chip(name=tag, url=asked.url(tag=tag), colour=front.colour_of(tag)) for tag in tags)
