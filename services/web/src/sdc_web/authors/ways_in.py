"""How many ways in an author has, so that none of them removes the last. A login link is one more for everybody."""

from sdc_core.sqlite import Connection, fetch_value

SQL_COUNT = """
SELECT (authors.password_hash IS NOT NULL)
    + (SELECT count(*) FROM passkeys WHERE passkeys.author_id = authors.id)
    + (SELECT count(*) FROM github_accounts WHERE github_accounts.author_id = authors.id)
FROM authors WHERE authors.id = :author_id
"""


async def count(connection: Connection, author_id: str) -> int:
    """Passwords, passkeys and accounts at GitHub."""
    found = await fetch_value(connection, SQL_COUNT, {"author_id": author_id})
    return found if isinstance(found, int) else 0
