from pathlib import Path

import pytest
from sdc_cli import first_run, make_plan, store
from sdc_core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDC_DATA_DIR", str(tmp_path / "data"))
    return first_run.prepare(Settings())


def test_a_new_store_has_one_index(settings: Settings) -> None:
    environment = store.environment(settings)
    assert environment["WEED_LEVELDB_ENABLED"] == "true"
    assert environment["WEED_LEVELDB2_ENABLED"] == "false"


def test_a_store_that_was_begun_with_eight_indexes_is_still_found_in_them(settings: Settings) -> None:
    index = store.folder(settings) / "data" / "filerldb2" / "00"
    index.mkdir(parents=True)
    (index / "CURRENT").write_text("MANIFEST-000001")
    assert "WEED_LEVELDB_ENABLED" not in store.environment(settings)


def test_an_empty_folder_for_eight_indexes_is_no_store(settings: Settings) -> None:
    (store.folder(settings) / "data" / "filerldb2").mkdir(parents=True)
    assert store.environment(settings)["WEED_LEVELDB_ENABLED"] == "true"


def test_web_does_not_wait_for_a_store_that_was_never_started(settings: Settings) -> None:
    assert make_plan.make(settings).warm


def test_web_waits_for_a_store_that_may_have_the_replica_of_a_missing_database(settings: Settings) -> None:
    (store.folder(settings) / "data").mkdir(parents=True)
    (store.folder(settings) / "data" / "media_1.dat").touch()
    assert not make_plan.make(settings).warm


def test_a_store_whose_files_are_gone_gets_its_buckets_anew(settings: Settings) -> None:
    for database in (settings.site_db, settings.worker_db):
        database.touch()
    store.mark_prepared(settings)
    make_plan.make(settings)
    assert not store.is_prepared(settings)


def test_a_store_that_is_there_keeps_its_mark(settings: Settings) -> None:
    for database in (settings.site_db, settings.worker_db):
        database.touch()
    (store.folder(settings) / "data").mkdir(parents=True)
    (store.folder(settings) / "data" / "media_1.dat").touch()
    store.mark_prepared(settings)
    make_plan.make(settings)
    assert store.is_prepared(settings)
