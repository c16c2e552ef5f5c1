"""What crawlers, researchers and home screens ask for: rules for robots, whom to tell of a hole, the site as an app."""

import hashlib

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from sdc_core import clock
from sdc_core.errors import NotFound
from sdc_core.settings import Settings

from sdc_web import announcements, posts, templating
from sdc_web.about import robots as rules
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.site.files import is_known

VALID_US = 180 * clock.DAY_US
"""How long an answer about security may be believed: less than a year, says RFC 9116 section 2.5.5."""
TRAINING = (
    *("GPTBot", "ClaudeBot", "anthropic-ai", "Google-Extended", "Applebot-Extended", "CCBot", "Bytespider"),
    *("Amazonbot", "meta-externalagent", "FacebookBot", "cohere-training-data-crawler", "Diffbot", "Omgilibot"),
    *("Timpibot", "PanguBot", "Ai2Bot", "Ai2Bot-Dolma", "img2dataset", "cohere-ai", "DeepSeekBot", "ImagesiftBot"),
    *("ICC-Crawler", "TikTokSpider", "Webzio-Extended"),
)
"""Crawlers that take texts to train models on, by the names in their operators' documents."""
ANSWERING = (
    *("OAI-SearchBot", "ChatGPT-User", "Claude-SearchBot", "Claude-User", "PerplexityBot", "Perplexity-User"),
    *("DuckAssistBot", "MistralAI-User", "YouBot", "Amzn-SearchBot", "Amzn-User", "meta-externalfetcher"),
    *("meta-webindexer", "Google-CloudVertexBot", "Google-NotebookLM", "Gemini-Deep-Research", "AzureAI-SearchBot"),
)
"""Crawlers that take texts to answer questions with, and mostly name their source."""
NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]
_OURS = ("/author/", "/author$", "/search?", "/search$")
"""No more than these: a rule is of all that begins so, also of a page called *Authors*."""


class Icon(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of the site."""

    src: str
    sizes: str
    type: str


class App(msgspec.Struct, frozen=True, kw_only=True):
    """The site on a home screen (W3C Web Application Manifest)."""

    name: str
    short_name: str
    description: str
    lang: str
    start_url: str
    display: str
    id: str
    scope: str
    background_color: str
    theme_color: str
    icons: tuple[Icon, ...]


@get("/robots.txt")
async def robots(databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """Where robots may go (RFC 9309)."""
    async with databases.site.read() as connection:
        said = await rules.current(connection)
    refused = {"allow": (), "answer": TRAINING, "refuse": TRAINING + ANSWERING}[said.crawlers or settings.AI_CRAWLERS]
    # Lines that name no robot are for all of them, so the author's own come before the crawlers.
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _OURS), *said.extra.splitlines(), ""]
    if refused:
        lines += [*(f"User-agent: {name}" for name in refused), "Disallow: /", ""]
    text = "\n".join([*lines, f"Sitemap: {settings.site_url}/sitemap.xml", ""])
    return answer(text, "text/plain")


@get("/.well-known/security.txt")
async def security(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """Whom to tell of a hole (RFC 9116)."""
    if not settings.SECURITY_CONTACT:
        message = "This site names nobody to tell of security problems."
        raise NotFound(message)
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    lines = {
        "Contact": settings.SECURITY_CONTACT,
        "Expires": f"{clock.day_of(clock.now_us() + VALID_US)}T00:00:00Z",
        "Preferred-Languages": ", ".join(dict.fromkeys((front.language, "en"))),
        "Canonical": f"{settings.site_url}/.well-known/security.txt",
    }
    told = answer("".join(f"{name}: {value}\n" for name, value in lines.items()), "text/plain")
    # The page cache, which gives all else its ETag, would keep the day on which this ends.
    etag = f'"{hashlib.sha256(told.content.encode()).hexdigest()[:20]}"'
    told.headers["etag"] = etag
    if is_known(request, etag):
        told.status_code, told.content = 304, ""
    return told


@get("/manifest.webmanifest")
async def manifest(databases: NamedDatabases, settings: NamedSettings) -> Response[bytes]:
    """The site as an app."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    app = App(
        name=front.title,
        short_name=front.title[:30],
        description=front.description,
        lang=front.language,
        start_url="/",
        display="browser",
        id="/",
        scope="/",
        background_color=front.paper[0],
        theme_color=front.paper[0],
        icons=tuple(
            Icon(
                src=front.icon(size) or templating.static_address(f"icon-{size}.png"),
                sizes=f"{size}x{size}",
                type="image/png",
            )
            for size in (192, 512)
        ),
    )
    return Response(
        msgspec.json.encode(app), media_type="application/manifest+json", headers={"cache-control": "no-cache"}
    )


@get("/opensearch.xml")
async def opensearch(databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """How browsers ask the site's search from their own (OpenSearch 1.1)."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    return answer(
        templating.render("site/opensearch.xml", site=front).lstrip(), "application/opensearchdescription+xml"
    )


def key_file(settings: Settings) -> list[HTTPRouteHandler]:
    """The route of the file by which IndexNow knows who speaks for the site; none without a key."""
    key = settings.INDEXNOW_KEY
    if not key:
        return []

    @get(announcements.KEY_PATH.format(key=key), name="indexnow", sync_to_thread=False)
    def file() -> Response[str]:
        return answer(key, "text/plain")

    return [file]


def answer(text: str, media_type: str) -> Response[str]:
    """Text that caches must ask about again each time."""
    return Response(text, media_type=media_type, headers={"cache-control": "no-cache"})


route_handlers = [robots, security, manifest, opensearch]
