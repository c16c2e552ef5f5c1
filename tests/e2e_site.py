"""A site started as a person starts it, `sdc up` in an empty folder, for tests that look from outside."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from sdc_core import clock
from sdc_core.objects import Endpoint, open_store

from sdc_up import SDC, Up, free_ports

STOP_S = 10
T = TypeVar("T")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site that runs: where it is, what its settings are, how its first author signs up, and its remote."""

    url: str
    environment: dict[str, str]
    setup_link: str
    remote: Endpoint
    remote_bucket: str

    def sdc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one `sdc` command with the site's settings; its exit code is the caller's to judge."""
        return subprocess.run(
            [SDC, *arguments], env=self.environment, capture_output=True, text=True, timeout=90, check=False
        )


@contextmanager
def running(folder: Path, remote: Endpoint) -> Generator[Site]:
    """`sdc up` for the block, mirrored to a bucket of its own at `remote`; it must then stop cleanly and in time."""
    bucket = f"daily-{clock.new_id().lower()}"
    run_apart(_make_bucket(remote, bucket))
    environment = settings(folder, remote, bucket)
    up = Up(environment)
    try:
        up.wait_for(r"^\s*worker\s+ready")
        up.wait_for(r"/author/setup\?token=")
        link = re.search(r"https?://\S+/author/setup\?token=\S+", up.printed)
        assert link is not None
        yield Site(
            url=f"http://localhost:{environment['SDC_WEB_PORT']}",
            environment=environment,
            setup_link=link[0],
            remote=remote,
            remote_bucket=bucket,
        )
    finally:
        code, _ = up.end(signal.SIGINT, within_s=STOP_S)
    assert code == 0, up.printed


def settings(folder: Path, remote: Endpoint, bucket: str) -> dict[str, str]:
    """The environment of a site of its own, on free ports."""
    first = free_ports()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    return {
        **inherited,
        "SDC_DATA_DIR": str(folder),
        "SDC_WEB_PORT": str(first + 10),
        "SDC_WORKER_PORT": str(first + 11),
        "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
        "SDC_REMOTE_DAILY_ENDPOINT_URL": remote.url,
        "SDC_REMOTE_DAILY_ACCESS_KEY_ID": remote.access_key_id,
        "SDC_REMOTE_DAILY_SECRET_ACCESS_KEY": remote.secret_access_key,
        "SDC_REMOTE_DAILY_BUCKET": bucket,
    }


def run_apart(work: Coroutine[None, None, T]) -> T:
    """What a coroutine returns, run on a thread of its own: the browser's loop holds the test's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work)).result(timeout=30)


async def _make_bucket(remote: Endpoint, bucket: str) -> None:
    async with open_store(remote) as store:
        await store.make_bucket(bucket)
