"""What the author says of the site as a whole: its title, its description, its language."""

import re

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database, execute, fetch_one

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.texts import language_names

MAX_TITLE = 100
MAX_DESCRIPTION = 300
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no title and no name holds, since feeds cannot carry it."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The three. Readers see the description on the home page that has no text of its own, and so do search engines."""

    title: str
    description: str
    language: str


def clean_title(title: str) -> str:
    """One line; Invalid when it is empty or too long."""
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE or UNSEEN.search(title):
        raise Invalid(f"the site's title has 1 to {MAX_TITLE} visible characters", field="site_title")
    return title


SQL_WORDS = "SELECT title, description, language FROM site WHERE id = 1"


async def words(connection: Connection) -> Words:
    found = await fetch_one(connection, Words, SQL_WORDS)
    return found or Words(title="", description="", language="en")


async def change(database: Database, by: Actor, given: Words) -> Words:
    """Keep them, cleaned. Raises Forbidden, and Invalid with the field that is wrong."""
    rights.require(by, "site.change")
    description = " ".join(given.description.split())
    if len(description) > MAX_DESCRIPTION or UNSEEN.search(description):
        raise Invalid(f"the description has at most {MAX_DESCRIPTION} visible characters", field="description")
    language = language_names.tag(given.language)
    if not language:
        raise Invalid("say what the site is written in", field="language")
    kept = Words(title=clean_title(given.title), description=description, language=language)
    async with database.transaction() as connection:
        await set_words(connection, kept)
        await audit.record(connection, by, "site.changed", "words", f"its words: {kept.title}")
    return kept


SQL_SET_WORDS = "UPDATE site SET title = :title, description = :description, language = :language WHERE id = 1"


async def set_words(connection: Connection, kept: Words) -> None:
    await execute(connection, SQL_SET_WORDS, msgspec.structs.asdict(kept))


SQL_SET_TITLE = "UPDATE site SET title = :title WHERE id = 1"


async def set_title(connection: Connection, title: str) -> None:
    await execute(connection, SQL_SET_TITLE, {"title": title})
