"""Who belongs to the site: roles changed, authors removed. There is always an owner, however many act at once."""

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web import audit
from sdc_web.authors import invitation_store, rights
from sdc_web.authors.rights import Actor, Role
from sdc_web.db import Databases

LAST_OWNER = "this is the only owner of the site: make somebody else an owner first"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An author as owners see them, with how many texts and media assets are theirs."""

    id: str
    name: str
    display_name: str
    role: Role
    created_at_us: int
    posts: int
    media: int

    @property
    def is_owner(self) -> bool:
        """Whether they may everything."""
        return self.role == "owner"


SQL_MEMBERS = """
SELECT authors.id, authors.name, authors.display_name, authors.role, authors.created_at_us,
    (SELECT count(*) FROM posts WHERE posts.author_id = authors.id) AS posts,
    (SELECT count(*) FROM media_assets WHERE media_assets.author_id = authors.id) AS media
FROM authors WHERE authors.removed_at_us IS NULL ORDER BY authors.name
"""


async def members(connection: Connection, by: Actor) -> list[Member]:
    """Everybody, by name. Raises Forbidden."""
    rights.require(by, "authors.read")
    return await fetch_all(connection, Member, SQL_MEMBERS)


SQL_MEMBER = """
SELECT authors.id, authors.name, authors.display_name, authors.role, authors.created_at_us,
    (SELECT count(*) FROM posts WHERE posts.author_id = authors.id) AS posts,
    (SELECT count(*) FROM media_assets WHERE media_assets.author_id = authors.id) AS media
FROM authors WHERE authors.id = :id AND authors.removed_at_us IS NULL
"""


async def member(connection: Connection, by: Actor, author_id: str) -> Member:
    """One of them. Raises Forbidden, NotFound."""
    rights.require(by, "authors.read")
    found = await fetch_one(connection, Member, SQL_MEMBER, {"id": author_id})
    if found is None:
        raise NotFound("there is no such author")
    return found


SQL_SET_ROLE = "UPDATE authors SET role = :role WHERE id = :id"


async def change_role(databases: Databases, by: Actor, author_id: str, role: Role) -> None:
    """From the next request on they may what the role may. Raises Forbidden, NotFound, Conflict for the last owner.

    Whoever is an owner no more has nobody invited any more.
    """
    rights.require(by, "authors.change")
    async with databases.site.transaction() as connection:
        before = await member(connection, by, author_id)
        if before.role == role:
            return
        await _require_another_owner(connection, before)
        await execute(connection, SQL_SET_ROLE, {"id": author_id, "role": role})
        words = f"{before.name}, from {before.role} to {role}"
        await audit.record(connection, by, "author.changed", author_id, words)
    if before.is_owner:
        await _take_back_invitations(databases, author_id)


SQL_REMOVE = """
UPDATE authors SET removed_at_us = :now_us, name = 'removed ' || id, password_hash = NULL, role = 'viewer'
WHERE id = :id
"""
SQL_HAND_OVER_POSTS = "UPDATE posts SET author_id = :heir_id WHERE author_id = :id"
SQL_HAND_OVER_MEDIA = "UPDATE media_assets SET author_id = :heir_id WHERE author_id = :id"
SQL_HAND_OVER_NOTES = "UPDATE statistics_notes SET author_id = :heir_id WHERE author_id = :id"
SQL_FORGET_VIEWS = "DELETE FROM statistics_views WHERE author_id = :id"
SQL_FORGET_TOKENS = "DELETE FROM api_tokens WHERE author_id = :id"
SQL_FORGET_PASSKEYS = "DELETE FROM passkeys WHERE author_id = :id"
SQL_FORGET_CODES = "DELETE FROM totp_secrets WHERE author_id = :id"
SQL_FORGET_RECOVERY_CODES = "DELETE FROM recovery_codes WHERE author_id = :id"
SQL_FORGET_GITHUB = "DELETE FROM github_accounts WHERE author_id = :id"
_FORGET = (
    SQL_FORGET_VIEWS,
    SQL_FORGET_TOKENS,
    SQL_FORGET_PASSKEYS,
    SQL_FORGET_CODES,
    SQL_FORGET_RECOVERY_CODES,
    SQL_FORGET_GITHUB,
)


async def remove(databases: Databases, by: Actor, author_id: str, heir_id: str) -> None:
    """They sign in no more, in no way; their texts and media are the heir's, and old revisions keep their name.

    Raises Forbidden, NotFound, Conflict for the last owner, Invalid for an heir who cannot have texts.
    """
    rights.require(by, "authors.change")
    async with databases.site.transaction() as connection:
        leaving = await member(connection, by, author_id)
        await _require_another_owner(connection, leaving)
        heir = await fetch_one(connection, Member, SQL_MEMBER, {"id": heir_id})
        if heir is None or heir.id == leaving.id or heir.role == "viewer":
            raise Invalid("choose an owner or another author, whose their texts and pictures will be", field="heir_id")
        values = {"id": author_id, "heir_id": heir_id}
        for statement in (SQL_HAND_OVER_POSTS, SQL_HAND_OVER_MEDIA, SQL_HAND_OVER_NOTES):
            await execute(connection, statement, values)
        for statement in _FORGET:
            await execute(connection, statement, {"id": author_id})
        await execute(connection, SQL_REMOVE, {"id": author_id, "now_us": clock.now_us()})
        await audit.record(
            connection, by, "author.removed", author_id, f"{leaving.name}; what was theirs is {heir.name}'s"
        )
    await _take_back_invitations(databases, author_id)


SQL_OTHER_OWNERS = "SELECT count(*) FROM authors WHERE role = 'owner' AND removed_at_us IS NULL AND id <> :id"


async def _require_another_owner(connection: Connection, leaving: Member) -> None:
    """Inside the write transaction, so that of two who make each other less, one is refused."""
    if leaving.is_owner and not await fetch_value(connection, SQL_OTHER_OWNERS, {"id": leaving.id}):
        raise Conflict(LAST_OWNER)


async def _take_back_invitations(databases: Databases, author_id: str) -> None:
    async with databases.ttl.transaction() as connection:
        await invitation_store.delete_of(connection, author_id)
