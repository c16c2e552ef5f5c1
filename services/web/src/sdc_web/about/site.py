"""What the author says of the site as a whole: title, description, language, time zone, and where else they are to be
found.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database, execute, fetch_one, fetch_value

from sdc_web import audit, zones
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.texts import characters, language_names

MAX_TITLE = 100
MAX_DESCRIPTION = 300
MAX_ELSEWHERE = 12
MAX_LABEL = 40
MAX_URL = 1_000
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no title and no name holds, since feeds cannot carry it."""
MISLEADING = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)
"""What no name of a person or thing of theirs holds besides: it is not seen, or turns the words around it."""


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """The author at another site: `Mastodon` at an https URL."""

    label: str
    url: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Readers see the description on the home page that has no text of its own, and so do search engines; where else
    the author is stands at the foot of every page. Days and years of texts are those of `time_zone`, an IANA name.
    """

    title: str
    description: str
    language: str
    elsewhere: tuple[Elsewhere, ...] = ()
    time_zone: str = "UTC"


def clean_title(title: str) -> str:
    """One line; Invalid when it is empty or too long."""
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE or UNSEEN.search(title):
        raise Invalid(f"the site's title has 1 to {MAX_TITLE} visible characters", field="site_title")
    return title


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    description: str
    language: str
    elsewhere: str
    time_zone: str


def is_misleading(name: str) -> bool:
    """Whether a name holds what nobody sees, or what makes it read otherwise than it is written."""
    return UNSEEN.search(name) is not None or MISLEADING.search(name) is not None


SQL_WORDS = "SELECT title, description, language, elsewhere, time_zone FROM site WHERE id = 1"


async def words(connection: Connection) -> Words:
    found = await fetch_one(connection, _Row, SQL_WORDS)
    if found is None:
        return Words(title="", description="", language="en")
    return Words(
        title=found.title,
        description=found.description,
        language=found.language,
        elsewhere=decoded(found.elsewhere),
        # One that this machine does not know would let no other word be changed.
        time_zone=found.time_zone if found.time_zone in zones.NAMES else "UTC",
    )


SQL_ZONE = "SELECT time_zone FROM site WHERE id = 1"


async def zone(connection: Connection) -> str:
    """The time zone of readers, which `zones` knows from then on; empty for UTC."""
    return await known_zone(str(await fetch_value(connection, SQL_ZONE) or ""))


async def known_zone(name: str) -> str:
    """The same of what the database holds, which may come from a machine that knows others."""
    return name if await zones.load(name) else ""


def decoded(elsewhere_json: str) -> tuple[Elsewhere, ...]:
    """As the database holds it."""
    return msgspec.json.decode(elsewhere_json, type=tuple[Elsewhere, ...])


async def change(database: Database, by: Actor, given: Words) -> Words:
    """Keep them, cleaned. Raises Forbidden, and Invalid with the field that is wrong."""
    return await amend(database, by, msgspec.structs.asdict(given))


async def amend(database: Database, by: Actor, changes: Mapping[str, Any], guard: Guard = unguarded) -> Words:
    """The same with other values in some fields."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        kept = _cleaned(msgspec.structs.replace(await words(connection), **changes))
        await set_words(connection, kept)
        await audit.record(connection, by, "site.changed", "words", f"its words: {kept.title}")
    return kept


def _cleaned(given: Words) -> Words:
    description = " ".join(given.description.split())
    if len(description) > MAX_DESCRIPTION or UNSEEN.search(description):
        raise Invalid(f"the description has at most {MAX_DESCRIPTION} visible characters", field="description")
    language = language_names.tag(given.language)
    if not language:
        raise Invalid("say what the site is written in", field="language")
    return Words(
        title=clean_title(given.title),
        description=description,
        language=language,
        elsewhere=_elsewhere(given.elsewhere),
        time_zone=_zone(given.time_zone),
    )


def _zone(name: str) -> str:
    if name not in zones.NAMES:
        raise Invalid("choose one of these time zones", field="time_zone")
    return name


SQL_SET_WORDS = """
UPDATE site SET title = :title, description = :description, language = :language, elsewhere = :elsewhere,
    time_zone = :time_zone
WHERE id = 1
"""


async def set_words(connection: Connection, kept: Words) -> None:
    elsewhere = msgspec.json.encode(kept.elsewhere).decode()
    await execute(connection, SQL_SET_WORDS, msgspec.structs.asdict(kept) | {"elsewhere": elsewhere})


SQL_SET_TITLE = "UPDATE site SET title = :title WHERE id = 1"


async def set_title(connection: Connection, title: str) -> None:
    await execute(connection, SQL_SET_TITLE, {"title": title})


def _elsewhere(given: tuple[Elsewhere, ...]) -> tuple[Elsewhere, ...]:
    if len(given) > MAX_ELSEWHERE:
        raise Invalid(f"name at most {MAX_ELSEWHERE} other places", field="elsewhere")
    return tuple(_place(each) for each in given)


def _place(given: Elsewhere) -> Elsewhere:
    if not _is_https(given.url):
        raise Invalid("each line ends in an address that begins with https://", field="elsewhere")
    label = characters.fitting(characters.line(given.label), MAX_LABEL, "elsewhere", "the name of a place")
    if not label:
        raise Invalid("each line begins with a name, as in Mastodon https://…", field="elsewhere")
    return Elsewhere(label=label, url=given.url)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    named = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    return named and url.isascii() and url.isprintable() and len(url) <= MAX_URL
