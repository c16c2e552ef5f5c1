"""The Model Context Protocol over HTTP: one POST, one answer, no session; the operations of the API are its tools.

The protocol by hand: `docs/decisions/0011-mcp-by-hand.md` says why. A server that only answers needs these few methods.
"""

from importlib import metadata
from typing import Final, Literal, TypeAlias

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency, Provide
from msgspec import UNSET, UnsetType
from sdc_core.errors import Invalid, Unauthorized, Unavailable
from sdc_core.settings import Settings

from sdc_web import same_origin
from sdc_web.api import answers, bearer, incoming, rates, refusals, tools
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer

Json: TypeAlias = dict[str, object]

VERSIONS: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Of the protocol, newest first; whoever asks for another one is offered the newest."""
_SERVER: Final[Json] = {"name": "sdc", "title": "SDC", "version": metadata.version("sdc-web")}
_NOT_JSON, _NO_REQUEST, _NO_METHOD, _NO_PARAMS, _NO_VERSION = -32700, -32600, -32601, -32602, -32022
_NO_TEXT = "that is not JSON in UTF-8"
_SPOKEN = "that method is not spoken here: initialize, ping, tools/list and tools/call are"
_SHAPE = "send one JSON-RPC 2.0 message, an object with a method"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON-RPC message; without an `id` it wants no answer, without a `method` it is an answer to nothing asked."""

    jsonrpc: Literal["2.0"]
    id: int | str | UnsetType = UNSET
    method: str = ""
    params: Json = {}


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a message was not understood; `data` is for programs."""

    code: int
    message: str
    data: Json = {}


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """Which tool, and with what."""

    name: str
    arguments: Json = {}


@post("/mcp", status_code=200, request_max_body_size=incoming.MAX_BODY_BYTES, right=bearer.ANY)
async def answer(
    request: AnyRequest, settings: NamedDependency[Settings], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Answer one message. Every token may ask; each tool asks for its own right."""
    if {"origin", "sec-fetch-site"} & set(request.headers):
        same_origin.require(request.scope["headers"], settings.site_url)
    try:
        call = msgspec.json.decode(await request.body(), type=Call)
    except msgspec.ValidationError:
        return _send(None, Failure(code=_NO_REQUEST, message=_SHAPE), 400)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _send(None, Failure(code=_NOT_JSON, message=_NO_TEXT), 400)
    if isinstance(call.id, UnsetType) or not call.method:
        return Response(b"", status_code=202, headers=answers.HEADERS)
    version = request.headers.get("mcp-protocol-version", VERSIONS[0])
    if version not in VERSIONS:
        told: Json = {"supported": VERSIONS, "requested": version[:40]}
        return _send(call.id, Failure(code=_NO_VERSION, message="that version is not spoken here", data=told), 400)
    return _send(call.id, await _result(request, reader, call))


async def _result(request: AnyRequest, reader: Bearer, call: Call) -> Json | Failure:
    match call.method:
        case "initialize":
            wanted = call.params.get("protocolVersion")
            return {
                "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {}},
                "serverInfo": _SERVER,
                "instructions": tools.INSTRUCTIONS,
            }
        case "ping":
            return {}
        case "tools/list":
            return {"tools": [each.told() for each in tools.of(reader.actor)]}
        case "tools/call":
            return await _use(request, call)
        case _:
            return Failure(code=_NO_METHOD, message=_SPOKEN)


async def _use(request: AnyRequest, call: Call) -> Json | Failure:
    """What the tool answered. A refusal is a result too, which the model reads and can act on."""
    try:
        asked = msgspec.convert(call.params, ToolCall)
    except msgspec.ValidationError as error:
        return Failure(code=_NO_PARAMS, message=str(error)[: incoming.MAX_SAID])
    if (tool := tools.find(asked.name)) is None:
        return Failure(code=_NO_PARAMS, message="there is no such tool: tools/list names them")
    try:
        answered = await tools.perform(request, tool, asked.arguments)
    except (Invalid, Unavailable) as error:
        return _content(str(error), failed=True)
    return _content(answered.body.decode() or "Done.", failed=answered.status >= 400)


def _content(text: str, *, failed: bool) -> Json:
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def _send(message_id: int | str | None, told: Json | Failure, status_code: int = 200) -> Response[bytes]:
    kind = "error" if isinstance(told, Failure) else "result"
    encoded = msgspec.json.encode({"jsonrpc": "2.0", "id": message_id, kind: told})
    return Response(encoded, status_code=status_code, headers=answers.HEADERS, media_type="application/json")


router = Router(
    path="/api",
    route_handlers=[answer],
    dependencies={"reader": Provide(bearer.provide_reader)},
    middleware=[rates.tell],
    exception_handlers={Unauthorized: refusals.challenge},
)
