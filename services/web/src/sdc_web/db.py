"""The two files of web, opened together: content in `site.db`, rows that expire in `ttl.db`."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import TypeAlias

import msgspec
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database, migrate, open_database

READERS = 2
MIGRATIONS = resources.files("sdc_web") / "migrations"
Guard: TypeAlias = Callable[[Connection], Awaitable[None]]
"""Asked first in the transaction of a change, it raises where that must not be made as things stand."""


class Databases(msgspec.Struct, frozen=True, kw_only=True):
    """Both databases, each with its one writer and its readers."""

    site: Database
    ttl: Database


@asynccontextmanager
async def open_databases(settings: Settings) -> AsyncGenerator[Databases]:
    """Both files at their newest schema, for the block. What is committed to `site.db` is on the disk: the editor lets
    go of what the browser keeps as soon as a save is answered.
    """
    async with (
        open_database(settings.site_db, MIGRATIONS / "site", readers=READERS, synchronous="FULL") as site,
        open_database(settings.ttl_db, MIGRATIONS / "ttl", readers=1) as ttl,
    ):
        yield Databases(site=site, ttl=ttl)


async def unguarded(_: Connection) -> None:
    """Lets every change be made."""


def migrate_all(settings: Settings) -> None:
    """Bring both files to their newest schema. Blocking: before the server starts, or in a thread."""
    migrate(settings.site_db, MIGRATIONS / "site")
    migrate(settings.ttl_db, MIGRATIONS / "ttl")
