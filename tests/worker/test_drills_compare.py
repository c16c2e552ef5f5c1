"""What a drill finds where a backup has lost something: rows of a table, sizes of pictures, sealed days."""

import asyncio
import hashlib
import shutil
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from sdc_core import clock, keys
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, open_database
from sdc_core.variants import Manifest, StoredVariant
from sdc_worker.db import open_worker
from sdc_worker.drills import checks, compare, restore, samples
from sdc_worker.drills.compare import Lost
from sdc_worker.drills.samples import DrillFailed, Source

from conftest import FreshBucket

DAY_US = clock.DAY_US
AVIF = StoredVariant(name="480.avif", width=480, height=320, format="avif", size_bytes=5)
MANIFEST = Manifest(recipe="r3", width=480, height=320, placeholder="", color="#ffffff", variants=(AVIF,))


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A living `site.db`, and the file that was restored of it: at first its copy, of a backup of `backed_up_us`."""

    live: Path
    restored: Path
    backed_up_us: int

    def change(self, path: Path, sql: str, *rows: dict[str, object]) -> None:
        """Write to one of the files, past every rule."""
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.executemany(sql, rows or [{}])
            connection.commit()

    async def lost(self) -> dict[str, Lost]:
        """What the drill finds, by table."""
        async with compare.beside(self.restored, self.live) as connection:
            tables = sorted((await checks.contents(connection)).tables)
            found = await compare.lost(connection, tables, self.backed_up_us)
        return {each.table: each for each in found}


@pytest.fixture
async def pair(tmp_path: Path) -> Pair:
    """A hundred texts of last year with three tags each, backed up yesterday."""
    live, restored = tmp_path / "site.db", tmp_path / "restored.db"
    async with open_database(live, files("sdc_web") / "migrations" / "site"):
        pass
    made = Pair(live=live, restored=restored, backed_up_us=clock.now_us() - DAY_US)
    await asyncio.to_thread(fill, made)
    await asyncio.to_thread(shutil.copy, live, restored)
    return made


def fill(pair: Pair) -> None:
    texts = [text(clock.now_us() - 365 * DAY_US) for _ in range(100)]
    pair.change(pair.live, SQL_TEXT, *texts)
    tags = [{"tag": tag, "post_id": each["id"]} for each in texts for tag in ("fog", "mist", "rain")]
    pair.change(pair.live, SQL_TAG, *tags)


SQL_TEXT = "INSERT INTO posts (id, kind, slug, author_id, created_at_us) VALUES (:id, 'post', :id, 'ada', :at_us)"
SQL_TAG = "INSERT INTO post_tags (tag, post_id) VALUES (:tag, :post_id)"


def text(at_us: int, made_us: int | None = None) -> dict[str, object]:
    """A text that is dated `at_us`, and was made then, or at another moment."""
    with clock.frozen(made_us or at_us):
        return {"id": clock.new_id(), "at_us": at_us}


async def test_a_whole_backup_has_lost_nothing(pair: Pair) -> None:
    found = await pair.lost()
    assert found["posts"].due == 100
    assert [each for each in found.values() if each.lost] == []


async def test_half_a_table_that_is_missing_is_found(pair: Pair) -> None:
    pair.change(pair.restored, "DELETE FROM posts WHERE rowid % 2")
    posts = (await pair.lost())["posts"]
    assert (posts.lost, posts.is_much) == (50, True)


@pytest.mark.parametrize(("lost", "is_much"), [(1, False), (2, True)])
async def test_one_row_in_a_hundred_may_have_been_dated_back(pair: Pair, lost: int, *, is_much: bool) -> None:
    pair.change(pair.restored, "DELETE FROM posts WHERE rowid <= :lost", {"lost": lost})
    posts = (await pair.lost())["posts"]
    assert (posts.lost, posts.is_much) == (lost, is_much)


async def test_the_only_row_of_a_table_is_missed(pair: Pair) -> None:
    pair.change(pair.live, "INSERT INTO webmention_blocks (host, at_us) VALUES ('spam.example', 5)")
    assert (await pair.lost())["webmention_blocks"].is_much


async def test_what_was_written_changed_or_deleted_since_is_no_loss(pair: Pair) -> None:
    now_us = clock.now_us()
    pair.change(pair.live, SQL_TEXT, *[text(now_us) for _ in range(50)])
    pair.change(pair.live, "UPDATE posts SET changed_at_us = :now_us WHERE rowid <= 30", {"now_us": now_us})
    pair.change(pair.live, "DELETE FROM posts WHERE rowid > 90 AND rowid <= 100")
    posts = (await pair.lost())["posts"]
    assert (posts.due, posts.lost) == (60, 0)


async def test_texts_that_were_imported_since_are_no_loss_however_old_they_say_they_are(pair: Pair) -> None:
    old_us, now_us = clock.now_us() - 3_000 * DAY_US, clock.now_us()
    imported = [text(old_us, now_us) for _ in range(500)]
    pair.change(pair.live, SQL_TEXT, *imported)
    assert (await pair.lost())["posts"].lost == 0


async def test_a_moment_that_is_to_come_makes_a_backup_no_newer(pair: Pair) -> None:
    ahead_us = clock.now_us() + DAY_US
    newest_us = await newest(pair.restored)
    pair.change(pair.restored, "UPDATE posts SET changed_at_us = :at_us WHERE rowid = 1", {"at_us": ahead_us})
    pair.change(
        pair.restored,
        "INSERT INTO endpoints (id, name, url, types, secret, former_until_us, state, created_at_us)"
        " VALUES ('e1', 'a', 'https://a.example', '[]', x'00', :at_us, 'on', 1)",
        {"at_us": ahead_us},
    )
    assert await newest(pair.restored) == newest_us
    with clock.frozen(ahead_us + DAY_US // 2):
        assert await newest(pair.restored) == ahead_us  # of the text alone: a date of an end is never a moment


async def newest(path: Path) -> int | None:
    """The newest moment in a file, as the drill tells it."""
    async with checks.reading(path) as connection:
        return (await checks.contents(connection)).newest_us


async def test_tags_come_and_go_and_are_not_judged(pair: Pair) -> None:
    pair.change(pair.restored, "DELETE FROM post_tags")
    assert "post_tags" not in await pair.lost()


async def test_each_row_is_looked_for_by_its_key(pair: Pair) -> None:
    async with compare.beside(pair.restored, pair.live) as connection:
        sql = f"EXPLAIN QUERY PLAN {compare._dated('posts', ['id'], ['author_id'], 'l.created_at_us')}"
        values = {"until_us": 1, "until_id": "0", "now_us": 1}
        plan = [str(row[3]) for row in await connection.execute_fetchall(sql, values)]
    assert any(step.startswith("SEARCH r USING") for step in plan), plan


async def test_every_table_can_be_asked_in_both_databases(tmp_path: Path) -> None:
    async with (
        open_database(tmp_path / "site.db", files("sdc_web") / "migrations" / "site"),
        open_worker(tmp_path / "worker.db"),
    ):
        pass
    asked = set[str]()
    for name in ("site.db", "worker.db"):
        async with compare.beside(tmp_path / name, tmp_path / name) as connection:
            tables = sorted((await checks.contents(connection)).tables)
            asked |= {each.table for each in await compare.lost(connection, tables, clock.now_us())}
    told = {
        "authors",
        "posts",
        "revisions",
        "media_assets",
        "redirects",
        "runs",
        "segments",
        "log_streams",
    }
    assert told <= asked
    assert not asked & compare.DERIVED


async def test_what_is_made_anew_names_tables_that_there_are(pair: Pair) -> None:
    async with checks.reading(pair.live) as connection:
        assert (await checks.contents(connection)).tables.keys() >= compare.DERIVED


@pytest.fixture
async def source(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> Source:
    """A backup with one picture and one sealed day, and what was restored of it in `tmp_path`."""
    settings = Settings(S3_MEDIA_BUCKET=await fresh_bucket(), S3_ANALYTICS_BUCKET=await fresh_bucket())
    site, worker = tmp_path / "site.db", tmp_path / "worker.db"
    migrations = files("sdc_web") / "migrations" / "site"
    async with open_database(site, migrations) as database, database.transaction() as connection:
        await picture(connection)
    async with open_worker(worker) as database, database.transaction() as connection:
        await connection.execute(SQL_DAY, {"sha256": hashlib.sha256(b"rows").hexdigest()})
    media, days = settings.S3_MEDIA_BUCKET, settings.S3_ANALYTICS_BUCKET
    await object_store.put(media, keys.original("fog"), b"bytes", content_type="image/jpeg")
    await object_store.put(media, keys.variant("fog", "r3", "480.avif"), b"small", content_type="image/avif")
    await object_store.put(days, keys.segment("2026-11-24", "a"), b"rows", content_type="application/octet-stream")
    return restore.local(settings, object_store)


SQL_PICTURE = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us, manifest)
VALUES ('fog', :sha256, 'fog.jpg', 'image/jpeg', 5, 'Fog', 'ready', 1, :manifest)
"""
SQL_DAY = """
INSERT INTO segments (day, name, rows, size_bytes, sha256, sealed_us) VALUES ('2026-11-24', 'a', 1, 4, :sha256, 1)
"""


