"""Requests that schemathesis makes of the API's document, right and wrong ones, against the whole application with a
worker and an object store: no answer is a 5xx, none is undocumented, and what the document forbids is refused.
"""

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as searching
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from litestar.types import ASGIApp
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.api.examples import EXAMPLES
from sdc_web.api.operations import OPERATIONS
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.endpoints.keeping import Made
from sdc_worker import app as worker_app

import api_document
from api_client import BASE, program, token
from signing_in import OWNER

Asked: TypeAlias = APIOperation[Any, Any, Any, Any]
Request: TypeAlias = Case[Any]
REQUESTS = 6
"""Of each operation and each mode: a token of its own keeps an operation within its rate."""
NAMES = str.maketrans(" /{}", "....")
PNG = b"\x89PNG\r\n\x1a\n"
NEVER_GOOD = {"DELETE /redirects", "PATCH /redirects"}
"""What is asked of is in the query, and made up: other tests are about it."""
PICTURES = st.binary(max_size=64).map(lambda rest: PNG + rest)
schemathesis.openapi.media_type("application/octet-stream", PICTURES)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture
def settings(settings_with_store: Settings, listener: socket.socket) -> Settings:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    changes = {"WORKER_URL": url, "IMAGE_PROCESSES": 1, "WEBHOOKS_PRIVATE": True}
    return settings_with_store.model_copy(update=changes)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("noun", sorted({each.path.split("/")[1] for each in OPERATIONS}))
async def test_every_answer_is_as_documented(
    worker: worker_app.Parts, app: ASGIApp, databases: Databases, author_id: str, newsletter: Made, noun: str
) -> None:
    assert newsletter
    await accounts.create(databases, OWNER, name="grace", role="author")
    faults: list[str] = []
    good: set[str] = set()
    asked = [each for each in _operations() if each.path.split("/")[1] == noun]
    for operation in asked:
        text = await token(databases, author_id, name=operation.label.lower().translate(NAMES))
        async with program(app, text) as api:
            for case in _every_case(operation, await _there(api, operation)):
                try:
                    answer = await _send(api, case)
                    good |= {operation.label} if answer.is_success else set()
                    assert answer.status_code < 500, answer.text
                    # What a slug may be, or whether a picture is there, no schema says: such a request may be refused.
                    case.validate_response(answer, excluded_checks=[positive_data_acceptance])
                except (AssertionError, FailureGroup) as error:
                    faults.append(f"{case.as_curl_command()}: {error}")
    assert faults == []
    # All the others were asked of something, and did it.
    assert {each.label for each in asked} - good <= NEVER_GOOD


async def _there(api: httpx.AsyncClient, operation: Asked) -> dict[str, str]:
    """What that operation is to be asked of and is there, by the names of the path."""
    mark = clock.new_id().lower()
    text = {"title": operation.label, "slug": mark, "tags": [f"mist-{mark}", "light"]}
    post = (await api.post("/posts", json=text)).json()
    await api.patch(f"/tags/mist-{mark}", json={"name": f"fog-{mark}"})
    await api.post(f"/posts/{post['id']}/publication")
    revisions = (await api.get(f"/posts/{post['id']}/revisions")).json()["revisions"]
    png = PNG + operation.label.encode()
    asset = (await api.post("/media", content=png, headers={"Content-Type": "image/png"})).json()
    await api.put(f"/media/{asset['id']}/file", content=png + b"another", headers={"Content-Type": "image/png"})
    series = (await api.post("/series", json={"title": operation.label})).json()
    link = (await api.post(f"/posts/{post['id']}/preview-links", json={})).json()
    (endpoint,) = (await api.get("/endpoints")).json()["endpoints"]
    delivery = (await api.get("/deliveries")).json()["deliveries"][0]
    await api.put(f"/webmentions/blocks/{mark}.example")
    found = {
        "endpoint_id": endpoint["id"],
        "delivery_id": delivery["id"],
        "host": f"{mark}.example",
        "post_id": post["id"],
        "series_id": series["id"],
        "link_id": link["id"],
        "former_name": f"mist-{mark}",
        "revision_id": revisions[0]["id"],
        "asset_id": asset["id"],
        "name": f"fog-{mark}" if operation.path.startswith("/tags") else "images.sweep",
    }
    return {name: value for name, value in found.items() if f"{{{name}}}" in operation.path}


def _operations() -> list[Asked]:
    """Each request has a token, so nothing is to be made up of those: other tests are about them."""
    told = msgspec.json.decode(msgspec.json.encode(api_document.told()))
    for methods in told["paths"].values():
        for each in methods.values():
            del each["security"]
    found = schemathesis.openapi.from_dict(told).get_all_operations()
    return [each.ok() for each in found if isinstance(each, Ok)]


def _every_case(operation: Asked, there: dict[str, str]) -> Iterator[Request]:
    """Of what is not there, and of what is."""
    for named in ({}, there) if there else ({},):
        for mode in MODES:
            yield from _cases(operation, mode, named)


def _cases(operation: Asked, mode: GenerationMode, there: dict[str, str]) -> list[Request]:
    """The same ones each time."""
    made: list[Request] = []
    asked = api_document.told()["paths"][operation.path][operation.method.lower()]
    told = asked.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})

    @searching(
        max_examples=REQUESTS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode, path_parameters=there or None))
    def collect(case: Request) -> None:
        ref = told.get("$ref", "").rpartition("/")[2]
        if mode == GenerationMode.POSITIVE and len(made) == 1 and ref in EXAMPLES:
            case.body = msgspec.to_builtins(EXAMPLES[ref])
        # No state has a made-up ETag: every other request is without a condition, and so is done.
        if mode == GenerationMode.POSITIVE and len(made) % 2:
            case.headers.pop("If-Match", None)
        made.append(case)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that takes nothing
        collect()
    return made


async def _send(api: httpx.AsyncClient, case: Request) -> httpx.Response:
    sent = case.as_transport_kwargs(base_url=BASE)
    del sent["cookies"]
    content = sent.pop("data", None)
    return await api.request(content=content, **sent)
