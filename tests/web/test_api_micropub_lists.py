"""The list of posts that a writing app asks for."""

from collections.abc import AsyncGenerator

import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases

from api_client import token
from writing_app import App, bearing


@pytest.fixture
async def writer(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[App]:
    text = await token(databases, author_id)
    async with bearing(app, text) as client:
        yield App(client, text)


async def test_the_posts_are_listed_in_pages_with_their_addresses(writer: App) -> None:
    urls = [await writer.makes(content=[f"Text {number}"], name=[f"T{number}"]) for number in range(3)]
    draft = await writer.makes(content=["Draft"], name=["D"], **{"post-status": ["draft"]})
    first = (await writer.asks(q="source", limit="2")).json()
    rest = (await writer.asks(q="source", limit="2", after=first["paging"]["after"])).json()
    items = [*first["items"], *rest["items"]]
    assert [each["properties"]["url"] for each in items] == [[url] for url in (draft, *reversed(urls))]
    assert items[0]["properties"]["post-status"] == ["draft"]
    assert (items[1]["type"], items[1]["properties"]["content"]) == (["h-entry"], ["Text 2"])
    assert "paging" not in rest
    part = await writer.asks(q="source", properties="name", **{"post-status": "published"})
    assert [each["properties"] for each in part.json()["items"]] == [{"name": [f"T{number}"]} for number in (2, 1, 0)]


async def test_long_texts_are_listed_in_as_many_answers_as_they_need(writer: App) -> None:
    urls = [await writer.makes(content=[str(number) * 390_000], name=[f"T{number}"]) for number in range(3)]
    first = (await writer.asks(q="source", limit="100")).json()
    rest = (await writer.asks(q="source", limit="100", after=first["paging"]["after"])).json()
    assert [each["properties"]["url"] for each in first["items"]] == [[url] for url in reversed(urls[1:])]
    assert ([each["properties"]["url"] for each in rest["items"]], "paging" in rest) == ([[urls[0]]], False)
