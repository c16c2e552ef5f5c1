"""Webmentions: what other sites told, to accept or to refuse; what they were told; hosts that may not; the switches."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.api.conditions import unless_changed
from sdc_web.api.once import once
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer
from sdc_web.webmentions import moderation, switches, told
from sdc_web.webmentions.entries import Kind
from sdc_web.webmentions.moderation import AT_ONCE, Shown, Verdict


class WebmentionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ones, and which page of them."""

    state: Shown = "waiting"
    limit: incoming.Limit = 20
    cursor: incoming.Cursor | None = None


class Webmention(msgspec.Struct, frozen=True, kw_only=True):
    """What a page elsewhere, `source`, says of a post. `kind` is what it is by its own marks; what its words are was
    read there, and is nobody's of this site. Readers see it once it is `accepted`.
    """

    id: str
    state: Shown
    kind: Kind
    source: str
    host: str
    author_name: str
    author_url: str
    title: str
    words: str
    post_id: str
    post_title: str
    post_url: str
    asked_at: Moment


class WebmentionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of them; `next_cursor` asks for the next one, null on the last."""

    webmentions: tuple[Webmention, ...]
    next_cursor: str | None


class WebmentionDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of these; those that are gone are passed over."""

    ids: Annotated[tuple[str, ...], Meta(max_length=AT_ONCE)]
    verdict: Verdict


class WebmentionsDecided(msgspec.Struct, frozen=True, kw_only=True):
    """How many were something else before."""

    changed: int


class ToldQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`post_id` narrows the list to one post."""

    post_id: str = ""


class ToldSite(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a post and what became of telling it: `removed` was told that the link is gone, `none` takes no
    webmentions, `failed` was tried for long. `next_at` is when it is tried next, null for never.
    """

    post_id: str
    post_title: str
    target: str
    state: told.State
    reason: str
    tried_at: Moment | None
    next_at: Moment | None


class ToldSites(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first, at most two hundred."""

    told: tuple[ToldSite, ...]


class BlockedHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that may tell nothing, and since when."""

    host: str
    blocked_at: Moment


class BlockedHosts(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    blocks: tuple[BlockedHost, ...]


class WebmentionSwitches(msgspec.Struct, frozen=True, kw_only=True):
    """Whether sites that posts lead to are told (`outgoing`), and whether sites that lead to posts may tell."""

    outgoing: bool
    incoming: bool


class WebmentionSwitchesChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays."""

    outgoing: bool | UnsetType = UNSET
    incoming: bool | UnsetType = UNSET


@get("/webmentions", right="posts.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List what other sites told of posts, in one state, the newest first."""
    asked = incoming.query(request, WebmentionQuery)
    async with databases.site.read() as connection:
        found = await moderation.listing(connection, reader.actor, asked.state, asked.cursor or "", asked.limit + 1)
    page = found[: asked.limit]
    following = page[-1].id if len(found) > asked.limit else None
    listed = tuple(_webmention(each, asked.state, settings.site_url) for each in page)
    return answers.send(request, WebmentionPage(webmentions=listed, next_cursor=following))


@post("/webmentions/decisions", status_code=200, right="posts.publish")
async def decide(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Accept or refuse what other sites told; readers see what is accepted below the post."""
    wanted = await incoming.body(request, WebmentionDecision)

    async def work(_: str) -> Response[bytes]:
        changed = await moderation.decide(databases.site, writer.actor, wanted.ids, wanted.verdict)
        return answers.send(request, WebmentionsDecided(changed=changed))

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), work)


@get("/webmentions/told", right="posts.read")
async def told_sites(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """List which sites were told that a post leads to them, and what became of it."""
    asked = incoming.query(request, ToldQuery)
    async with databases.site.read() as connection:
        rows = await told.listed(connection, reader.actor, asked.post_id)
    return answers.send(request, ToldSites(told=tuple(_told(each) for each in rows)))


@get("/webmentions/blocks", right="site.read")
async def blocks(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """List the hosts that may tell nothing any more."""
    async with databases.site.read() as connection:
        rows = await moderation.blocked(connection, reader.actor)
    listed = tuple(BlockedHost(host=each.host, blocked_at=answers.moment(each.at_us)) for each in rows)
    return answers.send(request, BlockedHosts(blocks=listed))


@put("/webmentions/blocks/{host:str}", status_code=204, right="site.change")
async def block(databases: NamedDependency[Databases], writer: NamedDependency[Bearer], host: FromPath[str]) -> None:
    """Take nothing from a host any more; what it told is deleted."""
    await moderation.block(databases.site, writer.actor, host)


@delete("/webmentions/blocks/{host:str}", right="site.change")
async def allow(databases: NamedDependency[Databases], writer: NamedDependency[Bearer], host: FromPath[str]) -> None:
    """Let a host tell again."""
    await moderation.allow(databases.site, writer.actor, host)


@get("/site/webmentions", right="site.read")
async def show_switches(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read whether other sites are told, and whether they may tell."""
    rights.require(reader.actor, "site.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _switches_now(connection))


@patch("/site/webmentions", right="site.change")
async def change_switches(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Have other sites be told, or stop it; let them tell, or not. Of what was published before nobody is told."""
    wanted = incoming.given(await incoming.body(request, WebmentionSwitchesChanges))
    changes = {name: wanted[field] for name, field in (("out", "outgoing"), ("into", "incoming")) if field in wanted}
    kept = await switches.amend(databases.site, writer.actor, changes, unless_changed(request, _switches_now))
    return answers.send(request, WebmentionSwitches(outgoing=kept.out, incoming=kept.into))


async def _switches_now(connection: Connection) -> WebmentionSwitches:
    found = await switches.current(connection)
    return WebmentionSwitches(outgoing=found.out, incoming=found.into)


def _webmention(found: moderation.Row, state: Shown, site_url: str) -> Webmention:
    return Webmention(
        id=found.id,
        state=state,
        kind=found.kind,
        source=found.source,
        host=found.host,
        author_name=found.author_name,
        author_url=found.author_url,
        title=found.title,
        words=found.words,
        post_id=found.post_id,
        post_title=found.post_title,
        post_url=f"{site_url}{found.post_url}",
        asked_at=answers.moment(found.asked_at_us),
    )


def _told(found: told.Row) -> ToldSite:
    return ToldSite(
        post_id=found.post_id,
        post_title=found.title,
        target=found.target,
        state=found.state,
        reason=found.reason,
        tried_at=answers.moment_or_none(found.tried_at_us),
        next_at=answers.moment_or_none(found.next_us),
    )


route_handlers = [
    index,
    decide,
    told_sites,
    blocks,
    block,
    allow,
    show_switches,
    change_switches,
]