async def picture(connection: Connection) -> None:
    values = {"sha256": hashlib.sha256(b"bytes").hexdigest(), "manifest": msgspec.json.encode(MANIFEST).decode()}
    await connection.execute(SQL_PICTURE, values)


async def look(source: Source, home: Path) -> samples.Sampled:
    return await samples.look(Settings(DATA_DIR=home / "elsewhere"), source, home)


async def test_uploads_sizes_and_sealed_days_are_looked_at_and_counted(source: Source, tmp_path: Path) -> None:
    found = await look(source, tmp_path)
    assert str(found) == "1 originals and 1 sizes of pictures and 1 sealed days compared"


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        (keys.variant("fog", "r3", "480.avif"), None, "lacks 480.avif of picture fog"),
        (keys.variant("fog", "r3", "480.avif"), b"cut", "has another length of 480.avif of picture fog"),
        (keys.original("fog"), None, "lacks the original fog"),
        (keys.segment("2026-11-24", "a"), None, "lacks the sealed day 2026-11-24"),
        (keys.segment("2026-11-24", "a"), b"wors", "the sealed day 2026-11-24 in the local backup differs"),
    ],
)
async def test_an_object_that_is_missing_or_differs_fails_the_drill(
    source: Source, tmp_path: Path, key: str, body: bytes | None, words: str
) -> None:
    bucket = source.days_bucket if key.startswith(keys.HITS) else source.uploads_bucket
    if body is None:
        await source.store.delete(bucket, key)
    else:
        await source.store.put(bucket, key, body, content_type="application/octet-stream")
    with pytest.raises(DrillFailed, match=words):
        await look(source, tmp_path)


