"""CommonMark to the letter, with all that SDC adds switched on: every example of the specification, as the parser reads
it and as readers get it. What they get otherwise is listed here, each change by name, and there is no other.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
import msgspec
import pyromark
import pytest
from sdc_web.texts import markdown
from sdc_web.texts.markdown import ATTRIBUTES, CLASSES, EVERYWHERE, OPTIONS, TAGS

EXAMPLES = Path(__file__).parents[1] / "examples" / "commonmark-0.31.2.json"


class Example(msgspec.Struct, frozen=True):
    """A text, its HTML, and the number under which the specification has both."""

    markdown: str
    html: str
    example: int


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    found = msgspec.json.decode(EXAMPLES.read_bytes(), type=list[Example])
    assert len(found) == 652
    return found


def plain(html: str) -> str:
    """HTML without what means nothing: how empty elements end, and line breaks beside tags."""
    html = html.replace(" />", ">").replace("&quot;", '"')
    return re.sub(r"\s*\n\s*|(?<=>)\n|\n(?=<)", "\n", html).replace("\n<", "<").replace(">\n", ">").strip()


def test_every_example_of_the_specification_reads_as_it_says(examples: list[Example]) -> None:
    wrong = [
        each.example for each in examples if plain(pyromark.html(each.markdown, options=OPTIONS)) != plain(each.html)
    ]
    assert wrong == []


class Node(msgspec.Struct):
    """An element, or a piece of text with no name."""

    tag: str
    attributes: dict[str, str] = {}
    children: list["Node"] = []
    text: str = ""


Change: TypeAlias = Callable[[Node], list[Node]]
NOTHING_LEFT = {"script", "style", "template", "title", "iframe", "noscript", "textarea", "svg", "math"}
SCHEMES = {"", "http", "https", "mailto", "tel", "media"}
SCROLLS = {"role": "group", "tabindex": "0"}
"""What scrolls has a name as well, which `test_markdown_attributes` looks at."""
BETWEEN_ROWS = {191}
"""Code between the rows of a table that is typed as HTML, where none may stand: parsers put it elsewhere."""
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = {"p", "li", "ul", "ol", "blockquote", "div", "pre", "table", "tbody", "tr", "td", "figure", "hr", *HEADINGS}


def tree(html: str) -> Node:
    """As a browser reads it; comments are nothing, and so is white space beside blocks."""

    def node(element: Element) -> Node:
        made = Node(tag=str(element.tag), attributes={str(k): v for k, v in element.attrib.items()})
        made.children = [*words(element.text), *(part for each in element for part in child(each))]
        return made

    def child(element: Element) -> Iterator[Node]:
        if isinstance(element.tag, str):
            yield node(element)
        yield from words(element.tail)

    def words(text: str | None) -> list[Node]:
        return [Node(tag="", text=text)] if text else []

    return node(html5lib.parseFragment(html, namespaceHTMLElements=False))


def changed(node: Node, change: Change) -> list[Node]:
    """A tree whose every element went through a change, the inner ones first."""
    if not node.tag:
        return [node]
    children = [new for each in node.children for new in changed(each, change)]
    return change(Node(tag=node.tag, attributes=node.attributes, children=children))


def text_of(node: Node) -> str:
    return node.text + "".join(map(text_of, node.children))


def unsafe_goes(node: Node) -> list[Node]:
    """Of elements that are not known the contents are left, of dangerous ones nothing; and no unknown attribute."""
    if node.tag in NOTHING_LEFT:
        return []
    if node.tag == "pre" and node.attributes:
        return [Node(tag="pre", attributes=dict(SCROLLS), children=node.children)]
    if node.tag not in {*TAGS, *HEADINGS, "DOCUMENT_FRAGMENT"}:
        return node.children
    classes = [each for each in node.attributes.pop("class", "").split() if each in CLASSES.get(node.tag, ())]
    node.attributes = {
        name: value
        for name, value in node.attributes.items()
        if name in ATTRIBUTES.get(node.tag, EVERYWHERE) | EVERYWHERE
        and not (name in ("href", "src") and urlsplit(value).scheme not in SCHEMES)
    }
    if classes:
        node.attributes["class"] = " ".join(classes)
    return [node]


def code_is_framed(node: Node) -> list[Node]:
    """It scrolls in a frame of its own, and its language is in its colours. Typed as HTML it only scrolls."""
    if node.tag == "pre" and not node.attributes and [each.tag for each in node.children] == ["code"]:
        (code,) = node.children
        bare = Node(tag="code", children=[Node(tag="", text=text_of(code))] if text_of(code) else [])
        node = Node(tag="pre", attributes=dict(SCROLLS), children=[bare])
        return [Node(tag="div", attributes={"class": "highlight"}, children=[node])]
    if node.tag == "pre":
        node.attributes |= SCROLLS
    return [node]


def tables_scroll(node: Node) -> list[Node]:
    """In a group that a keyboard reaches."""
    if node.tag != "table":
        return [node]
    return [Node(tag="div", attributes={"class": "table-scroll", **SCROLLS}, children=[node])]


def titled_pictures_are_figures(node: Node) -> list[Node]:
    """A picture alone in its paragraph has its title for a caption."""
    if node.tag == "p" and [each.tag for each in node.children] == ["img"] and "title" in node.children[0].attributes:
        caption = Node(tag="", text=node.children[0].attributes.pop("title"))
        return [Node(tag="figure", children=[*node.children, Node(tag="figcaption", children=[caption])])]
    return [node]


def links_away_say_so(node: Node) -> list[Node]:
    """With `rel`, which search engines and styles read."""
    if node.tag == "a" and urlsplit(node.attributes.get("href", "")).scheme in ("http", "https"):
        node.attributes["rel"] = "external"
    return [node]


def bare_addresses_are_links(node: Node) -> list[Node]:
    """As GitHub has them: the specification leaves them words."""
    if node.tag in ("a", "code", "pre"):
        return [node]
    found: list[Node] = []
    for each in node.children:
        at = re.search(r"https?://[\w./?=&-]+\w|[\w.+]+@[\w.]+\w", each.text)
        if each.tag or at is None:
            found.append(each)
            continue
        target = f"mailto:{at[0]}" if "@" in at[0] else at[0]
        link = Node(tag="a", attributes={"href": target}, children=[Node(tag="", text=at[0])])
        found += [Node(tag="", text=each.text[: at.start()]), link, Node(tag="", text=each.text[at.end() :])]
    node.children = [each for each in found if each.tag or each.text]
    return [node]


def headings_begin_below_the_title(whole: Node) -> Node:
    """At the second level, none a level too deep, and each has an address."""
    above: list[str] = []

    def lower(node: Node) -> list[Node]:
        if node.tag in HEADINGS:
            above[:] = [*(each for each in above if each < node.tag), node.tag]
            return [Node(tag=HEADINGS[min(5, len(above))], children=node.children)]
        return [node]

    return changed(whole, lower)[0]


def as_readers_get_it(html: str) -> Node:
    """What the specification wants, with the changes of this site and no others."""
    whole = headings_begin_below_the_title(tree(html))
    for change in (
        unsafe_goes,
        titled_pictures_are_figures,
        bare_addresses_are_links,
        links_away_say_so,
        tables_scroll,
        code_is_framed,
    ):
        whole = changed(whole, change)[0]
    return whole


def compared(node: Node) -> str:
    """A tree as one line: attributes in order, without names of headings and of what scrolls, and colours of code."""
    if not node.tag:
        return node.text
    attributes = {
        name: value
        for name, value in node.attributes.items()
        if not ((name == "id" and node.tag in HEADINGS) or (name, value) == ("class", "") or name == "aria-label")
    }
    told = "".join(f" {name}={attributes[name]!r}" for name in sorted(attributes))
    inner = "".join(map(compared, node.children))
    if node.tag == "span" and not node.attributes.keys() - {"class"}:
        return inner
    inner = inner.lstrip("\n") if node.tag == "pre" else inner.strip() if node.tag in BLOCKS else inner
    inner = re.sub(rf"\s*(</?(?:{'|'.join(BLOCKS)})[ >])", r"\1", inner)
    inner = re.sub(rf"(</(?:{'|'.join(BLOCKS)})>)\s*", r"\1", inner)
    return f"<{node.tag}{told}>{inner}</{node.tag}>"


def test_readers_get_every_example_but_for_what_this_site_changes(examples: list[Example]) -> None:
    wrong = {
        each.example: (each.markdown, got, wanted)
        for each in examples
        if (got := compared(tree(markdown.render(each.markdown).html)))
        != (wanted := compared(as_readers_get_it(each.html)))
    }
    assert {number: each for number, each in wrong.items() if number not in BETWEEN_ROWS} == {}
    assert wrong.keys() == BETWEEN_ROWS
