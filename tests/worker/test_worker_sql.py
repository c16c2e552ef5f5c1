"""Every SQL constant of the worker's stores is asked of the migrated schema, so that a renamed column cannot hide."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import msgspec
import pytest
import sdc_worker
from sdc_core.sqlite import Database, fetch_all
from sdc_worker.db import MIGRATIONS


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a query plan."""

    detail: str


def statements() -> Iterator[tuple[str, str]]:
    """Name and text of each `SQL_*` constant in a module named `store`; the analytics engine's SQL is DuckDB's."""
    for module in pkgutil.walk_packages(sdc_worker.__path__, "sdc_worker."):
        if module.name.endswith(".store"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if name.startswith("SQL_") and isinstance(value, str):
                    yield f"{module.name}.{name}", value


ALL = dict(statements())


async def plan(database: Database, sql: str) -> list[str]:
    """The steps of a statement's plan, with every parameter unset."""
    values = dict.fromkeys(re.findall(r"(?<!:):(\w+)", sql))
    async with database.read() as connection:
        rows = await fetch_all(connection, Step, f"EXPLAIN QUERY PLAN {sql}", values)
    return [row.detail for row in rows]


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_statement_fits_the_schema(database: Database, name: str) -> None:
    await plan(database, ALL[name])


def test_the_stores_of_all_nouns_are_walked() -> None:
    assert {name.split(".")[1] for name in ALL} >= {"analytics", "cron", "images", "ingest", "webhooks"}


@pytest.mark.parametrize(
    "name",
    [
        "ingest.store.SQL_STREAM",
        "ingest.store.SQL_BATCHES_AFTER",
        "webhooks.store.SQL_DUE",
        "webhooks.store.SQL_HASTEN",
        "webhooks.store.SQL_WAITING",
        "cron.store.SQL_LAST_RUNS",
        "cron.store.SQL_LATEST_RUNS",
        "cron.store.SQL_RUNS_OF_JOB",
        "cron.store.SQL_RUN_OF_MESSAGE",
    ],
)
async def test_what_is_asked_often_scans_no_table(database: Database, name: str) -> None:
    steps = await plan(database, ALL[f"sdc_worker.{name}"])
    assert not [step for step in steps if step.startswith("SCAN") and not re.search("USING|VIRTUAL", step)]
    assert not [step for step in steps if "TEMP B-TREE" in step and "LAST TERM" not in step]


def test_every_table_is_strict() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in MIGRATIONS.iterdir())
    assert text.count("CREATE TABLE") == text.count(") STRICT")
