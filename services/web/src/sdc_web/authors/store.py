"""The authors table."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web.authors.rights import Actor, Role


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in. `password_hash` is None for one who only uses login links, `time_zone` an IANA name, or
    empty while they have chosen none.
    """

    id: str
    name: str
    display_name: str
    password_hash: str | None
    created_at_us: int
    role: Role
    time_zone: str = ""

    @property
    def actor(self) -> Actor:
        """They, as whoever does something."""
        return Actor(id=self.id, name=self.name, role=self.role)


SQL_INSERT = """
INSERT INTO authors (id, name, display_name, password_hash, created_at_us, role, time_zone)
VALUES (:id, :name, :display_name, :password_hash, :created_at_us, :role, :time_zone)
"""


async def insert(connection: Connection, author: Author) -> None:
    """IntegrityError when the name is taken."""
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(author))


SQL_BY_NAME = """
SELECT id, name, display_name, password_hash, created_at_us, role, time_zone FROM authors
WHERE name = :name AND removed_at_us IS NULL
"""


async def by_name(connection: Connection, name: str) -> Author | None:
    """Upper and lower case are one name."""
    return await fetch_one(connection, Author, SQL_BY_NAME, {"name": name})


SQL_BY_ID = """
SELECT id, name, display_name, password_hash, created_at_us, role, time_zone FROM authors
WHERE id = :id AND removed_at_us IS NULL
"""


async def by_id(connection: Connection, author_id: str) -> Author | None:
    return await fetch_one(connection, Author, SQL_BY_ID, {"id": author_id})


SQL_ALL = """
SELECT id, name, display_name, password_hash, created_at_us, role, time_zone FROM authors
WHERE removed_at_us IS NULL ORDER BY name
"""


async def everyone(connection: Connection) -> list[Author]:
    return await fetch_all(connection, Author, SQL_ALL)


SQL_ANY = "SELECT EXISTS (SELECT 1 FROM authors)"


async def any_exists(connection: Connection) -> bool:
    return bool(await fetch_value(connection, SQL_ANY))


SQL_REHASH = "UPDATE authors SET password_hash = :password_hash WHERE id = :id"


async def set_password_hash(connection: Connection, author_id: str, password_hash: str) -> None:
    await execute(connection, SQL_REHASH, {"id": author_id, "password_hash": password_hash})


SQL_SET_TIME_ZONE = "UPDATE authors SET time_zone = :time_zone WHERE id = :id"


async def set_time_zone(connection: Connection, author_id: str, time_zone: str) -> None:
    await execute(connection, SQL_SET_TIME_ZONE, {"id": author_id, "time_zone": time_zone})
