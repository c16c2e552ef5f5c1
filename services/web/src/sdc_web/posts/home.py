"""The projects that the author has put on the home page, in order. They are no part of any revision."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.posts import store
from sdc_web.posts.reading import Summary

MAX_CHOSEN = 12
Move: TypeAlias = Literal["up", "down"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A project as its author chooses it: `title` is the newest revision's, `position` None for one not chosen."""

    id: str
    title: str
    on_site: bool
    position: int | None


SQL_CHOSEN = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language,
    r.project AS project_json
FROM home_projects
JOIN posts ON posts.id = home_projects.post_id
JOIN revisions AS r ON r.id = posts.revision_id
ORDER BY home_projects.position, posts.id
"""


async def chosen(connection: Connection) -> list[Summary]:
    """Those that readers see, in the author's order."""
    return await fetch_all(connection, Summary, SQL_CHOSEN)


SQL_CANDIDATES = """
SELECT posts.id, newest.title, posts.revision_id IS NOT NULL AS on_site, home_projects.position
FROM posts JOIN revisions AS newest ON newest.post_id = posts.id
LEFT JOIN home_projects ON home_projects.post_id = posts.id
WHERE posts.kind = 'project' AND newest.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id)
    AND NOT EXISTS (SELECT 1 FROM trashed_posts WHERE post_id = posts.id)
ORDER BY home_projects.position IS NULL, home_projects.position, newest.title, posts.id
"""


async def candidates(connection: Connection, by: Actor) -> list[Candidate]:
    """Every project, those chosen first and in order, then the others by title. Raises Forbidden."""
    rights.require(by, "site.read")
    return await fetch_all(connection, Candidate, SQL_CANDIDATES)


async def choose(database: Database, by: Actor, post_id: str) -> None:
    """Put a project last on the home page; one that is there stays where it is.

    Raises Forbidden, NotFound, Invalid for a post or page, Conflict when there is no more room.
    """
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        if (await store.post(connection, post_id)).kind != "project":
            raise Invalid("Only projects are chosen for the home page.", field="post_id")
        order = await _order(connection, by)
        if post_id in order:
            return
        if len(order) >= MAX_CHOSEN:
            raise Conflict(f"The home page has room for {MAX_CHOSEN} projects: take one off first.")
        await _put(connection, [*order, post_id])
        await audit.record(connection, by, "site.changed", "home", "the projects of the home page: one more")


async def move(database: Database, by: Actor, post_id: str, way: Move) -> None:
    """One place up or down; at the end nothing happens. Raises Forbidden, NotFound for one that is not there."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        order = await _order(connection, by)
        if post_id not in order:
            raise NotFound("This project is not on the home page.")
        before = order.index(post_id)
        after = min(max(before + (-1 if way == "up" else 1), 0), len(order) - 1)
        if after == before:
            return
        order.insert(after, order.pop(before))
        await _put(connection, order)
        await audit.record(connection, by, "site.changed", "home", "the projects of the home page: their order")


SQL_CLEAR = "DELETE FROM home_projects"


async def arrange(database: Database, by: Actor, post_ids: tuple[str, ...], guard: Guard = unguarded) -> None:
    """These projects stand on the home page from now on, in this order, and no others.

    Raises Forbidden, and Invalid for too many, for one named twice, and for what is no project.
    """
    rights.require(by, "site.change")
    if len(post_ids) > MAX_CHOSEN:
        raise Invalid(f"The home page has room for {MAX_CHOSEN} projects.", field="post_ids")
    if len(set(post_ids)) < len(post_ids):
        raise Invalid("Name each project once.", field="post_ids")
    async with database.transaction() as connection:
        await guard(connection)
        known = {each.id for each in await candidates(connection, by)}
        if others := [each for each in post_ids if each not in known]:
            raise Invalid(f"No project has the id {others[0][:40]!a}.", field="post_ids")
        await execute(connection, SQL_CLEAR)
        await _put(connection, list(post_ids))
        await audit.record(connection, by, "site.changed", "home", f"the projects of the home page: {len(post_ids)}")


SQL_LEAVE = "DELETE FROM home_projects WHERE post_id = :post_id"


async def leave(database: Database, by: Actor, post_id: str) -> None:
    """Take a project off the home page; the project itself stays. Raises Forbidden."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        if await execute(connection, SQL_LEAVE, {"post_id": post_id}):
            await audit.record(connection, by, "site.changed", "home", "the projects of the home page: one less")


async def _order(connection: Connection, by: Actor) -> list[str]:
    return [each.id for each in await candidates(connection, by) if each.position is not None]


SQL_PUT = """
INSERT INTO home_projects (post_id, position) VALUES (:post_id, :position)
ON CONFLICT (post_id) DO UPDATE SET position = excluded.position WHERE position <> excluded.position
"""


async def _put(connection: Connection, order: list[str]) -> None:
    for position, post_id in enumerate(order, start=1):
        await execute(connection, SQL_PUT, {"post_id": post_id, "position": position})
