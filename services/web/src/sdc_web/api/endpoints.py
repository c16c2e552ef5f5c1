"""Webhook endpoints as programs watch over them: how each fares, its deliveries, sending again. Their addresses and
secrets are the CMS's alone: a token that leaks must not send what happens here to a stranger.
"""

from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta
from sdc_core.errors import NotFound

from sdc_web import endpoints
from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.api.once import once
from sdc_web.db import Databases
from sdc_web.endpoints.log import Filters
from sdc_web.endpoints.records import Standing, State, Type
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer

Number: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that hears of what happens here, by its `host` alone. `types` are what it asked for; `reason` is what
    the last failed attempt met, and of a disabled one why it is that; `waiting` counts what is still to be sent.
    """

    id: str
    name: str
    host: str
    types: tuple[Type, ...]
    state: State
    reason: str
    failures: int
    failing_since: Moment | None
    waiting: int
    created_at: Moment


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    endpoints: tuple[Endpoint, ...]


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ones, and which page of them."""

    endpoint_id: str = ""
    type: Type | None = None
    state: Standing | None = None
    limit: incoming.Limit = 20
    cursor: Number | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message for an endpoint; `next_at` is when it is tried next, null for never."""

    id: str
    message_id: str
    endpoint_id: str
    endpoint_name: str
    type: Type
    state: Standing
    attempts: int
    reason: str
    created_at: Moment
    next_at: Moment | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log; `next_cursor` asks for the next one, null on the last."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try; `status` is 0, and `error` says why, when no answer came. `answer` is its beginning."""

    number: int
    tried_at: Moment
    status: int
    error: str
    answer: str
    duration_us: int


class DeliveryWhole(Delivery, frozen=True, kw_only=True):
    """A delivery with its attempts, the newest first, at most fifty."""

    tries: tuple[DeliveryAttempt, ...]


@get("/endpoints", right="endpoints.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """List the webhook endpoints."""
    found = await endpoints.keeping.listing(databases.site, reader.actor)
    return answers.send(request, Endpoints(endpoints=tuple(_endpoint(each) for each in found)))


@get("/endpoints/{endpoint_id:str}", right="endpoints.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    reader: NamedDependency[Bearer],
    endpoint_id: FromPath[str],
) -> Response[bytes]:
    """Read how a webhook endpoint fares."""
    return await _answer(request, databases, reader, endpoint_id)


@post("/endpoints/{endpoint_id:str}/pause", status_code=200, right="endpoints.change")
async def pause(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    endpoint_id: FromPath[str],
) -> Response[bytes]:
    """Send nothing to an endpoint any more; what happens meanwhile waits."""

    async def work(_: str) -> Response[bytes]:
        await endpoints.keeping.pause(databases.site, writer.actor, endpoint_id)
        return await _answer(request, databases, writer, endpoint_id)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), work)


@delete("/endpoints/{endpoint_id:str}/pause", status_code=200, right="endpoints.change")
async def resume(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    endpoint_id: FromPath[str],
) -> Response[bytes]:
    """Send to an endpoint again, after a pause or when it was disabled; what waits goes out."""
    await endpoints.keeping.resume(databases.site, writer.actor, endpoint_id)
    return await _answer(request, databases, writer, endpoint_id)


@get("/deliveries", right="endpoints.read")
async def deliveries(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """List what was sent to endpoints, the newest first."""
    asked = incoming.query(request, DeliveryQuery)
    filters = Filters(
        endpoint=asked.endpoint_id, type=asked.type or "", state=asked.state or "", before=asked.cursor or ""
    )
    found = await endpoints.log.page(databases.site, reader.actor, filters, asked.limit + 1)
    page = found[: asked.limit]
    following = str(page[-1].id) if len(found) > asked.limit else None
    listed = tuple(msgspec.convert(_fields(each), Delivery) for each in page)
    return answers.send(request, DeliveryPage(deliveries=listed, next_cursor=following))


@get("/deliveries/{delivery_id:str}", right="endpoints.read")
async def delivery(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    reader: NamedDependency[Bearer],
    delivery_id: FromPath[str],
) -> Response[bytes]:
    """Read what became of each attempt to deliver a message."""
    return await _delivery(request, databases, reader, delivery_id)


@post("/deliveries/{delivery_id:str}/replay", status_code=200, right="endpoints.change")
async def replay(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    delivery_id: FromPath[str],
) -> Response[bytes]:
    """Send a message to its endpoint once more, now, under the id that it had."""

    async def work(_: str) -> Response[bytes]:
        await endpoints.log.replay(databases.site, writer.actor, _number(delivery_id))
        return await _delivery(request, databases, writer, delivery_id)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), work)


async def _answer(request: AnyRequest, databases: Databases, by: Bearer, endpoint_id: str) -> Response[bytes]:
    return answers.send(request, _endpoint(await endpoints.keeping.one(databases.site, by.actor, endpoint_id)))


async def _delivery(request: AnyRequest, databases: Databases, by: Bearer, delivery_id: str) -> Response[bytes]:
    found = await endpoints.log.one(databases.site, by.actor, _number(delivery_id))
    tries = [
        DeliveryAttempt(
            number=each.number,
            tried_at=answers.moment(each.at_us),
            status=each.status,
            error=each.error,
            answer=each.answer,
            duration_us=each.duration_us,
        )
        for each in found.tries
    ]
    return answers.send(request, msgspec.convert(_fields(found.delivery) | {"tries": tries}, DeliveryWhole))


def _number(delivery_id: str) -> int:
    if not (delivery_id.isascii() and delivery_id.isdigit() and len(delivery_id) <= 18):
        raise NotFound("there is no such delivery")
    return int(delivery_id)


def _endpoint(found: endpoints.Endpoint) -> Endpoint:
    return Endpoint(
        id=found.id,
        name=found.name,
        host=urlsplit(found.url).hostname or "",
        types=msgspec.convert(found.wanted, tuple[Type, ...]),
        state=found.state,
        reason=found.reason,
        failures=found.failures,
        failing_since=answers.moment_or_none(found.failing_since_us),
        waiting=found.waiting,
        created_at=answers.moment(found.created_at_us),
    )


def _fields(found: endpoints.Delivery) -> dict[str, object]:
    return {
        "id": str(found.id),
        "message_id": found.message_id,
        "endpoint_id": found.endpoint_id,
        "endpoint_name": found.endpoint_name,
        "type": found.type,
        "state": found.state,
        "attempts": found.attempts,
        "reason": found.reason,
        "created_at": answers.moment(found.at_us),
        "next_at": answers.moment_or_none(found.next_us),
    }


route_handlers = [
    index,
    show,
    pause,
    resume,
    deliveries,
    delivery,
    replay,
]
