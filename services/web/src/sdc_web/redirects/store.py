"""Old addresses: those that posts had, which answer 301 with the present one for ever, and the author's own."""

from collections.abc import Sequence

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts.records import Kind, path_of
from sdc_web.redirects import addresses

MAX_DIGITS = 18
MAX_FORMER = 200
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


class _Row(_Target, frozen=True, kw_only=True):
    path: str


# The deepest folder counts, and the address itself before any.
SQL_FOLLOW = """
SELECT redirects.path, redirects.target, posts.kind, posts.slug
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
WHERE redirects.path IN (SELECT value FROM json_each(:paths))
    AND (redirects.target IS NOT NULL OR posts.revision_id IS NOT NULL)
ORDER BY redirects.path = :path DESC, length(redirects.path) DESC LIMIT 1
"""


async def follow(connection: Connection, path: str) -> tuple[str, str] | None:
    """Where `path` leads, by a redirect of its own or by a rule for all below a folder, and the path of that redirect.
    Only for what nothing else answers.
    """
    paths = [path, *addresses.rules(path)]
    values = {"path": path, "paths": msgspec.json.encode(paths).decode()}
    found = await fetch_one(connection, _Row, SQL_FOLLOW, values)
    if found is None:
        return None
    if found.kind and found.slug:
        return path_of(found.kind, found.slug), found.path
    is_rule = found.path.endswith(addresses.BELOW)
    leads_to = found.target or "/"
    return (addresses.filled(found.path, leads_to, path) if is_rule else leads_to), found.path


class _Into(msgspec.Struct, frozen=True, kw_only=True):
    target: str


SQL_HERE = "SELECT DISTINCT target FROM redirects WHERE target LIKE '/%'"


async def leading_into(connection: Connection, folder: str) -> list[str]:
    """Where redirects of the author's own lead, that lead to a folder of this site or below it, however it is written
    and whatever is asked of it.
    """
    found = await fetch_all(connection, _Into, SQL_HERE)
    return [each.target for each in found if f"{addresses.path_here(each.target)}/".startswith(f"{folder}/")]


SQL_IS_GONE = """
SELECT 1 FROM gone_addresses WHERE path = :path
UNION ALL SELECT 1 FROM redirects JOIN posts ON posts.id = redirects.post_id
WHERE redirects.path = :path AND posts.revision_id IS NULL AND posts.published_at_us IS NOT NULL
"""


async def is_gone(connection: Connection, path: str) -> bool:
    """Whether readers once found a text at that address, and find nothing there by now."""
    if await fetch_value(connection, SQL_IS_GONE, {"path": path}) is None:
        return False
    return await find(connection, path) is None


# With the key of the last one shown: a bare path would be lost with its redirect.
SQL_PAGE = """
SELECT redirects.path, redirects.target AS own_target, posts.kind, coalesce(trashed_posts.slug, posts.slug) AS slug,
    redirects.created_at_us, redirects.uses, redirects.used_at_us
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
LEFT JOIN trashed_posts ON trashed_posts.post_id = redirects.post_id
WHERE (redirects.created_at_us < :at_us OR (redirects.created_at_us = :at_us AND redirects.path > :path))
    AND (:words = ''
        OR instr(lower(redirects.path || ' ' || coalesce(redirects.target, trashed_posts.slug, posts.slug, '')),
            lower(:words)))
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
SELECT redirects.path, redirects.target AS own_target, posts.kind, coalesce(trashed_posts.slug, posts.slug) AS slug,
    redirects.created_at_us, redirects.uses, redirects.used_at_us
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
LEFT JOIN trashed_posts ON trashed_posts.post_id = redirects.post_id
WHERE redirects.path = :path
"""


async def show(connection: Connection, by: Actor, path: str) -> Redirect:
    """One of them. Raises Forbidden, NotFound."""
    rights.require(by, "site.read")
    found = await fetch_one(connection, Redirect, SQL_SHOW, {"path": path})
    if found is None:
        raise NotFound("that address leads nowhere")
    return found


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """An address that a text had, and where it is now."""

    path: str
    kind: Kind
    slug: str

    @property
    def present(self) -> str:
        """Its path."""
        return path_of(self.kind, self.slug)


SQL_FORMER_PATHS = """
SELECT redirects.path, posts.kind, posts.slug FROM json_each(:post_ids) AS wanted
CROSS JOIN redirects ON redirects.post_id = wanted.value JOIN posts ON posts.id = redirects.post_id
ORDER BY redirects.created_at_us DESC, redirects.path LIMIT :limit
"""


async def former_paths(connection: Connection, post_ids: Sequence[str]) -> list[Former]:
    """The addresses that texts had, those left last first; at most `MAX_FORMER`."""
    values = {"post_ids": msgspec.json.encode(post_ids).decode(), "limit": MAX_FORMER}
    return await fetch_all(connection, Former, SQL_FORMER_PATHS, values)


SQL_MOVED = """
SELECT redirects.path, posts.kind, posts.slug FROM json_each(:paths) AS wanted
CROSS JOIN redirects ON redirects.path = wanted.value JOIN posts ON posts.id = redirects.post_id
"""


async def moved(connection: Connection, paths: Sequence[str]) -> list[Former]:
    """Those of the paths at which a text was that is elsewhere now."""
    return await fetch_all(connection, Former, SQL_MOVED, {"paths": msgspec.json.encode(paths).decode()})


SQL_KNOWN = "SELECT 1 FROM redirects WHERE path = :path"


async def is_known(connection: Connection, path: str) -> bool:
    """Whether the address leads somewhere, or will once the post behind it is published."""
    return await fetch_value(connection, SQL_KNOWN, {"path": path}) is not None


SQL_KEPT_FOR_ANOTHER = """
SELECT redirects.target, posts.kind, coalesce(trashed_posts.slug, posts.slug) AS slug
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
LEFT JOIN trashed_posts ON trashed_posts.post_id = redirects.post_id
WHERE redirects.path = :path AND redirects.post_id IS NOT :post_id
"""


async def kept_for_another(connection: Connection, path: str, post_id: str) -> str | None:
    """Where the redirect at that path leads, or will once the text behind it is published; None where there is none,
    and where that post itself was there.
    """
    found = await fetch_one(connection, _Target, SQL_KEPT_FOR_ANOTHER, {"path": path, "post_id": post_id})
    if found is None:
        return None
    return path_of(found.kind, found.slug) if found.kind and found.slug else found.target


SQL_OWN = "INSERT INTO redirects (path, target, created_at_us) VALUES (:path, :target, :now_us)"


async def put_own(connection: Connection, path: str, target: str) -> None:
    """The same of a path and a target that are known to be good."""
    await execute(connection, SQL_OWN, {"path": path, "target": target, "now_us": clock.now_us()})


SQL_LEADS = "SELECT target FROM redirects WHERE path = :path AND target IS NOT NULL"


async def leads(connection: Connection, path: str) -> str | None:
    """Where the author's own redirect at that path leads; None without one."""
    found = await fetch_value(connection, SQL_LEADS, {"path": path})
    return None if found is None else str(found)


SQL_SET_TARGET = "UPDATE redirects SET target = :target WHERE path = :path"


async def set_target(connection: Connection, path: str, target: str) -> None:
    """What is at that path leads there, and is the author's own."""
    await execute(connection, SQL_SET_TARGET, {"path": path, "target": target})


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
