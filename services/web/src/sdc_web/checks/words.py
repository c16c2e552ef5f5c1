"""What a text shows of itself, without a look at anything else. Pure functions."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from sdc_web.checks import raw_html
from sdc_web.checks.findings import Finding
from sdc_web.checks.parsed import Parsed
from sdc_web.posts.records import Draft
from sdc_web.texts import markdown

LONG_TITLE = 70
LONG_SUMMARY = 200
QUOTED = 60
_NOTE = re.compile(r"\b(?:TODO|FIXME|TKTK|TK|TBD)\b|\blorem ipsum\b", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"[^\s/]+\.(?:jpe?g|png|gif|webp|avif|heic|tiff?)|(?:IMG|DSC|PXL|DSCN)[_-]?\d+\w*", re.IGNORECASE
)
_UPLOAD = re.compile(r"<!-- uploading ([^\n<>]{1,300}) \(\d{1,9}\) -->")
"""The place that `attaching.js` keeps while a picture is on its way."""
_LIBRARY = re.compile(r"media:[0-9A-Z]{26}$")
"""Of those `pictures` knows whether they are mere decoration."""
_INSECURE = re.compile(r"\bhttp://[^\s<>()\[\]]+", re.IGNORECASE)
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "media"})


def look(draft: Draft, text: Parsed) -> Iterator[Finding]:
    """Everything that needs no question."""
    yield from _details(draft)
    if text.is_empty:
        yield Finding(rule="no-text", what="There is no text yet.")
    yield from _headings(text)
    yield from _links(text)
    yield from _fragments(draft.body, text)
    yield from _pictures(text)
    yield from _notes(draft, text)
    for piece in text.html:
        for upload in _UPLOAD.finditer(piece.text):
            line = piece.line + piece.text.count("\n", 0, upload.start())
            yield Finding(rule="picture-not-sent", what=f"{shortened(upload[1])} was never sent.", line=line)
        for what, below in raw_html.dropped(piece.text).items():
            yield Finding(rule="dropped-html", what=f"Readers do not get {what}.", line=piece.line + below)


def shortened(text: str) -> str:
    """Short enough to be quoted in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"


def _details(draft: Draft) -> Iterator[Finding]:
    title, summary = draft.title.strip(), draft.summary.strip()
    if not title:
        yield Finding(rule="no-title", what="It has no title.", field="title")
    if len(title) > LONG_TITLE:
        yield Finding(rule="long-title", what=f"The title has {len(title)} characters.", field="title")
    if not summary:
        yield Finding(rule="no-summary", what="The summary is empty.", field="summary")
    if len(summary) > LONG_SUMMARY:
        yield Finding(rule="long-summary", what=f"The summary has {len(summary)} characters.", field="summary")


def _headings(text: Parsed) -> Iterator[Finding]:
    """The title of the page is above all of them, and the highest in the text comes right below it."""
    if not text.headings:
        return
    down = min(each.level for each in text.headings) - 1
    before = 0
    for each in text.headings:
        level = each.level - down
        if not each.text:
            yield Finding(rule="empty-heading", what="A heading has no words.", line=each.line)
        if level > before + 1:
            what = f"«{shortened(each.text)}» leaves out a level."
            yield Finding(rule="heading-order", what=what, line=each.line)
        before = level


def _links(text: Parsed) -> Iterator[Finding]:
    for each in text.links:
        if not each.text:
            what = f"The link to {shortened(each.address) or 'nothing'} has no words."
            yield Finding(rule="empty-link", what=what, line=each.line)
        scheme = _SCHEME.match(each.address.strip())
        if scheme and scheme[1].lower() not in _SCHEMES:
            what = f"The link to {shortened(each.address)} is taken out."
            yield Finding(rule="dropped-address", what=what, line=each.line)
        if _INSECURE.match(each.address):
            yield Finding(rule="insecure-link", what=f"{shortened(each.address)} is not encrypted.", line=each.line)
    in_links = {each.address for each in text.links}
    for piece in text.words:
        for bare in _INSECURE.findall(piece.text):
            if bare not in in_links:
                yield Finding(rule="insecure-link", what=f"{shortened(bare)} is not encrypted.", line=piece.line)


def _fragments(body: str, text: Parsed) -> Iterator[Finding]:
    named = [each for each in text.links if each.address.startswith("#") and each.address != "#"]
    if not named:
        return
    known = markdown.anchors(body)
    for each in named:
        if unquote(each.address[1:]) not in known:
            what = f"Nothing here is called {shortened(each.address)}."
            yield Finding(rule="dead-fragment", what=what, line=each.line)


def _pictures(text: Parsed) -> Iterator[Finding]:
    for each in text.pictures:
        if not each.text and not _LIBRARY.match(each.address):
            yield Finding(rule="no-alt", what="A picture has no alternative text.", line=each.line)
        if _FILE_NAME.fullmatch(each.text):
            yield Finding(rule="alt-is-file-name", what=f"A picture is called {shortened(each.text)}.", line=each.line)
        if each.address.startswith(("http:", "https:", "//")):
            what = f"The picture {shortened(each.address)} is not shown."
            yield Finding(rule="picture-elsewhere", what=what, line=each.line)


def _notes(draft: Draft, text: Parsed) -> Iterator[Finding]:
    for piece in text.words:
        for note in _noted(piece.text):
            yield Finding(rule="unfinished", what=f"«{note}» still stands there.", line=piece.line)
    for field in ("title", "summary"):
        for note in _noted(getattr(draft, field)):
            yield Finding(rule="unfinished", what=f"«{note}» still stands in the {field}.", field=field)


def _noted(text: str) -> list[str]:
    """Notes are capitals, but for the filler text: who writes of a todo list means it."""
    return [note for note in _NOTE.findall(text) if note.isupper() or note.lower() == "lorem ipsum"]
