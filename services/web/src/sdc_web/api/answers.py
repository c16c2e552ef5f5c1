"""The shapes of the answers, and how one is sent. Moments are RFC 3339, UTC."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response
from msgspec import Meta
from sdc_core import clock

from sdc_web.posts import Kind, ProjectFacts, Revision, State, Summary
from sdc_web.posts.whole import Overview, Whole, is_placeholder
from sdc_web.problems import AnyRequest

HEADERS = {"cache-control": "private, no-cache"}
Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class PostSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A post with its newest revision, but for the text. `state` is `changed` when readers see an older revision;
    `on_site` tells whether they see any; `url` is the address that they use or will, null while there is no slug;
    `series` is a title, empty for none; `project` is null but for projects; `language` is empty for the site's own;
    `canonical_url` is where the text is at home, empty for here; `dated_at` is the date given to it, null for none;
    `trashed_at` is null unless it lies in the trash, where `trashed_by` put it; `author` is a sign-in name.
    """

    id: str
    kind: Kind
    state: State
    on_site: bool
    url: str | None
    revision: int
    title: str
    slug: str
    summary: str
    tags: tuple[str, ...]
    cover_asset_id: str | None
    series: str
    series_position: int | None
    project: ProjectFacts | None
    language: str
    translation_key: str
    canonical_url: str
    dated_at: Moment | None
    created_at: Moment
    saved_at: Moment
    published_at: Moment | None
    changed_at: Moment | None
    scheduled_at: Moment | None
    unpublish_at: Moment | None
    trashed_at: Moment | None
    trashed_by: str
    author: str
    noindex: bool


class Post(PostSummary, frozen=True, kw_only=True):
    """A post whole; `body` is the Markdown of its newest revision."""

    body: str


class Publication(Post, frozen=True, kw_only=True):
    """A post whose newest revision was published or scheduled; `faults` says why diagrams of its text stayed code."""

    faults: tuple[str, ...]


class PublishedPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post as readers see it named: the title that is published, and its address."""

    post_id: str
    title: str
    url: str
    published_at: Moment


class Restored(Post, frozen=True, kw_only=True):
    """A post that is out of the trash; `words` say why it is not what it was, empty when it is."""

    words: str


class PostPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of posts; `next_cursor` asks for the next one, null on the last."""

    posts: tuple[PostSummary, ...]
    next_cursor: str | None


