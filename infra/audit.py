"""Looks at every kind of page of a demonstration site as strangers do: the Nu HTML checker, axe, Lighthouse.

    uv run python infra/audit.py [html] [axe] [lighthouse]

Needs java, and node with npm, from which the checker and Lighthouse come, once, into ~/.cache/sdc-audit; and Chromium
(CHROMIUM_PATH, or Playwright's own). Prints a table; exits with 1 when there is a finding. The tests ask axe, too.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

import httpx
import msgspec
import public_pages
from page_checks import Finding, accessibility, every_kind
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path.home() / ".cache" / "sdc-audit"
NPM = ("vnu-jar@26.9.27", "lighthouse@12.8.2")
"""Lighthouse 13 wants a newer Node than distributions have."""
TOOL_S = 300
GROUPS = ("performance", "accessibility", "best-practices", "seo")
SCORED = ("/", "/posts", "/posts/the-weight-of-the-air", "/projects/a-lamp-that-follows-the-sun", "/tags/light")
EXCUSED = {("/search?q=air", "is-crawlable")}
"""Search tells engines to stay away."""
_HTMX = r"Attribute “hx-.*” not allowed on element “\w+” at this point\."
_ATOM_TEXT = "{http://www.w3.org/2005/Atom}content"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site that runs, as a visitor and as its author."""

    url: str
    visitor: httpx.Client
    author: httpx.Client


Audit: TypeAlias = Callable[[Site], Iterator[Finding]]


def main(names: list[str]) -> int:
    """Run the named audits, or all; the exit code."""
    if unknown := set(names) - set(AUDITS):
        print(f"no such audit: {', '.join(sorted(unknown))}; there are: {', '.join(AUDITS)}", file=sys.stderr)
        return 2
    sys.path.append(str(ROOT / "tests"))
    import e2e_site  # noqa: PLC0415 - of the tests, which are no package

    with (
        tempfile.TemporaryDirectory(prefix="sdc-audit-") as folder,
        e2e_site.running(Path(folder), "--demo") as demo,
        httpx.Client(base_url=demo.url) as visitor,
        httpx.Client(base_url=demo.url) as author,
    ):
        author.post(demo.link, headers={"Sec-Fetch-Site": "same-origin"})
        site = Site(url=demo.url, visitor=visitor, author=author)
        found = [finding for name in names or AUDITS for finding in AUDITS[name](site)]
    for each in found:
        print(f"{each.tool:<11} {each.page:<40} {each.rule:<28} {each.where[:120]}")
    print(f"{len(found)} findings")
    return 1 if found else 0


def html(site: Site) -> Iterator[Finding]:
    """What the Nu HTML checker has to say of every page, and of the texts in the feed."""
    jar = _from_npm() / "node_modules/vnu-jar/build/dist/vnu.jar"
    with tempfile.TemporaryDirectory(prefix="sdc-pages-") as folder:
        pages = dict(enumerate(_pages(site)))
        for number, (_, text) in pages.items():
            (Path(folder) / f"{number}.html").write_text(text, encoding="utf-8")
        command = ["java", "-Xss4m", "-jar", str(jar), "--format", "json", "--filterpattern", _HTMX, folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_S, check=False)
    for said in json.loads(done.stderr)["messages"]:
        page = pages[int(Path(said["url"]).stem)][0]
        yield Finding(tool="html", page=page, rule=said["message"], where=said.get("extract", "").replace("\n", " "))
    print(f"html        {len(pages)} pages and texts")


def axe(site: Site) -> Iterator[Finding]:
    """What axe finds on every page of the site and of the CMS."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=_chromium(), args=flags)
        for client, paths in _paths(site):
            yield from accessibility(browser, site.url, paths, client.cookies)
            print(f"axe         {len(paths)} pages")
        browser.close()


def lighthouse(site: Site) -> Iterator[Finding]:
    """What a phone on a slow line is promised, in four groups of which each should be 100."""
    script = _from_npm() / "node_modules/lighthouse/cli/index.js"
    flags = "--headless=new --disable-background-networking" + (" --no-sandbox" if os.geteuid() == 0 else "")
    chromium = _chromium()
    environment = {**os.environ, **({"CHROME_PATH": chromium} if chromium else {})}
    for page in (*SCORED, *(path for path, _ in EXCUSED)):
        command = ["node", str(script), site.url + page, "--quiet", "--output=json", f"--chrome-flags={flags}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TOOL_S, check=True)
        report = json.loads(done.stdout)
        scores = {name: round(100 * report["categories"][name]["score"]) for name in GROUPS}
        print(f"lighthouse  {page:<40} " + "  ".join(f"{name} {score}" for name, score in scores.items()))
        for name in GROUPS:
            for part in report["categories"][name]["auditRefs"]:
                audit = report["audits"][part["id"]]
                short = part["weight"] and audit["score"] is not None and audit["score"] < 1 and scores[name] < 100
                if short and (page, part["id"]) not in EXCUSED:
                    yield Finding(tool="lighthouse", page=page, rule=part["id"], where=audit["title"])


AUDITS: dict[str, Audit] = {"html": html, "axe": axe, "lighthouse": lighthouse}


def _paths(site: Site) -> Iterator[tuple[httpx.Client, list[str]]]:
    public = public_pages.of(site.visitor, public_pages.shared_draft(site.author))
    yield site.visitor, [*public.values(), "/author/sign-in"]
    yield site.author, every_kind(site.author, "/author")


def _pages(site: Site) -> Iterator[tuple[str, str]]:
    for client, paths in _paths(site):
        for path in paths:
            yield path, client.get(path, headers={"accept": "text/html"}).text
    feed = ET.fromstring(site.visitor.get("/feed.xml").content)  # noqa: S314 - our own
    for number, text in enumerate(feed.iter(_ATOM_TEXT)):
        yield f"/feed.xml, {number}", f'<!doctype html><html lang="en"><title>x</title><body><h1>x</h1>{text.text}'


def _from_npm() -> Path:
    command = ["npm", "install", "--no-fund", "--no-audit", "--loglevel=error", "--prefix", str(TOOLS), *NPM]
    if not all((TOOLS / "node_modules" / re.sub("@.*", "", each)).is_dir() for each in NPM):
        TOOLS.mkdir(parents=True, exist_ok=True)
        subprocess.run(command, timeout=TOOL_S, check=True)
    return TOOLS


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM_PATH")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
