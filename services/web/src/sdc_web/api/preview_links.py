"""Secret links to a draft, for readers without an account: made, listed, taken back."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.api.one_post import OnePost
from sdc_web.posts import preview_links
from sdc_web.posts.preview_links import MAX_NOTE, Days


class PreviewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that works until `expires_at`. `revision_id` is null when it shows whatever is newest; `note` says for
    whom it is; `views` counts how often it was opened.
    """

    id: str
    revision_id: str | None
    note: str
    created_at: Moment
    expires_at: Moment
    views: int
    viewed_at: Moment | None


class PreviewLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Those of a post that work, the newest first; none tells its address."""

    links: tuple[PreviewLink, ...]


class MadePreviewLink(PreviewLink, frozen=True, kw_only=True):
    """A new link; `url` is its secret address, which no other answer tells."""

    url: str


class NewPreviewLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how many days, for whom, and to what: the newest text at each look, or with an id that revision."""

    days: Days = 7
    note: Annotated[str, Meta(description=f"One line of at most {MAX_NOTE} characters.")] = ""
    revision_id: str | None = None


@get("/posts/{post_id:str}/preview-links", right="posts.change")
async def index(one: NamedDependency[OnePost]) -> Response[bytes]:
    """List the secret links to a post that work."""
    found = await preview_links.listing(one.databases, one.by, one.id)
    return answers.send(one.request, PreviewLinks(links=tuple(_told(each) for each in found)))


@post("/posts/{post_id:str}/preview-links", status_code=201, right="posts.change")
async def create(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Make a secret link at which somebody without an account reads a post that is not published."""
    new = await incoming.body(one.request, NewPreviewLink)

    async def make(link_id: str) -> Response[bytes]:
        made = await preview_links.make(
            one.databases,
            one.by,
            one.id,
            days=new.days,
            note=new.note,
            revision_id=new.revision_id,
            link_id=link_id,
        )
        told = msgspec.structs.asdict(_told(made.link))
        headers = {"location": f"/api/v1/posts/{one.id}/preview-links/{made.link.id}"}
        return answers.send(
            one.request, MadePreviewLink(**told, url=f"{one.settings.site_url}{made.path}"), 201, headers
        )

    return await one.once(make)


@delete("/posts/{post_id:str}/preview-links/{link_id:str}", right="posts.change")
async def remove(one: NamedDependency[OnePost], link_id: FromPath[str]) -> None:
    """Take a secret link back: from the next request on it leads nowhere."""
    await preview_links.revoke(one.databases, one.by, one.id, link_id)


def _told(found: preview_links.PreviewLink) -> PreviewLink:
    return PreviewLink(
        id=found.id,
        revision_id=found.revision_id,
        note=found.note,
        created_at=answers.moment(found.created_at_us),
        expires_at=answers.moment(found.expires_at_us),
        views=found.views,
        viewed_at=answers.moment_or_none(found.viewed_at_us),
    )


route_handlers = [index, create, remove]