class RevisionText(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody else saved in the meantime."""

    revision: int
    title: str
    slug: str
    summary: str
    body: str
    tags: tuple[str, ...]
    cover_asset_id: str | None
    series: str
    series_position: int | None
    project: ProjectFacts | None
    language: str
    translation_key: str
    canonical_url: str
    dated_at: Moment | None
    saved_at: Moment


def summary_of(found: Overview, site_url: str) -> PostSummary:
    """The post for a list."""
    return msgspec.convert(_fields(found, site_url), PostSummary)


def post_of(found: Whole, site_url: str) -> Post:
    """The post whole."""
    return msgspec.convert(_fields(found, site_url) | {"body": found.body}, Post)


def published_of(found: Summary, site_url: str) -> PublishedPost:
    """The post where another thing names it."""
    return PublishedPost(
        post_id=found.id,
        title=found.title,
        url=f"{site_url}{found.url}",
        published_at=moment(found.published_at_us),
    )


def revision_of(revision: Revision) -> RevisionText:
    """The text of a revision."""
    return RevisionText(
        revision=revision.number,
        title=revision.title,
        slug="" if is_placeholder(revision.slug) else revision.slug,
        summary=revision.summary,
        body=revision.body,
        tags=revision.tags,
        cover_asset_id=revision.cover_asset_id,
        series=revision.series,
        series_position=revision.series_position,
        project=revision.project,
        language=revision.language,
        translation_key=revision.translation_key,
        canonical_url=revision.canonical_url,
        dated_at=moment_or_none(revision.dated_at_us),
        saved_at=moment(revision.saved_at_us),
    )


def send(
    request: AnyRequest,
    answer: msgspec.Struct,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    etag: str = "",
) -> Response[bytes]:
    """The answer as JSON, with a digest of it as its ETag where none is given; 304 for a reader who has it already."""
    encoded = msgspec.json.encode(answer)
    etag = etag or _quoted(encoded)
    sent = {**HEADERS, "etag": etag, **(headers or {})}
    if request.method == "GET" and knows(request, etag):
        return Response(b"", status_code=304, headers=sent)
    return Response(encoded, status_code=status_code, headers=sent, media_type="application/json")


def etag(answer: msgspec.Struct) -> str:
    """That of an answer to which none of its own is given."""
    return _quoted(msgspec.json.encode(answer))


def etag_of(said: msgspec.Struct, told: msgspec.Struct) -> str:
    """That of an answer of which only what is `said` by people counts in If-Match: the rest changes by itself."""
    return f'"{_digest(msgspec.json.encode(said))}-{_digest(msgspec.json.encode(told))}"'


def send_post(request: AnyRequest, post: Post, status_code: int = 200, location: str = "") -> Response[bytes]:
    """A post. Its ETag begins with the revision's number; publishing changes the digest and not that."""
    return send(request, post, status_code, {"location": location} if location else {}, _etag(post))


def send_publication(request: AnyRequest, post: Post, faults: tuple[str, ...]) -> Response[bytes]:
    """The same with what could not be drawn; the ETag is that of the post."""
    told = msgspec.convert(msgspec.structs.asdict(post) | {"faults": faults}, Publication)
    return send(request, told, etag=_etag(post))


def send_restored(request: AnyRequest, post: Post, words: str) -> Response[bytes]:
    """The same with what became of it in the trash."""
    told = msgspec.convert(msgspec.structs.asdict(post) | {"words": words}, Restored)
    return send(request, told, etag=_etag(post))


def _etag(post: Post) -> str:
    return f'"{post.revision}-{_digest(msgspec.json.encode(post))}"'


def _quoted(encoded: bytes) -> str:
    return f'"{_digest(encoded)}"'


def _digest(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()[:12]


def knows(request: AnyRequest, etag: str) -> bool:
    """Whether If-None-Match names it."""
    sent = ",".join(request.headers.getall("if-none-match", []))
    known = {each.strip().removeprefix("W/") for each in sent.split(",")}
    return etag in known or "*" in known


def _fields(found: Overview, site_url: str) -> dict[str, object]:
    return {
        "id": found.id,
        "kind": found.kind,
        "state": found.state,
        "on_site": found.on_site,
        "url": f"{site_url}{found.path}" if found.path else None,
        "revision": found.number,
        "title": found.title,
        "slug": found.shown_slug,
        "summary": found.summary,
        "tags": found.tags,
        "cover_asset_id": found.cover_asset_id,
        "series": found.series,
        "series_position": found.series_position,
        "project": found.project,
        "language": found.language,
        "translation_key": found.translation_key,
        "canonical_url": found.canonical_url,
        "dated_at": moment_or_none(found.dated_at_us),
        "created_at": moment(found.created_at_us),
        "saved_at": moment(found.saved_at_us),
        "published_at": moment_or_none(found.published_at_us),
        "changed_at": moment_or_none(found.changed_at_us),
        "scheduled_at": moment_or_none(found.scheduled_at_us),
        "unpublish_at": moment_or_none(found.unpublish_at_us),
        "trashed_at": moment_or_none(found.trashed_at_us),
        "trashed_by": found.trashed_by,
        "author": found.author,
        "noindex": found.noindex,
    }


def moment(at_us: int) -> datetime:
    """As answers tell it, RFC 3339 in UTC once it is encoded."""
    return clock.to_datetime(at_us)


def moment_or_none(at_us: int | None) -> datetime | None:
    """The same of one that may be missing."""
    return None if at_us is None else moment(at_us)
