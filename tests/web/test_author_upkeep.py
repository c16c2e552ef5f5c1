"""Upkeep of the library, in the browser and by `sdc images`: all sizes anew, and files that nobody knows."""

import asyncio
import json
import re
import socket
from collections.abc import Awaitable, Callable, Generator

import httpx
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from sdc_cli.main import sdc
from sdc_core import clock, keys
from sdc_core.errors import Conflict
from sdc_core.objects import Endpoint, ObjectStore
from sdc_core.settings import Settings
from sdc_core.variants import RECIPE
from sdc_web import audit
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.media import assets, orphans, removal
from sdc_worker import app as worker_app
from sdc_worker.images import store as image_jobs

from signing_in import BROWSER, OWNER, come_in, prove, send

LATER_US = orphans.YOUNG_US + 60 * clock.SECOND_US
STRANGER = "01STRANGER"


@pytest.fixture
async def settings(
    settings_with_worker: Settings, object_store_endpoint: Endpoint, fresh_bucket: Callable[[], Awaitable[str]]
) -> Settings:
    """Those of a site with a worker and a store."""
    return settings_with_worker.model_copy(
        update={
            "S3_ENDPOINT_URL": object_store_endpoint.url,
            "S3_ACCESS_KEY_ID": object_store_endpoint.access_key_id,
            "S3_SECRET_ACCESS_KEY": type(settings_with_worker.S3_SECRET_ACCESS_KEY)(
                object_store_endpoint.secret_access_key
            ),
            "S3_MEDIA_BUCKET": await fresh_bucket(),
        }
    )


@pytest.fixture(autouse=True)
def door(listener: socket.socket) -> Generator[socket.socket]:
    """The worker's, closed at the end where no worker is behind it."""
    yield listener
    listener.close()


@pytest.fixture
async def owner(client: httpx.AsyncClient, databases: Databases) -> Author:
    """The owner, who is signed in."""
    return await come_in(client, databases)


@pytest.fixture
def signed_in(client: httpx.AsyncClient, owner: Author) -> httpx.AsyncClient:
    """Their browser."""
    return client


@pytest.fixture
async def stored(databases: Databases, object_store: ObjectStore, settings: Settings) -> assets.Asset:
    """An asset with its files, and two files of nobody's."""
    asset = assets.new_asset("a" * 64, "fog.jpg", "image/jpeg", 9, "")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    for id_ in (asset.id, STRANGER):
        for key in (keys.original(id_), keys.variant(id_, "r1", "480.webp")):
            await object_store.put(settings.S3_MEDIA_BUCKET, key, b"12345", content_type="image/jpeg")
    return asset


async def left(store: ObjectStore, settings: Settings) -> set[str]:
    """The ids below which something is stored."""
    found = [info.key async for info in store.list(settings.S3_MEDIA_BUCKET)]
    return {key.split("/")[1] for key in found}


async def command(settings: Settings, *arguments: str) -> Result:
    """What `sdc` does on that site."""
    environment = {
        "SDC_DATA_DIR": str(settings.DATA_DIR),
        "SDC_WEBHOOK_SECRETS": settings.webhook_secrets[0],
        "SDC_WORKER_URL": settings.WORKER_URL,
        "SDC_S3_ENDPOINT_URL": settings.S3_ENDPOINT_URL,
        "SDC_S3_ACCESS_KEY_ID": settings.S3_ACCESS_KEY_ID,
        "SDC_S3_SECRET_ACCESS_KEY": settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
        "SDC_S3_MEDIA_BUCKET": settings.S3_MEDIA_BUCKET,
    }
    return await asyncio.to_thread(CliRunner().invoke, sdc, ["images", *arguments], env=environment)


async def made(worker: worker_app.Parts, recipe: str, *ids: str) -> None:
    """Jobs that are done by that recipe."""
    async with worker.database.transaction() as connection:
        for id_ in ids:
            await image_jobs.put(connection, asset_id=id_, sha256="0", now_us=1)
            job = await image_jobs.claim(connection, recipe=recipe, at_once=1, now_us=1)
            assert job
            await image_jobs.settle(
                connection, job, state="done", reason="", message_id="", recipe=recipe, files=1, now_us=1
            )


