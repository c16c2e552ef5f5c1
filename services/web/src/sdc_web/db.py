"""The two files of web, opened together: content in `site.db`, rows that expire in `ttl.db`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources

import msgspec
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, migrate, open_database

READERS = 2
MIGRATIONS = resources.files("sdc_web") / "migrations"


class Databases(msgspec.Struct, frozen=True, kw_only=True):
    """Both databases, each with its one writer and its readers."""

    site: Database
    ttl: Database


@asynccontextmanager
async def open_databases(settings: Settings) -> AsyncGenerator[Databases]:
    """Both files at their newest schema, for the block."""
    async with (
        open_database(settings.site_db, MIGRATIONS / "site", readers=READERS) as site,
        open_database(settings.ttl_db, MIGRATIONS / "ttl", readers=1) as ttl,
    ):
        yield Databases(site=site, ttl=ttl)


def migrate_all(settings: Settings) -> None:
    """Bring both files to their newest schema. Blocking: before the server starts, or in a thread."""
    migrate(settings.site_db, MIGRATIONS / "site")
    migrate(settings.ttl_db, MIGRATIONS / "ttl")
