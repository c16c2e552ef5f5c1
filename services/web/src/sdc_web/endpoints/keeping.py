"""What owners do with endpoints: add, change, pause, remove, a new secret, a test, sending again."""

from urllib.parse import urlsplit

import msgspec
from sdc_core import clock, webhooks
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database

from sdc_web import audit
from sdc_web.authors import rights, sealing
from sdc_web.authors.rights import Actor
from sdc_web.endpoints import addresses, queue, store
from sdc_web.endpoints.records import MAX_WAITING, TYPES, Endpoint, State

MAX_ENDPOINTS = 20
MAX_NAME = 80
OVERLAP_US = clock.DAY_US
"""So long a secret that was replaced signs beside the new one."""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner says of an endpoint."""

    name: str
    url: str
    types: tuple[str, ...]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint and its new secret, which is readable nowhere else."""

    id: str
    secret: str


async def listing(database: Database, by: Actor) -> list[Endpoint]:
    """Every endpoint, by name. Raises Forbidden."""
    rights.require(by, "endpoints.read")
    async with database.read() as connection:
        return await store.everything(connection)


async def one(database: Database, by: Actor, endpoint_id: str) -> Endpoint:
    """Raises Forbidden, NotFound."""
    rights.require(by, "endpoints.read")
    async with database.read() as connection:
        return await _one(connection, endpoint_id)


async def add(database: Database, by: Actor, settings: Settings, wishes: Wishes) -> Made:
    """One more, which is on at once. Raises Forbidden, Invalid, and Conflict when there are enough."""
    rights.require(by, "endpoints.change")
    wishes = _checked(wishes, settings)
    endpoint_id, secret = clock.new_id(), webhooks.new_secret()
    sealed = await sealing.seal(settings.factors_key, secret.encode(), endpoint_id)
    endpoint = Endpoint(
        id=endpoint_id,
        name=wishes.name,
        url=wishes.url,
        types=msgspec.json.encode(wishes.types).decode(),
        secret=sealed,
        former_secret=None,
        former_until_us=None,
        state="on",
        reason="",
        failures=0,
        failing_since_us=None,
        created_at_us=clock.now_us(),
    )
    async with database.transaction() as connection:
        others = await store.everything(connection)
        if len(others) >= MAX_ENDPOINTS:
            raise Conflict(f"there are {MAX_ENDPOINTS} endpoints already: remove one first")
        _require_free(wishes.name, others)
        await store.insert(connection, endpoint)
        await audit.record(connection, by, "endpoint.added", endpoint_id, wishes.name)
    return Made(id=endpoint_id, secret=secret)


async def change(database: Database, by: Actor, settings: Settings, endpoint_id: str, wishes: Wishes) -> None:
    """Another name, address or choice of types; what waits goes to the new address. Raises Forbidden, Invalid,
    NotFound.
    """
    rights.require(by, "endpoints.change")
    wishes = _checked(wishes, settings)
    types = msgspec.json.encode(wishes.types).decode()
    async with database.transaction() as connection:
        found = await _one(connection, endpoint_id)
        _require_free(wishes.name, [each for each in await store.everything(connection) if each.id != endpoint_id])
        await store.change(connection, endpoint_id, name=wishes.name, url=wishes.url, types=types)
        # The host alone: the rest of an address may be a secret.
        words = "" if wishes.url == found.url else f", now at {urlsplit(wishes.url).hostname}"
        await audit.record(connection, by, "endpoint.changed", endpoint_id, wishes.name + words)


async def pause(database: Database, by: Actor, endpoint_id: str) -> None:
    """Nothing is sent from now on; what happens meanwhile waits. Raises Forbidden, NotFound."""
    await _switch(database, by, endpoint_id, "paused", "endpoint.paused")


async def resume(database: Database, by: Actor, endpoint_id: str) -> None:
    """On again, after a pause or a disabling; what waits goes out. Raises Forbidden, NotFound."""
    await _switch(database, by, endpoint_id, "on", "endpoint.resumed")


async def _switch(database: Database, by: Actor, endpoint_id: str, state: State, action: audit.Action) -> None:
    rights.require(by, "endpoints.change")
    async with database.transaction() as connection:
        found = await _one(connection, endpoint_id)
        await store.set_state(connection, endpoint_id, state)
        await audit.record(connection, by, action, endpoint_id, found.name)


