"""The page of the CMS that shows the API: all of it, without anybody else's scripts, with commands that work."""

import re
import shlex
from html import unescape

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.api.operations import OPERATIONS
from sdc_web.api.reference import reference
from sdc_web.db import Databases

import api_document
from signing_in import BROWSER, come_in

PAGE = "/author/site/tokens/api"
SITE = "http://localhost:8000"
_REFUSED = {400, 405, 413, 415, 422, 428}
"""What is wrong with a request, whatever is there."""


@pytest.fixture
async def page(client: httpx.AsyncClient, databases: Databases) -> str:
    await come_in(client, databases)
    return (await client.get(PAGE, headers=BROWSER)).text


async def test_the_page_has_every_operation_and_every_shape_once(page: str) -> None:
    for each in OPERATIONS:
        assert page.count(f'id="{each.name}"') == 1, each.name
        assert f'<span class="api-method">{each.method}</span> <code>{each.path}</code>' in page
    for name in api_document.told()["components"]["schemas"]:
        assert page.count(f'id="shape-{name}"') == 1, name


async def test_every_link_within_the_page_leads_to_a_place_there(page: str) -> None:
    led_to = set(re.findall(r'href="#([^"]+)"', page))
    assert {"shape-Post", "refusal-422", "tags"} <= led_to
    assert led_to - set(re.findall(r' id="([^"]+)"', page)) == set()


async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_of_its_own(page: str) -> None:
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]+)"', page)
    assert [each for each in loaded if not each.startswith("/static/")] == []
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page) == []


async def test_the_tokens_page_leads_there(page: str, client: httpx.AsyncClient) -> None:
    assert "Scope" in page
    assert f'href="{PAGE}"' in (await client.get("/author/site/tokens", headers=BROWSER)).text


async def test_the_page_shows_the_answers_that_the_document_has(page: str) -> None:
    shown = [
        unescape(each) for each in re.findall(r'aria-label="An answer of [^"]+"><code>(.*?)</code>', page, re.DOTALL)
    ]
    assert len(shown) > len(OPERATIONS) / 2
    assert any('"title": "A lamp of paper"' in each for each in shown)


async def test_each_command_is_a_request_that_the_api_understands(
    app: ASGIApp, client: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    """What it asks of is not there, and may be told so: nothing else is wrong with it."""
    await api.post("/redirects", json={"path": "/lamp", "target": "/posts"})
    found = []
    for each in (one for group in reference(SITE).groups.values() for one in group):
        method, url, headers, content = request_of(each.curl)
        assert method == each.method, each.name
        answer = await api.request(method, url, headers=headers, content=content)
        found += [(each.name, answer.json())] if answer.status_code in _REFUSED else []
    assert [name for name, problem in found if problem.get("field") not in ("cover_asset_id", "path")] == []


def request_of(command: str) -> tuple[str, str, dict[str, str], bytes | None]:
    """Method, address, headers but for the token's, and body, as curl makes them of a command."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    method, url, headers, content = "", "", dict[str, str](), None
    while words:
        match words.pop(0):
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "--json":
                content = words.pop(0).encode()
                headers["Content-Type"] = "application/json"
            case "--data-binary":
                assert words.pop(0).startswith("@")
                content = b"\x89PNG\r\n\x1a\n"
            case address:
                url = re.sub(r"\$[A-Z_]+", "nothing", address)
    assert headers.pop("Authorization") == "Bearer $TOKEN"
    return method or ("GET" if content is None else "POST"), url, headers, content
