"""A program that uses the API with a token of its own."""

import httpx
from litestar.types import ASGIApp
from sdc_web import tokens
from sdc_web.db import Databases
from sdc_web.tokens import Scope

import api_document
from signing_in import OWNER

BASE = "http://localhost:8000/api/v1"


async def token(databases: Databases, author_id: str, scope: Scope = "write", name: str = "") -> str:
    """The text of a new token, named after its scope unless it has another name."""
    name = name or scope.replace(":", "-")
    issued = await tokens.issue(databases.site, OWNER, name=name, scope=scope, author_id=author_id)
    return issued.text


def program(app: ASGIApp, text: str) -> httpx.AsyncClient:
    """A client that sends this token to the application; close it. Each answer must be as the API's document says."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))  # ty: ignore[invalid-argument-type]
    headers = {"Authorization": f"Bearer {text}"}
    return httpx.AsyncClient(
        transport=transport, base_url=BASE, headers=headers, event_hooks={"response": [_as_documented]}
    )


async def _as_documented(answer: httpx.Response) -> None:
    asked, body = answer.request, await answer.aread()
    if asked.method != "HEAD":
        assert api_document.faults(asked.method, asked.url.path, answer.status_code, answer.headers, body) == []
