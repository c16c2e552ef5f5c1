"""Every kind of page is HTML that a parser has nothing to say against, with addresses that lead somewhere and parts
that may stand where they stand. `infra/audit.py` asks the Nu HTML checker, which needs Java, for all the rest.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from itertools import pairwise
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import html5lib
import httpx
import msgspec
import public_pages
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Link, Post, ProjectFacts, preview_links

from linked_pages import pages
from pictures import picture
from signing_in import OWNER, come_in

Publish = Callable[..., Awaitable[Post]]
PHRASES = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "span", "em", "strong", "code", "pre", "button", "label", "summary", "dt",
}  # fmt: skip
BLOCKS = {
    "address", "article", "aside", "blockquote", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "ul",
}  # fmt: skip
ONLY = {"ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}, "tr": {"td", "th"}, "select": {"option", "optgroup"}}
REFERENCES = ("for", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-details")
OBSOLETE = {"align", "border", "bgcolor", "style", "valign"}


async def test_every_public_page_is_valid(client: httpx.AsyncClient, publish: Publish, databases: Databases) -> None:
    everything = files("sdc_cli").joinpath("demo_everything.md").read_text(encoding="utf-8")
    await publish("Every <thing> & more", everything, tags=("a & b",), summary='"In" <short>', series="On “air”")
    await publish("Short", tags=("a & b",), series="On “air”")
    await publish("About", kind="page")
    shown = ProjectFacts(status="idea", section="<light>", repository="https://a.example", links=(Link(url="/x?a&b"),))
    facts = msgspec.structs.replace(shown, pictures=(await picture(databases, "A & <b>"),))
    lamp = await publish("A lamp", everything, kind="project", project=facts, translation_key="lamp")
    await publish("Eine Lampe", kind="project", language="de", translation_key="lamp")
    await posts.home.choose(databases.site, OWNER, lamp.id)
    await publish("A day", translation_key="day")
    day = await publish("يوم", "## يوم\n\nنص", slug="day-in-arabic", language="ar", translation_key="day")
    shared = await preview_links.make(databases, OWNER, day.id, days=7)
    found = await kinds(client, shared.path)
    assert {path: faults for path, text in found.items() if (faults := list(faults_of(text)))} == {}


async def test_every_page_of_an_empty_site_is_valid(client: httpx.AsyncClient) -> None:
    for path in ("/", "/posts", "/projects", "/tags", "/search", "/search?q=air"):
        assert list(faults_of((await client.get(path)).text)) == []


async def test_every_page_of_the_cms_is_valid(client: httpx.AsyncClient, databases: Databases) -> None:
    signed_out = await pages(client, "/author/sign-in")
    author = await come_in(client, databases)
    post = await posts.create(databases.site, author.actor, "post")
    draft = Draft(title="Every <thing> & more", body="A text.", tags=("a & b",), series="On “air”")
    await posts.revisions.save(databases.site, author.actor, post.id, draft, 1)
    await posts.publish(databases.site, OWNER, post.id)
    project = await posts.create(databases.site, author.actor, "project")
    found = await pages(client, "/author", f"/author/posts/{project.id}")
    assert len(found) > 10
    assert {path: faults for path, text in (signed_out | found).items() if (faults := list(faults_of(text)))} == {}


async def kinds(client: httpx.AsyncClient, preview: str) -> dict[str, str]:
    """The HTML of a page of each kind that visitors come to."""
    found: dict[str, str] = {}
    walk = public_pages.walk((await client.get("/sitemap.xml")).text, preview)
    path = next(walk)
    while True:
        answer = await client.get(path, headers={"accept": "text/html"})
        found[path] = answer.text
        try:
            path = walk.send(public_pages.Answer(answer.status_code, answer.text))
        except StopIteration as done:
            return {path: found[path] for path in done.value.values()}


def faults_of(text: str) -> Iterator[str]:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(text)
    for (line, _), mistake, about in parser.errors:
        yield f"line {line}: {mistake} {about}"
    ids = Counter(value for each in root.iter() if (value := each.get("id")) is not None)
    yield from (f"the id {name!r} {count} times" for name, count in ids.items() if count > 1 or not name)
    yield from headings(root)
    for element in root.iter():
        yield from dangling(element, set(ids))
        yield from misplaced(element)


def headings(root: Element) -> Iterator[str]:
    levels = [int(each.tag[1]) for each in root.iter() if isinstance(each.tag, str) and each.tag in "h1h2h3h4h5h6"]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} headings of the first level"
    for above, below in pairwise(levels):
        if below > above + 1:
            yield f"h{below} after h{above}"


def dangling(element: Element, ids: set[str]) -> Iterator[str]:
    named = [name for each in REFERENCES for name in element.get(each, "").split()]
    target = element.get("href", "")
    if target.startswith("#"):
        named.append(unquote(target[1:]))
    yield from (f"{element.tag} names {name!r}, which is not there" for name in named if name not in ids)


def misplaced(element: Element) -> Iterator[str]:
    if obsolete := OBSOLETE & set(element.attrib):
        yield f"{element.tag} with {obsolete}"
    if any(" " in element.get(name, "").strip() for name in ("href", "src", "action")):
        yield f"an address with a space on {element.tag}"
    if element.tag == "img" and "alt" not in element.attrib:
        yield "img without alt"
    if element.tag == "figure" and "figcaption" in [each.tag for each in list(element)[1:-1]]:
        yield "figcaption amid a figure"
    allowed = ONLY.get(element.tag)
    for child in element:
        if allowed and isinstance(child.tag, str) and child.tag not in allowed:
            yield f"{child.tag} in {element.tag}"
    if element.tag in PHRASES:
        yield from (
            f"{inner.tag} within {element.tag}"
            for inner in element.iter()
            if inner is not element and inner.tag in BLOCKS
        )
    if element.tag in ("a", "button"):
        inside = [each.tag for each in element.iter() if each is not element and each.tag in ("a", "button", "input")]
        yield from (f"{tag} within {element.tag}" for tag in inside)
