"""What attackers type, in every field of a site, in a real browser: nothing of it runs, nor would it without the policy
that forbids scripts; and nothing is asked of anybody else.
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Error, Page, Request
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_all
from sdc_web.authors import accounts
from sdc_web.db import open_databases

import attacks
import e2e_site
from living_site import Site, living

pytestmark = pytest.mark.timeout(600)

MARK = "alert(window.xss=1)"
WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  (window.refused ||= []).push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
TOUCH = """() => document.querySelectorAll("main *").forEach((each) => {
  for (const type of ["mouseover", "focus", "toggle"]) each.dispatchEvent(new Event(type, { bubbles: true }));
})"""
FOUND = """() => {
  const found = [...(window.refused ?? [])];
  if (window.xss) found.push("a script ran");
  for (const each of document.querySelectorAll("*")) {
    for (const { name, value } of each.attributes) {
      if (name.startsWith("on") || name === "srcdoc") found.push(`${each.localName} ${name}=${value}`);
    }
    for (const name of ["href", "src", "action", "formAction", "data"]) {
      const address = String(each[name]?.baseVal ?? each[name] ?? "");
      if (/^\\s*(javascript|vbscript|data:text)/i.test(address)) found.push(`${each.localName} ${name}: ${address}`);
    }
    if (["base", "object", "embed", "animate"].includes(each.localName)) found.push(each.localName);
    if (each.localName === "script" && each.type !== "application/ld+json" && !each.src) found.push("a script inline");
    if (each.localName === "meta" && each.httpEquiv) found.push(`meta ${each.httpEquiv}`);
  }
  return found;
}"""
BY_AUTHOR = [
    *("/author", "/author/posts", f"/author/posts?q={attacks.WORD}", "/author/media", "/author/tags", "/author/series"),
    *("/author/navigation", "/author/site", "/author/authors", "/author/audit", f"/author/tags/{attacks.WORD}"),
]

XML = ("/feed.xml", "/rss.xml", "/sitemap.xml")


class Id(msgspec.Struct, frozen=True, kw_only=True):
    """A row."""

    id: str


class Watched:
    """A browser that tells what an attack does in it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.found: list[str] = []
        self._at = ""
        context.add_init_script(WATCH)
        context.on("dialog", self._dialog)
        context.on("request", self._asked)

    def look(self, page: Page, path: str) -> None:
        """Open one page, touch what is there, and look at what became of it."""
        self._at = path
        page.goto(self.url + path)
        self.look_at(page)

    def look_at(self, page: Page) -> None:
        try:
            page.evaluate(TOUCH)
            self.found += [f"{self._at}: {each}" for each in page.evaluate(FOUND)]
        except Error as led_away:
            self.found.append(f"{self._at}: {led_away.message}")

    def _dialog(self, dialog: Dialog) -> None:
        self.found.append(f"{self._at}: a dialog")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        ours = request.url.startswith(f"{self.url}/") or parts.scheme in ("data", "blob", "about")
        if not ours or parts.path == "/author/sign-out":
            self.found.append(f"{self._at}: asked {request.method} {request.url}")


class Attacked:
    """A site that has the attacks everywhere: its public pages, and its author's."""

    def __init__(self, site: Site) -> None:
        self.url = site.url
        self.cookies = dict(site.author.cookies.items())
        public, post_ids = e2e_site.run_apart(fill(Settings(DATA_DIR=site.data, _env_file=None)))
        self.public = [*public, *(f"/{quote(text.replace(chr(0), ''), safe='')}" for text in attacks.CORPUS)]
        self.by_author = [*BY_AUTHOR, *(f"/author/posts/{post_id}" for post_id in post_ids)]


async def fill(settings: Settings) -> tuple[list[str], list[str]]:
    """The addresses of the public pages, and the ids of the posts."""
    async with open_databases(settings) as databases:
        (author,) = await accounts.everyone(databases)
        public = await attacks.fill(databases, author.actor, MARK)
        async with databases.site.read() as connection:
            rows = await fetch_all(connection, Id, "SELECT id FROM posts WHERE kind = 'post' ORDER BY id")
        return public, [each.id for each in rows]


@pytest.fixture(scope="module")
def attacked() -> Generator[Attacked]:
    with living() as site:
        yield Attacked(site)


@contextmanager
def watched(browser: Browser, attacked: Attacked, *, policy: bool) -> Generator[tuple[Watched, Page]]:
    """The author's browser, which obeys the site's policy or knows none."""
    with browser.new_context(bypass_csp=not policy) as context:
        made = Watched(context, attacked.url)
        context.add_cookies([
            {"name": name, "value": value, "url": attacked.url} for name, value in attacked.cookies.items()
        ])  # fmt: skip
        yield made, context.new_page()


@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without it"])
def test_nothing_of_it_runs_on_a_public_page(attacked: Attacked, browser: Browser, *, policy: bool) -> None:
    with watched(browser, attacked, policy=policy) as (browsing, page):
        # Of XML Chromium makes a page of its own, with a style that the policy refuses.
        for path in (*attacked.public, *(() if policy else XML)):
            browsing.look(page, path)
    assert browsing.found == []


@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without it"])
def test_nothing_of_it_runs_where_the_author_works(attacked: Attacked, browser: Browser, *, policy: bool) -> None:
    with watched(browser, attacked, policy=policy) as (browsing, page):
        for path in attacked.by_author:
            browsing.look(page, path)
            assert page.url.endswith(path), "signed out"
    assert browsing.found == []


def test_what_is_looked_for_would_be_seen(attacked: Attacked, browser: Browser, trouble: list[str]) -> None:
    seen = []
    with watched(browser, attacked, policy=False) as (browsing, _):
        for text in attacks.CORPUS:
            # A page of its own: some of them lead away from theirs, now or in a moment.
            with browsing.context.new_page() as page:
                browsing.look(page, "/health/live")
                browsing.found.clear()
                with suppress(Error):
                    page.set_content(f"<!doctype html><main>{text.replace('alert(1)', MARK)}</main>")
                browsing.look_at(page)
                seen += [text] if browsing.found else []
    trouble.clear()
    assert len(seen) >= 20, [text for text in attacks.CORPUS if text not in seen]
