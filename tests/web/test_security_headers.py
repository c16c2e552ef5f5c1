"""The headers by which browsers guard a site, on every kind of answer."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_core.settings import Settings
from sdc_web import edge, posts
from sdc_web.db import Databases
from sdc_web.posts import Post, preview_links

from pictures import picture
from signing_in import BROWSER, OWNER, come_in

Publish = Callable[..., Awaitable[Post]]
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
EVERYWHERE = {
    "content-security-policy": edge.CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": PERMISSIONS,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
}
FOR_ANYBODY = (
    *("/", "/posts", "/posts/fog", "/tags", "/tags/light", "/projects", "/search?q=fog", "/nothing", "/posts//fog/"),
    *(
        "/feed.xml",
        "/rss.xml",
        "/feed.json",
        "/sitemap.xml",
        "/robots.txt",
        "/manifest.webmanifest",
        "/opensearch.xml",
        "/favicon.ico",
    ),
    *("/health", "/health/live", "/metrics", "/author/sign-in", "/author", "/api/v1/posts", "/api/v1/openapi.json"),
)
FOR_AUTHORS = ("/author", "/author/posts", "/author/media", "/author/account", "/author/statistics", "/author/jobs")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of a site with TLS in front of it."""
    return settings.model_copy(update={"SITE_URL": "https://example.org"})


def guards(answer: httpx.Response) -> dict[str, str]:
    """The headers that the table above names, as they were answered."""
    return {name: answer.headers.get(name, "") for name in EVERYWHERE}


@pytest.mark.parametrize("path", FOR_ANYBODY)
async def test_every_answer_to_anybody_is_guarded(client: httpx.AsyncClient, publish: Publish, path: str) -> None:
    await publish("Fog", tags=("light",))
    # Twice: the second one comes from the page cache.
    assert [guards(await client.get(path)) for _ in range(2)] == [EVERYWHERE, EVERYWHERE]


async def test_refusals_and_files_are_guarded(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    page = await client.get("/")
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert files
    answers = [await client.get(file) for file in files]
    answers += [await client.request(method, "/posts/fog") for method in ("HEAD", "POST", "DELETE", "OPTIONS", "TRACE")]
    answers += [await client.post("/hooks", content=b"x"), await client.post("/author/sign-in", data={"name": "a"})]
    assert [(each.url.path, each.status_code) for each in answers if guards(each) != EVERYWHERE] == []


@pytest.mark.parametrize("path", FOR_AUTHORS)
async def test_pages_of_the_author_are_guarded(client: httpx.AsyncClient, databases: Databases, path: str) -> None:
    await come_in(client, databases)
    client.cookies = httpx.Cookies({f"__Host-{each.name}": each.value or "" for each in client.cookies.jar})
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert guards(answer) == EVERYWHERE
    assert "no-store" in answer.headers["cache-control"]


async def test_a_preview_by_link_tells_its_address_to_nobody(
    client: httpx.AsyncClient, databases: Databases, author_id: str
) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    answer = await client.get(made.path)
    assert guards(answer) == EVERYWHERE | {"referrer-policy": "no-referrer"}


async def test_a_picture_and_a_card_may_be_shown_by_other_sites(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog", cover_asset_id=await picture(databases, "Fog"))
    page = (await client.get("/posts/fog")).text
    shown = re.search(r'src="(/media/[^"]+)"', page)
    assert shown is not None
    answers = [await client.head(shown[1]), await client.get(f"/share/{post.id}/former.png")]
    assert [each.status_code for each in answers] == [200, 302]
    assert [guards(each) for each in answers] == 2 * [EVERYWHERE | {"cross-origin-resource-policy": "cross-origin"}]


def test_no_policy_lets_a_page_run_what_is_not_a_file_of_the_site() -> None:
    for policy in (edge.CONTENT_SECURITY_POLICY, edge.FRAMING, edge.FRAMED):
        assert policy.startswith("default-src 'none';")
        assert "unsafe-" not in policy
        assert "http" not in policy
        assert {"base-uri 'none'"} <= set(policy.split("; "))
