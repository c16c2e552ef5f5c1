"""A writing app that speaks Micropub to the site, with a token or without."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
from litestar.types import ASGIApp

SITE = "http://localhost:8000"
Json = dict[str, object]


class App(NamedTuple):
    """A writing app with a token."""

    client: httpx.AsyncClient
    text: str

    async def form(self, *pairs: tuple[str, str]) -> httpx.Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post("/micropub", content=urlencode(pairs), headers=headers)

    async def json(self, body: Json) -> httpx.Response:
        return await self.client.post("/micropub", json=body)

    async def asks(self, **query: str) -> httpx.Response:
        return await self.client.get("/micropub", params=query)

    async def makes(self, **properties: Sequence[object]) -> str:
        answer = await self.json({"type": ["h-entry"], "properties": properties})
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def source(self, url: str) -> Json:
        return (await self.asks(q="source", url=url)).json()["properties"]

    async def update(self, url: str, **changes: object) -> httpx.Response:
        return await self.json({"action": "update", "url": url, **changes})


def bearing(app: ASGIApp, text: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))  # ty: ignore[invalid-argument-type]
    headers = {"Authorization": f"Bearer {text}"} if text else {}
    return httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers)


def entry(**properties: Sequence[object]) -> Json:
    return {"type": ["h-entry"], "properties": properties}
