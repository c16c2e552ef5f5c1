"""What is found in a text, who leads to it, and where texts lead that is dead or has moved. Nothing here changes."""

from typing import Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.settings import Settings

from sdc_web import checks, posts
from sdc_web.api import answers
from sdc_web.api.answers import Moment, PublishedPost
from sdc_web.api.one_post import OnePost
from sdc_web.db import Databases
from sdc_web.link_checks import troubled
from sdc_web.link_checks.asking import State
from sdc_web.posts import whole
from sdc_web.posts.backlinks import LOOKED_AT, linking
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer

_FIELDS: Final = {"body_markdown": "body", "cover_id": "cover_asset_id", "project_pictures": "project"}
"""Of the editor, as a post has them."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found: `broken`, `doubtful` or a `hint`. `what` it is, `why` it matters, how it is mended; `field` of
    the post, and the `line` of the body from 1, null elsewhere.
    """

    rule: str
    severity: checks.Severity
    what: str
    why: str
    mend: str
    field: str
    line: int | None


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Those of the newest revision, the worst first."""

    revision: int
    findings: tuple[Finding, ...]


class Backlinks(msgspec.Struct, frozen=True, kw_only=True):
    """Published posts whose text leads to this one, the newest first."""

    posts: tuple[PublishedPost, ...]


class Linking(msgspec.Struct, frozen=True, kw_only=True):
    """A published post that leads there."""

    post_id: str
    title: str


class TroubledLink(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is `dead`, or has `moved` for good; `url` is a path where it is one of this site."""

    url: str
    state: State
    reason: str
    moved_to: str
    failing_since: Moment | None
    checked_at: Moment
    posts: tuple[Linking, ...]


class TroubledLinks(msgspec.Struct, frozen=True, kw_only=True):
    """The dead ones first, as the last rounds of the link check found them."""

    links: tuple[TroubledLink, ...]


@get("/posts/{post_id:str}/checks", right="posts.read")
async def show(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Look for what its author may want to mend in the newest revision of a post, before readers see it."""
    async with one.site.read() as connection:
        post = await posts.find(connection, one.by, one.id)
        newest = await posts.revisions.newest(connection, one.by, one.id)
    found = await checks.look(one.site, post, whole.draft_of(newest), one.settings.site_url)
    return answers.send(one.request, Findings(revision=newest.number, findings=tuple(_finding(each) for each in found)))


@get("/posts/{post_id:str}/backlinks", right="posts.read")
async def backlinks(one: NamedDependency[OnePost]) -> Response[bytes]:
    """List the published posts that lead to a post; at most a hundred."""
    async with one.site.read() as connection:
        post = await posts.find(connection, one.by, one.id)
        found = await linking(connection, post, one.settings.site_url, LOOKED_AT)
    return answers.send(
        one.request, Backlinks(posts=tuple(answers.published_of(each, one.settings.site_url) for each in found))
    )


@get("/links", right="posts.read")
async def links(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List where published posts lead that is dead, or has moved for good; at most a thousand links."""
    async with databases.site.read() as connection:
        found = await troubled.listing(connection, reader.actor, settings.site_url)
    return answers.send(request, TroubledLinks(links=tuple(_link(each) for each in found)))


def _finding(found: checks.Finding) -> Finding:
    return Finding(
        rule=found.rule,
        severity=found.severity,
        what=found.what,
        why=found.why,
        mend=found.mend,
        field=_FIELDS.get(found.field, found.field),
        line=found.line,
    )


def _link(found: troubled.Troubled) -> TroubledLink:
    return TroubledLink(
        url=found.url,
        state=found.state,
        reason=found.reason,
        moved_to=found.moved_to,
        failing_since=answers.moment_or_none(found.failing_since_us),
        checked_at=answers.moment(found.checked_at_us),
        posts=tuple(Linking(post_id=each.id, title=each.title) for each in found.texts),
    )


route_handlers = [show, backlinks, links]
