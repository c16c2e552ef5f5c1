import importlib
import re
import sqlite3
from contextlib import closing

import pytest
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_web import db

DURABLE, QUICK = 2, 1
"""`PRAGMA synchronous`: each commit waits for the disk, or only some do."""
DELIVERIES = 2_000
STEPS_OF_EACH = 7
"""As SQLite counts them for a row that does not fit: five, and nine where its message is looked up."""
SQL_DELIVERIES = """
INSERT INTO endpoints (id, name, url, types, secret, state, created_at_us) VALUES ('e', '', '', '[]', x'00', 'on', 1);
WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 2000)
INSERT INTO messages (id, type, data, at_us) SELECT 'msg_' || n, 'post.published', '', n FROM many;
INSERT INTO deliveries (message_id, endpoint_id, state) SELECT id, 'e', 'delivered' FROM messages;
"""
_NAME = re.compile(r"(?<!:):([a-z_]\w*)")


def _statement(name: str) -> str:
    """A `SQL_*` constant by its module and name, below `sdc_web`."""
    module, _, constant = name.rpartition(".")
    return str(getattr(importlib.import_module(f"sdc_web.{module}"), constant))


def _plan(settings: Settings, sql: str) -> list[str]:
    """What SQLite would do, a step a line."""
    with closing(sqlite3.connect(settings.site_db)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(_NAME.findall(sql), 1))
        return [str(row[3]) for row in rows]


@pytest.fixture
def migrated(settings: Settings) -> Settings:
    db.migrate_all(settings)
    return settings


@pytest.mark.parametrize("name", ["SQL_BY_SLUG", "SQL_NEWEST", "SQL_OF_KIND", "SQL_TAGGED"])
def test_what_readers_ask_for_reads_no_whole_table(migrated: Settings, name: str) -> None:
    plan = _plan(migrated, _statement(f"posts.reading.{name}"))
    # The newest of a tag are chosen first; then only those few are gone through.
    assert not [step for step in plan if step.startswith("SCAN") and step != "SCAN newest"]


@pytest.mark.parametrize(
    "name",
    [
        "posts.home.SQL_CHOSEN",
        "posts.languages.SQL_PUBLISHED",
        "posts.projects.SQL_SECTIONS",
        "redirects.store.SQL_FIND",
        "posts.series.SQL_BY_SLUG",
        "posts.series.SQL_OF_POST",
        "posts.series.SQL_PARTS",
        "posts.schedule.SQL_IS_DUE",
        "posts.schedule.SQL_NEXT",
        "posts.store.SQL_DUE",
        "posts.store.SQL_LEAVING",
        "media.assets.SQL_FIND",
        "media.assets.SQL_NEWEST",
        "media.assets.SQL_PAGE",
        "media.orders.SQL_DUE",
    ],
)
def test_what_is_asked_often_uses_an_index(migrated: Settings, name: str) -> None:
    plan = _plan(migrated, _statement(name))
    assert not [step for step in plan if step.startswith("SCAN") and "USING INDEX" not in step]


@pytest.mark.parametrize(
    "name", ["listing.SQL_BY_PUBLISHED", "listing.SQL_BY_SAVED", "listing.SQL_BY_TITLE", "tags.SQL_CARRIERS"]
)
def test_the_authors_list_comes_in_order_from_an_index_and_reads_no_text(migrated: Settings, name: str) -> None:
    plan = _plan(migrated, _statement(f"posts.{name}"))
    assert "USING INDEX catalogue_by_" in plan[0]
    assert not [step for step in plan if "TEMP B-TREE" in step or "revisions" in step or step == "SCAN posts"]


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("posts.listing.SQL_BY_SAVED", "catalogue_by_saved ((saved_at_us,post_id)<(?,?))"),
        ("posts.listing.SQL_BY_PUBLISHED", "catalogue_by_published ((published_at_us,post_id)<(?,?))"),
        ("posts.listing.SQL_BY_TITLE", "catalogue_by_title (title>?)"),
        ("media.library.SQL_BY_AGE", "media_assets_newest ((uploaded_at_us,id)<(?,?))"),
        ("media.library.SQL_BY_NAME", "media_assets_by_name (file_name>?)"),
        ("media.library.SQL_BY_SIZE", "media_assets_by_size ((size_bytes,id)<(?,?))"),
        ("media.library.SQL_OLDER", "sqlite_autoindex_media_assets_1 (id<?)"),
    ],
)
def test_a_further_page_of_the_authors_lists_begins_at_its_key(migrated: Settings, name: str, sought: str) -> None:
    plan = _plan(migrated, _statement(name))
    assert re.fullmatch(rf"SEARCH \w+ USING INDEX {re.escape(sought)}", plan[0])
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_texts_that_follow_a_tag_are_found_without_being_read(migrated: Settings) -> None:
    plan = _plan(migrated, _statement("posts.tags_following.SQL_CARRYING"))
    assert plan[0].startswith("SEARCH r USING COVERING INDEX revisions_tags")


def test_the_newest_posts_come_in_order_from_the_index(migrated: Settings) -> None:
    plan = _plan(migrated, _statement("posts.reading.SQL_NEWEST"))
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_the_log_of_deliveries_is_filtered_before_anything_is_looked_up_for_it(migrated: Settings) -> None:
    plan = _plan(migrated, _statement("endpoints.log.SQL_PAGE"))
    assert plan[0].startswith("SEARCH deliveries USING INTEGER PRIMARY KEY")
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")]
    with closing(sqlite3.connect(migrated.site_db)) as connection:
        connection.executescript(SQL_DELIVERIES)
        steps: list[int] = []
        connection.set_progress_handler(lambda: steps.append(1), 1_000)
        values = {"before": 1 << 62, "endpoint": "", "type": "ping", "state": "", "limit": 51}
        assert connection.execute(_statement("endpoints.log.SQL_PAGE"), values).fetchall() == []
    assert len(steps) < DELIVERIES * STEPS_OF_EACH / 1_000


async def test_what_is_answered_as_saved_outlives_a_power_cut(databases: db.Databases) -> None:
    """What only expires need not: it is lost with a session at worst."""
    for database, expected in ((databases.site, DURABLE), (databases.ttl, QUICK)):
        async with database.transaction() as connection:
            assert await fetch_value(connection, "PRAGMA synchronous") == expected
