import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.site.machines import ANSWERING, TRAINING

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
