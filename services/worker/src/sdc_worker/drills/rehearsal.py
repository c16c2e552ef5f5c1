"""The rehearsal: the site as it would come back is started beside the living one, and read as a visitor reads it."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
from sdc_core import clock, outside, webhooks
from sdc_core.attempts import Attempt
from sdc_core.errors import Conflict, NotFound, Unavailable
from sdc_core.objects import open_store
from sdc_core.process import die_with_parent, find_program
from sdc_core.settings import Settings

from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.drills import checks, restore
from sdc_worker.drills.fetched import MEDIA, Fetched
from sdc_worker.drills.restore import Source
from sdc_worker.mirror import child, origins
from sdc_worker.mirror.places import monthly_endpoint

SCRATCH = "rehearsal-"
PAGES = 10
PICTURES = 60
FILES = 20
FILE_BYTES = 1 << 20
"""Of a file its end, by which one that was cut off is found as well: films are large, and drills hash whole ones."""
READY_S = 60.0
LOOK_S = 0.1
ANSWER_S = 20.0
CALLED = {"user-agent": "sdc-rehearsal-bot/1"}
"""The living site counts who reads it: this is nobody."""

_NOWHERE = "http://127.0.0.1:9"
_LEADS_ON = frozenset({301, 302, 307, 308})
_GOT_WRONG = 300, 500
"""From and up to which status an address that its author mistyped is answered, by both sites alike."""


class RehearsalFailed(Conflict):
    """The restored site does not show what it should; the sentence says what."""


class Compared(msgspec.Struct, kw_only=True):
    """What was read of the restored site, beside the living one. `changed` are pages that differ from it; `alone`
    counts what the living site did not show to compare with.
    """

    pages: int = 0
    pictures: int = 0
    files: int = 0
    same: int = 0
    alone: int = 0
    changed: list[str] = msgspec.field(default_factory=list)

    def __str__(self) -> str:
        told = [f"{self.same} are what the living site shows"]
        if self.changed:
            told.append(f"{len(self.changed)} {'has' if len(self.changed) == 1 else 'have'} changed since the backup")
        if self.alone:
            told.append(f"{self.alone} could not be compared, for it does not show them now")
        media = f"{_counted(self.pictures, 'picture')} and {_counted(self.files, 'file')}"
        read = f"{_counted(self.pages, 'page')}, {media} read"
        return f"{read}: {', '.join(told)}"


async def rehearse(context: JobContext) -> str | Skipped:
    """The action of the cron job. Restores both databases as the drill does, starts web on them with the pictures of
    the backup, reads ten pages with their pictures and files and compares them; then drills with the newest month,
    where months are kept. Returns the report as a sentence; raises as the drill does, and RehearsalFailed.
    """
    settings = context.settings
    if await restore.has_to_wait(context):
        return Skipped(words=restore.BEING_WRITTEN)
    async with (
        restore.farthest(settings, context.store) as source,
        restore.restored(settings, source, SCRATCH) as (home, reports),
    ):
        async with checks.reading(home / "site.db") as connection:
            paths = ["/", *await checks.published(connection, PAGES - 1)]
            generation = await checks.generation(connection)
        started_us = clock.monotonic_us()
        async with serving(settings, source, home) as url:
            ready_s = (clock.monotonic_us() - started_us) / clock.SECOND_US
            fetched = Fetched(settings.site_url, settings.MEDIA_URL)
            compared = await _read(url, settings.web_url, paths, fetched)
    if compared.changed and generation == await _generation(settings.site_db):
        differing = f"{len(compared.changed)} pages differ from the living site, such as {compared.changed[0]}"
        message = f"{differing}, and nothing that readers see has changed since the backup"
        raise RehearsalFailed(message)
    site = f"restored {restore.said(reports)} from the {source.kind} backup, started in {ready_s:.1f} s"
    return f"{site}; {compared}{await _month(settings)}"


async def _month(settings: Settings) -> str:
    """What is added to the report. A remote that holds no month yet is no fault: the next one may be weeks away."""
    endpoint = monthly_endpoint(settings)
    if endpoint is None:
        return ""
    try:
        origin = await origins.find(settings, "monthly")
    except NotFound:
        return "; no month is kept yet"
    async with open_store(endpoint) as store:
        report = await restore.run(settings, restore.month(settings, store, origin))
    return f"; {report}"


@asynccontextmanager
async def serving(settings: Settings, source: Source, home: Path) -> AsyncGenerator[str]:
    """The address of the public site over the database in `home`, for the block: a process of web that does nothing by
    itself. Raises Unavailable when it does not become ready.
    """
    port = await asyncio.to_thread(_spare_port)
    command = [await asyncio.to_thread(find_program, "sdc-web"), "--rehearsal", source.uploads]
    said = home / "web.log"
    with await asyncio.to_thread(said.open, "wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=_environment(settings, source, home, port),
            # Without an `.env` that says otherwise.
            cwd=home,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=partial(die_with_parent, signal.SIGKILL, parent=os.getpid()),
        )
    url = f"http://127.0.0.1:{port}"
    try:
        await _until_ready(process, url, said)
        yield url
    finally:
        if process.returncode is None:
            await child.stop(process)


def _environment(settings: Settings, source: Source, home: Path, port: int) -> dict[str, str]:
    """What the restored site is told: to show itself as the living one does, and of no secret but the store's keys."""
    endpoint = source.store.endpoint
    return child.clean_environment(settings) | {
        "SDC_DATA_DIR": str(home),
        "SDC_SITE_URL": settings.site_url,
        "SDC_CDN_SECONDS": str(settings.CDN_SECONDS),
        "SDC_MEDIA_URL": settings.MEDIA_URL,
        "SDC_WEBSUB_HUB": settings.WEBSUB_HUB,
        "SDC_WEB_HOST": "127.0.0.1",
        "SDC_WEB_PORT": str(port),
        "SDC_WORKER_URL": _NOWHERE,
        "SDC_WEBHOOK_SECRETS": webhooks.new_secret(),
        "SDC_S3_ENDPOINT_URL": endpoint.url,
        "SDC_S3_REGION": endpoint.region,
        "SDC_S3_ACCESS_KEY_ID": endpoint.access_key_id,
        "SDC_S3_SECRET_ACCESS_KEY": endpoint.secret_access_key,
        "SDC_S3_MEDIA_BUCKET": source.uploads_bucket,
    }


