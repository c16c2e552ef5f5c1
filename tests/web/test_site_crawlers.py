import re
from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.site.machines import ANSWERING, TRAINING

Publish = Callable[..., Awaitable[Post]]
DAY_2026_11_24_US = 1_795_478_400_000_000


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings that a test changes."""
    return settings.model_copy(update=getattr(request, "param", {}))


def refused(robots: str) -> set[str]:
    """The robots that may go nowhere, read as RFC 9309 section 2.2 has it."""
    groups = [group.splitlines() for group in robots.split("\n\n")]
    return {
        line.removeprefix("User-agent: ")
        for group in groups
        if "Disallow: /" in group
        for line in group
        if line.startswith("User-agent: ")
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"AI_CRAWLERS": "allow"}, set()),
        ({"AI_CRAWLERS": "answer"}, {*TRAINING}),
        ({"AI_CRAWLERS": "refuse"}, {*TRAINING, *ANSWERING}),
    ],
    indirect=["settings"],
    ids=["allow", "answer", "refuse"],
)
async def test_robots_are_told_what_the_author_chose(client: httpx.AsyncClient, expected: set[str]) -> None:
    text = (await client.get("/robots.txt")).text
    assert refused(text) == expected
    assert text.startswith(
        "User-agent: *\nDisallow: /author/\nDisallow: /author$\nDisallow: /search?\nDisallow: /search$\n"
    )
    assert text.endswith("\nSitemap: http://localhost:8000/sitemap.xml\n")


async def test_nobody_to_tell_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/.well-known/security.txt")).status_code == 404


@pytest.mark.parametrize("settings", [{"SECURITY_CONTACT": "mailto:ada@example.org"}], indirect=True, ids=["mail"])
async def test_whom_to_tell_is_said_for_half_a_year(client: httpx.AsyncClient) -> None:
    with clock.frozen(DAY_2026_11_24_US):
        text = (await client.get("/.well-known/security.txt")).text
    assert text == (
        "Contact: mailto:ada@example.org\n"
        "Expires: 2027-05-23T00:00:00Z\n"
        "Preferred-Languages: en\n"
        "Canonical: http://localhost:8000/.well-known/security.txt\n"
    )


async def test_the_site_can_stand_on_a_home_screen(client: httpx.AsyncClient) -> None:
    answer = await client.get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    told = msgspec.json.decode(answer.content)
    assert (told["name"], told["start_url"]) == ("A new site", "/")
    for icon in told["icons"]:
        assert (await client.get(icon["src"])).headers["content-type"] == icon["type"]
    assert '<link rel="manifest" href="/manifest.webmanifest">' in (await client.get("/")).text


PLAIN = {"accept-encoding": "identity"}
READ_BY_MACHINES = [
    *("/robots.txt", "/manifest.webmanifest", "/opensearch.xml", "/sitemap.xml", "/favicon.ico"),
    *("/apple-touch-icon.png", "/.well-known/security.txt"),
]


@pytest.mark.parametrize("settings", [{"SECURITY_CONTACT": "mailto:ada@example.org"}], indirect=True, ids=["mail"])
@pytest.mark.parametrize("path", READ_BY_MACHINES)
async def test_what_machines_read_is_not_sent_twice_until_it_changes(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, path: str
) -> None:
    first = await client.get(path, headers=PLAIN)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[\w.-]+"', etag), etag
    for method in ("GET", "HEAD"):
        known = await client.request(method, path, headers={**PLAIN, "if-none-match": f'"x", W/{etag}'})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag), method
        assert known.headers["cache-control"] == first.headers["cache-control"]
    other = await client.get(path, headers={**PLAIN, "if-none-match": '"x"'})
    assert (other.status_code, other.content) == (200, first.content)
    async with databases.site.transaction() as connection:
        changed = {"robots": '{"extra": "Disallow: /x"}'}
        await execute(connection, "UPDATE site SET title = 'Other', language = 'de', robots = :robots", changed)
    await publish("Fog")
    after = await client.get(path, headers={**PLAIN, "if-none-match": etag})
    assert (after.status_code, after.headers["etag"] == etag) == (200, False)
    assert after.content != first.content
