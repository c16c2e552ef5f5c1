"""The log of deliveries: filtered, the newest first, a page at a time; and one of them whole."""

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database, fetch_all, fetch_one

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.endpoints import queue
from sdc_web.endpoints.records import Delivery, Message, Try

PAGE = 50
_LATEST = 1 << 62


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed; an empty field asks for all. `before` is the id to go on from."""

    endpoint: str = ""
    type: str = ""
    state: str = ""
    before: str = ""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with its message and its attempts, the newest first."""

    delivery: Delivery
    message: Message
    tries: list[Try]


SQL_PAGE = """
SELECT deliveries.id, message_id, endpoint_id, endpoints.name AS endpoint_name, deliveries.type, at_us,
    deliveries.state, next_us, attempts, deliveries.reason
FROM deliveries JOIN messages ON messages.id = message_id JOIN endpoints ON endpoints.id = endpoint_id
WHERE deliveries.id < :before AND (:endpoint = '' OR endpoint_id = :endpoint)
    AND (:type = '' OR deliveries.type = :type) AND (:state = '' OR deliveries.state = :state)
ORDER BY deliveries.id DESC LIMIT :limit
"""


async def page(database: Database, by: Actor, filters: Filters, limit: int = PAGE) -> list[Delivery]:
    """Deliveries that fit. Raises Forbidden, and Invalid for a place to begin that is none."""
    rights.require(by, "endpoints.read")
    text = filters.before
    if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid("This list cannot begin there: open it anew.", field="before")
    values = {
        "before": int(text) if text else _LATEST,
        "endpoint": filters.endpoint,
        "type": filters.type,
        "state": filters.state,
        "limit": limit,
    }
    async with database.read() as connection:
        return await fetch_all(connection, Delivery, SQL_PAGE, values)


SQL_ONE = """
SELECT deliveries.id, message_id, endpoint_id, endpoints.name AS endpoint_name, deliveries.type, at_us,
    deliveries.state, next_us, attempts, deliveries.reason
FROM deliveries JOIN messages ON messages.id = message_id JOIN endpoints ON endpoints.id = endpoint_id
WHERE deliveries.id = :id
"""
SQL_TRIES = """
SELECT number, at_us, status, error, answer, duration_us FROM attempts WHERE delivery_id = :id
ORDER BY number DESC LIMIT :limit
"""


async def one(database: Database, by: Actor, delivery_id: int) -> Whole:
    """One delivery. Raises Forbidden, NotFound."""
    rights.require(by, "endpoints.read")
    async with database.read() as connection:
        delivery = await _one(connection, delivery_id)
        message = await queue.message(connection, delivery.message_id)
        tries = await fetch_all(connection, Try, SQL_TRIES, {"id": delivery_id, "limit": PAGE})
    if message is None:
        raise NotFound("there is no such delivery")
    return Whole(delivery=delivery, message=message, tries=tries)


async def replay(database: Database, by: Actor, delivery_id: int) -> None:
    """Send one again under the id it had, now. Raises Forbidden, NotFound."""
    rights.require(by, "endpoints.change")
    now_us = clock.now_us()
    async with database.transaction() as connection:
        delivery = await _one(connection, delivery_id)
        if not await queue.replay(connection, delivery_id, now_us):
            await queue.hasten(connection, delivery_id, now_us)
        words = f"{delivery.endpoint_name}, {delivery.type}"
        await audit.record(connection, by, "endpoint.replayed", delivery.endpoint_id, words)


async def _one(connection: Connection, delivery_id: int) -> Delivery:
    found = await fetch_one(connection, Delivery, SQL_ONE, {"id": delivery_id})
    if found is None:
        raise NotFound("there is no such delivery")
    return found