def _spare_port() -> int:
    """A port that was free a moment ago: who takes it meanwhile fails this run, and the next attempt has another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_ready(process: asyncio.subprocess.Process, url: str, said: Path) -> None:
    try:
        async with asyncio.timeout(READY_S):
            while process.returncode is None:
                if (await _get(f"{url}/health/live")).ok:
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        message = f"the restored site is not ready after {READY_S:.0f} s"
        raise Unavailable(message) from None
    lines = (await asyncio.to_thread(said.read_text, errors="replace")).strip().splitlines()
    message = f"the restored site does not start: {lines[-1][-300:] if lines else 'it gave no reason'}"
    raise RehearsalFailed(message)


async def _read(restored: str, living: str, paths: Iterable[str], fetched: Fetched) -> Compared:
    compared = Compared()
    for path in paths:
        shown, same = await _both(restored, living, path, compared)
        if b"</html>" not in shown:
            message = f"{path} of the restored site is no whole page"
            raise RehearsalFailed(message)
        compared.pages += 1
        if not same:
            compared.changed.append(path)
        fetched.feed(shown.decode(errors="replace"))
        fetched.reset()
    compared.pictures = await _media(restored, living, list(fetched.pictures)[:PICTURES], "picture", compared)
    files = [path for path in fetched.files if path not in fetched.pictures][:FILES]
    compared.files = await _media(restored, living, files, "file", compared, last_bytes=FILE_BYTES)
    return compared


async def _media(
    restored: str, living: str, paths: Iterable[str], what: str, compared: Compared, *, last_bytes: int = 0
) -> int:
    """How many of them the restored site shows. Raises RehearsalFailed as `_both` does, and for one that differs: its
    address names its content, whatever was published since.
    """
    count = 0
    for path in paths:
        shown, same = await _both(restored, living, path, compared, last_bytes=last_bytes)
        count += bool(shown)
        if not same:
            message = f"the {what} {path} of the restored site is another one than the living site shows there"
            raise RehearsalFailed(message)
    return count


async def _both(
    restored: str, living: str, path: str, compared: Compared, *, last_bytes: int = 0
) -> tuple[bytes, bool]:
    """What the restored site shows there, and whether the living one shows the same or nothing. Raises RehearsalFailed
    where it shows nothing, unless the living one has nothing there either, as for a link that its author got wrong.
    """
    here, there = [await _shown(site, path, last_bytes) for site in (restored, living)]
    if here.status == there.status and _GOT_WRONG[0] <= here.status < _GOT_WRONG[1]:
        return b"", True
    if not here.ok or not here.body:
        why = here.error or (f"it answered {here.status}" if not here.ok else "it is empty")
        message = f"the restored site does not show {path}: {why}"
        raise RehearsalFailed(message)
    if not there.ok:
        compared.alone += 1
        return here.body, True
    same = here.body == there.body
    compared.same += same
    return here.body, same


async def _shown(site: str, path: str, last_bytes: int) -> Attempt:
    """What a reader gets there: by an address as an author typed it, what the site leads on to."""
    headers = CALLED | ({"range": f"bytes=-{last_bytes}"} if last_bytes else {})
    first = await _get(site + path, headers)
    leads_on = first.status in _LEADS_ON and first.location.startswith(MEDIA)
    return await _get(site + first.location, headers) if leads_on else first


async def _get(url: str, headers: dict[str, str] = CALLED) -> Attempt:
    return await outside.get(url, headers, timeout_s=ANSWER_S, private=True, whole=True)


async def _generation(site_db: Path) -> int | None:
    """Of the living site; None where its database is not here."""
    if not await asyncio.to_thread(site_db.exists):
        return None
    async with checks.reading(site_db) as connection:
        return await checks.generation(connection)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
