"""The API's own document, and what is wrong with an answer that is held against it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from sdc_web.api.document import document

PREFIX = "/api/v1"
_MOMENTS = Draft202012Validator.FORMAT_CHECKER


@lru_cache
def told() -> dict[str, Any]:
    """The document of the site of the tests, as a program reads it."""
    return msgspec.json.decode(msgspec.json.encode(document("http://localhost:8000")))


def faults(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What the document does not say of an answer, whose headers have small letters. Nothing of addresses and methods
    that it does not know.
    """
    operation = _operation(method, path)
    if operation is None:
        return []
    where = f"{method} {path} {status}"
    response = operation["responses"].get(f"{status}")
    if response is None:
        return [f"{where} is in no document: {body[:200]!r}"]
    response = _resolved(response)
    needed = [name for name, header in response.get("headers", {}).items() if header.get("required")]
    found = [f"{where} has no {name}" for name in needed if name.lower() not in headers]
    content = response.get("content", {})
    kind = headers.get("content-type", "").partition(";")[0]
    if not content:
        return found + ([f"{where} has a body"] if body else [])
    if kind not in content:
        return [*found, f"{where} is {kind}"]
    if "$ref" not in content[kind]["schema"]:
        return found  # a file, which may hold anything
    checked = _validator(content[kind]["schema"]["$ref"])
    return found + [f"{where} {error.json_path}: {error.message}" for error in checked.iter_errors(_decoded(body))]


def schema_faults(name: str, value: object) -> list[str]:
    """What is wrong with a value of a named schema."""
    return [error.message for error in _validator(f"#/components/schemas/{name}").iter_errors(value)]


def _decoded(body: bytes) -> object:
    return msgspec.json.decode(body)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for pattern, operations in _paths():
        if pattern.fullmatch(path):
            return operations.get(method.lower()) if method.isupper() else None
    return None


@lru_cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [(re.compile(PREFIX + re.sub(r"\{\w+\}", "[^/]+", path)), each) for path, each in told()["paths"].items()]


def _resolved(found: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in found:
        return found
    value: Any = told()
    for part in found["$ref"].removeprefix("#/").split("/"):
        value = value[part]
    return value


@lru_cache
def _validator(ref: str) -> Validator:
    return Draft202012Validator({"$ref": ref, "components": told()["components"]}, format_checker=_MOMENTS)
