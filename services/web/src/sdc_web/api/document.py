"""The API's own document, OpenAPI 3.1: made of the table of operations and of the Structs that are read and written.

It is public, as the software is: it tells of no site more than its address, and tools read it without a token.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import metadata
from typing import TypeAlias, get_args

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.settings import Settings

from sdc_web import problems
from sdc_web.api import answers, rates, refusals
from sdc_web.api.examples import EXAMPLES
from sdc_web.api.operations import OPERATIONS, Operation, Struct
from sdc_web.authors import rights
from sdc_web.problems import AnyRequest, Problem

Json: TypeAlias = dict[str, object]

PATH = "/api/v1/openapi.json"
_VERSION = metadata.version("sdc-web")
_PROBLEM = "application/problem+json"
_FILE = "application/octet-stream"
"""Files are taken as `image/png` and the like as well, but programs that make clients know no such types."""
_Taken: TypeAlias = tuple[dict[str, Json], list[str]]
_PARAMETER = re.compile(r"\{(\w+)\}")
_WORDS = {
    400: "The request names no site, or its body is no JSON, or ended too soon.",
    401: "No token, or one that is wrong, expired or revoked.",
    403: "The token may read and not write, or its author has no right to this.",
    404: "Nothing has that id or name.",
    408: "The body came too slowly.",
    409: "Not as things stand.",
    412: "If-Match names an older revision, of which `current` is what was saved since, or an older state.",
    413: "The body is too large.",
    415: "The body is of another type, or compressed.",
    422: "A field, parameter or header is unknown, of the wrong type or out of bounds: `field` names it.",
    428: "If-Match is missing.",
    429: "The token asked too often: wait as many seconds as Retry-After says.",
    503: "Not available at the moment: try again in as many seconds as Retry-After says.",
}
_ANSWERED = {
    200: "Done.",
    201: "Made.",
    204: "Done; there is nothing to tell.",
    304: "What If-None-Match names is what there is.",
}
_TEXT: Json = {"type": "string"}
_BYTES: Json = {"type": "string", "format": "binary"}
"""OpenAPI 3.1 would be content with no schema; programs that make clients pass such a request over."""
_HEADERS: dict[str, Json] = {
    "ETag": {
        "description": 'That of a post begins with the revision\'s number, which alone counts in If-Match: `"7"`.',
        "schema": _TEXT,
    },
    "Idempotent-Replayed": {"description": "Nothing was done: the first answer again.", "schema": {"const": "true"}},
    "Location": {"description": "Its address.", "schema": {"type": "string", "format": "uri-reference"}},
    "RateLimit": {"description": 'Requests left and seconds until all are: `"token";r=997;t=42`.', "schema": _TEXT},
    "RateLimit-Policy": {"description": f'`"token";q={rates.MOST};w={rates.WINDOW_S}`.', "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": 'How to come in: `Bearer error="invalid_token"`.', "schema": _TEXT},
}
_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the post as its sender knows it, or the revision's number alone; `*` for any.",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,9}(-[0-9a-f]{1,64})?")$'},
    "example": '"7"',
}
_STATE_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what is to be changed as its sender read it; `*` for any.",
    "schema": {"type": "string", "maxLength": 1000, "pattern": r'^(\*|(W/)?"[^",]*"( *, *(W/)?"[^",]*")*)$'},
    "example": '"0123456789ab"',
}
_NONE_MATCH: Json = {"name": "If-None-Match", "in": "header", "description": "ETags that are known.", "schema": _TEXT}
_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A key of the program's own making: the request is done once, however often it comes with it.",
    "schema": {"type": "string", "pattern": r'^("[ !#-\[\]-~]{1,255}"|[!#-+\--\[\]-~]{1,255})$'},
    "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
}
_OF_REFUSAL = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_RATES = ("RateLimit", "RateLimit-Policy")


@get("/openapi.json")
async def show(request: AnyRequest, settings: NamedDependency[Settings]) -> Response[bytes]:
    """This document."""
    encoded, etag = _encoded(settings.site_url)
    headers = {"cache-control": "no-cache", "etag": etag}
    if answers.knows(request, etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(encoded, headers=headers, media_type="application/json")


@lru_cache(maxsize=8)
def _encoded(site_url: str) -> tuple[bytes, str]:
    encoded = msgspec.json.encode(document(site_url))
    return encoded, f'"{hashlib.sha256(encoded).hexdigest()[:16]}"'


def document(site_url: str) -> Json:
    """The document of the site with that address."""
    schemas = _schemas(_structs())
    paths: dict[str, Json] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    queries = {each.query.__name__ for each in OPERATIONS if each.query}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "SDC",
            "version": _VERSION,
            "summary": "Texts, media, tags, series, navigation, statistics, jobs and backups of one author's site.",
            "description": "Every request that brings a token is counted. Unknown fields of an answer are to be "
            "passed over; unknown fields of a request are refused. `docs/api.md` tells it in words.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": f"{site_url}/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
            "responses": {_name(status): _refusal(status) for status in _WORDS},
            "headers": _HEADERS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "sdc_...",
                    "description": "Made by `sdc token create NAME --scope SCOPE`, with one or more of "
                    f"{', '.join(get_args(rights.Scope))}; each operation names the least that do, of a part or of "
                    "all: `write` includes `read`, of each part too, and `posts:publish` includes `posts:write`.",
                }
            },
        },
    }


def _structs() -> Iterable[Struct]:
    yield from (Problem, refusals.StaleProblem)
    for each in OPERATIONS:
        yield from (found for found in (each.query, each.body, each.conflict, *each.answers.values()) if found)


def _schemas(structs: Iterable[Struct]) -> dict[str, Json]:
    _, found = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    for name, schema in found.items():
        schema["description"] = " ".join(str(schema.get("description", "")).split())
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
    return found


def _operation(each: Operation, schemas: dict[str, Json]) -> Json:
    words = " ".join((each.handler.fn.__doc__ or "").split())
    noun = each.path.split("/")[1]
    told: Json = {
        "operationId": each.name,
        "summary": words,
        "tags": [noun],
        "security": [{"token": [scope]} for scope in _scopes(each)],
        "parameters": [*_in_path(each), *_in_query(each, schemas), *_in_headers(each)],
        "responses": {str(status): answer for status, answer in sorted(_responses(each).items())},
    }
    if each.body is not None:
        content = {"application/json": {"schema": _ref(each.body)}}
        told["requestBody"] = {"required": each.body_required, "content": content}
    elif each.file:
        told["requestBody"] = {"required": True, "content": {_FILE: {"schema": _BYTES}}}
    return told


def _scopes(each: Operation) -> list[str]:
    """The least of a part that may do it, and the least of the whole."""
    found = rights.scopes_for(each.handler.opt["right"])
    return list(dict.fromkeys((found[0], next(scope for scope in found if ":" not in scope))))


def _in_path(each: Operation) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in _PARAMETER.findall(each.path)]


def _in_query(each: Operation, schemas: dict[str, Json]) -> list[Json]:
    if each.query is None:
        return []
    schema = schemas[each.query.__name__]
    properties, required = msgspec.convert((schema["properties"], schema.get("required", [])), _Taken)
    return [
        {"name": name, "in": "query", "required": name in required, "schema": of} for name, of in properties.items()
    ]


def _in_headers(each: Operation) -> list[Json]:
    found: list[Json] = []
    if each.heeds_match:
        match = _STATE_MATCH if each.heeds_match == "state" else _MATCH
        found.append({**match, "required": each.heeds_match == "required"})
    if 304 in each.answers:
        found.append(_NONE_MATCH)
    if each.once:
        found.append(_KEY)
    return found


def _responses(each: Operation) -> dict[int, Json]:
    found: dict[int, Json] = {}
    for status in _refusals(each):
        found[status] = {"$ref": f"#/components/responses/{_name(status)}"}
    if each.conflict is not None or each.once:
        found[409] = _refusal(409, each.conflict or Problem, ("Retry-After",) if each.once else ())
    if each.heeds_match == "state":
        found[412] = _refusal(412, Problem, ("ETag",))
    return found | {status: _answer(each, status, body) for status, body in each.answers.items()}


def _refusals(each: Operation) -> Iterable[int]:
    # 400 and 422 even of what takes nothing: a Host that is none and a query with hundreds of fields are refused
    # wherever they are sent.
    yield from (400, 401, 403, 422, 429, 503)
    if "{" in each.path or each.missing:
        yield 404
    if each.body is not None or each.file:
        yield from (408, 413, 415)
    elif each.once:
        # What takes no body still reads one: a repeat is known by it.
        yield from (408, 413)
    if each.heeds_match:
        yield 412
    if each.heeds_match == "required":
        yield 428


def _answer(each: Operation, status: int, body: Struct | None) -> Json:
    always = [*_RATES, *(["ETag"] if each.tagged else []), *(["Location"] if each.once and _makes(each) else [])]
    headers = {name: _header(name, required=True) for name in always}
    if each.once:
        headers["Idempotent-Replayed"] = _header("Idempotent-Replayed")
    told: Json = {"description": _ANSWERED[status], "headers": headers}
    if body is not None:
        told["content"] = {"application/json": {"schema": _ref(body)}}
    elif each.bytes and status == 200:
        told["content"] = {_FILE: {"schema": _BYTES}}
    return told


def _refusal(status: int, shape: Struct | None = None, headers: Iterable[str] = ()) -> Json:
    shape = shape or (refusals.StaleProblem if status == 412 else Problem)
    named = (*_OF_REFUSAL.get(status, ()), *headers, *(_RATES if status != 401 else ()))
    return {
        "description": _WORDS[status],
        "headers": {name: _header(name) for name in named},
        "content": {_PROBLEM: {"schema": _ref(shape)}},
    }


def _makes(each: Operation) -> bool:
    return 201 in each.answers


def _header(name: str, *, required: bool = False) -> Json:
    return {**_HEADERS[name], "required": True} if required else {"$ref": f"#/components/headers/{name}"}


def _name(status: int) -> str:
    return problems.code_of(status)


def _ref(struct: Struct) -> Json:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


route_handlers = [show]
