"""Each part started alone, as containers do it."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sdc_cli import first_run
from sdc_core.settings import Settings

from living_site import eventually
from sdc_up import SDC, free_ports

pytestmark = pytest.mark.timeout(120)


class Alone:
    """The store and the worker, with what was prepared between."""

    def __init__(self, data: Path) -> None:
        first = free_ports()
        self.data = data
        self.environment = {
            **os.environ,
            "SDC_DATA_DIR": str(data),
            "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
            "SDC_WEB_PORT": str(first + 10),
            "SDC_WORKER_PORT": str(first + 11),
        }
        self.store_url = f"http://127.0.0.1:{first}/healthz"
        self.worker_url = f"http://127.0.0.1:{first + 11}/health"

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SDC, *arguments],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, part: str) -> subprocess.Popen[bytes]:
        with (self.data.parent / f"{part}.log").open("wb") as said:
            return subprocess.Popen([SDC, part], env=self.environment, stdout=said, stderr=said)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Generator[Alone]:
    """The store alone; it is told to end at the end, and must do so well."""
    parts = Alone(tmp_path_factory.mktemp("alone") / "data")
    store = parts.start("store")
    with ExitStack() as at_the_end:
        at_the_end.callback(store.kill)
        eventually(lambda: answers(parts.store_url))
        yield parts
        store.terminate()
        store.wait(timeout=15)


@pytest.fixture(scope="module")
def prepared(alone: Alone) -> str:
    """What `sdc prepare` said."""
    done = alone.run("prepare")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_prepared_ends_with_the_link_of_the_author(prepared: str) -> None:
    assert re.search(r"^Become its author, .*/author/setup\?token=\S+$", prepared, re.MULTILINE)


def test_preparing_makes_databases_and_secrets(alone: Alone, prepared: str) -> None:
    assert (alone.data / "site.db").is_file()
    secrets = {file.name for file in (alone.data / "secrets").iterdir()}
    assert {"sdc_webhook_secrets", "sdc_s3_access_key_id", "sdc_s3_secret_access_key"} <= secrets


def test_a_store_alone_makes_no_secret_of_the_services(tmp_path: Path) -> None:
    first_run.prepare(Settings(DATA_DIR=tmp_path), store_alone=True)
    assert {file.name for file in (tmp_path / "secrets").iterdir()} == {
        "weed_jwt",
        "sdc_s3_access_key_id",
        "sdc_s3_secret_access_key",
    }


def test_preparing_again_changes_no_secret(alone: Alone, prepared: str) -> None:
    before = {file.name: file.read_bytes() for file in (alone.data / "secrets").iterdir()}
    assert alone.run("prepare").returncode == 0
    assert {file.name: file.read_bytes() for file in (alone.data / "secrets").iterdir()} == before


def test_the_worker_alone_runs_under_litestream_and_ends_well(alone: Alone, prepared: str) -> None:
    worker = alone.start("worker")
    try:
        eventually(lambda: answers(alone.worker_url))
        # What was started has become Litestream, and its child is the worker.
        assert b"litestream" in Path(f"/proc/{worker.pid}/cmdline").read_bytes()
        eventually(lambda: replicated(alone))
        ports = next(each for each in doctor(alone) if each["name"] == "ports")
        assert ports["ok"], ports["found"]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    finally:
        worker.kill()


def test_a_store_of_ones_own_is_not_started(alone: Alone) -> None:
    refused = alone.run("store", SDC_S3_ACCESS_KEY_ID="mine", SDC_S3_SECRET_ACCESS_KEY="and mine alone")
    assert refused.returncode == 1
    assert "an object store of your own" in refused.stderr


def test_a_worker_without_secrets_says_how_they_are_made(alone: Alone, tmp_path: Path) -> None:
    refused = alone.run("worker", SDC_DATA_DIR=str(tmp_path))
    assert refused.returncode == 1
    assert "SDC_WEBHOOK_SECRETS is not set" in refused.stderr


def replicated(alone: Alone) -> bool:
    """Whether doctor finds both databases copied."""
    return any(check["name"] == "replicas" and str(check["found"]).count("copied ") == 2 for check in doctor(alone))


def doctor(alone: Alone) -> list[dict[str, object]]:
    """What it finds."""
    found: list[dict[str, object]] = json.loads(alone.run("doctor", "--json").stdout)
    return found


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status == 200
    return False
