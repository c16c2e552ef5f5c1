"""The author's own redirects: added, moved along with what they lead to, deleted."""

from urllib.parse import quote

from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.redirects import addresses
from sdc_web.redirects.store import is_known, is_published, put_own, remove, retarget


async def add_own(database: Database, by: Actor, path: str, target: str, site_url: str) -> str:
    """From now on `path` leads to `target`, a path or an https URL; returns the path as it is kept. Raises Forbidden,
    Invalid naming the field.

    A target that is an old address itself is refused, so redirects never go round in a circle.
    """
    rights.require(by, "site.change")
    old = addresses.old_path(path)
    leads_to = addresses.target(target, site_url)
    here = addresses.path_here(leads_to)
    async with database.transaction() as connection:
        if await is_known(connection, old):
            raise Invalid("This address leads somewhere already: delete that first.", field="path")
        if await is_published(connection, old):
            raise Invalid("A published text has this address.", field="path")
        if here == old:
            raise Invalid("An address cannot lead to itself.", field="target")
        if here and await is_known(connection, here):
            raise Invalid("This address leads on by itself: name the one where it ends.", field="target")
        await put_own(connection, old, leads_to)
        await audit.record(connection, by, "redirect.added", old, f"{old} to {leads_to}")
    return old


async def move_own(connection: Connection, old: str, new: str) -> None:
    """What was at the path `old` is at `new` from now on: no redirect is there, and what led to `old` leads there."""
    target = quote(new)
    await remove(connection, new)
    await remove(connection, old)
    await retarget(connection, quote(old), target)
    await put_own(connection, old, target)


async def delete(database: Database, by: Actor, path: str) -> bool:
    """The address leads nowhere any more; False where it did not before. Raises Forbidden."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        removed = await remove(connection, path) > 0
        if removed:
            await audit.record(connection, by, "redirect.deleted", path, path)
    return removed
