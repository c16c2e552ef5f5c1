"""Finds every kind of page of a running site by following links, and has axe look at each."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Literal

import httpx
import msgspec
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

PHONE, DESK = ViewportSize(width=360, height=740), ViewportSize(width=1440, height=900)
WIDTHS = (PHONE, ViewportSize(width=768, height=1024), DESK)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
}
RULES_OF_LOOKS = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"],
}
"""What another theme and another width can change; the rest of the document is the same."""

_DRAWN = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
"""Resolves when the page is drawn at its size, and what watches sizes was told."""

_LINK = re.compile(r'href="(/[^"#]*)"|"(/author/media/[0-9A-Z]{26})"')
_ONE_OF_MANY = re.compile(r"^(/(?:posts|projects|series|tags|author/jobs|author/tags)/)[^/?]+|(?<=/)[0-9A-Z]{26}")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool has to say about a page."""

    tool: str
    page: str
    rule: str
    where: str


def kind_of(path: str) -> str:
    """What pages have in common of which a site has many: a post stands for the posts, a job for the jobs."""
    return _ONE_OF_MANY.sub(r"\1", path)


def leads_to(page: str, html: str) -> list[str]:
    """The paths that a page names. The CMS and the public site do not lead into each other."""
    links = (one or other for one, other in _LINK.findall(html))
    within = page.startswith("/author")
    return [link for link in links if link.startswith("/author") == within and "?" not in link]


def every_kind(client: httpx.Client, *seeds: str) -> list[str]:
    """The paths of pages that these and their links lead to, one of each kind."""
    waiting, found = list(seeds), dict[str, str]()
    while waiting:
        path = waiting.pop(0)
        if kind_of(path) in found:
            continue
        answer = client.get(path, headers={"accept": "text/html"})
        if answer.is_redirect or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[kind_of(path)] = path
        waiting += leads_to(path, answer.text)
    return list(found.values())


def every_page_of_the_cms(author: httpx.Client) -> list[str]:
    """The pages that an author can come to, with those that a form leads to."""
    posts = re.findall(r'id="posts-row-([^"]+)"', author.get("/author/posts").text)
    chosen = "&".join(f"post={each}" for each in posts[:2])
    actions = [f"/author/posts/selection?action={each}&{chosen}" for each in ("publish", "tag", "delete")]
    filtered = ["/author/posts?q=air&order=title", "/author/posts?q=nothing-like-it", "/author/statistics?status=404"]
    found = every_kind(author, "/author", f"/author/posts/{posts[0]}/checks")
    return [*found, *actions, *filtered]


def accessibility(browser: Browser, site: str, paths: Iterable[str], cookies: httpx.Cookies) -> Iterator[Finding]:
    """What axe finds on each page, at three widths, by day and by night."""
    with browser.new_context() as context:
        come_in(context, site, cookies)
        page = context.new_page()
        for path in paths:
            page.goto(site + path, wait_until="domcontentloaded")
            yield from everywhere(page, path)


def everywhere(page: Page, path: str) -> Iterator[Finding]:
    """What axe finds on an open page, and whether it goes sideways, at three widths, by day and by night."""
    page.evaluate(_axe_script())
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for size in WIDTHS:
            page.set_viewport_size(size)
            page.evaluate(_DRAWN)
            first = (scheme, size) == (SCHEMES[0], WIDTHS[0])
            where = f"{path} at {size['width']} px, {scheme}"
            yield from _violations(page, where, RULES if first else RULES_OF_LOOKS)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > size["width"]:
                yield Finding(tool="width", page=where, rule="goes-sideways", where=f"{wide} px")


def axe(page: Page, path: str) -> Iterator[Finding]:
    """What axe finds on an open page: with all its rules on a phone by day, and with those of looks on a desk by night.
    It is left on the desk, by day.
    """
    page.evaluate(_axe_script())
    page.set_viewport_size(PHONE)
    page.evaluate(_DRAWN)
    yield from _violations(page, path, RULES)
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="dark")
    page.evaluate(_DRAWN)
    yield from _violations(page, path, RULES_OF_LOOKS)
    page.emulate_media(color_scheme="light")


def axe_as_it_stands(page: Page, path: str) -> Iterator[Finding]:
    """What axe finds on an open page at the width it has, by day and by night. It is left by day."""
    page.evaluate(_axe_script())
    yield from _violations(page, path, RULES)
    page.emulate_media(color_scheme="dark")
    yield from _violations(page, path, RULES_OF_LOOKS)
    page.emulate_media(color_scheme="light")


@cache
def _axe_script() -> str:
    """Half a megabyte, read once."""
    return Axe().axe_script


def come_in(context: BrowserContext, site: str, cookies: httpx.Cookies) -> None:
    """The browser is from now on whoever has these cookies."""
    context.add_cookies([{"name": name, "value": value or "", "url": site} for name, value in cookies.items()])


def _violations(page: Page, path: str, rules: Mapping[str, object]) -> Iterator[Finding]:
    options = json.dumps({"runOnly": rules, "resultTypes": ["violations"], "preload": False, "iframes": False})
    for violation in page.evaluate(f"axe.run({options}).then((result) => result.violations)"):
        for node in violation["nodes"]:
            yield Finding(tool="axe", page=path, rule=violation["id"], where=node["html"])