async def remove(database: Database, by: Actor, endpoint_id: str) -> None:
    """With what waits for it, and its log. Raises Forbidden, NotFound."""
    rights.require(by, "endpoints.change")
    async with database.transaction() as connection:
        found = await _one(connection, endpoint_id)
        await store.delete(connection, endpoint_id)
        await audit.record(connection, by, "endpoint.removed", endpoint_id, found.name)


async def rotate(database: Database, by: Actor, settings: Settings, endpoint_id: str, *, replaces: str) -> Made:
    """A new secret; the one before, whose mark is `replaces`, signs too for a day. Raises Forbidden, NotFound, and
    Conflict when it was replaced meanwhile: a form sent twice must not end the secret that is in use.
    """
    rights.require(by, "endpoints.change")
    secret = webhooks.new_secret()
    sealed = await sealing.seal(settings.factors_key, secret.encode(), endpoint_id)
    async with database.transaction() as connection:
        found = await _one(connection, endpoint_id)
        if found.secret_mark != replaces:
            raise Conflict("a new secret was made already, and is not shown twice: use that, or make another one")
        await store.rotate(connection, endpoint_id, sealed, clock.now_us() + OVERLAP_US)
        await audit.record(connection, by, "endpoint.secret", endpoint_id, found.name)
    return Made(id=endpoint_id, secret=secret)


async def ping(database: Database, by: Actor, endpoint_id: str) -> int:
    """A message that tells of nothing; its delivery's id. Raises Forbidden, NotFound, and Conflict while it is off,
    or its queue is full.
    """
    rights.require(by, "endpoints.change")
    async with database.transaction() as connection:
        found = await _one(connection, endpoint_id)
        if found.state != "on":
            raise Conflict("nothing is sent to this endpoint now: turn it on first")
        if found.waiting >= MAX_WAITING:
            raise Conflict(f"{MAX_WAITING:,} messages wait for it already: a test would come after them")
        message_id = f"msg_{clock.new_id()}"
        data = msgspec.json.encode({"endpoint": found.name}).decode()
        await queue.insert_message(connection, message_id, "ping", data)
        return await queue.insert(connection, message_id, endpoint_id)


async def replay_since(database: Database, by: Actor, endpoint_id: str, since_us: int, *, every: bool) -> int:
    """Send what did not arrive since then again, or all of it, under the ids it had. Returns how many: no more
    wait than a queue holds. Raises Forbidden, NotFound.
    """
    rights.require(by, "endpoints.change")
    now_us = clock.now_us()
    async with database.transaction() as connection:
        found = await _one(connection, endpoint_id)
        room = max(0, MAX_WAITING - found.waiting)
        many = await queue.replay_since(
            connection, endpoint_id, since_us=since_us, every=every, now_us=now_us, limit=room
        )
        await audit.record(connection, by, "endpoint.replayed", endpoint_id, f"{found.name}, {many} messages")
    return many


async def happened(database: Database, message_id: str, kind: str, data: msgspec.Struct) -> bool:
    """Tell of something that no table of this file shows; the same id again changes nothing. Whether anybody asked."""
    async with database.transaction() as connection:
        return await queue.insert_message(connection, message_id, kind, msgspec.json.encode(data).decode())


async def tidy(database: Database, now_us: int) -> int:
    """Delete what is older than the log is kept, and former secrets; returns how many messages. What a wrong clock put
    off goes out. Each step has its own transaction: authors pass between.
    """
    async with database.transaction() as connection:
        await store.forget_former(connection, now_us)
        await queue.set_right(connection, now_us)
    deleted, step = 0, queue.STEP
    while step == queue.STEP:
        async with database.transaction() as connection:
            step = await queue.trim(connection, now_us - queue.KEPT_US)
        deleted += step
    return deleted


async def _one(connection: Connection, endpoint_id: str) -> Endpoint:
    found = await store.one(connection, endpoint_id)
    if found is None:
        raise NotFound("there is no such endpoint")
    return found


def _require_free(name: str, others: list[Endpoint]) -> None:
    """Raises Invalid: a form that a reload sends again would make an endpoint that hears everything twice."""
    if name in [each.name for each in others]:
        raise Invalid(f"there is an endpoint named {name} already: choose another name", field="name")


def _checked(wishes: Wishes, settings: Settings) -> Wishes:
    name = " ".join(wishes.name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"a name has 1 to {MAX_NAME} letters", field="name")
    if not wishes.types or set(wishes.types) - set(TYPES):
        raise Invalid("choose at least one thing to be told of", field="types")
    url = addresses.checked(wishes.url, private=settings.WEBHOOKS_PRIVATE)
    return Wishes(name=name, url=url, types=tuple(each for each in TYPES if each in wishes.types))
