"""The author's first page: what needs a look, what is being written, who reads, and how the site is kept."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.answers.jobs import JobReports
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import endpoints, pages, posts
from sdc_web.dashboard import attention, keeping, readers, schedules
from sdc_web.dashboard.attention import Matter
from sdc_web.db import Databases
from sdc_web.link_checks import troubled
from sdc_web.posts.records import State
from sdc_web.problems import AnyRequest
from sdc_web.reports import asking, backups, jobs
from sdc_web.reports.backups import Card
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.webmentions import moderation

DRAFTS = 5
SCHEDULED = 5
MISSED = 5
T = TypeVar("T")


class NextJob(msgspec.Struct, frozen=True, kw_only=True):
    """What runs next, and when in words."""

    name: str
    words: str


class JobsInShort(msgspec.Struct, frozen=True, kw_only=True):
    """How the jobs fare as a whole."""

    total: int
    failing: int
    next: NextJob | None


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """What is going on: how many texts are in each state, drafts and unpublished changes, the last saved first, and
    what happens by itself next; `missed` did not when it should have.
    """

    counts: dict[State, int]
    going_on: list[posts.listing.Listed]
    coming: list[posts.schedule.Coming]
    missed: list[posts.schedule.Missed]

    @property
    def more_going_on(self) -> int:
        """Drafts and unpublished changes that are not among them."""
        return self.counts.get("draft", 0) + self.counts.get("changed", 0) - len(self.going_on)

    @property
    def more_coming(self) -> int:
        """The same of what happens by itself."""
        return self.coming[0].together - len(self.coming) if self.coming else 0


@get("/author", right="account.change")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The page; each part that the worker does not give says so, the rest stands. Nobody sees what they may not."""
    may_jobs, may_backups, may_posts = author.may("jobs.read"), author.may("backups.read"), author.may("posts.read")
    async with asking.together() as group:
        asked_readers = group.create_task(asking.unless_away(readers.of_last_days(worker, databases, author.actor)))
        asked_jobs = _start(group, jobs.report(worker)) if may_jobs else None
        asked_backups = _start(group, backups.report(worker)) if may_backups else None
        writing = await _writing(databases, author) if may_posts else None
        told = await endpoints.keeping.listing(databases.site, author.actor) if author.may("endpoints.read") else []
        kept = await keeping.of_site(databases, settings, author.actor) if may_backups else None
        noted = await _noted(databases, settings, author) if may_posts else []
    told_jobs = asked_jobs.result() if asked_jobs else None
    told_backups = asked_backups.result() if asked_backups else None
    cards = backups.cards(told_backups, clock.now_us()) if told_backups else None
    return await pages.page(
        request,
        databases,
        "author/home/show.html",
        author=author,
        matters=[*_matters(told_jobs, cards, writing), *attention.deaf(told, clock.now_us()), *noted],
        writing=writing,
        readers=asked_readers.result(),
        jobs=in_short(told_jobs) if told_jobs else None,
        backups=cards,
        kept=kept,
    )


def in_short(report: JobReports) -> JobsInShort:
    """How many need a look, and the next one due."""
    due = sorted((job.next_us, job.name) for job in report.jobs if job.next_us is not None)
    following = NextJob(name=due[0][1], words=schedules.until(due[0][0])) if due else None
    return JobsInShort(total=len(report.jobs), failing=len(attention.failing(report)), next=following)


def _start(group: asyncio.TaskGroup, report: Awaitable[T]) -> asyncio.Task[T | None]:
    return group.create_task(asking.unless_away(report))


def _matters(told_jobs: JobReports | None, cards: list[Card] | None, writing: Writing | None) -> list[Matter]:
    return [
        *(attention.missed(writing.missed) if writing else ()),
        *(attention.failing(told_jobs) if told_jobs else ()),
        *(attention.unsafe(cards) if cards else ()),
    ]


async def _noted(databases: Databases, settings: Settings, author: SignedIn) -> list[Matter]:
    """Of their own texts: links that lead nowhere, and what others said of them."""
    async with databases.site.read() as connection:
        dead = attention.dead(await troubled.listing(connection, author.actor, settings.site_url))
        return [*dead, *attention.mentioned(await moderation.count_waiting(connection, author.actor))]


async def _writing(databases: Databases, author: SignedIn) -> Writing:
    async with databases.site.read() as connection:
        drafts = await posts.listing.last_saved(connection, author.actor, DRAFTS, "draft")
        changed = await posts.listing.last_saved(connection, author.actor, DRAFTS, "changed")
        counts = await posts.listing.counts(connection, author.actor)
        coming = await posts.schedule.coming(connection, author.actor, SCHEDULED)
        missed = await posts.schedule.missed(connection, author.actor, MISSED)
    going_on = sorted([*drafts, *changed], key=lambda each: each.saved_at_us, reverse=True)
    return Writing(counts=counts, going_on=going_on[:DRAFTS], coming=coming, missed=missed)


route_handlers = [show]
