"""Making tokens and knowing them again: found by SHA-256, so no comparison tells how much of a guess fits."""

import hashlib
import logging
import re
from collections.abc import Sequence

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import Database, IntegrityError

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor, Scope
from sdc_web.tokens import store
from sdc_web.tokens.store import ApiToken, Bearer

PREFIX = "sdc_"
"""Programs that search code for lost secrets know them by it."""
MAX_DAYS = 3_650
USED_US = 3_600 * clock.SECOND_US
"""The last use is written once in that time, not with each request."""
_TOKEN = re.compile(r"sdc_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

log = logging.getLogger(__name__)


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A new token: `text` is what a program sends, and is kept nowhere."""

    text: str
    token: ApiToken


async def issue(
    site: Database, by: Actor, *, name: str, scope: Scope | Sequence[Scope], author_id: str, days: int | None = None
) -> Issued:
    """A new token that ends after so many days, or never; it may do what that author may, at most, and of that what
    one of its scopes covers.

    Raises Forbidden, Invalid, and Conflict for a name that a token of the same author has.
    """
    rights.require(by, "tokens.change", author_id)
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise Invalid("a token's name has 1 to 64 letters, digits, dots, hyphens or underscores", field="name")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise Invalid(f"a token lasts 1 to {MAX_DAYS} days", field="days")
    scopes = " ".join(dict.fromkeys([scope] if isinstance(scope, str) else scope))
    if not scopes:
        raise Invalid("say what the token may do", field="scope")
    text = PREFIX + clock.new_token()
    now_us = clock.now_us()
    token = ApiToken(
        id=clock.new_id(),
        name=name,
        scope=scopes,
        token_sha256=_sha256(text),
        author_id=author_id,
        created_at_us=now_us,
        last_used_at_us=None,
        expires_at_us=None if days is None else now_us + days * clock.DAY_US,
    )
    async with site.transaction() as connection:
        try:
            await store.insert(connection, token)
        except IntegrityError:
            raise Conflict(f"there is a token named {name} already: revoke it first, or choose another name") from None
        await audit.record(connection, by, "token.made", token.id, f"{name}, which may {scopes}")
    log.info("a token was made", extra={"token": name, "scope": scopes})
    return Issued(text=text, token=token)


async def recognise(site: Database, text: str) -> Bearer | None:
    """The token with that text, or None for one that is wrong, expired or revoked. Notes its use."""
    if not _TOKEN.fullmatch(text):
        return None
    now_us = clock.now_us()
    async with site.read() as connection:
        found = await store.by_sha256(connection, _sha256(text), now_us)
    if found is None:
        return None
    # Either way: a clock that was ahead may have been put right since.
    if found.last_used_at_us is None or abs(now_us - found.last_used_at_us) > USED_US:
        async with site.transaction() as connection:
            await store.used(connection, found.id, now_us)
    return found


async def listing(site: Database, by: Actor) -> list[ApiToken]:
    """Every token that they may see, expired ones too, by name. Raises Forbidden."""
    author_id = by.only_own("tokens.read")
    async with site.read() as connection:
        return await store.everything(connection, author_id)


async def revoke(site: Database, by: Actor, name: str, author_id: str | None = None) -> None:
    """From the next request on it opens nothing. Without an author it is the only one of that name that they may
    revoke, or their own. Raises Forbidden, NotFound, and Conflict where that names several.
    """
    name = name.strip().lower()
    async with site.transaction() as connection:
        named = await store.by_name(connection, name, author_id)
        if not named:
            raise NotFound(f"there is no token named {name}")
        found = _meant(by, named)
        rights.require(by, "tokens.change", found.author_id)
        await store.delete(connection, found.id)
        await audit.record(connection, by, "token.revoked", found.id, name)
    log.info("a token was revoked", extra={"token": name})


def _meant(by: Actor, named: list[ApiToken]) -> ApiToken:
    # One that is refused, where none is theirs: how many others have is not told.
    theirs = [each for each in named if by.may_of("tokens.change", each.author_id)] or named[:1]
    own = [each for each in theirs if each.author_id == by.id]
    if len(own or theirs) > 1:
        raise Conflict(f"several authors have a token named {named[0].name}: say whose it is")
    return (own or theirs)[0]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
