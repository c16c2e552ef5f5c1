"""The page of the CMS that shows the API: every operation and every shape, made of the API's own document."""

import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.api.document import document
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

Json: TypeAlias = Mapping[str, Any]

ADDRESS = "/author/site/tokens/api"
_SHAPE = "#/components/schemas/"
_NAMED = re.compile(r"\{(\w+)\}")
_OTHER_TYPES = {"integer": "whole number", "boolean": "true or false", "null": "null"}
_FORMATS = {"date-time": "moment", "date": "day"}


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What a value is, in words; `shape` names the one that the words lead to, empty for none."""

    words: str
    shape: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of an operation or a field of a shape; `where` is path, query or header, empty for a field."""

    name: str
    kind: Kind
    required: bool
    words: str
    where: str = ""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent or answered, by its name."""

    name: str
    words: str
    fields: tuple[Field, ...]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is no refusal; `shape` is empty where it has no body."""

    status: str
    words: str
    shape: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An operation; `curl` is a command that does it, `example` the JSON that it may answer, empty for none."""

    name: str
    method: str
    path: str
    words: str
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: Shape | None
    answers: tuple[Answered, ...]
    refusals: tuple[str, ...]
    curl: str
    example: str


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page. `groups` are the operations by the first part of their path; `refusals` are words by status."""

    url: str
    groups: dict[str, tuple[Shown, ...]]
    shapes: tuple[Shape, ...]
    refusals: dict[str, str]


@get(ADDRESS, right="tokens.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """All that a program can do here."""
    told = reference(settings.site_url)
    return await pages.page(request, databases, "author/tokens/api.html", author=author, told=told)


@lru_cache(maxsize=8)
def reference(site_url: str) -> Reference:
    """The API of the site with that address, as its document has it."""
    told: Json = msgspec.to_builtins(document(site_url))
    url = told["servers"][0]["url"]
    shapes = {name: _shape(name, schema) for name, schema in told["components"]["schemas"].items()}
    examples = {
        name: schema["examples"][0] for name, schema in told["components"]["schemas"].items() if "examples" in schema
    }
    groups: dict[str, list[Shown]] = {}
    refusals: dict[str, str] = {}
    for path, methods in told["paths"].items():
        for method, each in methods.items():
            groups.setdefault(each["tags"][0], []).append(_shown(url, path, method.upper(), each, shapes, examples))
            refusals |= _refusals(each, told["components"]["responses"])
    return Reference(
        url=url,
        groups={noun: tuple(found) for noun, found in groups.items()},
        shapes=tuple(shapes.values()),
        refusals=dict(sorted(refusals.items())),
    )


def _shown(
    url: str, path: str, method: str, each: Json, shapes: Mapping[str, Shape], examples: Mapping[str, Json]
) -> Shown:
    body = each.get("requestBody", {}).get("content", {})
    sent = _name_in(body)
    answers = {status: answer for status, answer in each["responses"].items() if status < "400"}
    named = [_name_in(answer.get("content", {})) for answer in answers.values()]
    example = next((examples[name] for name in named if name in examples), None)
    return Shown(
        name=each["operationId"],
        method=method,
        path=path,
        words=each["summary"],
        scopes=tuple(scope for way in each["security"] for scope in way["token"]),
        parameters=tuple(map(_parameter, each["parameters"])),
        body=shapes.get(sent),
        answers=tuple(
            Answered(status=status, words=answer["description"], shape=name)
            for (status, answer), name in zip(answers.items(), named, strict=True)
        ),
        refusals=tuple(status for status in each["responses"] if status >= "400"),
        curl=_curl(url, path, method, each, examples.get(sent), takes_file=bool(body) and not sent),
        example="" if example is None else _indented(example),
    )


def _parameter(each: Json) -> Field:
    schema = each["schema"]
    return Field(
        name=each["name"],
        kind=_kind(schema),
        required=each.get("required", False),
        words=each.get("description") or schema.get("description", ""),
        where=each["in"],
    )


def _shape(name: str, schema: Json) -> Shape:
    required = schema.get("required", [])
    fields = tuple(
        Field(name=field, kind=_kind(each), required=field in required, words=each.get("description", ""))
        for field, each in schema["properties"].items()
    )
    return Shape(name=name, words=schema.get("description", ""), fields=fields)


def _kind(schema: Json) -> Kind:
    """In words what JSON Schema says of a value."""
    match schema:
        case {"$ref": ref}:
            name = ref.removeprefix(_SHAPE)
            return Kind(words=name, shape=name)
        case {"anyOf": ways}:
            each = [_kind(one) for one in ways]
            return Kind(words=" or ".join(one.words for one in each), shape=next((one.shape for one in each), ""))
        case {"type": "array"}:
            of = _kind(schema.get("items", {}))
            return Kind(words=f"list of {of.words}", shape=of.shape)
    return Kind(words=_plain(schema))


def _plain(schema: Json) -> str:
    match schema:
        case {"enum": values}:
            return " · ".join(str(one) if one != "" else "(empty)" for one in values)
        case {"type": "string"}:
            return _FORMATS.get(schema.get("format", ""), "text")
        case {"type": str(other)}:
            return _OTHER_TYPES.get(other, other)
    return "anything"


def _name_in(content: Json) -> str:
    """The shape of a body in JSON; empty for another one, and for none."""
    return content.get("application/json", {}).get("schema", {}).get("$ref", "").removeprefix(_SHAPE)


def _refusals(each: Json, known: Json) -> dict[str, str]:
    """Words by status, of those that other operations answer in the same words."""
    told = {status: answer for status, answer in each["responses"].items() if status >= "400"}
    return {
        status: (known[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer)["description"]
        for status, answer in told.items()
    }


def _curl(url: str, path: str, method: str, each: Json, example: Json | None, *, takes_file: bool) -> str:
    """A command for the operation. What its path names are variables of the shell; a text is quoted for it."""
    address = _NAMED.sub(lambda named: f"${named[1].upper()}", path)
    needed = [f"{one['name']}={_sample(one['schema'])}" for one in each["parameters"] if _is_needed(one, "query")]
    query = f"?{'&'.join(needed)}" if needed else ""
    parts = [] if method == "GET" or (method == "POST" and example is not None) else [f"-X {method}"]
    parts += [f'"{url}{address}{query}"', '-H "Authorization: Bearer $TOKEN"']
    parts += [
        f"-H {shlex.quote(one['name'] + ': ' + one['example'])}"
        for one in each["parameters"]
        if _is_needed(one, "header")
    ]
    if takes_file:
        parts += ['-H "Content-Type: application/octet-stream"', "--data-binary @lamp.jpg"]
    elif example is not None:
        parts += [f"--json {shlex.quote(msgspec.json.encode(example).decode())}"]
    return "curl " + " \\\n  ".join(parts)


def _is_needed(parameter: Json, where: str) -> bool:
    return parameter["in"] == where and parameter.get("required", False)


def _sample(schema: Json) -> str:
    """A value that fits, as an address holds it."""
    found = schema.get("examples") or schema.get("enum") or ["…"]
    return str(found[0])


def _indented(example: Json) -> str:
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()


route_handlers = [show]
