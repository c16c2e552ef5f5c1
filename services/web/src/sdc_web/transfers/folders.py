"""Where the files of transfers lie: a folder each, named by an id of our own making."""

import shutil
from collections.abc import Collection
from pathlib import Path

from sdc_core import clock
from sdc_core.settings import Settings

from sdc_web.imports import scratch
from sdc_web.transfers.records import Step, Transfer

YOUNG_US = 3_600 * clock.SECOND_US
"""A folder without a row may be about to get one."""


def root(settings: Settings) -> Path:
    """All of them."""
    return settings.DATA_DIR / "transfers"


def of(settings: Settings, transfer_id: str) -> Path:
    """That of one."""
    return root(settings) / transfer_id


def file(settings: Settings, transfer: Transfer) -> Path:
    """What was sent, or was made. It lies in a folder of its own, since an import looks around where its file is."""
    return of(settings, transfer.id) / "file" / transfer.file


def report(settings: Settings, transfer_id: str, step: Step) -> Path:
    """What is told of a step, a line for each thing."""
    return of(settings, transfer_id) / f"{step}.ndjson"


def remove_file(settings: Settings, transfer_id: str) -> None:
    """Its file goes, what is told of it stays. Blocking."""
    shutil.rmtree(of(settings, transfer_id) / "file", ignore_errors=True)


def remove(settings: Settings, transfer_id: str) -> None:
    """All of it goes. Blocking."""
    shutil.rmtree(of(settings, transfer_id), ignore_errors=True)


def tidy(settings: Settings, known: Collection[str]) -> None:
    """Remove what belongs to no row, and what imports that were killed had unpacked. Blocking."""
    scratch.sweep(settings.DATA_DIR)
    folder = root(settings)
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.is_dir() and each.name not in known:
            age_us = clock.now_us() - int(each.stat().st_mtime * clock.SECOND_US)
            if age_us > YOUNG_US:
                shutil.rmtree(each, ignore_errors=True)
