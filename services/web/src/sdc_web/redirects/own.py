"""The author's own redirects: added, moved along with what they lead to, deleted."""

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.redirects import addresses
from sdc_web.redirects.store import (
    follow,
    is_known,
    is_published,
    leading_into,
    leads,
    put_own,
    remove,
    retarget,
    set_target,
)


async def add_own(database: Database, by: Actor, path: str, target: str, site_url: str) -> str:
    """From now on `path` leads to `target`, a path or an https URL; returns the path as it is kept. A path that ends in
    `/*` stands for all below it that nothing else answers, and a target that does so gets the rest of it. Raises
    Forbidden, Invalid naming the field.

    A target that is an old address itself is refused, so redirects never go round in a circle.
    """
    rights.require(by, "site.change")
    old = addresses.old_path(path)
    leads_to = addresses.target(target, site_url)
    async with database.transaction() as connection:
        await _add(connection, old, leads_to)
        await audit.record(connection, by, "redirect.added", old, f"{old} to {leads_to}")
    return old


async def add_all(database: Database, by: Actor, pairs: Sequence[tuple[str, str]], site_url: str) -> int:
    """The same for each path and its target, all of them or none; returns how many did not lead there before. Raises
    Forbidden, and Invalid naming the first that cannot be.
    """
    rights.require(by, "site.change")
    added = 0
    async with database.transaction() as connection:
        for number, (path, target) in enumerate(pairs, 1):
            try:
                old, leads_to = addresses.old_path(path), addresses.target(target, site_url)
                if await leads(connection, old) != leads_to:
                    await _add(connection, old, leads_to)
                    added += 1
            except Invalid as error:
                raise Invalid(f"Redirect {number}, its {error.field}: {error}", field="redirects") from None
        if added:
            await audit.record(connection, by, "redirect.added", "", f"{added} at once")
    return added


async def retarget_own(
    database: Database, by: Actor, path: str, target: str, site_url: str, guard: Guard = unguarded
) -> None:
    """The redirect of the author at `path` leads to `target` from now on. Raises Forbidden, Invalid, NotFound where
    there is none of their own, and what `guard` raises.
    """
    rights.require(by, "site.change")
    leads_to = addresses.target(target, site_url)
    async with database.transaction() as connection:
        if await leads(connection, path) is None:
            raise NotFound("no redirect of your own is at that address")
        await guard(connection)
        await _require_end(connection, path, leads_to)
        await set_target(connection, path, leads_to)
        await audit.record(connection, by, "redirect.changed", path, f"{path} to {leads_to}")


async def _add(connection: Connection, old: str, leads_to: str) -> None:
    if await is_known(connection, old):
        raise Invalid("This address leads somewhere already: delete that first.", field="path")
    if await is_published(connection, old):
        raise Invalid("A published text has this address.", field="path")
    await _require_end(connection, old, leads_to)
    await put_own(connection, old, leads_to)


async def _require_end(connection: Connection, old: str, leads_to: str) -> None:
    here = addresses.path_here(leads_to)
    if not here:
        if leads_to.endswith(addresses.BELOW) and not old.endswith(addresses.BELOW):
            raise Invalid("Only an old address that ends in /* has a rest that a star could stand for.", field="target")
        return
    if addresses.numbered(here, urlsplit(leads_to).query):
        raise Invalid("Name the address where the text is now.", field="target")
    folder = old.removesuffix(addresses.BELOW)
    if here == old or (folder != old and f"{here}/".startswith(f"{folder}/")):
        raise Invalid("An address cannot lead to itself.", field="target")
    if here.endswith(addresses.BELOW) and folder == old:
        raise Invalid("Only an old address that ends in /* has a rest that a star could stand for.", field="target")
    if await follow(connection, here) and not await is_published(connection, here):
        raise Invalid("This address leads on by itself: name the one where it ends.", field="target")
    if folder != old:
        for each in await leading_into(connection, folder):
            if not await is_published(connection, addresses.path_here(each)):
                raise Invalid(f"A redirect leads into this folder already, to {each}: change that first.", field="path")


async def move_own(connection: Connection, old: str, new: str) -> None:
    """What was at the path `old` is at `new` from now on: no redirect is there, and what led to `old` leads there."""
    target = quote(new)
    await remove(connection, new)
    await remove(connection, old)
    await retarget(connection, quote(old), target)
    await put_own(connection, old, target)


async def delete(database: Database, by: Actor, path: str, guard: Guard = unguarded) -> bool:
    """The address leads nowhere any more; False where it did not before. Raises Forbidden, and what `guard` raises."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        removed = await remove(connection, path) > 0
        if removed:
            await audit.record(connection, by, "redirect.deleted", path, path)
    return removed
