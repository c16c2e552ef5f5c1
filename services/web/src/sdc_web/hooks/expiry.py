"""Deleting the rows of `ttl.db` whose time is over."""

from sdc_core.sqlite import Connection, Database, execute

SQL_EXPIRE_SESSIONS = "DELETE FROM sessions WHERE expires_at_us <= :now_us"
SQL_EXPIRE_TOKENS = "DELETE FROM one_time_tokens WHERE expires_at_us <= :now_us"
SQL_EXPIRE_MESSAGES = "DELETE FROM seen_messages WHERE expires_at_us <= :now_us"
SQL_EXPIRE_THROTTLES = "DELETE FROM throttles WHERE expires_at_us <= :now_us"
SQL_EXPIRE_CEREMONIES = "DELETE FROM ceremonies WHERE expires_at_us <= :now_us"
SQL_EXPIRE_DEVICES = "DELETE FROM devices WHERE expires_at_us <= :now_us"
SQL_EXPIRE_LINKS = "DELETE FROM preview_links WHERE expires_at_us <= :now_us"
SQL_EXPIRE_KEYS = "DELETE FROM idempotency_keys WHERE expires_at_us <= :now_us"
SQL_EXPIRE_REFUSALS = "DELETE FROM refusals WHERE expires_at_us <= :now_us"
SQL_EXPIRE_INVITATIONS = "DELETE FROM invitations WHERE expires_at_us <= :now_us"
SQL_EXPIRE_ENROLMENTS = "DELETE FROM totp_enrolments WHERE expires_at_us <= :now_us"
SQL_EXPIRE_PENDING = "DELETE FROM pending_sign_ins WHERE expires_at_us <= :now_us"
SQL_EXPIRE_TRIPS = "DELETE FROM github_trips WHERE expires_at_us <= :now_us"
# What runs or waits has its own end.
SQL_EXPIRE_TRANSFERS = """
DELETE FROM transfers WHERE expires_at_us <= :now_us AND state NOT IN ('waiting', 'running')
"""
_ALL = (
    SQL_EXPIRE_LINKS,
    SQL_EXPIRE_SESSIONS,
    SQL_EXPIRE_TOKENS,
    SQL_EXPIRE_MESSAGES,
    SQL_EXPIRE_THROTTLES,
    SQL_EXPIRE_KEYS,
    SQL_EXPIRE_CEREMONIES,
    SQL_EXPIRE_DEVICES,
    SQL_EXPIRE_REFUSALS,
    SQL_EXPIRE_INVITATIONS,
    SQL_EXPIRE_ENROLMENTS,
    SQL_EXPIRE_PENDING,
    SQL_EXPIRE_TRIPS,
    SQL_EXPIRE_TRANSFERS,
)


async def expire(ttl: Database, now_us: int) -> int:
    """Delete what expired; returns the number of rows. Each table has its own transaction: sign-ins pass between."""
    deleted = 0
    for sql in _ALL:
        async with ttl.transaction() as connection:
            deleted += await _delete(connection, sql, now_us)
    return deleted


async def _delete(connection: Connection, sql: str, now_us: int) -> int:
    return await execute(connection, sql, {"now_us": now_us})
