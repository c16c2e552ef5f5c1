"""Old addresses: those that posts had, which answer 301 with the present one for ever, and the author's own."""

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts.records import Kind, path_of

MAX_DIGITS = 18
_LATEST = 1 << 62


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """A row as the author sees it. `kind` and `slug` are those of the post it leads to, None for the author's own;
    `uses` are written some seconds late.
    """

    path: str
    own_target: str | None
    kind: Kind | None
    slug: str | None
    created_at_us: int
    uses: int
    used_at_us: int | None

    @property
    def target(self) -> str:
        """Where it leads now."""
        return path_of(self.kind, self.slug) if self.kind and self.slug else self.own_target or "/"

    @property
    def key(self) -> str:
        """Its place in the list."""
        return f"{self.created_at_us}{self.path}"


SQL_ADD = """
INSERT INTO redirects (path, post_id, created_at_us) VALUES (:path, :post_id, :now_us)
ON CONFLICT (path) DO UPDATE
SET post_id = excluded.post_id, target = NULL, created_at_us = excluded.created_at_us, uses = 0, used_at_us = NULL
"""


async def add(connection: Connection, path: str, post_id: str, now_us: int) -> None:
    """From now on `path` leads to that post; the newest owner of an address keeps it."""
    await execute(connection, SQL_ADD, {"path": path, "post_id": post_id, "now_us": now_us})


SQL_REMOVE = "DELETE FROM redirects WHERE path = :path"


async def remove(connection: Connection, path: str) -> int:
    """The address leads nowhere else any more; returns 0 where it did not."""
    return await execute(connection, SQL_REMOVE, {"path": path})


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    target: str | None
    kind: Kind | None
    slug: str | None


SQL_FIND = """
SELECT redirects.target, posts.kind, posts.slug
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
WHERE redirects.path = :path AND (redirects.target IS NOT NULL OR posts.revision_id IS NOT NULL)
"""


async def find(connection: Connection, path: str) -> str | None:
    """Where `path` leads: to what the author typed, or to the published post that once was there; None for nowhere."""
    found = await fetch_one(connection, _Target, SQL_FIND, {"path": path})
    if found is None:
        return None
    return path_of(found.kind, found.slug) if found.kind and found.slug else found.target


# With the key of the last one shown: a bare path would be lost with its redirect.
SQL_PAGE = """
SELECT redirects.path, redirects.target AS own_target, posts.kind, posts.slug, redirects.created_at_us,
    redirects.uses, redirects.used_at_us
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
WHERE (redirects.created_at_us < :at_us OR (redirects.created_at_us = :at_us AND redirects.path > :path))
    AND (:words = ''
        OR instr(lower(redirects.path || ' ' || coalesce(redirects.target, posts.slug, '')), lower(:words)))
ORDER BY redirects.created_at_us DESC, redirects.path
LIMIT :limit
"""


async def page(connection: Connection, by: Actor, words: str, after: str, limit: int) -> list[Redirect]:
    """Redirects of which a part of the old or the new address is `words`, the newest first, from behind the one whose
    `key` is `after`; both may be empty. Raises Forbidden, and Invalid for a key that is none.
    """
    rights.require(by, "site.read")
    at_us, path = _LATEST, ""
    if after:
        digits, slash, rest = after.partition("/")
        if not (slash and digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
            raise Invalid("This list cannot begin there: open it anew.", field="after")
        at_us, path = int(digits), slash + rest
    values = {"words": words.strip(), "at_us": at_us, "path": path, "limit": limit}
    return await fetch_all(connection, Redirect, SQL_PAGE, values)


SQL_SHOW = """
SELECT redirects.path, redirects.target AS own_target, posts.kind, posts.slug, redirects.created_at_us,
    redirects.uses, redirects.used_at_us
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
WHERE redirects.path = :path
"""


async def show(connection: Connection, by: Actor, path: str) -> Redirect:
    """One of them. Raises Forbidden, NotFound."""
    rights.require(by, "site.read")
    found = await fetch_one(connection, Redirect, SQL_SHOW, {"path": path})
    if found is None:
        raise NotFound("that address leads nowhere")
    return found


SQL_KNOWN = "SELECT 1 FROM redirects WHERE path = :path"


async def is_known(connection: Connection, path: str) -> bool:
    """Whether the address leads somewhere, or will once the post behind it is published."""
    return await fetch_value(connection, SQL_KNOWN, {"path": path}) is not None


SQL_OWN = "INSERT INTO redirects (path, target, created_at_us) VALUES (:path, :target, :now_us)"


async def put_own(connection: Connection, path: str, target: str) -> None:
    """The same of a path and a target that are known to be good."""
    await execute(connection, SQL_OWN, {"path": path, "target": target, "now_us": clock.now_us()})


SQL_RETARGET = "UPDATE redirects SET target = :new WHERE target = :old"


async def retarget(connection: Connection, old: str, new: str) -> None:
    """What led to the target `old` leads to `new`."""
    await execute(connection, SQL_RETARGET, {"old": old, "new": new})


SQL_IS_PUBLISHED = """
SELECT 1 FROM posts WHERE kind = :kind AND slug = :slug AND revision_id IS NOT NULL
"""


async def is_published(connection: Connection, path: str) -> bool:
    """Whether a published post, page or project is at that address."""
    folder, _, slug = path.rpartition("/")
    kinds: dict[str, Kind] = {"": "page", "/posts": "post", "/projects": "project"}
    if folder not in kinds:
        return False
    return await fetch_value(connection, SQL_IS_PUBLISHED, {"kind": kinds[folder], "slug": slug}) is not None
