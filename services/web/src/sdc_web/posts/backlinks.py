"""Who links to a post: the links of each published text, kept by publishing, and asked for by the post they lead to."""

import re
from html import unescape
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all

from sdc_web.posts.reading import Summary
from sdc_web.posts.records import Post, path_of

MAX_LINKS = 500
MAX_ADDRESS = 500
MAX_URL = 2_000
ON_PAGE = 8
LOOKED_AT = 100
_ANCHOR = re.compile(r'<a((?:\s[^\s=<>"]+(?:="[^"]*")?)*)\s*>')
_HREF = re.compile(r'\shref="([^"]*)"')
_HERE = "http://here.invalid"


def addresses(html: str, path: str) -> list[str]:
    """Where sanitised HTML leads that stands at `path`: `/posts/fog` within the site, `//example.org/fog` out of it.

    Neither query nor fragment nor a slash at the end, decoded; each once, and no more than `MAX_LINKS`.
    """
    found: dict[str, None] = {}
    for anchor in _ANCHOR.finditer(html):
        href = _HREF.search(anchor[1])
        address = _address(unescape(href[1]), path) if href else ""
        if address not in ("", path) and len(address) <= MAX_ADDRESS and address.isprintable():
            found[address] = None
    return list(found)[:MAX_LINKS]


def outward(html: str) -> list[str]:
    """Where sanitised HTML leads out of the site, whole addresses; each once, and no more than `MAX_LINKS`."""
    hrefs = (_HREF.search(anchor[1]) for anchor in _ANCHOR.finditer(html))
    found = (outward_url(unescape(href[1])) for href in hrefs if href)
    return list(dict.fromkeys(each for each in found if each))[:MAX_LINKS]


def part_of(html: str, url: str) -> str:
    """The part of the page at `url` that sanitised HTML leads to, with its `#`; empty where it leads to the whole."""
    found: list[str] = []
    for anchor in _ANCHOR.finditer(html):
        href = _HREF.search(anchor[1])
        written = unescape(href[1]).strip() if href else ""
        if outward_url(written) == url:
            _, mark, fragment = written.partition("#")
            found.append(f"{mark}{fragment}" if fragment.isprintable() and len(fragment) <= MAX_ADDRESS else "")
    return found[0] if all(found) and found else ""


def outward_url(href: str) -> str:
    """The address of a link that names a host, without what follows a `#`; empty for any other link."""
    try:
        split = urlsplit(href.strip())
        _ = split.port
    except ValueError:
        return ""
    if split.scheme.lower() not in ("http", "https") or not split.hostname or "@" in split.netloc:
        return ""
    url = urlunsplit(split._replace(fragment=""))
    return url if len(url) <= MAX_URL and url.isprintable() and " " not in url else ""


def place(url: str) -> str:
    """Where a whole address leads, `//example.org/fog`, as `addresses` has it; empty for what is no page."""
    return _address(url, "/")


def of_site(site_url: str) -> str:
    """The beginning of the site's own addresses where a link names them in full: `//example.org`."""
    return f"//{urlsplit(site_url).netloc.lower()}" if site_url else ""


SQL_FORGET = "DELETE FROM post_links WHERE from_post_id = :post_id"
SQL_FORGET_OUTWARD = "DELETE FROM outward_links WHERE from_post_id = :post_id"
SQL_KEEP = """
INSERT INTO post_links (from_post_id, address) SELECT :post_id, value FROM json_each(:addresses)
"""


SQL_KEEP_OUTWARD = """
INSERT INTO outward_links (from_post_id, url) SELECT :post_id, value FROM json_each(:addresses)
"""


async def keep(connection: Connection, post_id: str, html: str, path: str) -> None:
    """The links of a post are those of this text from now on."""
    await forget(connection, post_id)
    listed = msgspec.json.encode(addresses(html, path)).decode()
    await execute(connection, SQL_KEEP, {"post_id": post_id, "addresses": listed})
    listed = msgspec.json.encode(outward(html)).decode()
    await execute(connection, SQL_KEEP_OUTWARD, {"post_id": post_id, "addresses": listed})


async def forget(connection: Connection, post_id: str) -> None:
    """This post links to nothing any more."""
    await execute(connection, SQL_FORGET, {"post_id": post_id})
    await execute(connection, SQL_FORGET_OUTWARD, {"post_id": post_id})


# Old addresses of the post lead to it too, and so do the author's own redirects to any of these. Of very many links to
# one address those of the posts begun last are looked at: SQLite reads no more of the index than these.
SQL_LINKING = """
WITH named AS (SELECT :path AS path UNION SELECT path FROM redirects WHERE post_id = :post_id),
leading AS (
    SELECT path FROM named
    UNION SELECT redirects.path FROM named CROSS JOIN redirects ON redirects.target = named.path
),
known AS (SELECT path AS address FROM leading UNION ALL SELECT :site || path FROM leading WHERE :site <> '')
SELECT DISTINCT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language
FROM known
CROSS JOIN json_each((SELECT json_group_array(from_post_id) FROM (
    SELECT from_post_id FROM post_links WHERE address = known.address ORDER BY from_post_id DESC LIMIT :looked_at
))) AS linking
CROSS JOIN posts ON posts.id = linking.value
JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.id <> :post_id
ORDER BY posts.published_at_us DESC, posts.id DESC
LIMIT :limit
"""


async def linking(connection: Connection, post: Summary | Post, site_url: str, limit: int = ON_PAGE) -> list[Summary]:
    """Published posts whose text leads to this one, the newest first."""
    values = {
        "post_id": post.id,
        "path": path_of(post.kind, post.slug),
        "site": of_site(site_url),
        "looked_at": LOOKED_AT,
        "limit": limit,
    }
    return await fetch_all(connection, Summary, SQL_LINKING, values)


def _address(href: str, path: str) -> str:
    """Empty for what is no page: other schemes, and addresses that cannot be read."""
    try:
        split = urlsplit(urljoin(_HERE + path, href.strip()))
        host = split.netloc.lower()
    except ValueError:
        return ""
    if split.scheme not in ("http", "https") or "@" in host:
        return ""
    parts = [part for part in unquote(split.path, errors="replace").split("/") if part]
    within = "/" + "/".join(parts)
    return within if host == urlsplit(_HERE).netloc else f"//{host}{within}"
