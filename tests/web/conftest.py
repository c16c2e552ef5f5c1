"""What every test of web may ask for: the application on files of its own, a client, and an author."""

import asyncio
import shutil
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from litestar.types import ASGIApp, LifeSpanReceiveMessage, LifeSpanSendMessage
from sdc_core import clock
from sdc_core.objects import Endpoint
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_core.supervise import Board
from sdc_core.webhooks import new_secret
from sdc_web import endpoints, posts
from sdc_web.app import Routes, build
from sdc_web.db import Databases, migrate_all, open_databases
from sdc_web.endpoints import keeping, rounds
from sdc_web.endpoints.keeping import Made, Wishes
from sdc_web.posts import Draft, Kind, Post
from sdc_worker import app as worker_app
from sdc_worker.main import Server

from api_client import program, token
from loopback import serving
from receiver import Receiver
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]
LIMIT_S = 60.0
SQL_AUTHOR = """
INSERT INTO authors (id, name, display_name, created_at_us) VALUES (:id, 'ada', 'Ada Lovelace', :now_us)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with folders and a webhook secret of their own. No worker and no object store is at their addresses."""
    return Settings(
        DATA_DIR=tmp_path / "data",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL="http://127.0.0.1:9",
        S3_ENDPOINT_URL="http://127.0.0.1:9",
        S3_ACCESS_KEY_ID="test",
        S3_SECRET_ACCESS_KEY="test",
        _env_file=None,
    )


@pytest.fixture
async def settings_with_store(
    tmp_path: Path, object_store_endpoint: Endpoint, fresh_bucket: Callable[[], Awaitable[str]]
) -> Settings:
    """The same with a real object store, for modules whose `settings` they are."""
    return Settings(
        DATA_DIR=tmp_path / "data",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL="http://127.0.0.1:9",
        S3_ENDPOINT_URL=object_store_endpoint.url,
        S3_ACCESS_KEY_ID=object_store_endpoint.access_key_id,
        S3_SECRET_ACCESS_KEY=object_store_endpoint.secret_access_key,
        S3_MEDIA_BUCKET=await fresh_bucket(),
        _env_file=None,
    )


@pytest.fixture
def listener() -> socket.socket:
    """The door of a worker, on a port that the system gives."""
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def settings_with_worker(tmp_path: Path, listener: socket.socket) -> Settings:
    """Those of both services on one data folder, for modules whose `settings` they are. No object store is there."""
    return Settings(
        DATA_DIR=tmp_path / "data",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL=f"http://127.0.0.1:{listener.getsockname()[1]}",
        WEB_URL="http://127.0.0.1:9",
        S3_ENDPOINT_URL="http://127.0.0.1:9",
        S3_ACCESS_KEY_ID="test",
        S3_SECRET_ACCESS_KEY="test",
        IMAGE_PROCESSES=1,
        _env_file=None,
    )


@pytest.fixture
async def worker(settings: Settings, listener: socket.socket) -> AsyncGenerator[worker_app.Parts]:
    """A real worker that listens; its loops do not run."""
    async with worker_app.open_parts(settings) as parts, asyncio.TaskGroup() as group:
        config = uvicorn.Config(worker_app.build(parts, Board([])), lifespan="off", log_config=None, access_log=False)
        server = Server(config)
        serving = group.create_task(server.serve([listener]))
        yield parts
        server.should_exit = True
        async with asyncio.timeout(LIMIT_S):
            await serving


@pytest.fixture(scope="session")
def routes() -> Routes:
    """Worked out once for all tests of this process."""
    return Routes()


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Where both databases are empty and at their newest schema: fifty times faster copied than made anew."""
    made = Settings(DATA_DIR=tmp_path_factory.mktemp("newest"), WEBHOOK_SECRETS=(new_secret(),), _env_file=None)
    migrate_all(made)
    return made


@pytest.fixture
def files(settings: Settings, newest: Settings) -> None:
    """The site's databases; those that a test has made itself stay."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    for file, copied in ((settings.site_db, newest.site_db), (settings.ttl_db, newest.ttl_db)):
        if not file.exists():
            shutil.copyfile(copied, file)


