"""Moments that were set come while web is dead: what was to go out, to change and to leave has, once it is back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from sdc_core import clock, webhooks
from sdc_core import settings as core_settings
from sdc_core.settings import Settings
from sdc_web import posts, templating
from sdc_web.authors import accounts, store
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases, open_databases
from sdc_web.posts import Draft

from living_site import eventually
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(180)

SDC_WEB = Path(sys.executable).with_name("sdc-web")
AHEAD_US = 2 * clock.SECOND_US
LIMIT_S = 60
OWNER = Actor(id="01K000000000000000000000DA", name="ada", role="owner")


class Web:
    """`sdc-web` on a folder, as often as it is started."""

    def __init__(self, folder: Path) -> None:
        port = free_ports()
        self.url = f"http://localhost:{port}"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")} | {
            "SDC_DATA_DIR": str(folder),
            "SDC_WEB_PORT": str(port),
            "SDC_WEBHOOK_SECRETS": webhooks.new_secret(),
        }

    @contextmanager
    def running(self) -> Generator[None]:
        """Killed at the end of the block, by a signal that nobody hears."""
        with subprocess.Popen([SDC_WEB], env=self.environment, start_new_session=True) as process:
            try:
                eventually(lambda: self.status("/health/live") == 200, LIMIT_S)
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=5, trust_env=False)

    def status(self, path: str) -> int:
        try:
            return self.get(path).status_code
        except httpx.TransportError:
            return 0


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path)


@pytest.fixture
def settings(web: Web, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of the process, for connections of the test's own beside it."""
    for name, value in web.environment.items():
        monkeypatch.setenv(name, value)
    return core_settings.load()


async def write(databases: Databases, title: str, body: str) -> posts.Post:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body=body), 1)
    return post


async def set_moments(settings: Settings) -> int:
    """Four texts and the moment that is set for all of them, two seconds from now."""
    async with open_databases(settings) as databases:
        made = await accounts.prepare(name="ada", display_name="Ada", password=None, role="owner")
        async with databases.site.transaction() as connection:
            await store.insert(connection, replace(made, id=OWNER.id))
        goes_out, leaves, changes, both = [
            await write(databases, title, "As it was.") for title in ("Goes out", "Leaves", "Changes", "Does both")
        ]
        for post in (leaves, changes):
            await posts.publish(databases.site, OWNER, post.id)
        changed = Draft(title="Changes", body="As it is now.")
        async with databases.site.read() as connection:
            newest = await posts.revisions.newest(connection, OWNER, changes.id)
        await posts.revisions.save(databases.site, OWNER, changes.id, changed, newest.number)
        at_us = clock.now_us() + AHEAD_US
        await posts.publish(databases.site, OWNER, goes_out.id, at_us)
        await posts.publish(databases.site, OWNER, changes.id, at_us)
        await posts.publish(databases.site, OWNER, both.id, at_us, unpublish_at_us=at_us + 1)
        await posts.schedule.set_end(databases.site, OWNER, leaves.id, at_us)
    return at_us


def test_what_was_due_while_web_was_killed_is_done_by_the_next_process_with_its_moment(
    web: Web, settings: Settings
) -> None:
    with web.running():
        at_us = asyncio.run(set_moments(settings))
        before = {path: web.status(f"/posts/{path}") for path in ("goes-out", "leaves", "changes", "does-both")}
    assert clock.now_us() < at_us, "it was not killed before the moment"
    assert before == {"goes-out": 404, "leaves": 200, "changes": 200, "does-both": 404}
    eventually(lambda: clock.now_us() > at_us)

    with web.running():
        eventually(lambda: web.status("/posts/leaves") == 410, LIMIT_S)
        eventually(lambda: "As it is now." in web.get("/posts/changes").text, LIMIT_S)
        eventually(lambda: web.status("/posts/goes-out") == 200, LIMIT_S)
        assert web.status("/posts/does-both") == 410
        told = web.get("/feed.json").json()["items"]
    dates = {each["url"].rpartition("/")[2]: each["date_published"] for each in told}
    assert dates["goes-out"] == templating.iso(at_us)
    assert set(dates) == {"goes-out", "changes"}
