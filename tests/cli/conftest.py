"""One site per module: its settings, `sdc up`, its commands, its processes."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sdc_core import clock
from sdc_core.objects import Endpoint, ObjectStore
from sdc_core.settings import Settings
from sdc_web.authors import accounts
from sdc_web.db import open_databases

from sdc_up import SDC, Up, free_ports
from signing_in import OWNER


@pytest.fixture(scope="module")
def environment() -> Generator[dict[str, str]]:
    """The environment of a site of its own: an empty data folder with a short name, and free ports."""
    with tempfile.TemporaryDirectory(prefix="sdc-cli-") as folder:
        first = free_ports()
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith("SDC_")},
            "SDC_DATA_DIR": f"{folder}/data",
            "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
            "SDC_WEB_PORT": str(first + 10),
            "SDC_WORKER_PORT": str(first + 11),
        }


@pytest.fixture(scope="module")
def start(environment: dict[str, str]) -> Generator[Callable[..., Up]]:
    """Starts `sdc up`; whatever still runs at the end is killed."""
    started: list[Up] = []

    def start_one(*arguments: str) -> Up:
        started.append(Up(environment, *arguments))
        return started[-1]

    yield start_one
    for up in started:
        if up.process.poll() is None:
            up.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def sdc(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command on that site; its exit code is the caller's to judge."""

    def run(*arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SDC, *arguments],
            env=environment | more,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def processes(environment: dict[str, str]) -> Callable[[], list[str]]:
    """The command of every process that has to do with the site's data folder, `sdc up` itself among them."""
    folder = environment["SDC_DATA_DIR"].encode()

    def find() -> list[str]:
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                command, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
                where = str((process / "cwd").readlink()).encode()
            except OSError:
                continue
            if folder in command or folder in variables or folder in where:
                found.append(command.replace(b"\0", b" ").decode())
        return found

    return find


@pytest.fixture
def empty_site(
    tmp_path: Path, object_store: ObjectStore, object_store_endpoint: Endpoint
) -> Callable[[str], Awaitable[Settings]]:
    """Makes a site with an author and a bucket of its own, in the folder of that name."""

    async def made(name: str) -> Settings:
        bucket = f"media-{clock.new_id().lower()}"
        await object_store.make_bucket(bucket)
        settings = Settings(
            DATA_DIR=tmp_path / name,
            S3_ENDPOINT_URL=object_store_endpoint.url,
            S3_ACCESS_KEY_ID=object_store_endpoint.access_key_id,
            S3_SECRET_ACCESS_KEY=SecretStr(object_store_endpoint.secret_access_key),
            S3_MEDIA_BUCKET=bucket,
            _env_file=None,
        )
        async with open_databases(settings) as databases:
            await accounts.create(databases, OWNER, name="ada", role="owner")
        return settings

    return made


@pytest.fixture
async def settings(empty_site: Callable[[str], Awaitable[Settings]]) -> Settings:
    """A site with an author and a store."""
    return await empty_site("data")
