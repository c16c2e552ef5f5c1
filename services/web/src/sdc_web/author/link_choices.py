"""What the editor's dialog of links offers: texts of this site by their titles, or the address that was typed."""

import re
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from sdc_web import pages, posts
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

SHOWN = 20
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:|[/#]).", re.IGNORECASE | re.DOTALL)
_SIGNS = re.compile(r"[\s()<>\[\]\\]")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was typed; empty for the texts that were saved last."""

    q: str = ""


@get("/author/link-choices", right="posts.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The list, as a fragment."""
    words = forms.fields(request.scope["query_string"].decode("latin-1"), Asked).q.strip()
    address = written(words)
    async with databases.site.read() as connection:
        found = [] if address else await posts.listing.titled(connection, author.actor, words, SHOWN)
    # One without a title gets its address from the title that it will have.
    found = [each for each in found if each.title]
    return pages.fragment("author/posts/_link_choices.html", author, words=words, address=address, found=found)


def written(typed: str) -> str:
    """An address as a link of Markdown holds it, empty for anything else."""
    return _SIGNS.sub(lambda sign: quote(sign[0], safe=""), typed) if _ADDRESS.match(typed) else ""


route_handlers = [index]
