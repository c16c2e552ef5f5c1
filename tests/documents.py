"""The documents as their readers see them: pages, links, anchors, what is written as code, and blocks of code."""

import re
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^()\s]+)\)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(?P<code>.+?)(?<!`)\1(?!`)")
_HEADING = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A fenced block; `line` is that of its fence, `info` all that stands behind the fence."""

    page: Path
    line: int
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def source(page: Path) -> str:
    """A page as it is written."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order; those within a longer fence are text of that one."""
    text = source(page)
    return [
        Block(page=page, line=text.count("\n", 0, each.start()) + 1, info=each["info"].strip(), text=each["text"])
        for each in _FENCE.finditer(text)
    ]


@cache
def prose(page: Path) -> str:
    """A page without its fenced blocks, on the same lines."""
    return _FENCE.sub(lambda block: "\n" * block[0].count("\n"), source(page))


def codes(page: Path) -> list[str]:
    """What a page writes as code within its text."""
    return [each["code"].replace("\\|", "|").strip() for each in _CODE.finditer(prose(page))]


def links(page: Path) -> list[str]:
    """The targets of the links and pictures of a page, but for those of other sites."""
    without_code = _CODE.sub("", prose(page))
    found = [each["target"] for each in _LINK.finditer(without_code)]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def target(page: Path, link: str) -> tuple[Path, str]:
    """The file that a link leads to, and the anchor in it, which may be empty."""
    path, _, anchor = link.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives to the headings of a page."""
    taken: dict[str, int] = {}
    found = set()
    for each in _HEADING.finditer(prose(page)):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", each["title"])).strip().lower().replace(" ", "-")
        again = taken.get(words, 0)
        taken[words] = again + 1
        found.add(f"{words}-{again}" if again else words)
    return frozenset(found)