async def test_sizes_that_were_made_anew_after_the_database_was_copied_are_no_loss(
    source: Source, tmp_path: Path
) -> None:
    bucket, newer = source.uploads_bucket, msgspec.structs.replace(MANIFEST, recipe="r4")
    await source.store.delete(bucket, keys.variant("fog", "r3", "480.avif"))
    await source.store.put(bucket, keys.manifest("fog"), msgspec.json.encode(newer), content_type="application/json")
    with pytest.raises(DrillFailed, match="lacks 480"):
        await look(source, tmp_path)
    await source.store.put(bucket, keys.variant("fog", "r4", "480.avif"), b"small", content_type="image/avif")
    assert (await look(source, tmp_path)).variants == 1


def tables(posts: checks.Table) -> checks.Contents:
    """A database with a row of each second of the first hour in another table."""
    authors = checks.Table(rows=3_600, oldest_us=0, newest_us=3_600 * clock.SECOND_US)
    return checks.Contents(schema=1, tables={"posts": posts, "authors": authors})


def test_a_table_that_lost_its_rows_fails_the_drill() -> None:
    live = checks.Table(rows=3, oldest_us=5, newest_us=9)
    empty = checks.Table(rows=0, oldest_us=None, newest_us=None)
    with pytest.raises(DrillFailed, match=r"table posts .* has lost rows"):
        restore._require_whole("site", tables(empty), msgspec.structs.replace(tables(live), schema=2))


def test_a_first_row_that_was_dated_before_the_backup_and_written_after_it_is_no_loss() -> None:
    began_us = 3_599 * clock.SECOND_US
    live = checks.Table(rows=1, oldest_us=began_us, newest_us=began_us)
    empty = checks.Table(rows=0, oldest_us=None, newest_us=None)
    restore._require_whole("site", tables(empty), msgspec.structs.replace(tables(live), schema=2))