@pytest.fixture
async def app(files: None, settings: Settings, routes: Routes) -> AsyncGenerator[ASGIApp]:
    """The application between the start and the end of its lifespan."""
    built = build(settings, None if settings.INDEXNOW_KEY else routes)
    async with lifespan(built):
        yield built


@pytest.fixture
async def client(app: ASGIApp) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application; it follows no redirect."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened


@pytest.fixture
async def databases(files: None, settings: Settings) -> AsyncGenerator[Databases]:
    """Connections of the test's own, as another process of web would have them."""
    async with open_databases(settings) as opened:
        yield opened


@pytest.fixture
async def author_id(databases: Databases) -> str:
    """The author of what a test writes."""
    async with databases.site.transaction() as connection:
        await execute(connection, SQL_AUTHOR, {"id": OWNER.id, "now_us": clock.now_us()})
    return OWNER.id


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncGenerator[None]:
    """The application has started inside the block, and has stopped after it. Raises what its start raises."""
    asked: asyncio.Queue[LifeSpanReceiveMessage] = asyncio.Queue()
    answered: asyncio.Queue[LifeSpanSendMessage] = asyncio.Queue()

    async def run() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        await app(scope, asked.get, answered.put)  # ty: ignore[invalid-argument-type]

    async with asyncio.TaskGroup() as group:
        group.create_task(run())
        await _answer({"type": "lifespan.startup"}, asked, answered)
        yield
        await _answer({"type": "lifespan.shutdown"}, asked, answered)


async def _answer(
    message: LifeSpanReceiveMessage,
    asked: asyncio.Queue[LifeSpanReceiveMessage],
    answered: asyncio.Queue[LifeSpanSendMessage],
) -> None:
    async with asyncio.timeout(LIMIT_S):
        await asked.put(message)
        answer = await answered.get()
    if answer["type"] != f"{message['type']}.complete":
        raise RuntimeError(str(answer))


@pytest.fixture
def running() -> Running:
    """Runs the lifespan of an application with settings of the test's own."""
    return lifespan


@pytest.fixture
def publish(databases: Databases, author_id: str) -> Publish:
    """Writes and publishes a post, as another process of web would."""

    async def make(
        title: str, body: str = "A text.", *, kind: Kind = "post", at_us: int | None = None, **fields: object
    ) -> Post:
        post = await posts.create(databases.site, OWNER, kind)
        draft = msgspec.convert({"title": title, "body": body, **fields}, Draft)
        await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
        return await posts.publish(databases.site, OWNER, post.id, at_us)

    return make


@pytest.fixture
async def api(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A program that may write, with a token of the author's."""
    async with program(app, await token(databases, author_id)) as opened:
        yield opened


@pytest.fixture
def receiver() -> Receiver:
    """Somebody else's program, at the address `hook`."""
    return Receiver()


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncGenerator[str]:
    """Where the receiver listens."""
    async with serving(receiver.serve) as address:
        yield f"{address}/hook"


@pytest.fixture
async def newsletter(databases: Databases, settings: Settings, hook: str, author_id: str) -> Made:
    """An endpoint that hears of everything; `settings` must allow addresses of this machine."""
    assert author_id
    wishes = Wishes(name="Newsletter", url=hook, types=tuple(endpoints.TYPES))
    return await keeping.add(databases.site, OWNER, settings, wishes)


@pytest.fixture
def deliver(databases: Databases, settings: Settings, newsletter: Made) -> Callable[..., Awaitable[None]]:
    """Sends what is due to that endpoint, now or so much later."""

    async def send(later_us: int = 0) -> None:
        with clock.frozen(clock.now_us() + later_us + clock.SECOND_US):
            await rounds.serve(databases.site, settings, newsletter.id)

    return send
