"""Pages that tell how they are read: asked for by the author alone, a line of the log and nothing else."""

import asyncio
from pathlib import Path

import brotli
import httpx
import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.settings import Settings
from sdc_web import templating
from sdc_web.db import Databases
from sdc_web.site.reading import LONGEST_MS, MAX_BYTES

from signing_in import BROWSER, come_in, send

HERE = "/author/site/reading"
LIMIT_S = 60.0
SCRIPT = "/static/js/reading"
TOLD = "ms=42300&depth=80&first=1&to=Example.org&at=/posts/fog"
SAME = {"sec-fetch-site": "same-origin", "content-type": "text/plain;charset=UTF-8"}


async def choose(client: httpx.AsyncClient, **fields: str) -> None:
    assert (await send(client, f"{HERE}?_method=PUT", fields)).status_code == 303


async def tell(client: httpx.AsyncClient, query: str, **headers: str) -> int:
    return (await client.post(f"/pages/read?{query}", headers=SAME | headers)).status_code


async def lines(folder: Path, number: int) -> list[Line]:
    """What pages have told, once so many lines of it are written."""
    file, found = folder / "0" / f"{clock.today()}.ndjson", list[Line]()
    async with asyncio.timeout(LIMIT_S):
        while len(found) < number:
            await asyncio.sleep(0.02)
            written = await asyncio.to_thread(lambda: file.read_bytes() if file.exists() else b"")
            found = [line for line in map(access_log.decode, written.splitlines()) if line.query.startswith("ms=")]
    return found


async def test_pages_tell_nothing_until_the_author_asks(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    assert SCRIPT not in (await client.get("/posts")).text
    assert await tell(client, TOLD) == 404
    await choose(client, beacon="true")
    assert SCRIPT in (await client.get("/posts")).text
    assert SCRIPT not in (await client.get(HERE, headers=BROWSER)).text
    assert await tell(client, TOLD) == 204
    await choose(client, beacon="false")
    assert SCRIPT not in (await client.get("/posts")).text
    assert await tell(client, TOLD) == 404


async def test_what_a_page_tells_is_a_line_of_that_page(
    client: httpx.AsyncClient, databases: Databases, settings: Settings
) -> None:
    await come_in(client, databases)
    await choose(client, beacon="true")
    answer = await client.post(f"/pages/read?{TOLD}", headers=SAME)
    assert (answer.status_code, answer.content, "set-cookie" in answer.headers) == (204, b"", False)
    await tell(client, f"ms={LONGEST_MS * 9}&depth=100&first=0&to=&at=/caf%C3%A9%26b")
    await tell(client, "ms=1&depth=1&first=0&to=&at=/author/login/secret")
    await tell(client, f"ms=1&depth=1&first=0&to=&at=/tags/{'%E8%8C%B6' * 100}")
    first, second, third = await lines(settings.log_dir, 3)
    assert (first.path, first.status, first.query) == ("/posts/fog", 204, "ms=42300&depth=80&first=1&to=example.org")
    assert (second.path, second.query) == ("/caf\u00e9&b", f"ms={LONGEST_MS}&depth=100&first=0&to=")
    assert third.path == "/tags/" + "\u8336" * 100


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ms=1",
        "ms=-1&depth=1&first=1&to=&at=/",
        "ms=1&depth=101&first=1&to=&at=/",
        "ms=1&depth=1&first=2&to=&at=/",
        "ms=1&depth=1&first=1&to=a%26b&at=/",
        "ms=1&depth=1&first=1&to=&at=https://elsewhere.example/",
        "ms=1&depth=1&first=1&to=&at=/preview/secret",
        f"ms=1&depth=1&first=1&to=&at=/{'a' * MAX_BYTES}",
    ],
)
async def test_anything_else_is_refused(client: httpx.AsyncClient, databases: Databases, query: str) -> None:
    await come_in(client, databases)
    await choose(client, beacon="true")
    assert await tell(client, query) == 422


async def test_another_site_cannot_tell_anything(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await choose(client, beacon="true")
    assert await tell(client, TOLD, **{"sec-fetch-site": "cross-site"}) == 403


def test_the_script_has_less_than_500_bytes() -> None:
    body = templating.static_files()["js/reading.js"].body
    assert len(brotli.compress(body, quality=11)) < 500
    for kept in (b"cookie", b"localStorage", b"sessionStorage", b"random"):
        assert kept not in body
