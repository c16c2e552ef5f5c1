"""The library as the editor's dialog shows it: pictures and files to put into the text, or pictures above it."""

from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings

from sdc_web import media, pages
from sdc_web.author import forms
from sdc_web.author.media_views import markdown
from sdc_web.db import Databases
from sdc_web.media.library import Filters
from sdc_web.media.picture import Markup
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ON_PAGE = 24
SIZES = "10rem"
"""As wide as the dialog shows each."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words to look for, which types as a field for files has them, and the last asset of the page before."""

    q: str = ""
    accept: Literal["", "image/*"] = ""
    after: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as small as a list shows it, its words beside it; `picture` is None while its sizes are made, and for
    what is none, which has a `format` in its place.
    """

    id: str
    file_name: str
    alt: str
    markdown: str
    picture: Markup | None
    format: str


async def provide_store_away(store: NamedDependency[ObjectStore], settings: NamedDependency[Settings]) -> str:
    """Why pictures do not show at the moment, in words; empty when they do."""
    return await media.upload.store_away(store, settings)


@get("/author/pictures", right="media.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    store_away: NamedDependency[str],
) -> Response[str]:
    """A page of pictures, as a fragment."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), Asked)
    async with databases.site.read() as connection:
        filters = Filters(words=asked.q, pictures=asked.accept != "")
        found = await media.library.page(connection, author.actor, filters, "newest", asked.after, ON_PAGE + 1)
    shown = [choice(each) for each in found[:ON_PAGE] if each.state != "failed"]
    after = media.library.place(found[ON_PAGE - 1], "newest") if len(found) > ON_PAGE else ""
    return pages.fragment(
        "author/posts/_pictures.html",
        author,
        pictures=shown,
        words=asked.q,
        accept=asked.accept,
        after=after,
        store_away="" if asked.after else store_away,
    )


def choice(asset: media.Asset) -> Choice:
    """The asset as the dialog and the cover's place show it."""
    return Choice(
        id=asset.id,
        file_name=asset.file_name,
        alt=asset.alt,
        markdown=markdown(asset),
        picture=media.picture.markup(asset, asset.manifest, alt="", sizes=SIZES) if asset.manifest else None,
        format="" if asset.is_picture else media.attachment.format_of(asset),
    )


route_handlers = [index]
