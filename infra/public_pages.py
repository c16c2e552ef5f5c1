"""Every kind of page that visitors come to, in one list: whoever looks at pages looks at all of these.

A route of the public site that answers with a page and stands neither here nor in `NO_PAGE` fails a test.
"""

import re
from collections.abc import Generator, Iterable
from typing import TypeAlias

import httpx
import msgspec

NO_PAGE = {
    "/apple-touch-icon{}.png": "a picture",
    "/favicon.ico": "leads to a picture",
    "/feed.json": "a feed",
    "/feed.xml": "a feed",
    "/feed/{}": "a feed",
    "/health": "for machines",
    "/health/live": "for machines",
    "/icon/{}": "a picture",
    "/look/{}": "a style sheet",
    "/manifest.webmanifest": "for machines",
    "/media/{}/{}": "a picture",
    "/media/{}/{}/{}": "a picture",
    "/metrics": "for machines",
    "/opensearch.xml": "for machines",
    "/projects/feed.json": "a feed",
    "/projects/feed.xml": "a feed",
    "/projects/rss.xml": "a feed",
    "/robots.txt": "for machines",
    "/rss.xml": "a feed",
    "/series/{}/feed.json": "a feed",
    "/series/{}/feed.xml": "a feed",
    "/series/{}/rss.xml": "a feed",
    "/share/{}/{}": "a picture",
    "/sitemap{}.xml": "for machines",
    "/static/{}": "a file",
    "/tags/{}/feed.json": "a feed",
    "/tags/{}/feed.xml": "a feed",
    "/tags/{}/rss.xml": "a feed",
    "/.well-known/security.txt": "for machines",
}


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Pages that look alike: the route that answers, with `{}` where it is open, what their paths are, and a sign in
    their HTML by which one of them is known.
    """

    name: str
    route: str
    path: str
    sign: str = ""
    status: int = 200


_POST = r"/posts/(?![0-9]{4}$)[^/?]+"
KINDS = (
    Kind(name="home", route="/", path="/"),
    Kind(name="posts", route="/posts", path="/posts"),
    Kind(name="everything", route="/posts/{}", path=_POST, sign='class="footnotes".*<math|<math.*class="footnotes"'),
    Kind(name="part of a series", route="/posts/{}", path=_POST, sign='class="outline series"'),
    Kind(name="translated", route="/posts/{}", path=_POST, sign='class="meta translations"'),
    Kind(name="right to left", route="/posts/{}", path=_POST, sign='<article [^>]*dir="rtl"'),
    Kind(name="posts of a year", route="/posts/{}", path="/posts/[0-9]{4}"),
    Kind(name="projects", route="/projects", path="/projects"),
    Kind(name="project", route="/projects/{}", path=r"/projects/(?![0-9]{4}$)[^/?]+", sign='class="[^"]*gallery'),
    Kind(name="projects of a year", route="/projects/{}", path="/projects/[0-9]{4}"),
    Kind(name="tags", route="/tags", path="/tags"),
    Kind(name="tag", route="/tags/{}", path="/tags/[^/?]+"),
    Kind(name="tag in a year", route="/tags/{}/{}", path="/tags/[^/?]+/[0-9]{4}"),
    Kind(name="series", route="/series/{}", path="/series/[^/?]+"),
    Kind(name="page", route="/{}", path="/(?!search$)[^/?]+", sign="<article"),
    Kind(name="search", route="/search", path="/search"),
    Kind(name="results", route="/search", path=r"/search\?q=air", sign='class="post-list"'),
    Kind(name="no results", route="/search", path=r"/search\?q=zzz", sign="Try fewer words"),
    Kind(name="not found", route="/{}", path="/nothing/of-the-kind", status=404),
    Kind(name="preview", route="/preview/{}", path="/preview/.+", sign='class="[^"]*shared-banner'),
)

_LOCATION = re.compile(r"<loc>[^<]*?//[^/<]+([^<]*)</loc>")
_MANY = re.compile(r"[\[(+*]")
"""In the pattern of paths of which there may be more than one."""
_YEAR = re.compile(r'datetime="([0-9]{4})-')


class Answer(msgspec.Struct, frozen=True):
    """What a visitor gets; `text` is empty for what is no HTML."""

    status: int
    text: str


Walk: TypeAlias = Generator[str, Answer, dict[str, str]]


def walk(site_map: str, preview: str) -> Walk:
    """Yields paths, is sent their answers, and returns a path of each kind. `site_map` is the XML, `preview` the path
    of a shared draft. Raises LookupError naming the kinds of which the site has no page.
    """
    found: dict[str, str] = {}
    years: set[str] = set()
    listed = [path or "/" for path in _LOCATION.findall(site_map)]
    single = [kind.path.replace("\\", "") for kind in KINDS if not _MANY.search(kind.path)]
    yield from _look(dict.fromkeys([*listed, *single, preview]), found, years)
    tags = [path for path in listed if path.startswith("/tags/")]
    dated = [f"{above}/{year}" for above in ("/posts", "/projects", *tags) for year in sorted(years)]
    yield from _look(dated, found, years)
    missing = [kind.name for kind in KINDS if kind.name not in found]
    if missing:
        message = f"the site has no page of these kinds: {', '.join(missing)}"
        raise LookupError(message)
    return {kind.name: found[kind.name] for kind in KINDS}


def _look(paths: Iterable[str], found: dict[str, str], years: set[str]) -> Generator[str, Answer, None]:
    for path in paths:
        wanted = [kind for kind in KINDS if kind.name not in found and re.fullmatch(kind.path, path)]
        if wanted:
            answer = yield path
            years.update(_YEAR.findall(answer.text))
            for kind in wanted:
                if answer.status == kind.status and re.search(kind.sign, answer.text, re.DOTALL):
                    found[kind.name] = path


def of(visitor: httpx.Client, preview: str) -> dict[str, str]:
    """A path of each kind, of a site that runs."""
    walking, answer = walk(visitor.get("/sitemap.xml").text, preview), None
    while True:
        try:
            path = walking.send(answer) if answer else next(walking)
        except StopIteration as done:
            return done.value
        got = visitor.get(path, headers={"accept": "text/html"})
        answer = Answer(
            got.status_code, got.text if got.headers.get("content-type", "").startswith("text/html") else ""
        )


def shared_draft(author: httpx.Client) -> str:
    """The path of a draft that this author of a site that runs has shared, for a week."""
    post = re.findall(r'id="posts-row-([^"]+)"', author.get("/author/posts").text)[0]
    address = f"/author/posts/{post}/preview-links"
    page = author.post(address, data={"days": "7"}, headers={"Sec-Fetch-Site": "same-origin"}).text
    return re.findall(r"/preview/[\w-]+", page)[0]
