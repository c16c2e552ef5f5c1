"""What a recovery finds in its way is kept, whatever the data folder is made of."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sdc_cli import recovery, recovery_store
from sdc_core.errors import Conflict
from sdc_core.settings import Settings

from tiny_disks import may_mount

ASIDE = "before-recovery-20261124T100000"
WITHIN = """
import sys
from pathlib import Path
from test_recovery_aside import set_aside
set_aside(Path(sys.argv[1]), "object-store")
"""


class Planned:
    """As much of a plan as is asked for."""

    aside = ASIDE
    set_aside = ("site.db", "object-store")


def set_aside(folder: Path, *names: str) -> None:
    """As a recovery does it."""
    recovery._set_aside(Settings(DATA_DIR=folder), Planned(), names)  # ty: ignore[invalid-argument-type]


def told(folder: Path) -> dict[str, str]:
    """Every file below, and what is in it."""
    return {str(each.relative_to(folder)): each.read_text() for each in sorted(folder.rglob("*")) if each.is_file()}


def test_an_interrupted_recovery_that_goes_on_keeps_what_was_here_first(tmp_path: Path) -> None:
    (tmp_path / "site.db").write_text("the author's")
    set_aside(tmp_path, "site.db")
    (tmp_path / "site.db").write_text("restored, then interrupted")
    set_aside(tmp_path, "site.db")
    assert told(tmp_path) == {f"{ASIDE}/site.db": "the author's"}


@pytest.mark.skipif(not may_mount(), reason="NOT TRIED: this system lets nobody mount a file system here")
def test_a_store_on_a_volume_of_its_own_goes_aside_within_it(tmp_path: Path) -> None:
    volume, data = tmp_path / "volume", tmp_path / "data"
    (volume / "data").mkdir(parents=True)
    (volume / "data" / "1.dat").write_text("a picture")
    (data / "object-store").mkdir(parents=True)
    # On one file system, as the volumes of an engine are: a mount that nothing but the refusal tells.
    mounted = 'mount --bind "$0" "$1/object-store" && shift && exec "$@"'
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", mounted, volume, data, sys.executable, "-c", WITHIN]
    seeing = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run([*command, data], env=seeing, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert told(volume) == {f"{ASIDE}/data/1.dat": "a picture"}


def test_a_store_that_runs_is_left_where_it_is(tmp_path: Path) -> None:
    index = tmp_path / "object-store" / "data" / "filerldb2"
    index.mkdir(parents=True)
    with (index / "LOCK").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match=r"the object store runs on .*: stop it first"):
            recovery_store.require_stopped(Settings(DATA_DIR=tmp_path, S3_ENDPOINT_URL="http://127.0.0.1:48333"))
    recovery_store.require_stopped(Settings(DATA_DIR=tmp_path, S3_ENDPOINT_URL="http://127.0.0.1:48333"))
