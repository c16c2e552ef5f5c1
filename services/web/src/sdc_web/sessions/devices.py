"""Browsers in which an author has signed in before, by a cookie that only a sign-in gives; and what to call them."""

import hashlib
import re

from sdc_core import clock
from sdc_core.sqlite import Connection, execute, fetch_value

REMEMBERED_US = 400 * clock.DAY_US
"""As long as browsers keep a cookie; every sign-in begins it anew."""
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def name(user_agent: str) -> str:
    """`Firefox on Linux`, as far as the browser tells."""
    browser = next((called for mark, called in _BROWSERS if mark in user_agent), "")
    system = next((called for mark, called in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    first = re.match(r"[\w.-]{1,30}", user_agent)
    return browser or system or (first[0] if first else "An unknown device")


SQL_KNOWN = """
SELECT EXISTS (SELECT 1 FROM devices
    WHERE token_sha256 = :token_sha256 AND author_id = :author_id AND expires_at_us > :now_us)
"""


async def is_known(connection: Connection, author_id: str, token: str) -> bool:
    """Whether this author has signed in there."""
    values = {"author_id": author_id, "token_sha256": _sha256(token), "now_us": clock.now_us()}
    return bool(await fetch_value(connection, SQL_KNOWN, values))


SQL_ANY = "SELECT EXISTS (SELECT 1 FROM devices WHERE author_id = :author_id AND expires_at_us > :now_us)"


async def any_known(connection: Connection, author_id: str) -> bool:
    """Whether this author has signed in anywhere."""
    return bool(await fetch_value(connection, SQL_ANY, {"author_id": author_id, "now_us": clock.now_us()}))


SQL_REMEMBER = """
INSERT INTO devices (token_sha256, author_id, expires_at_us) VALUES (:token_sha256, :author_id, :expires_at_us)
ON CONFLICT (token_sha256, author_id) DO UPDATE SET expires_at_us = excluded.expires_at_us
"""


async def remember(connection: Connection, author_id: str, token: str) -> None:
    expires_at_us = clock.now_us() + REMEMBERED_US
    values = {"token_sha256": _sha256(token), "author_id": author_id, "expires_at_us": expires_at_us}
    await execute(connection, SQL_REMEMBER, values)


SQL_FORGET = "DELETE FROM devices WHERE author_id = :author_id AND token_sha256 = :token_sha256"


async def forget(connection: Connection, author_id: str, token_sha256: str) -> None:
    """A sign-in there is one on a new device from now on."""
    await execute(connection, SQL_FORGET, {"author_id": author_id, "token_sha256": token_sha256})


# Without one that stays there would be none from which another one is told.
SQL_FORGET_OTHERS = """
DELETE FROM devices WHERE author_id = :author_id
    AND EXISTS (SELECT 1 FROM sessions WHERE id = :kept_id AND device_sha256 <> '')
    AND token_sha256 <> (SELECT device_sha256 FROM sessions WHERE id = :kept_id)
"""


async def forget_others(connection: Connection, author_id: str, kept_id: str) -> None:
    """All but the one in which that session is; none where it is not known."""
    await execute(connection, SQL_FORGET_OTHERS, {"author_id": author_id, "kept_id": kept_id})


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
