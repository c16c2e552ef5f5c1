"""The site's words, its look and what robots are told, as programs change them."""

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases

from api_client import program, token

PATHS = {
    "/site": {"description": "Seas and lamps."},
    "/site/look": {"paper": "warm"},
    "/site/robots": {"unlisted": True},
    "/site/reading": {"beacon": True},
}


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_sent_changes_and_the_rest_stays(api: httpx.AsyncClient, path: str) -> None:
    before = (await api.get(path)).json()
    changed = await api.patch(path, json=PATHS[path])
    assert (changed.status_code, changed.json()) == (200, before | PATHS[path])
    assert (await api.get(path)).json() == before | PATHS[path] != before


async def test_readers_see_the_new_words_at_once(api: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    places = [{"label": "Mastodon", "url": "https://example.social/@fog"}]
    await api.patch("/site", json={"title": " Fog & <lamps> ", "elsewhere": places})
    page = (await client.get("/")).text
    assert "Fog &amp; &lt;lamps&gt;" in page
    assert 'href="https://example.social/@fog"' in page


async def test_robots_are_told_what_a_program_says(api: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    await api.patch("/site/robots", json={"crawlers": "refuse"})
    await api.patch("/site/robots", json={"extra": "Disallow: /drafts"})
    told = (await client.get("/robots.txt")).text
    assert "GPTBot" in told
    assert "Disallow: /drafts" in told


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        ("/site", {"title": ""}, "title"),
        ("/site", {"title": None}, "title"),
        ("/site", {"language": "no language"}, "language"),
        ("/site", {"description": "x" * 301}, "description"),
        ("/site", {"elsewhere": [{"label": "A", "url": "javascript:alert(1)"}]}, "elsewhere"),
        ("/site", {"elsewhere": [{"label": "A", "url": "https://example.org/"}] * 13}, "elsewhere"),
        ("/site/look", {"accent": "red; } body { display: none"}, "accent"),
        ("/site/look", {"paper": "hot"}, "paper"),
        ("/site/robots", {"extra": "no rule"}, "extra"),
        ("/site/robots", {"crawlers": "eat"}, "crawlers"),
        ("/site/reading", {"beacon": "yes"}, "beacon"),
        ("/site/reading", {}, "beacon"),
    ],
)
async def test_what_a_site_cannot_be_is_refused_and_changes_nothing(
    api: httpx.AsyncClient, path: str, sent: dict[str, object], field: str
) -> None:
    before = (await api.get(path)).json()
    refused = await api.patch(path, json=sent)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert (await api.get(path)).json() == before


async def test_a_token_that_may_read_reads_it_and_changes_nothing(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with program(app, await token(databases, author_id, "read")) as reader:
        for path, changes in PATHS.items():
            assert (await reader.get(path)).status_code == 200, path
            assert (await reader.patch(path, json=changes)).status_code == 403, path
