"""Passkeys: making one for an author, knowing an author by one, and never losing the last way in."""

import asyncio
import json
import logging
from types import MappingProxyType

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Unauthorized
from sdc_core.sqlite import IntegrityError

from sdc_web import audit
from sdc_web.about import site
from sdc_web.authors import ceremonies, passkey_store, rights, store, ways_in, webauthn_answers
from sdc_web.authors.passkey_store import Passkey
from sdc_web.authors.rights import Actor
from sdc_web.authors.store import Author
from sdc_web.authors.webauthn_answers import Person, RelyingParty
from sdc_web.db import Databases
from sdc_web.sessions import endings

MAX_NAME = 60
MOST = 20
"""Of one author."""
MAKERS = MappingProxyType({
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "Apple Passwords",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on macOS",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
})  # fmt: skip
"""Names for kinds of authenticators that say which they are (AAGUID)."""

log = logging.getLogger(__name__)


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a challenge and must answer it: `secret` is a session's id or what a cookie holds."""

    secret: str
    address: str = ""


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What the author calls a new key, or the name to take when they call it nothing and its maker is not known."""

    given: str = ""
    otherwise: str = "Passkey"


async def ask_for_new(
    databases: Databases, party: RelyingParty, person: Person, holder: Holder, purpose: ceremonies.Purpose = "add"
) -> str:
    """Options for `navigator.credentials.create()`, as JSON. A key that the author has is not made twice."""
    async with databases.site.read() as connection:
        known = await passkey_store.of_author(connection, person.id)
        title = (await site.words(connection)).title
    challenge = await ceremonies.begin(
        databases.ttl, purpose, holder=holder.secret, address=holder.address, author_id=person.id
    )
    keys = [each.credential_id for each in known]
    return (await _proofs()).ask_for_new(party, title, person, challenge, keys)


async def ask_for_known(
    databases: Databases, party: RelyingParty, purpose: ceremonies.Purpose, holder: Holder, author_id: str = ""
) -> str:
    """Options for `navigator.credentials.get()`, as JSON: for any key of this site, or for those of one author."""
    known: list[Passkey] = []
    if author_id:
        async with databases.site.read() as connection:
            known = await passkey_store.of_author(connection, author_id)
    challenge = await ceremonies.begin(
        databases.ttl, purpose, holder=holder.secret, address=holder.address, author_id=author_id
    )
    return (await _proofs()).ask_for_known(party, challenge, [each.credential_id for each in known])


async def made(
    databases: Databases, party: RelyingParty, purpose: ceremonies.Purpose, holder: Holder, text: str, name: Name
) -> Passkey:
    """The key that a browser made, stored nowhere yet. Raises Invalid, and Unauthorized for one that proves nothing."""
    cleaned = clean_name(name.given)
    answer = webauthn_answers.read(text)
    challenge = webauthn_answers.challenge_of(answer)
    taken = await ceremonies.take(databases.ttl, purpose, holder=holder.secret, challenge=challenge)
    key = (await _proofs()).verify_made(answer, party, challenge)
    return Passkey(
        id=clock.new_id(),
        author_id=taken.author_id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        name=cleaned or MAKERS.get(key.aaguid) or clean_name(name.otherwise[:MAX_NAME]),
        synced=key.synced,
        transports=json.dumps(key.transports),
        created_at_us=clock.now_us(),
    )


async def add(databases: Databases, party: RelyingParty, by: Actor, holder: Holder, text: str, name: Name) -> Passkey:
    """Another key of whoever acts. Raises as `made` does, and Conflict for a key that is known or one too many."""
    rights.require(by, "account.change", by.id)
    passkey = await made(databases, party, "add", holder, text, name)
    if passkey.author_id != by.id:
        raise Unauthorized("this passkey was begun by another author: try again")
    async with databases.site.transaction() as connection:
        if await passkey_store.count(connection, by.id) >= MOST:
            raise Conflict(f"an author has at most {MOST} passkeys: remove one first")
        try:
            await passkey_store.insert(connection, passkey)
        except IntegrityError:
            raise Conflict("this passkey is known already") from None
        await audit.record(connection, by, "passkey.added", passkey.id, passkey.name)
    log.info("a passkey was added", extra={"author_id": by.id})
    return passkey


async def prove(
    databases: Databases, party: RelyingParty, purpose: ceremonies.Purpose, holder: Holder, text: str
) -> tuple[Author, bool]:
    """The author whose key answered, and whether its counter went wrong, which a copy of a key would cause.

    Raises Invalid for what cannot be read, Unauthorized in the same words for a key that is not known, that belongs to
    another author than was asked, or that did not sign.
    """
    answer = webauthn_answers.read(text)
    challenge = webauthn_answers.challenge_of(answer)
    taken = await ceremonies.take(databases.ttl, purpose, holder=holder.secret, challenge=challenge)
    async with databases.site.read() as connection:
        passkey = await passkey_store.by_credential(connection, webauthn_answers.credential_id(answer))
        author = None if passkey is None else await store.by_id(connection, passkey.author_id)
    if passkey is None or author is None or taken.author_id not in ("", author.id):
        log.warning("a passkey was refused", extra={"known": passkey is not None})
        await audit.refused(databases, None, "session.refused", "", "by a passkey that is not known")
        raise Unauthorized("this passkey is not known here: it may have been removed. Choose another way in")
    try:
        handle = answer.response.user_handle
        if handle is not None and webauthn_answers.decoded(handle) != author.id.encode():
            raise Unauthorized("this passkey is of another author")
        shown = (await _proofs()).verify_shown(answer, party, challenge, passkey.public_key)
    except Unauthorized:
        await audit.refused(databases, None, "session.refused", author.id, f"by a passkey of {author.name}")
        raise
    counts = not passkey.synced and max(shown.sign_count, passkey.sign_count) > 0
    copied = counts and shown.sign_count <= passkey.sign_count
    await _keep_use(databases, author, passkey, shown.sign_count, copied=copied)
    return author, copied


async def listing(databases: Databases, by: Actor) -> list[Passkey]:
    """The keys of whoever acts, the oldest first."""
    rights.require(by, "account.change", by.id)
    async with databases.site.read() as connection:
        return await passkey_store.of_author(connection, by.id)


async def counts(databases: Databases) -> dict[str, int]:
    """How many keys each author has who has any, by their id."""
    async with databases.site.read() as connection:
        return {row.author_id: row.keys for row in await passkey_store.counts(connection)}


async def rename(databases: Databases, by: Actor, passkey_id: str, name: str) -> None:
    """Raises NotFound when it is none of theirs, Invalid for a name that cannot be."""
    rights.require(by, "account.change", by.id)
    cleaned = clean_name(name)
    if not cleaned:
        raise Invalid("give it a name that tells it from the others", field="name")
    async with databases.site.transaction() as connection:
        names = {each.id: each.name for each in await passkey_store.of_author(connection, by.id)}
        if not await passkey_store.rename(connection, by.id, passkey_id, cleaned):
            raise NotFound("there is no such passkey")
        if names[passkey_id] != cleaned:
            await audit.record(connection, by, "passkey.renamed", passkey_id, f"{names[passkey_id]}, now {cleaned}")


async def remove(databases: Databases, by: Actor, passkey_id: str, *, kept_id: str = "") -> None:
    """It opens nothing from now on, and what it may have opened ends: every session but the one named. Raises NotFound
    when it is none of theirs, Conflict for the last way in.
    """
    rights.require(by, "account.change", by.id)
    async with databases.site.transaction() as connection:
        names = {each.id: each.name for each in await passkey_store.of_author(connection, by.id)}
        last = await ways_in.count(connection, by.id) == 1
        if not await passkey_store.delete(connection, by.id, passkey_id):
            raise NotFound("there is no such passkey")
        await audit.record(connection, by, "passkey.removed", passkey_id, names[passkey_id])
        if last:
            message = "this is your only way in: set a password or add another passkey first, then remove this one"
            raise Conflict(message)
        await endings.with_change(databases, connection, by, by.id, kept_id)
    log.info("a passkey was removed", extra={"author_id": by.id})


def clean_name(name: str) -> str:
    """One line; Invalid when it is too long or holds what nobody sees."""
    cleaned = " ".join(name.split())
    if len(cleaned) > MAX_NAME or site.is_misleading(cleaned):
        raise Invalid(f"the name of a passkey has at most {MAX_NAME} visible characters", field="name")
    return cleaned


async def _keep_use(databases: Databases, author: Author, passkey: Passkey, sign_count: int, *, copied: bool) -> None:
    now_us = clock.now_us()
    async with databases.site.transaction() as connection:
        if not await passkey_store.used(connection, passkey.id, sign_count, now_us, now_us if copied else None):
            raise Unauthorized("this passkey has just been removed")
        if copied:
            await audit.record(connection, author.actor, "passkey.suspected", passkey.id, passkey.name)
    if copied:
        log.warning("a passkey's counter went back: there may be a copy of it", extra={"author_id": passkey.author_id})


async def _proofs():  # noqa: ANN202 - the module itself, with the types of all that is in it
    """`webauthn_proofs`, loaded in a thread when the first key comes."""

    def load():  # noqa: ANN202 - the same
        from sdc_web.authors import webauthn_proofs  # noqa: PLC0415 - 6 MB that most processes never need

        return webauthn_proofs

    return await asyncio.to_thread(load)
