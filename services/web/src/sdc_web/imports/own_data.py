"""What an export of this site's own holds beside texts: pictures, tags and series before them, the rest after.

What is here already stays as it is, whatever the export says of it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sdc_core.errors import Conflict, Invalid, SdcError
from sdc_core.sqlite import Connection, Database

from sdc_web import look, redirects
from sdc_web.about import beacon, robots, site
from sdc_web.about.robots import Robots
from sdc_web.about.site import Words
from sdc_web.authors.rights import Actor
from sdc_web.exports import contents
from sdc_web.imports import pictures, uploads
from sdc_web.imports.own_export import Told
from sdc_web.imports.records import Line, LineKind, Outcome
from sdc_web.imports.uploads import Pictures
from sdc_web.look import Look
from sdc_web.media import assets
from sdc_web.posts import catalogue, home, navigation, series, tags
from sdc_web.webmentions import blocks, bringing, moderation, switches
from sdc_web.webmentions.entries import Entry
from sdc_web.webmentions.switches import Switches

_UNSAID = Words(title="A new site", description="", language="en")
"""Of a site whose author has said nothing of it yet."""
SITE_PARTS = 7
"""Lines that the last part of `after_texts` has."""
T = TypeVar("T")


async def before_texts(
    to: Pictures, folder: Path, told: Told, writers: Mapping[str, str], *, dry_run: bool
) -> AsyncGenerator[Line]:
    """Take what texts name: pictures with all that is said of them, tags, series. `writers` as in `Importer`."""
    for each in told.media:
        whose = writers.get(each.author, "") if to.by.reach("media.change") == "any" else ""
        picture = _picture(to, folder, each, whose, dry_run=dry_run)
        yield await _line(f"{contents.MEDIA}/{each.file}", "picture", picture)
    for tag in told.tags:
        yield await _line(f"{contents.TAGS}: {tag.name}", "tag", _tag(to, tag, dry_run=dry_run))
    for one in told.series:
        yield await _line(f"{contents.SERIES}: {one.title}", "series", _series(to, one, dry_run=dry_run))


async def after_texts(to: Pictures, told: Told, *, dry_run: bool) -> AsyncGenerator[Line]:
    """Take what leads to texts, and what is said of the site."""
    for each in told.redirects:
        yield await _line(f"{contents.REDIRECTS}: {each.path}", "redirect", _redirect(to, each, dry_run=dry_run))
    for one in told.webmentions:
        name = f"{contents.WEBMENTIONS}: {one.source} on {one.path}"
        yield await _line(name, "webmention", _webmention(to, one, dry_run=dry_run))
    said = told.site
    words = Words(
        title=said.title,
        description=said.description,
        language=said.language,
        elsewhere=said.elsewhere,
        time_zone=said.time_zone,
    )
    taking = _part(to, site.words, site.change, words, _UNSAID, dry_run=dry_run)
    yield await _line(f"{contents.SITE}: words", "setting", taking)
    taking = _part(to, look.current, look.change, said.look, Look(), dry_run=dry_run)
    yield await _line(f"{contents.SITE}: look", "setting", taking)
    taking = _part(to, robots.current, robots.change, said.robots, Robots(), dry_run=dry_run)
    yield await _line(f"{contents.SITE}: robots", "setting", taking)
    taking = _part(to, beacon.current, _ask_readers, said.beacon, unsaid=False, dry_run=dry_run)
    yield await _line(f"{contents.SITE}: beacon", "setting", taking)
    # After all texts: of what came with them nobody is told.
    taking = _part(to, switches.current, switches.change, said.webmentions, Switches(), dry_run=dry_run)
    yield await _line(f"{contents.SITE}: webmentions", "setting", taking)
    for host in said.webmention_blocks:
        yield await _line(f"{contents.SITE}: blocked {host}", "setting", _block(to, host, dry_run=dry_run))
    yield await _line(f"{contents.SITE}: navigation", "setting", _navigation(to, said, dry_run=dry_run))
    yield await _line(f"{contents.SITE}: home", "setting", _home(to, said, dry_run=dry_run))


async def _line(name: str, kind: LineKind, taking: Awaitable[Outcome]) -> Line:
    try:
        outcome = await taking
    except (SdcError, OSError) as error:
        return Line(file=name, outcome="skipped", kind=kind, reason=str(error))
    reason = "this site has its own already" if outcome == "skipped" else ""
    return Line(file=name, outcome=outcome, kind=kind, reason=reason)


async def _picture(to: Pictures, folder: Path, said: contents.File, whose: str, *, dry_run: bool) -> Outcome:
    file = await asyncio.to_thread(pictures.located, said.file, folder / contents.MEDIA, folder)
    if file is None:
        raise Invalid("the file is not in the export")
    if await to.known(file):
        return "unchanged"
    await asyncio.to_thread(uploads.require_taken, file, said.name)
    if not dry_run:
        asset = await to.put(file, said.name, said.alt, whose)
        words = assets.Words(
            alt=said.alt,
            decorative=said.decorative,
            title=said.title,
            caption=said.caption,
            focus_x=said.focus_x,
            focus_y=said.focus_y,
        )
        if words != assets.Words(alt=asset.alt, decorative=False, title="", caption="", focus_x=50, focus_y=50):
            await assets.describe(to.databases.site, to.by, asset.id, words)
    return "taken"


async def _tag(to: Pictures, said: contents.Tag, *, dry_run: bool) -> Outcome:
    if dry_run:
        async with to.databases.site.read() as connection:
            known = await tags.described(connection, said.name)
        return "unchanged" if known != tags.Tag(name=said.name) else "taken"
    came = await tags.bring(to.databases.site, to.by, said.name, said.colour, said.description, said.former)
    return "taken" if came else "unchanged"


async def _series(to: Pictures, said: contents.Series, *, dry_run: bool) -> Outcome:
    if dry_run:
        async with to.databases.site.read() as connection:
            return "unchanged" if await series.by_title(connection, said.title) else "taken"
    came = await series.bring(to.databases.site, to.by, said.title, said.slug, said.description)
    return "taken" if came else "unchanged"


async def _redirect(to: Pictures, said: contents.Redirect, *, dry_run: bool) -> Outcome:
    async with to.databases.site.read() as connection:
        if await redirects.find(connection, said.path) == said.target:
            return "unchanged"
    if not dry_run:
        await redirects.add_own(to.databases.site, to.by, said.path, said.target, "")
    return "taken"


async def _webmention(to: Pictures, said: contents.Webmention, *, dry_run: bool) -> Outcome:
    entry = Entry(
        kind=said.kind, author_name=said.author_name, author_url=said.author_url, title=said.title, words=said.words
    )
    if dry_run:
        return "unchanged" if await bringing.is_here(to.databases.site, said.path, said.source) else "taken"
    came = await bringing.bring(to.databases.site, to.by, said.path, said.source, entry, said.at_us)
    return "taken" if came else "unchanged"


async def _ask_readers(database: Database, by: Actor, asked: bool) -> None:  # noqa: FBT001 - a value of the site
    await beacon.change(database, by, asked=asked)


async def _block(to: Pictures, host: str, *, dry_run: bool) -> Outcome:
    async with to.databases.site.read() as connection:
        if await blocks.is_blocked(connection, host):
            return "unchanged"
        if await blocks.has_told(connection, host):
            raise Conflict("this site has webmentions of it, which go once you block it here")
    if not dry_run:
        await moderation.block(to.databases.site, to.by, host)
    return "taken"


async def _part(
    to: Pictures,
    read: Callable[[Connection], Awaitable[T]],
    change: Callable[[Database, Actor, T], Awaitable[object]],
    wanted: T,
    unsaid: T,
    *,
    dry_run: bool,
) -> Outcome:
    """Take one of the things that are said of a site as a whole; `unsaid` is what a new one says."""
    async with to.databases.site.read() as connection:
        present = await read(connection)
    outcome = _to_take(present, wanted, unsaid)
    if outcome == "taken" and not dry_run:
        await change(to.databases.site, to.by, wanted)
    return outcome


async def _navigation(to: Pictures, said: contents.Site, *, dry_run: bool) -> Outcome:
    async with to.databases.site.read() as connection:
        present = tuple(await navigation.entries(connection)) if await navigation.is_own(connection) else None
    outcome = _to_take(present, said.navigation, None)
    if outcome == "taken" and not dry_run and said.navigation is not None:
        await navigation.put(to.databases.site, to.by, list(said.navigation), "")
    return outcome


async def _home(to: Pictures, said: contents.Site, *, dry_run: bool) -> Outcome:
    async with to.databases.site.read() as connection:
        found = [await catalogue.by_address(connection, "project", slug) for slug in said.home]
        present = [each.id for each in await home.candidates(connection, to.by) if each.position is not None]
    # In a dry run its projects have not come yet.
    wanted = list(said.home) if dry_run and not all(found) else [each.id for each in found if each is not None]
    outcome = _to_take(present, wanted, [])
    if outcome == "taken" and not dry_run:
        for each in found:
            if each is not None:
                await home.choose(to.databases.site, to.by, each.id)
    return outcome


def _to_take(present: T, wanted: T, unsaid: T) -> Outcome:
    """What becomes of something that the export says, by what this site says."""
    if present == wanted:
        return "unchanged"
    return "taken" if present == unsaid else "skipped"
