"""A recovery and those who serve, on one data folder: whoever comes second is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sdc_core import recovering, webhooks
from sdc_core.settings import Settings

BIN = Path(sys.executable).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a database in it."""
    (tmp_path / "site.db").write_bytes(b"what is being served")
    return tmp_path


def run(
    folder: Path, *command: str, own_store: bool = False, more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A program on that folder, of a site in units or containers; with `own_store` as `sdc up` has it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    own = {
        "SDC_DATA_DIR": str(folder),
        "SDC_WEBHOOK_SECRETS": webhooks.new_secret(),
        "SDC_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "SDC_S3_ACCESS_KEY_ID": "mine",
        "SDC_S3_SECRET_ACCESS_KEY": "mine",
    }
    if own_store:
        own = {"SDC_DATA_DIR": str(folder)}
    command = (str(BIN / command[0]), *command[1:])
    return subprocess.run(
        command, env=environment | own | (more or {}), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_recovery_is_refused_while_somebody_serves(folder: Path) -> None:
    with recovering.serving(Settings(DATA_DIR=folder)):
        refused = run(folder, "sdc", "recover", "--from", "replica", "--no-up")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "web or the worker runs on this data folder: stop it first" in refused.stderr
    assert (folder / "site.db").read_bytes() == b"what is being served"
    assert not (folder / recovering.NAME).exists()


@pytest.mark.parametrize("program", ["sdc-web", "sdc-worker"])
def test_nobody_serves_on_half_of_a_recovery(folder: Path, program: str) -> None:
    recovering.begin(Settings(DATA_DIR=folder), 17)
    refused = run(folder, program)
    assert refused.returncode == 1
    assert "a recovery was interrupted: give the same `sdc recover` again" in refused.stderr
    assert (folder / "site.db").read_bytes() == b"what is being served"


@pytest.mark.parametrize("command", [("recover", "--from", "daily", "--dry-run"), ("restore", "--from", "daily")])
def test_a_remote_that_nobody_answers_for_is_told_soon_and_by_its_address(folder: Path, *, command: tuple[str]) -> None:
    remote = {
        "SDC_REMOTE_DAILY_ENDPOINT_URL": "http://127.0.0.1:9",
        "SDC_REMOTE_DAILY_BUCKET": "gone",
        "SDC_REMOTE_DAILY_ACCESS_KEY_ID": "mine",
        "SDC_REMOTE_DAILY_SECRET_ACCESS_KEY": "mine",
    }
    refused = run(folder, "sdc", *command, more=remote)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "sdc: the daily mirror at http://127.0.0.1:9 cannot be read: " in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_without_a_store_a_look_at_its_replica_is_refused_and_makes_nothing(folder: Path) -> None:
    refused = run(folder, "sdc", "recover", "--from", "replica", "--dry-run", own_store=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"there is no {folder / 'object-store'}: use --from daily" in refused.stderr
    assert [path.name for path in folder.iterdir()] == ["site.db"]
