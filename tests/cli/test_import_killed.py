"""`sdc import` that is killed in the middle: whatever it had done is whole, and the next one does the rest."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from sdc_cli.importing import Wish, run
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_web.db import open_databases

import photograph

COUNT = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Posts with a picture and an old address each."""
    folder = tmp_path / "content"
    folder.mkdir()
    for number in range(COUNT):
        photograph.take(folder / f"{number}.jpg", width=40 + number, height=30)
        words = f"---\ntitle: Fog {number}\nseries: Fog\naliases: [/old-{number}]\n---\n![fog]({number}.jpg)\n"
        (folder / f"fog-{number:02}.md").write_text(words)
    return folder


async def counted(settings: Settings, *statements: str) -> list[object]:
    async with open_databases(settings) as databases, databases.site.read() as connection:
        return [await fetch_value(connection, statement) for statement in statements]


async def test_a_killed_import_leaves_whole_posts_and_is_finished_by_the_next(settings: Settings, folder: Path) -> None:
    environment = {
        **os.environ,
        "SDC_DATA_DIR": str(settings.DATA_DIR),
        "SDC_S3_ENDPOINT_URL": settings.S3_ENDPOINT_URL or "",
        "SDC_S3_ACCESS_KEY_ID": settings.S3_ACCESS_KEY_ID,
        "SDC_S3_SECRET_ACCESS_KEY": settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
        "SDC_S3_MEDIA_BUCKET": settings.S3_MEDIA_BUCKET,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sdc_cli", "import", str(folder), env=environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        assert child.stdout is not None
        assert (await child.stdout.readline()).startswith(b"published")
    child.send_signal(signal.SIGKILL)
    await child.wait()
    published = "SELECT count(*) FROM posts WHERE revision_id IS NOT NULL"
    half = "SELECT count(*) FROM posts WHERE revision_id IS NULL"
    lonely = "SELECT count(*) FROM posts WHERE id NOT IN (SELECT post_id FROM redirects)"
    done, begun, without_address = await counted(settings, published, half, lonely)
    assert isinstance(done, int)
    assert 0 < done < COUNT
    assert (begun, without_address) == (0, 0)

    report = await run(settings, Wish(path=folder))
    outcomes = [line.outcome for line in report]
    assert (outcomes.count("unchanged"), outcomes.count("published")) == (done, COUNT - done)
    each = ("SELECT count(*) FROM posts", "SELECT count(*) FROM media_assets", "SELECT count(*) FROM redirects")
    assert await counted(settings, *each) == [COUNT, COUNT, COUNT]
