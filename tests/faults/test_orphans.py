"""A web whose parent is killed when the processes below it have only just begun."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from sdc_core import webhooks

from living_site import eventually
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(120)

SDC_WEB = Path(sys.executable).with_name("sdc-web")
LOADED_S, SOON_S = 60, 2


@pytest.fixture
def beginning(tmp_path: Path) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """A web and the process below it, which has only just begun."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")} | {
        "SDC_DATA_DIR": str(tmp_path),
        "SDC_WEB_PORT": str(free_ports()),
        "SDC_WEBHOOK_SECRETS": webhooks.new_secret(),
    }
    with subprocess.Popen([SDC_WEB], env=environment, start_new_session=True) as web:
        try:
            eventually(lambda: _children(web.pid), LOADED_S, every_s=0.01)
            yield web, _children(web.pid)[0]
        finally:
            os.killpg(web.pid, signal.SIGKILL)


def test_a_web_that_has_only_just_begun_does_not_outlive_its_parent(
    beginning: tuple[subprocess.Popen[bytes], int],
) -> None:
    web, below = beginning
    web.kill()
    eventually(lambda: _is_gone(below), SOON_S)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_gone(pid: int) -> bool:
    """Whether it has ended; a dead one may stay listed until its parent looks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
