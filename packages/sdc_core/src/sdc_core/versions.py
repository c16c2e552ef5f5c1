"""Which release runs, on what, and which schemas its files have."""

import platform
import re
import subprocess
from contextlib import closing
from importlib.metadata import version
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from sdc_core import sqlite
from sdc_core.answers.versions import Copy, Program, Schema, Versions
from sdc_core.errors import Misconfigured, Unavailable
from sdc_core.metrics import Family, Sample
from sdc_core.process import find_program

SDC: Final = version("sdc-core")
PYTHON: Final = platform.python_version()
PROGRAM_S = 10
_VERSION = re.compile(r"(?<![\d.])\d+\.\d+(?:\.\d+)?")


def of_process(programs: tuple[str, ...] = (), schemas: tuple[tuple[Path, Traversable], ...] = ()) -> Versions:
    """Of this process, those programs, and those files with their migrations. Blocking: it starts each program."""
    return Versions(
        sdc=SDC,
        python=PYTHON,
        sqlite=sqlite.VERSION,
        programs=[Program(name=name, version=_of_program(name)) for name in programs],
        schemas=[schema(path, migrations) for path, migrations in schemas],
    )


def schema(path: Path, migrations: Traversable) -> Schema:
    """What a file has, as it lies there; nothing is changed. Raises Misconfigured for one that is no database."""
    return Schema(
        file=path.name,
        present=_present(path) if path.exists() else None,
        newest=sqlite.newest(migrations),
        copies=sorted(_copies(path), key=lambda copy: copy.schema, reverse=True),
    )


def said_by(name: str) -> str:
    """The first line that a program answers to `version`. Raises Misconfigured where there is none of that name, and
    Unavailable where it does not answer well within `PROGRAM_S`. Blocking.
    """
    try:
        done = subprocess.run(
            (find_program(name), "version"), capture_output=True, text=True, timeout=PROGRAM_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from None
    said = (done.stdout or done.stderr).strip().splitlines()
    if done.returncode:
        message = said[0] if said else f"{name} ended with {done.returncode} and says nothing"
        raise Unavailable(message)
    return said[0] if said else ""


def figure(service: str) -> Family:
    """What runs, as labels of a figure that is always 1."""
    labels = {"service": service, "version": SDC, "python": PYTHON, "sqlite": sqlite.VERSION}
    return Family(name="sdc_info", kind="gauge", help="What runs here.", samples=(Sample(labels=labels, value=1),))


def _of_program(name: str) -> str:
    try:
        said = said_by(name)
    except (Misconfigured, Unavailable):
        return ""
    found = _VERSION.search(said)
    return found[0] if found else ""


def _present(path: Path) -> int:
    try:
        with closing(sqlite.connect_to_read(path)) as connection:
            (present,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite.DatabaseError as error:
        message = f"{path} cannot be read: {error}"
        raise Misconfigured(message) from None
    return int(present)


def _copies(path: Path) -> list[Copy]:
    named = re.compile(rf"{re.escape(path.stem)}-schema(\d+)\.db")
    found = []
    for file in (path.parent / "snapshots").glob(f"{path.stem}-schema*.db"):
        if match := named.fullmatch(file.name):
            told = file.stat()
            made_us = told.st_mtime_ns // 1_000
            found.append(Copy(file=file.name, schema=int(match[1]), made_us=made_us, size_bytes=told.st_size))
    return found
