"""Secrets made, set, and given to the services that may read them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sdc_cli import secret_files
from sdc_core.settings import Settings

pytestmark = pytest.mark.timeout(120)
Sdc = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def handed(environment: dict[str, str], tmp_path: Path) -> Path:
    """The folder where they are handed out; the site has no secret yet."""
    shutil.rmtree(Path(environment["SDC_DATA_DIR"]), ignore_errors=True)
    return tmp_path


def names(folder: Path) -> set[str]:
    """The files of a folder."""
    return {file.name for file in folder.iterdir()}


def test_every_secret_setting_has_a_reader() -> None:
    assert set().union(*secret_files.READERS.values()) == secret_files.SECRETS
    assert set(Settings.model_fields) >= secret_files.SECRETS


def test_each_service_gets_what_it_reads_and_nothing_else(sdc: Sdc, handed: Path) -> None:
    assert sdc("secrets", "--set", "sdc_smtp_url", given="smtps://a:b@mail.example:465\n").returncode == 0
    assert sdc("secrets", "--set", "SDC_GITHUB_CLIENT_SECRET", given="of the app").returncode == 0
    done = sdc("secrets", "--hand-out", str(handed))
    assert done.returncode == 0, done.stderr
    keys = {"sdc_s3_access_key_id", "sdc_s3_secret_access_key"}
    assert names(handed / "store") == keys | {"weed_jwt"}
    assert names(handed / "web") == keys | {"sdc_webhook_secrets", "sdc_github_client_secret", "sdc_smtp_url"}
    assert names(handed / "worker") == keys | {"sdc_webhook_secrets", "sdc_smtp_url"}
    assert (handed / "worker" / "sdc_smtp_url").read_bytes() == b"smtps://a:b@mail.example:465"
    assert {file.stat().st_mode & 0o777 for file in handed.glob("*/*")} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in handed.iterdir()} == {0o700}


def test_what_is_taken_back_or_stray_goes_and_a_repeat_changes_nothing(
    sdc: Sdc, handed: Path, environment: dict[str, str]
) -> None:
    assert sdc("secrets", "--set", "sdc_smtp_url", given="smtp://mail.example").returncode == 0
    sdc("secrets", "--hand-out", str(handed))
    (Path(environment["SDC_DATA_DIR"]) / "secrets" / "sdc_smtp_url").unlink()
    (handed / "web" / "weed_jwt").write_bytes(b"of days gone by")
    again = sdc("secrets", "--hand-out", str(handed)).stdout.splitlines()
    assert again == ["store: nothing new", "web: sdc_smtp_url, weed_jwt", "worker: sdc_smtp_url"]
    assert "weed_jwt" not in names(handed / "web")
    assert sdc("secrets", "--hand-out", str(handed)).stdout.count("nothing new") == 3


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("sdc_site_url", "https://example.org", "is no secret setting"),
        ("../escaped", "x", "is no secret setting"),
        ("sdc_smtp_url", "\n", "has no secret"),
        ("sdc_smtp_url", "x" * 70_000, "more than 64 KiB"),
        ("sdc_smtp_url", "ftp://mail.example", "must begin with smtp://"),
    ],
)
def test_what_is_no_secret_is_refused_and_nothing_changes(
    sdc: Sdc, handed: Path, environment: dict[str, str], name: str, given: str, said: str
) -> None:
    assert sdc("secrets", "--set", "sdc_smtp_url", given="smtp://mail.example").returncode == 0
    done = sdc("secrets", "--set", name, given=given)
    assert done.returncode == 1
    assert said in done.stderr
    assert given.strip() not in done.stderr or not given.strip() or name != "sdc_smtp_url"
    kept = Path(environment["SDC_DATA_DIR"]) / "secrets" / "sdc_smtp_url"
    assert kept.read_bytes() == b"smtp://mail.example"


def test_a_folder_of_somebody_else_is_told_of(sdc: Sdc, handed: Path) -> None:
    (handed / "store").write_bytes(b"a file where a folder should be")
    done = sdc("secrets", "--hand-out", str(handed))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot write {handed / 'store'}" in done.stderr


def test_the_secret_of_a_key_that_is_set_already_can_be_given(sdc: Sdc, handed: Path) -> None:
    assert sdc("secrets", SDC_S3_ACCESS_KEY_ID="mine").returncode == 1
    given = ("--set", "sdc_s3_secret_access_key", "--hand-out", str(handed))
    done = sdc("secrets", *given, given="half of it", SDC_S3_ACCESS_KEY_ID="mine")
    assert done.returncode == 0, done.stderr
    assert names(handed / "store") == {"sdc_s3_secret_access_key"}
    assert (handed / "web" / "sdc_s3_secret_access_key").read_bytes() == b"half of it"
