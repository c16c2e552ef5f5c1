"""The API's document: valid, complete, and what programs are given. That answers are as it says is checked wherever
`api_client.program` asks.
"""

import re

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from openapi_spec_validator import OpenAPIV31SpecValidator
from sdc_web.api.examples import EXAMPLES
from sdc_web.api.operations import OPERATIONS, Struct
from sdc_web.api.refusals import InUseProblem, StaleProblem

import api_document
from raw_requests import ask

STRUCTS = {StaleProblem, InUseProblem} | {
    struct for each in OPERATIONS for struct in (each.body, *each.answers.values()) if struct is not None
}


def test_the_document_is_openapi_3_1() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(api_document.told()).iter_errors()] == []


def test_programs_that_make_clients_can_build_what_they_make() -> None:
    """A version that packages may have, and of files the one type that each of them knows."""
    told = api_document.told()
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)+", told["info"]["version"])
    bodies = [each["requestBody"] for path in told["paths"].values() for each in path.values() if "requestBody" in each]
    assert {kind for body in bodies for kind in body["content"]} == {"application/json", "application/octet-stream"}


async def test_the_document_names_every_operation(app: ASGIApp) -> None:
    answer = await ask(app, "GET", "/health/live")
    routes = answer.scope["litestar_app"].routes
    found = {(method, route.path_format) for route in routes for method in route.methods - {"OPTIONS", "HEAD"}}
    named = {("GET", "/api/v1/openapi.json")} | {
        (method.upper(), f"/api/v1{path}") for path, each in api_document.told()["paths"].items() for method in each
    }
    assert named == {(method, path) for method, path in found if path.startswith("/api/v1/")}


async def test_an_address_tells_what_it_does(client: httpx.AsyncClient) -> None:
    told = {path: await client.options(f"/api/v1{path}") for path in ("/posts", "/posts/x", "/posts/x/publication")}
    assert {path: (each.status_code, each.headers["allow"]) for path, each in told.items()} == {
        "/posts": (204, "GET, OPTIONS, POST"),
        "/posts/x": (204, "DELETE, GET, OPTIONS, PATCH"),
        "/posts/x/publication": (204, "DELETE, OPTIONS, POST"),
    }


@pytest.mark.parametrize("struct", sorted(STRUCTS, key=lambda each: each.__name__))
def test_an_example_is_of_its_kind(struct: Struct) -> None:
    example: dict[str, object] = EXAMPLES[struct.__name__]
    assert api_document.schema_faults(struct.__name__, example) == []
    known = msgspec.json.decode(msgspec.json.encode(msgspec.convert(example, struct)))
    # Fields that it leaves out have defaults.
    assert known | example == known


async def test_programs_read_the_document_without_a_token_and_once(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/openapi.json")
    again = await client.get("/api/v1/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == api_document.told()
    assert (again.status_code, again.content) == (304, b"")


def test_an_answer_that_is_not_as_the_document_says_is_noticed() -> None:
    headers = {"content-type": "application/json", "etag": '"1"', "ratelimit": "", "ratelimit-policy": ""}
    right, wrong = b'{"tags": []}', b'{"tags": [1]}'
    assert api_document.faults("GET", "/api/v1/tags", 200, headers, right) == []
    assert api_document.faults("GET", "/api/v1/tags", 200, headers, wrong) != []
    assert api_document.faults("GET", "/api/v1/tags", 200, {"content-type": "application/json"}, right) != []
    assert api_document.faults("GET", "/api/v1/tags", 418, headers, right) != []


def test_each_operation_names_its_scopes_once_and_the_least_of_all_last() -> None:
    for path, methods in api_document.told()["paths"].items():
        for method, operation in methods.items():
            scopes = [scope for each in operation["security"] for scope in each["token"]]
            assert len(set(scopes)) == len(scopes), (method, path)
            assert scopes[-1] in ("read", "write"), (method, path)
