import importlib
import pkgutil
import re
import sqlite3
from contextlib import closing

import pytest
import sdc_web
from sdc_core.settings import Settings
from sdc_web import db

_NAME = re.compile(r"(?<!:):([a-z_]\w*)")


def _statements() -> dict[str, str]:
    """Every `SQL_*` constant of every module, by module and name."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(sdc_web.__path__, "sdc_web.")]
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if name.lstrip("_").startswith("SQL_") and isinstance(value, str)
    }


def _plan(settings: Settings, sql: str) -> list[str]:
    """What SQLite would do, asked of the file that has the statement's tables; the error when neither has."""
    values = dict.fromkeys(_NAME.findall(sql), 1)
    failure: Exception | None = None
    for path in (settings.site_db, settings.ttl_db):
        with closing(sqlite3.connect(path)) as connection:
            try:
                return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
            except sqlite3.OperationalError as error:
                failure = failure or error
    raise AssertionError(f"{failure}: {sql}")


@pytest.fixture
def migrated(settings: Settings) -> Settings:
    db.migrate_all(settings)
    return settings


def test_every_statement_fits_the_schema(migrated: Settings) -> None:
    statements = _statements()
    assert len(statements) > 40
    for sql in statements.values():
        _plan(migrated, sql)


@pytest.mark.parametrize("name", ["SQL_BY_SLUG", "SQL_NEWEST", "SQL_OF_KIND", "SQL_TAGGED"])
def test_what_readers_ask_for_reads_no_whole_table(migrated: Settings, name: str) -> None:
    plan = _plan(migrated, _statements()[f"sdc_web.posts.reading.{name}"])
    assert not [step for step in plan if step.startswith("SCAN")]


@pytest.mark.parametrize(
    "name", ["posts.redirects.SQL_FIND", "posts.store.SQL_DUE", "media.assets.SQL_FIND", "media.assets.SQL_NEWEST"]
)
def test_what_is_asked_often_uses_an_index(migrated: Settings, name: str) -> None:
    plan = _plan(migrated, _statements()[f"sdc_web.{name}"])
    assert not [step for step in plan if step.startswith("SCAN") and "USING INDEX" not in step]


def test_the_newest_posts_come_in_order_from_the_index(migrated: Settings) -> None:
    plan = _plan(migrated, _statements()["sdc_web.posts.reading.SQL_NEWEST"])
    assert not [step for step in plan if "TEMP B-TREE" in step]
