"""The store made ready, step by step, on a real one."""

from pathlib import Path

import pytest
from sdc_cli import first_run, prepare_store, store
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint
from sdc_core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, object_store_endpoint: Endpoint) -> Settings:
    """Three buckets that nobody has made, in a store that passes for the embedded one."""
    monkeypatch.setenv("SDC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SDC_S3_ENDPOINT_URL", object_store_endpoint.url)
    monkeypatch.setenv("SDC_S3_ACCESS_KEY_ID", object_store_endpoint.access_key_id)
    monkeypatch.setenv("SDC_S3_SECRET_ACCESS_KEY", object_store_endpoint.secret_access_key)
    for name in ("MEDIA", "BACKUP", "ANALYTICS"):
        monkeypatch.setenv(f"SDC_S3_{name}_BUCKET", f"test-{clock.new_id().lower()}")
    monkeypatch.setattr(first_run, "is_embedded", lambda _: True)
    return Settings()


async def test_a_store_that_was_not_told_to_sync_at_the_first_start_is_told_at_the_next(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = 0

    async def sync(_: Settings) -> None:
        nonlocal told
        told += 1
        if told == 1:
            message = "no end after 20 s"
            raise Unavailable(message)

    monkeypatch.setattr(prepare_store, "_sync_to_disk", sync)
    with pytest.raises(Unavailable):
        await prepare_store.make_ready(settings)
    await prepare_store.make_ready(settings)
    assert told == 2
    assert (store.folder(settings) / store.MARK).is_file()
