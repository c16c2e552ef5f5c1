"""A site started as a person starts it, `sdc up` in an empty folder, for tests that look from outside."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Page
from sdc_core import clock
from sdc_core.objects import Endpoint, open_store

from loopback import Serve, serving
from sdc_up import SDC, Up, free_ports

STOP_S = 10
SOON_MS = 30_000
LOOK_EVERY_MS = 50
LINK = r"https?://\S+/author/(?:setup\?token=|login/)\S+"
T = TypeVar("T")


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """Where a site is mirrored to."""

    endpoint: Endpoint
    bucket: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site that runs: where it is, what its settings are, and the link by which its first author comes in."""

    url: str
    environment: dict[str, str]
    link: str
    up: Up

    def sdc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one `sdc` command with the site's settings; its exit code is the caller's to judge."""
        return subprocess.run(
            [SDC, *arguments], env=self.environment, capture_output=True, text=True, timeout=90, check=False
        )


@contextmanager
def running(folder: Path, *arguments: str, remote: Remote | None = None) -> Generator[Site]:
    """`sdc up` for the block, in an empty folder; it must then stop cleanly and in time."""
    environment = settings(folder, remote)
    up = Up(environment, *arguments)
    try:
        up.wait_for(r"^\s*worker\s+ready")
        up.wait_for(LINK)
        link = re.search(LINK, up.printed)
        assert link is not None
        yield Site(url=f"http://localhost:{environment['SDC_WEB_PORT']}", environment=environment, link=link[0], up=up)
    finally:
        code, _ = up.end(signal.SIGINT, within_s=STOP_S)
    assert code == 0, up.printed


def settings(folder: Path, remote: Remote | None) -> dict[str, str]:
    """The environment of a site of its own, on free ports."""
    first = free_ports()
    made = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")} | {
        "SDC_DATA_DIR": str(folder),
        "SDC_WEB_PORT": str(first + 10),
        "SDC_WORKER_PORT": str(first + 11),
        "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
        "SDC_GITHUB_MOCK": "true",
        "SDC_WEBHOOKS_PRIVATE": "true",
    }
    if remote is not None:
        made |= {
            "SDC_REMOTE_DAILY_ENDPOINT_URL": remote.endpoint.url,
            "SDC_REMOTE_DAILY_ACCESS_KEY_ID": remote.endpoint.access_key_id,
            "SDC_REMOTE_DAILY_SECRET_ACCESS_KEY": remote.endpoint.secret_access_key,
            "SDC_REMOTE_DAILY_BUCKET": remote.bucket,
        }
    return made


async def make_remote(endpoint: Endpoint) -> Remote:
    """An empty bucket at the second endpoint."""
    remote = Remote(endpoint=endpoint, bucket=f"daily-{clock.new_id().lower()}")
    async with open_store(endpoint) as store:
        await store.make_bucket(remote.bucket)
    return remote


def run_apart(work: Coroutine[None, None, T]) -> T:
    """What a coroutine returns, run on a thread of its own: the browser's loop holds the test's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work)).result(timeout=120)


@contextmanager
def served_apart(serve: Serve) -> Generator[str]:
    """The address of a server on loopback, on a thread of its own for the same reason."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(serve)) as address:
        yield address


def soon(page: Page, is_so: Callable[[], bool], most_ms: int = SOON_MS) -> None:
    """Look until the page, which stays as it is, is so: for what Playwright has no words for."""
    end = time.monotonic() + most_ms / 1_000
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(page.content())
        page.wait_for_timeout(LOOK_EVERY_MS)
