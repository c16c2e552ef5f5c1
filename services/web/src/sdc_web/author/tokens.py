"""Tokens of the API, as the author makes and revokes them. A new one is shown once."""

from types import MappingProxyType
from typing import Literal

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid

from sdc_web import pages, tokens
from sdc_web.author import forms
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/site/tokens"
WORDS: MappingProxyType[tokens.Scope, str] = MappingProxyType({
    "read": "read",
    "write": "read and write",
    "posts:read": "read texts",
    "posts:write": "write drafts",
    "posts:publish": "write and publish texts",
    "media:read": "see media",
    "media:write": "change media",
    "site:read": "read about the site",
    "site:write": "change the site",
    "analytics:read": "read the statistics",
})  # fmt: skip
"""What a scope lets a token do, in words that follow "may"."""


_PARTS: MappingProxyType[str, tuple[str, tuple[tokens.Scope, ...]]] = MappingProxyType({
    "posts": ("Texts, tags and series", ("posts:read", "posts:write", "posts:publish")),
    "media": ("Media", ("media:read", "media:write")),
    "site": ("The site, its links and jobs", ("site:read", "site:write")),
    "statistics": ("Statistics", ("analytics:read",)),
})  # fmt: skip
"""The fields of the form for parts: each with its label and what can be chosen."""


class TokenForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form; `days` is empty for a token that never ends. Of the parts that which `scope` says
    counts, or with `parts` each that is not empty.
    """

    name: str = ""
    scope: Literal["read", "write", "analytics:read", "parts"] = "read"
    posts: Literal["", "posts:read", "posts:write", "posts:publish"] = ""
    media: Literal["", "media:read", "media:write"] = ""
    site: Literal["", "site:read", "site:write"] = ""
    statistics: Literal["", "analytics:read"] = ""
    days: str = ""


class Revoked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token to revoke, and whose it is; without an author their own."""

    name: str
    author: str = ""


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list; times in microseconds, UTC."""

    name: str
    may: str
    author_id: str
    maker: str
    created_at_us: int
    last_used_at_us: int | None
    expires_at_us: int | None
    expired: bool


@get(ADDRESS, right="tokens.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """Every token that they may see, and the form for one more."""
    return await _page(request, databases, author, TokenForm())


@post(ADDRESS, status_code=200, right="tokens.change")
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """Make one, and show it in this answer alone."""
    confirm.require(author)
    form = await forms.read(request, TokenForm)
    try:
        issued = await tokens.issue(
            databases.site,
            author.actor,
            name=form.name,
            scope=_scopes(form),
            author_id=author.id,
            days=_days(form.days),
        )
    except (Invalid, Conflict) as error:
        field = error.field if isinstance(error, Invalid) else "name"
        return await _page(request, databases, author, form, errors={field: str(error)}, status_code=422)
    return await _page(request, databases, author, TokenForm(), issued=issued)


@delete(ADDRESS, status_code=303, right="tokens.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """Revoke one. Nobody is asked to confirm what only takes away."""
    form = await forms.read(request, Revoked)
    await tokens.revoke(databases.site, author.actor, form.name, form.author or None)
    return pages.redirect(ADDRESS, "revoked")


def _scopes(form: TokenForm) -> list[tokens.Scope]:
    if form.scope != "parts":
        return [form.scope]
    return [each for each in (form.posts, form.media, form.site, form.statistics) if each]


def _days(typed: str) -> int | None:
    """Raises Invalid for what is no whole number."""
    typed = typed.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 6):
        raise Invalid("write the days as a whole number", field="days")
    return int(typed)


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: TokenForm,
    *,
    errors: dict[str, str] | None = None,
    issued: tokens.Issued | None = None,
    status_code: int = 200,
) -> Response[str]:
    names = {each.id: each.name for each in await accounts.everyone(databases)}
    listed = [_row(each, names.get(each.author_id, "")) for each in await tokens.listing(databases.site, author.actor)]
    return await pages.page(
        request,
        databases,
        "author/tokens/index.html",
        author=author,
        status_code=status_code,
        listed=listed,
        form=form,
        errors=errors or {},
        issued=issued,
        parts=_PARTS,
        words=WORDS,
    )


def _row(token: tokens.ApiToken, maker: str) -> TokenRow:
    return TokenRow(
        name=token.name,
        may=", ".join(words for scope, words in WORDS.items() if scope in token.scopes),
        author_id=token.author_id,
        maker=maker,
        created_at_us=token.created_at_us,
        last_used_at_us=token.last_used_at_us,
        expires_at_us=token.expires_at_us,
        expired=token.expires_at_us is not None and token.expires_at_us <= clock.now_us(),
    )


route_handlers = [index, create, remove]
