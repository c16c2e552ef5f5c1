"""What each message does, and what it is answered. Each can be done twice without harm."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, assert_never

import msgspec
from sdc_core import clock
from sdc_core.answers.images import Otherwise
from sdc_core.errors import Invalid
from sdc_core.messages import (
    CheckLinks,
    CompareMedia,
    Expire,
    JobFailed,
    MediaFailed,
    MediaReady,
    MediaUploaded,
    Message,
    PublishDue,
)
from sdc_core.messages import RetireLogs as Retire

from sdc_web import endpoints, media, posts
from sdc_web.db import Databases
from sdc_web.hooks.expiry import expire
from sdc_web.link_checks import rounds
from sdc_web.link_checks.rounds import Looked


class RetiredLogs(Protocol):
    """How many files went, and how many stayed because the worker lacks a part of them."""

    @property
    def deleted(self) -> int: ...
    @property
    def kept_unshipped(self) -> int: ...


RetireLogs: TypeAlias = Callable[[], Awaitable[RetiredLogs]]


class PublishedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Posts that went out, and posts that left the site, by this message."""

    published: int
    unpublished: int


class DeletedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Rows deleted by this message."""

    deleted: int


class LogsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Files deleted, and files that stay until the worker has them."""

    deleted: int
    kept_unshipped: int


class AssetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the asset that the message told of."""

    asset_id: str
    state: str


class ToldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an endpoint had asked to hear of it."""

    told: bool


Answer: TypeAlias = PublishedAnswer | DeletedAnswer | LogsAnswer | Looked | AssetAnswer | Otherwise | ToldAnswer


async def act(message: Message, databases: Databases, site_url: str, retire_logs: RetireLogs) -> Answer:
    """Do what the message says. Raises NotFound for an unknown asset, Unavailable when the worker must answer first."""
    match message:
        case PublishDue() | Expire() | Retire() | CheckLinks():
            return await _meet(message, databases, site_url, retire_logs)
        case MediaReady(data=ready):
            await media.ready(databases.site, ready.asset_id, ready.manifest)
            return AssetAnswer(asset_id=ready.asset_id, state="ready")
        case MediaFailed(data=failed):
            await media.failed(databases.site, failed.asset_id, failed.reason)
            return AssetAnswer(asset_id=failed.asset_id, state="failed")
        case CompareMedia(data=made):
            async with databases.site.read() as connection:
                return await media.orders.otherwise(connection, made.recipe, made.after)
        case JobFailed(data=run):
            kind = "drill.failed" if run.job.startswith("drill.") else "job.failed"
            return ToldAnswer(told=await endpoints.keeping.happened(databases.site, f"msg_{run.run_id}", kind, run))
        case MediaUploaded():
            raise Invalid("media.uploaded goes to the worker")
        case _:
            assert_never(message)


async def _meet(
    tick: PublishDue | Expire | Retire | CheckLinks, databases: Databases, site_url: str, retire_logs: RetireLogs
) -> Answer:
    """What is due by the clock."""
    match tick:
        case PublishDue():
            done = await posts.schedule.meet_due(databases.site, clock.now_us())
            return PublishedAnswer(published=done.published, unpublished=done.unpublished)
        case Expire():
            now_us = clock.now_us()
            deleted = await endpoints.keeping.tidy(databases.site, now_us)
            deleted += await posts.trash.empty(databases.site, now_us)
            return DeletedAnswer(deleted=deleted + await expire(databases.ttl, now_us))
        case Retire():
            retired = await retire_logs()
            return LogsAnswer(deleted=retired.deleted, kept_unshipped=retired.kept_unshipped)
        case CheckLinks():
            return await rounds.look(databases.site, site_url)
        case _:
            assert_never(tick)
