"""A site of the very first schema comes up as it was: its files are made by the first step alone, and filled."""

import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import sqlite
from sdc_core.settings import Settings
from sdc_web import posts
from sdc_web.db import MIGRATIONS, Databases
from sdc_web.posts import Draft
from sdc_worker import db as worker_db

from signing_in import OWNER

AT_US = 1_764_000_000_000_000
POST, REVISION = "01K00000000000000000000P01", "01K00000000000000000000R01"
SQL_SITE = f"""
INSERT INTO authors (id, name, display_name, created_at_us) VALUES ('{OWNER.id}', 'ada', 'Ada', {AT_US});
UPDATE site SET title = 'Years ago';
INSERT INTO posts (id, kind, slug, author_id, created_at_us, revision_id, published_at_us, changed_at_us)
VALUES ('{POST}', 'post', 'fog', '{OWNER.id}', {AT_US}, '{REVISION}', {AT_US}, {AT_US});
INSERT INTO revisions (id, post_id, number, title, slug, summary, body, tags, saved_at_us, author_id, body_html,
    reading_minutes, published_at_us)
VALUES ('{REVISION}', '{POST}', 1, 'Fog', 'fog', 'In short', 'A *lamp* in it.', '["light"]', {AT_US}, '{OWNER.id}',
    '<p>A <em>lamp</em> in it.</p>', 1, {AT_US});
INSERT INTO post_tags (tag, post_id) VALUES ('light', '{POST}');
INSERT INTO redirects (path, post_id, created_at_us) VALUES ('/posts/mist', '{POST}', {AT_US});
INSERT INTO search (post_id, title, summary, body, tags)
VALUES ('{POST}', 'Fog', 'In short', 'A lamp in it.', 'light');
"""  # noqa: S608 - of constants, for a script that takes no parameters
SQL_WORKER = f"""
INSERT INTO runs (id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output)
VALUES ('{POST}', 'mirror.daily', 'schedule', 1, {AT_US}, {AT_US}, {AT_US}, 'ok', '3 objects');
INSERT INTO log_streams (slot, day, at, changed_us) VALUES ('0', '2025-11-24', 4096, {AT_US});
"""  # noqa: S608 - the same


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> None:
    """The databases of web, at their first schema; takes the place of those at the newest one."""
    with at_first_schema(settings.site_db, MIGRATIONS / "site", tmp_path) as connection:
        connection.executescript(SQL_SITE)
    with at_first_schema(settings.ttl_db, MIGRATIONS / "ttl", tmp_path):
        pass


@contextmanager
def at_first_schema(file: Path, migrations: Traversable, folder: Path) -> Generator[sqlite3.Connection]:
    """A new database after the first step of these."""
    first = folder / "first" / file.stem
    first.mkdir(parents=True)
    with (migrations / "0001_first.sql").open("rb") as source, (first / "0001_first.sql").open("wb") as target:
        shutil.copyfileobj(source, target)
    assert sqlite.migrate(file, first) == 1
    with closing(sqlite3.connect(file)) as connection:
        yield connection
        connection.commit()


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/", "Years ago"),
        ("/posts/fog", "<em>lamp</em>"),
        ("/tags/light", "Fog"),
        ("/search?q=lamp", "Fog"),
        ("/feed.xml", "Fog"),
    ],
)
async def test_readers_find_what_was_there(client: httpx.AsyncClient, path: str, word: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert word in answer.text


async def test_former_addresses_still_lead_on(client: httpx.AsyncClient) -> None:
    answer = await client.get("/posts/mist")
    assert (answer.status_code, answer.headers["location"]) == (301, "/posts/fog")


async def test_what_was_written_then_can_be_changed_now(client: httpx.AsyncClient, databases: Databases) -> None:
    draft = Draft(title="Fog", body="A *lantern* in it.", tags=("light",))
    await posts.revisions.save(databases.site, OWNER, POST, draft, 1)
    await posts.publish(databases.site, OWNER, POST, None)
    assert "<em>lantern</em>" in (await client.get("/posts/fog")).text


async def test_a_copy_of_before_is_kept_and_the_file_is_whole(app: ASGIApp, settings: Settings) -> None:
    with closing(sqlite3.connect(settings.DATA_DIR / "snapshots" / "site-schema1.db")) as before:
        assert before.execute("SELECT title FROM revisions").fetchall() == [("Fog",)]
    with closing(sqlite3.connect(settings.site_db)) as now:
        assert now.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert now.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_worker_keeps_its_runs_and_where_the_log_stands(tmp_path: Path) -> None:
    file = tmp_path / "worker.db"
    with at_first_schema(file, worker_db.MIGRATIONS, tmp_path) as connection:
        connection.executescript(SQL_WORKER)
    sqlite.migrate(file, worker_db.MIGRATIONS)
    with closing(sqlite3.connect(file)) as now:
        assert now.execute("SELECT job, outcome, output FROM runs").fetchall() == [("mirror.daily", "ok", "3 objects")]
        assert now.execute("SELECT slot, day, at FROM log_streams").fetchall() == [("0", "2025-11-24", 4096)]
        assert now.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
