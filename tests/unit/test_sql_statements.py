"""Every SQL constant of every module is shown to SQLite, against the schema that its service migrates to."""

import importlib
import pkgutil
from collections.abc import Generator
from contextlib import ExitStack, closing
from importlib.resources import files
from pathlib import Path

import pytest
from sdc_core import sqlite

PACKAGES = ("sdc_core", "sdc_web", "sdc_worker")
SCHEMAS = {
    "site": ("sdc_web", "migrations/site"),
    "ttl": ("sdc_web", "migrations/ttl"),
    "worker": ("sdc_worker", "migrations"),
}
# The schemas a module may speak of; the longest name that fits counts.
OF = {
    "sdc_core": ("site", "ttl", "worker"),
    "sdc_web": ("site", "ttl"),
    "sdc_worker": ("worker",),
    "sdc_worker.drills": ("worker", "site"),  # a drill asks the copies that it has restored
}

# Statements of another database: DuckDB, asked by tests/worker/test_analytics_*.
DUCKDB = "sdc_worker.analytics.visits"


class _AnyValue(dict[str, None]):
    """NULL for whatever parameter a statement names."""

    def __missing__(self, name: str) -> None:
        return None


def _modules() -> list[str]:
    names = list(PACKAGES)
    for package in PACKAGES:
        walked = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        names += [each.name for each in walked if not each.name.endswith(".__main__")]
    return names


def _statements() -> dict[str, str]:
    """Module path and name to the statement."""
    foreign = {value for name, value in vars(importlib.import_module(DUCKDB)).items() if name.startswith("SQL_")}
    found = {}
    for module in _modules():
        for name, value in vars(importlib.import_module(module)).items():
            if name.startswith("SQL_") and isinstance(value, str) and value not in foreign:
                found[f"{module}.{name}"] = value
    return found


STATEMENTS = _statements()


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, sqlite.pysqlite3.Connection]]:
    folder: Path = tmp_path_factory.mktemp("schemas")
    with ExitStack() as stack:
        opened = {}
        for name, (package, scripts) in SCHEMAS.items():
            sqlite.migrate(folder / f"{name}.db", files(package).joinpath(scripts))
            opened[name] = stack.enter_context(closing(sqlite.pysqlite3.connect(folder / f"{name}.db")))
        yield opened


def _complaint(connection: sqlite.pysqlite3.Connection, statement: str) -> str:
    try:
        connection.execute(f"EXPLAIN {statement}", _AnyValue())
    except sqlite.pysqlite3.Error as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_sqlite_understands_the_statement(name: str, schemas: dict[str, sqlite.pysqlite3.Connection]) -> None:
    owner = max((each for each in OF if name.startswith(f"{each}.")), key=len)
    complaints = {each: _complaint(schemas[each], STATEMENTS[name]) for each in OF[owner]}
    assert "" in complaints.values(), complaints


def test_the_walk_finds_the_statements() -> None:
    services = {name.partition(".")[0] for name in STATEMENTS}
    assert services >= {"sdc_web", "sdc_worker"}


def test_a_statement_over_a_column_that_is_not_there_would_be_found(
    schemas: dict[str, sqlite.pysqlite3.Connection],
) -> None:
    assert "no such column" in _complaint(schemas["site"], "SELECT absent FROM posts WHERE id = :id")
    assert _complaint(schemas["site"], "SELECT id FROM posts WHERE id = :id") == ""
