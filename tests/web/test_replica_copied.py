"""What was published is copied at once, and the author is told; Litestream is the real one."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, open_store
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web.db import Databases
from sdc_web.reports import replica

from signing_in import BROWSER, come_in, send

CONFIG = """
socket: {{enabled: true, path: "{data}/run/litestream.sock", permissions: 0600}}
dbs:
  - path: "{data}/site.db"
    monitor-interval: 200ms
    replica: {{type: s3, endpoint: "{url}", region: us-east-1, bucket: {bucket}, path: litestream/site,
      force-path-style: true, sync-interval: 200ms}}
"""
SOON_US = 100_000


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


@pytest.fixture
async def replicated(settings: Settings, databases: Databases, object_store_endpoint: Endpoint) -> AsyncGenerator[None]:
    """Litestream beside `site.db`, which it has copied once."""
    endpoint, data = object_store_endpoint, settings.DATA_DIR.absolute()
    bucket = f"test-{clock.new_id().lower()}"
    async with open_store(endpoint) as store:
        await store.make_bucket(bucket)
    config = data / "run" / "litestream.yml"
    await asyncio.to_thread(_write, config, CONFIG.format(data=data, url=endpoint.url, bucket=bucket))
    process = await asyncio.create_subprocess_exec(
        *(await asyncio.to_thread(find_program, "litestream"), "replicate", "-config", str(config)),
        env={
            "PATH": "/usr/bin:/bin",
            "LITESTREAM_ACCESS_KEY_ID": endpoint.access_key_id,
            "LITESTREAM_SECRET_ACCESS_KEY": endpoint.secret_access_key,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while not await _copied(settings):  # noqa: ASYNC110 - it tells only when asked
                await asyncio.sleep(0.05)
        yield
    finally:
        process.kill()
        await process.wait()


async def test_what_was_just_written_is_copied_within_a_tenth_of_a_second(
    replicated: None, settings: Settings, databases: Databases
) -> None:
    took = []
    for number in range(9):
        async with databases.site.transaction() as connection:
            await execute(connection, "UPDATE generation SET n = n + :n", {"n": number})
        took.append((await replica.copy_now(settings)).duration_us)
    assert sorted(took)[4] < SOON_US, took


async def test_the_page_is_told_that_it_is_backed_up(replicated: None, signed_in: httpx.AsyncClient) -> None:
    answer = await send(signed_in, "/author/backups/copies", {}, htmx=True)
    assert answer.text.lstrip().startswith('<p class="flash flash-ok" id="backups-copied">')
    assert "Backed up: the object store has it, after " in answer.text


async def test_without_litestream_the_page_says_why_it_is_not(signed_in: httpx.AsyncClient) -> None:
    fragment = await send(signed_in, "/author/backups/copies", {}, htmx=True)
    by_form = await send(signed_in, "/author/backups/copies", {})
    assert "Not backed up yet. Litestream does not answer here" in fragment.text
    assert by_form.headers["location"] == "/author/backups?said=not-copied"


async def test_a_text_that_was_published_asks_whether_it_is_backed_up(signed_in: httpx.AsyncClient) -> None:
    published = await signed_in.get("/author/posts?said=published", headers=BROWSER)
    saved = await signed_in.get("/author/posts?said=saved", headers=BROWSER)
    assert 'hx-post="/author/backups/copies"' in published.text
    assert 'hx-post="/author/backups/copies"' not in saved.text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


async def _copied(settings: Settings) -> bool:
    try:
        await replica.copy_now(settings)
    except Unavailable:
        return False
    return True
