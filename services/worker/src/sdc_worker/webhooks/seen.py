"""Messages that have been seen: whoever captured one cannot have it change something a second time."""

from sdc_core import clock
from sdc_core.sqlite import Connection, execute

REMEMBERED_US = clock.DAY_US
"""A signature is good for minutes; a clock that is put right moves that by less."""

SQL_FORGET = "DELETE FROM seen_messages WHERE expires_at_us <= :now_us"

SQL_REMEMBER = """
INSERT INTO seen_messages (message_id, expires_at_us) VALUES (:message_id, :expires_at_us) ON CONFLICT DO NOTHING
"""


async def first(connection: Connection, message_id: str) -> bool:
    """Whether a message comes for the first time, to be asked in the transaction of what it changes."""
    now_us = clock.now_us()
    await execute(connection, SQL_FORGET, {"now_us": now_us})
    values = {"message_id": message_id, "expires_at_us": now_us + REMEMBERED_US}
    return await execute(connection, SQL_REMEMBER, values) == 1
