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
from hypothesis.errors import Unsatisfiable
from litestar.types import ASGIApp
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_worker import app as worker_app

import api_document
from api_client import BASE, program, token

Asked: TypeAlias = APIOperation[Any, Any, Any, Any]
Request: TypeAlias = Case[Any]
REQUESTS = 6
"""Of each operation and each mode: a token of its own keeps an operation within its rate."""
NAMES = str.maketrans(" /{}", "....")
PNG = b"\x89PNG\r\n\x1a\n"
NEVER_GOOD = {"DELETE /redirects"}
"""No redirect is at a made-up path: other tests are about it."""
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture
def settings(settings_with_store: Settings, listener: socket.socket) -> Settings:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return settings_with_store.model_copy(update={"WORKER_URL": url, "IMAGE_PROCESSES": 1})


@pytest.mark.timeout(240)
async def test_every_answer_is_as_documented(
    worker: worker_app.Parts, app: ASGIApp, databases: Databases, author_id: str
) -> None:
    faults: list[str] = []
    good: set[str] = set()
    for operation in _operations():
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
    assert {each.label for each in _operations()} - good == NEVER_GOOD


async def _there(api: httpx.AsyncClient, operation: Asked) -> dict[str, str]:
    """What that operation is to be asked of and is there, by the names of the path."""
    text = {"title": operation.label, "slug": clock.new_id().lower(), "tags": ["fog"]}
    post = (await api.post("/posts", json=text)).json()
    await api.post(f"/posts/{post['id']}/publication")
    revisions = (await api.get(f"/posts/{post['id']}/revisions")).json()["revisions"]
    png = PNG + operation.label.encode()
    asset = (await api.post("/media", content=png, headers={"Content-Type": "image/png"})).json()
    found = {
        "post_id": post["id"],
        "revision_id": revisions[0]["id"],
        "asset_id": asset["id"],
        "name": "fog" if operation.path.startswith("/tags") else "images.sweep",
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
        made.append(case)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that takes nothing
        collect()
    return made


async def _send(api: httpx.AsyncClient, case: Request) -> httpx.Response:
    sent = case.as_transport_kwargs(base_url=BASE)
    del sent["cookies"]
    content = sent.pop("data", None)
    return await api.request(content=content, **sent)