async def test_another_quality_is_chosen_and_its_progress_is_seen(
    worker: worker_app.Parts, signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    await made(worker, RECIPE, "a", "b")
    before = (await signed_in.get("/author/media/sizes", headers=BROWSER)).text
    assert "All 2 pictures have the sizes that are asked for." in before
    assert "hx-trigger" not in before.partition('id="media-progress"')[2].partition("</section>")[0]
    answer = await send(signed_in, "/author/media/sizes?_method=PUT", {"aim": "80"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media/sizes?said=remade")
    after = (await signed_in.get("/author/media/sizes", headers=BROWSER)).text
    assert "0 of 2 pictures have the sizes that are asked for." in after
    assert re.search(r'<progress[^>]* max="2" value="0">', after)
    assert re.search(r'value="80" checked', after)
    assert 'hx-get="/author/media/sizes"' in after
    async with databases.site.read() as connection:
        (entry,) = await audit.page(connection, OWNER, audit.Filters(kind="media"), 9)
    assert (entry.action, entry.words) == ("media.remade", "to reach 80")


@pytest.mark.parametrize("aim", ["", "100", "75.0", "<b>"])
async def test_a_quality_that_is_none_is_refused_beside_the_choice(
    worker: worker_app.Parts, signed_in: httpx.AsyncClient, aim: str
) -> None:
    answer = await send(signed_in, "/author/media/sizes?_method=PUT", {"aim": aim})
    assert answer.status_code == 422
    assert "Choose one of these." in answer.text
    async with worker.database.read() as connection:
        assert (await image_jobs.aim(connection)).since_us is None


async def test_without_the_worker_the_page_says_so(signed_in: httpx.AsyncClient, door: socket.socket) -> None:
    door.close()
    assert "The worker does not answer" in (await signed_in.get("/author/media/sizes", headers=BROWSER)).text
    answer = await send(signed_in, "/author/media/sizes?_method=PUT", {"aim": "80"})
    assert answer.status_code == 503


async def test_lost_files_are_shown_and_nothing_is_changed(
    signed_in: httpx.AsyncClient, stored: assets.Asset, object_store: ObjectStore, settings: Settings
) -> None:
    young = (await signed_in.get("/author/media/orphans", headers=BROWSER)).text
    assert "Every file in the object store belongs to the library." in young
    assert "1 more is younger than a day" in young
    with clock.frozen(clock.now_us() + LATER_US):
        page = (await signed_in.get("/author/media/orphans", headers=BROWSER)).text
    assert "2 files in the object store belong to no picture" in page
    assert STRANGER in page
    assert stored.id not in page
    assert await left(object_store, settings) == {stored.id, STRANGER}


async def look(signed_in: httpx.AsyncClient, databases: Databases, owner: Author) -> str:
    """Look at the lost files, right after a proof of who looks; returns what the form says was seen."""
    await prove(signed_in, databases, owner)
    page = (await signed_in.get("/author/media/orphans", headers=BROWSER)).text
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{64})"', page)
    return seen


async def test_what_was_seen_is_deleted_and_nothing_else(
    signed_in: httpx.AsyncClient,
    owner: Author,
    databases: Databases,
    stored: assets.Asset,
    object_store: ObjectStore,
    settings: Settings,
) -> None:
    with clock.frozen(clock.now_us() + LATER_US):
        seen = await look(signed_in, databases, owner)
        answer = await send(signed_in, "/author/media/orphans?_method=DELETE", {"seen": seen})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media/orphans?said=cleared")
    await removal.clear_away_once(databases.site, object_store, settings.S3_MEDIA_BUCKET)
    assert await left(object_store, settings) == {stored.id}


async def test_what_came_after_the_look_is_not_deleted(
    signed_in: httpx.AsyncClient,
    owner: Author,
    databases: Databases,
    stored: assets.Asset,
    object_store: ObjectStore,
    settings: Settings,
) -> None:
    with clock.frozen(clock.now_us() + LATER_US):
        seen = await look(signed_in, databases, owner)
        await object_store.put(settings.S3_MEDIA_BUCKET, keys.original("01LATER"), b"x", content_type="image/png")
        answer = await send(signed_in, "/author/media/orphans?_method=DELETE", {"seen": seen})
    assert answer.status_code == 409
    assert "look at it once more" in answer.text
    assert "01LATER" in answer.text
    assert await left(object_store, settings) == {stored.id, STRANGER, "01LATER"}


async def test_lost_files_are_deleted_by_whoever_has_just_shown_who_they_are(
    signed_in: httpx.AsyncClient, stored: assets.Asset, object_store: ObjectStore, settings: Settings
) -> None:
    with clock.frozen(clock.now_us() + LATER_US):
        page = (await signed_in.get("/author/media/orphans", headers=BROWSER)).text
        (seen,) = re.findall(r'name="seen" value="([0-9a-f]{64})"', page)
        answer = await send(signed_in, "/author/media/orphans?_method=DELETE", {"seen": seen})
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("/author/confirm/form?")
    assert await left(object_store, settings) == {stored.id, STRANGER}


async def test_a_file_that_an_asset_got_while_its_author_looked_stays(
    databases: Databases, stored: assets.Asset, object_store: ObjectStore, settings: Settings
) -> None:
    bucket = settings.S3_MEDIA_BUCKET
    with clock.frozen(clock.now_us() + LATER_US):
        found = await orphans.find(databases.site, OWNER, object_store, bucket)
        async with databases.site.transaction() as connection:
            await assets.insert(connection, replace(stored, id=STRANGER, sha256="b" * 64))
        with pytest.raises(Conflict):
            await orphans.remove(databases.site, OWNER, object_store, bucket, found.digest)
    assert await left(object_store, settings) == {stored.id, STRANGER}


async def test_the_command_tells_and_deletes_what_nobody_knows(
    stored: assets.Asset, object_store: ObjectStore, settings: Settings
) -> None:
    assert (
        "0 files, 0 bytes to be deleted with --delete; 1 too young to tell"
        in (await command(settings, "orphans")).stdout
    )
    with clock.frozen(clock.now_us() + LATER_US):
        told = json.loads((await command(settings, "orphans", "--json")).stdout)
        assert [(each["id"], each["files"]) for each in told["orphans"]] == [(STRANGER, 2)]
        assert await left(object_store, settings) == {stored.id, STRANGER}
        done = await command(settings, "orphans", "--delete")
    assert done.exit_code == 0
    assert "2 files, 10 bytes deleted" in done.stdout
    assert await left(object_store, settings) == {stored.id}


async def test_the_command_has_all_made_anew_and_tells_how_far_it_is(
    worker: worker_app.Parts, databases: Databases, settings: Settings
) -> None:
    await made(worker, RECIPE, "a", "b")
    assert (await command(settings, "status")).stdout == "2 made for 75, 0 left\n"
    assert (await command(settings, "remake", "--aim", "80")).stdout == "0 made for 80, 2 left\n"
    assert json.loads((await command(settings, "status", "--json")).stdout)["aim"] == 80
    assert (await command(settings, "remake", "--aim", "99")).exit_code == 2
