"""Two sites of this kind, each with its own databases and a server: one tells, the other looks, and shows it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_core.webhooks import new_secret
from sdc_web import posts
from sdc_web.app import build
from sdc_web.db import Databases, migrate_all, open_databases
from sdc_web.posts import Draft, Post
from sdc_web.webmentions import looking, moderation, switches, telling
from sdc_web.webmentions.switches import Switches

from signing_in import OWNER

pytestmark = pytest.mark.timeout(120)
LIMIT_S = 60.0
SQL_AUTHOR = "INSERT INTO authors (id, name, display_name, created_at_us) VALUES (:id, 'ada', :name, 1)"


class Site:
    """One of them: what it keeps, and where it listens."""

    def __init__(self, settings: Settings, databases: Databases) -> None:
        self.settings, self.site, self.url = settings, databases.site, settings.site_url

    async def write(self, title: str, body: str) -> Post:
        post = await posts.create(self.site, OWNER, "post")
        await posts.revisions.save(self.site, OWNER, post.id, Draft(title=title, body=body), 1)
        return await posts.publish(self.site, OWNER, post.id)

    async def tell(self, later_us: int = 0) -> int:
        with clock.frozen(clock.now_us() + later_us + clock.SECOND_US):
            return await telling.tell(self.site, self.settings, private=True)

    async def look(self, later_us: int = 0) -> int:
        with clock.frozen(clock.now_us() + later_us + clock.SECOND_US):
            return await looking.look(self.site, self.url, private=True, pace_s=0)

    async def read(self, path: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.url}{path}")).text


@asynccontextmanager
async def listening(folder: Path, name: str) -> AsyncGenerator[Site]:
    """A site that runs; its own loops look for the public internet alone, which is not here."""
    door = socket.create_server(("127.0.0.1", 0))
    settings = Settings(
        DATA_DIR=folder,
        SITE_URL=f"http://127.0.0.1:{door.getsockname()[1]}",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL="http://127.0.0.1:9",
        S3_ENDPOINT_URL="http://127.0.0.1:9",
        S3_ACCESS_KEY_ID="test",
        S3_SECRET_ACCESS_KEY="test",
        _env_file=None,
    )
    await asyncio.to_thread(folder.mkdir, parents=True)
    await asyncio.to_thread(migrate_all, settings)
    server = uvicorn.Server(uvicorn.Config(build(settings), log_config=None, access_log=False))
    async with open_databases(settings) as databases, asyncio.TaskGroup() as group:
        async with databases.site.transaction() as connection:
            await execute(connection, SQL_AUTHOR, {"id": OWNER.id, "name": name})
        serving = group.create_task(server.serve([door]))
        async with asyncio.timeout(LIMIT_S):
            while not server.started:  # noqa: ASYNC110  the server has no event for it
                await asyncio.sleep(0.02)
        yield Site(settings, databases)
        server.should_exit = True
        async with asyncio.timeout(LIMIT_S):
            await serving


async def test_a_reply_comes_and_goes(tmp_path: Path) -> None:
    async with listening(tmp_path / "ada", "Ada") as ada, listening(tmp_path / "grace", "Grace") as grace:
        await ada.write("On fog", "Fog.")
        await switches.change(ada.site, OWNER, Switches(into=True))
        await switches.change(grace.site, OWNER, Switches(out=True))
        reply = await grace.write("On mist", f"What [Ada says]({ada.url}/posts/on-fog) is so.")
        assert await grace.tell() == 1
        assert await ada.look() == 1
        async with ada.site.read() as connection:
            (row,) = await moderation.listing(connection, OWNER, "waiting")
        assert row.source == f"{grace.url}/posts/on-mist"
        await moderation.decide(ada.site, OWNER, [row.id], "accepted")
        assert row.source in await ada.read("/posts/on-fog")
        await posts.unpublish(grace.site, OWNER, reply.id)
        assert await grace.tell() == 1
        assert await ada.look(clock.DAY_US) == 1
        assert row.source not in await ada.read("/posts/on-fog")
