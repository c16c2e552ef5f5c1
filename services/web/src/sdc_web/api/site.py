"""The site as a whole: its words, its look, what robots are told, and whether pages tell how they are read."""

import msgspec
from litestar import Response, get, patch
from litestar.di import NamedDependency
from msgspec import UNSET, UnsetType
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection

from sdc_web import look
from sdc_web.about import beacon, robots, site
from sdc_web.api import answers, incoming
from sdc_web.api.conditions import unless_changed
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.look.choices import Measure, Paper, TextSize, Typeface
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The author at another site: `Mastodon` at an https URL."""

    label: str
    url: str


class SiteWords(msgspec.Struct, frozen=True, kw_only=True):
    """What the site says of itself; `language` is a BCP 47 tag, `elsewhere` stands at the foot of every page. Days
    and years of texts are those of `time_zone`, an IANA name.
    """

    title: str
    description: str
    language: str
    elsewhere: tuple[Elsewhere, ...]
    time_zone: str


class SiteWordsChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    elsewhere: tuple[Elsewhere, ...] | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET


class SiteLook(msgspec.Struct, frozen=True, kw_only=True):
    """What the author chose; `accent` is the colour of links and of the main action, `#rrggbb`."""

    accent: str
    paper: Paper
    typeface: Typeface
    size: TextSize
    measure: Measure


class SiteLookChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays. A colour that is hard to read is made to fit."""

    accent: str | UnsetType = UNSET
    paper: Paper | UnsetType = UNSET
    typeface: Typeface | UnsetType = UNSET
    size: TextSize | UnsetType = UNSET
    measure: Measure | UnsetType = UNSET


class SiteRobots(msgspec.Struct, frozen=True, kw_only=True):
    """What crawlers of language models may do, empty for the setting of the server; whether search engines are to leave
    every page out; more lines for robots.txt.
    """

    crawlers: robots.Crawlers
    unlisted: bool
    extra: str


class SiteRobotsChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays."""

    crawlers: robots.Crawlers | UnsetType = UNSET
    unlisted: bool | UnsetType = UNSET
    extra: str | UnsetType = UNSET


class SiteReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether pages tell how they are read: for how long, how far down, where links led."""

    beacon: bool


@get("/site", right="site.read")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read what the site says of itself."""
    rights.require(reader.actor, "site.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _words_now(connection))


@patch("/site", right="site.change")
async def change(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Change what the site says of itself: title, description, language, where else its author is to be found."""
    changes = await incoming.body(request, SiteWordsChanges)
    given = incoming.given(changes)
    if changes.elsewhere is not UNSET:
        given["elsewhere"] = msgspec.convert(changes.elsewhere, tuple[site.Elsewhere, ...], from_attributes=True)
    try:
        kept = await site.amend(databases.site, writer.actor, given, unless_changed(request, _words_now))
    except Invalid as error:
        raise Invalid(str(error), field=error.field.removeprefix("site_")) from None
    return answers.send(request, _words(kept))


@get("/site/look", right="site.read")
async def show_look(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read how the site looks."""
    rights.require(reader.actor, "site.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _look_now(connection))


@patch("/site/look", right="site.change")
async def change_look(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Change how the site looks; readers see it on their next page."""
    given = incoming.given(await incoming.body(request, SiteLookChanges))
    kept = await look.amend(databases.site, writer.actor, given, unless_changed(request, _look_now))
    return answers.send(request, msgspec.convert(kept, SiteLook, from_attributes=True))


@get("/site/robots", right="site.read")
async def show_robots(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read what robots are told."""
    rights.require(reader.actor, "site.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _robots_now(connection))


@patch("/site/robots", right="site.change")
async def change_robots(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Change what robots are told: crawlers of language models, and search engines."""
    given = incoming.given(await incoming.body(request, SiteRobotsChanges))
    kept = await robots.amend(databases.site, writer.actor, given, unless_changed(request, _robots_now))
    return answers.send(request, msgspec.convert(kept, SiteRobots, from_attributes=True))


@get("/site/reading", right="site.read")
async def show_reading(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read whether pages tell how they are read."""
    rights.require(reader.actor, "site.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _reading_now(connection))


@patch("/site/reading", right="site.change")
async def change_reading(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Have pages tell how they are read, or stop it."""
    wanted = await incoming.body(request, SiteReading)
    guard = unless_changed(request, _reading_now)
    await beacon.change(databases.site, writer.actor, asked=wanted.beacon, guard=guard)
    return answers.send(request, wanted)


async def _words_now(connection: Connection) -> SiteWords:
    return _words(await site.words(connection))


async def _look_now(connection: Connection) -> SiteLook:
    return msgspec.convert(await look.current(connection), SiteLook, from_attributes=True)


async def _robots_now(connection: Connection) -> SiteRobots:
    return msgspec.convert(await robots.current(connection), SiteRobots, from_attributes=True)


async def _reading_now(connection: Connection) -> SiteReading:
    return SiteReading(beacon=await beacon.current(connection))


def _words(found: site.Words) -> SiteWords:
    return msgspec.convert(found, SiteWords, from_attributes=True)


route_handlers = [
    show,
    change,
    show_look,
    change_look,
    show_robots,
    change_robots,
    show_reading,
    change_reading,
]
