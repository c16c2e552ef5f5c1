"""Where the links of a text lead: within this site to what readers find, to a draft, on, or nowhere; outside to what
was there when it was last looked at.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from sdc_core.sqlite import Connection, fetch_all

from sdc_web import media
from sdc_web.checks.findings import Finding
from sdc_web.checks.parsed import Target
from sdc_web.checks.words import shortened
from sdc_web.link_checks import store
from sdc_web.posts import navigation
from sdc_web.posts.backlinks import of_site, outward_url
from sdc_web.posts.records import Post, address_of, path_of
from sdc_web.redirects import addresses

_FILE = re.compile(r"/media/([^/]+)/")
MAX_ASKED = 100
"""Addresses that are no posts and are asked for one by one."""


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    published: bool


SQL_KNOWN = """
SELECT wanted.key AS path, posts.revision_id IS NOT NULL AS published
FROM json_each(:wanted) AS wanted
CROSS JOIN posts ON posts.kind = wanted.value ->> 0 AND posts.slug = wanted.value ->> 1
"""
_RULES = {"missing": "dead-link", "draft": "draft-link", "moved": "moved-link"}
_WORDS = {
    "dead-link": "Nothing answers at {}.",
    "draft-link": "{} is not published.",
    "moved-link": "{} has moved.",
}


async def look(connection: Connection, post: Post, links: tuple[Target, ...], site_url: str) -> list[Finding]:
    """What is wrong with the links that stay on this site; a text may link to itself before it is published."""
    here = {each: path for each in links if (path := path_of_link(each.address, post, site_url))}
    wanted = {path: address for path in here.values() if (address := address_of(path))}
    encoded = msgspec.json.encode(wanted).decode()
    known = {each.path: each.published for each in await fetch_all(connection, _Known, SQL_KNOWN, {"wanted": encoded})}
    standing = {path: "there" if published else "draft" for path, published in known.items()}
    for path in list(dict.fromkeys(here.values()))[:MAX_ASKED]:
        if path not in standing:
            standing[path] = await navigation.standing(connection, path)
    standing[post.path] = "there"
    for path in await lost_files(connection, here.values()):
        standing[path] = "missing"
    found = []
    for each, path in here.items():
        rule = _RULES.get(standing.get(path, "there"))
        if rule:
            found.append(Finding(rule=rule, what=_WORDS[rule].format(shortened(each.address)), line=each.line))
    return found


async def lost_files(connection: Connection, paths: Iterable[str]) -> set[str]:
    """Those of the paths that name a file of a picture which the library has not."""
    named = {path: match[1] for path in paths if (match := _FILE.match(path))}
    answered = await media.files.answered(connection, set(named.values()))
    return {path for path, file_id in named.items() if file_id not in answered}


async def look_outside(connection: Connection, links: tuple[Target, ...], site_url: str) -> list[Finding]:
    """What is known of the links that lead elsewhere, from the last time that they were looked at. Asks nobody."""
    own = of_site(site_url)
    there = {each: url for each in links if (url := outward_url(each.address)) and not _is_own(url, own)}
    known = await store.remembered(connection, dict.fromkeys(there.values()))
    found = []
    for each, url in there.items():
        if url in known:
            dead = known[url].state == "dead"
            words = known[url].reason if dead else f"it leads on to {shortened(known[url].moved_to)}"
            what = f"{shortened(each.address)}: {words}."
            found.append(Finding(rule="gone-link" if dead else "gone-on-link", what=what, line=each.line))
    return found


def _is_own(url: str, own: str) -> bool:
    return bool(own) and f"//{urlsplit(url).netloc.lower()}" == own


def path_of_link(address: str, post: Post, site_url: str) -> str:
    """The path within this site that a link names, as requests name it; empty when it leads elsewhere or to a part of
    the text itself.
    """
    given = address.strip()
    host = of_site(site_url)
    for scheme in ("https:", "http:", ""):
        if host and (given == f"{scheme}{host}" or given.startswith(f"{scheme}{host}/")):
            given = given[len(scheme) + len(host) :] or "/"
    if not given or given.startswith(("#", "//", "?")) or ":" in given.partition("/")[0]:
        return ""
    if not given.startswith("/"):
        folder = path_of(post.kind, post.slug).rpartition("/")[0]
        given = f"{folder}/{given.removeprefix('./')}"
    return addresses.path_here(given)
