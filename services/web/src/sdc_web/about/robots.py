"""What robots are told: which crawlers of language models may read, and whether search engines may list the site."""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database, execute, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded

Crawlers: TypeAlias = Literal["", "allow", "answer", "refuse"]
MAX_EXTRA = 4_000
_LINE = re.compile(r"(?:[A-Za-z][A-Za-z-]{0,40}:[ -~]{0,500}|#[ -~]{0,500})?")


class Robots(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`crawlers` says what those of language models may do, as `SDC_AI_CRAWLERS` does, which counts while it is empty.
    `unlisted` asks search engines to leave every page out. `extra` is more lines for robots.txt.
    """

    crawlers: Crawlers = ""
    unlisted: bool = False
    extra: str = ""


SQL_ROBOTS = "SELECT robots FROM site WHERE id = 1"


async def current(connection: Connection) -> Robots:
    return decoded(str(await fetch_value(connection, SQL_ROBOTS) or "{}"))


def decoded(robots_json: str) -> Robots:
    """As the database holds it."""
    return msgspec.json.decode(robots_json, type=Robots)


SQL_SET_ROBOTS = "UPDATE site SET robots = :robots WHERE id = 1"


async def change(database: Database, by: Actor, given: Robots) -> Robots:
    """Robots are told this from their next request on. Raises Forbidden, and Invalid for lines that are no rules."""
    return await amend(database, by, msgspec.structs.asdict(given))


async def amend(database: Database, by: Actor, changes: Mapping[str, Any], guard: Guard = unguarded) -> Robots:
    """The same with other values in some fields."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        given = msgspec.structs.replace(await current(connection), **changes)
        kept = msgspec.structs.replace(given, extra=_extra(given.extra))
        await execute(connection, SQL_SET_ROBOTS, {"robots": msgspec.json.encode(kept).decode()})
        await audit.record(connection, by, "site.changed", "robots", "what robots are told")
    return kept


def _extra(text: str) -> str:
    """Lines of RFC 9309: `Name: value`, a remark, or nothing."""
    lines = [line.strip() for line in text.splitlines()]
    for line in lines:
        if not _LINE.fullmatch(line):
            raise Invalid(f"this is no line of a robots.txt, such as Disallow: /drafts: {line[:60]}", field="extra")
    kept = "\n".join(lines).strip("\n")
    if len(kept) > MAX_EXTRA:
        raise Invalid(f"more lines may have {MAX_EXTRA} characters in all", field="extra")
    return kept
