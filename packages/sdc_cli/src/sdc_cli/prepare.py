"""What must be done before the parts run, or beside it: buckets, databases, the first author's link.

A child of `sdc up`, which stays small. It prints one JSON object a line: `{"event", "seconds", "text"}`.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import TypeAlias

import click
import msgspec
from sdc_core import clock, disk
from sdc_core import settings as core_settings
from sdc_core.errors import Conflict, SdcError
from sdc_core.settings import Settings
from sdc_web.authors import one_time_tokens
from sdc_web.db import open_databases

from sdc_cli import store


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that is done: `buckets`, `restored` (with the file's name), `databases`, or `link` with the link."""

    event: str
    seconds: float = 0.0
    text: str = ""


Tell: TypeAlias = Callable[[Event], None]


def main() -> None:
    """Prepare, or print the reason why it cannot be done."""
    try:
        run(core_settings.load(), tell, warm="--warm" in sys.argv)
    except SdcError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def run(settings: Settings, tell: Tell, *, warm: bool = False) -> None:
    """Prepare. Raises the first SdcError as it is, not in a group."""
    reason: Exception | None = None
    try:
        asyncio.run(prepare(settings, tell, warm=warm))
    except* SdcError as failed:
        reason = failed
        while isinstance(reason, ExceptionGroup):
            reason = reason.exceptions[0]
    if reason is not None:
        raise reason


async def prepare(settings: Settings, tell: Tell, *, warm: bool) -> None:
    """Buckets and databases at the same time; but a database that is missing may have to come back out of a bucket,
    unless the plan knows better (`warm`). Raises Unavailable for a full disk: databases that were open before may open
    on one, and nothing else could be written.
    """
    if await asyncio.to_thread(disk.has_no_room, settings.DATA_DIR):
        raise disk.full()
    async with asyncio.TaskGroup() as group:
        if not store.is_prepared(settings):
            stored = group.create_task(_buckets(settings, tell))
            if not warm and not (settings.site_db.exists() and settings.worker_db.exists()):
                await stored
                await _restore(settings, tell)
        started_us = clock.monotonic_us()
        async with open_databases(settings) as databases:
            tell(_done("databases", started_us))
            try:
                token = await one_time_tokens.issue_setup_link(databases)
            except Conflict:
                return
            tell(_done("link", started_us, f"{settings.site_url}{one_time_tokens.setup_path(token)}"))


def tell(event: Event) -> None:
    """One line to `sdc up`."""
    click.echo(msgspec.json.encode(event))


def _done(event: str, started_us: int, text: str = "") -> Event:
    return Event(event=event, seconds=(clock.monotonic_us() - started_us) / clock.SECOND_US, text=text)


async def _buckets(settings: Settings, tell: Tell) -> None:
    from sdc_cli import prepare_store  # noqa: PLC0415 - the S3 client takes a second, and only a first start needs it

    started_us = clock.monotonic_us()
    await prepare_store.make_ready(settings)
    tell(_done("buckets", started_us))


async def _restore(settings: Settings, tell: Tell) -> None:
    from sdc_cli import prepare_store  # noqa: PLC0415 - as above

    for name, path in prepare_store.files(settings).items():
        started_us = clock.monotonic_us()
        if not path.exists() and await prepare_store.restore(settings, name):
            tell(_done("restored", started_us, path.name))


if __name__ == "__main__":
    main()
