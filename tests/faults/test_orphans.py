"""A web whose parent is killed while the processes below it still import."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from sdc_core import clock, webhooks

from sdc_up import free_ports

SDC_WEB = Path(sys.executable).with_name("sdc-web")
SOON_S = 2


@pytest.fixture
def importing(tmp_path: Path) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """A web and the process below it, which has only begun to import the application."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")} | {
        "SDC_DATA_DIR": str(tmp_path),
        "SDC_WEB_PORT": str(free_ports()),
        "SDC_WEBHOOK_SECRETS": webhooks.new_secret(),
    }
    with subprocess.Popen([SDC_WEB], env=environment, start_new_session=True) as web:
        try:
            while not (below := _children(web.pid)):
                assert web.poll() is None
            yield web, below[0]
        finally:
            os.killpg(web.pid, signal.SIGKILL)


def test_a_web_that_still_imports_does_not_outlive_its_parent(importing: tuple[subprocess.Popen[bytes], int]) -> None:
    web, below = importing
    web.kill()
    assert _ends(below, SOON_S)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _ends(pid: int, within_s: int) -> bool:
    give_up_us = clock.monotonic_us() + within_s * clock.SECOND_US
    while clock.monotonic_us() < give_up_us:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        threading.Event().wait(0.02)
    return False
