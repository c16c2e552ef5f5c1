"""What can be found, in one table: how bad it is, why it matters and how it is mended."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["broken", "doubtful", "hint"]
"""`broken`: readers meet something that does not work; `doubtful`: hardly meant so; `hint`: could be better."""
_WORST_FIRST: dict[Severity, int] = {"broken": 0, "doubtful": 1, "hint": 2}
MAX_OF_RULE = 20
"""Findings of one rule in one text: whoever has more knows by then."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is looked for."""

    severity: Severity
    why: str
    mend: str


RULES = MappingProxyType({
    "no-title": Rule(
        severity="broken", why="Lists, feeds and search engines name a text by its title.", mend="Give it one."
    ),
    "no-text": Rule(severity="doubtful", why="Readers come to an empty page.", mend="Write it, or publish it later."),
    "address-taken": Rule(
        severity="broken", why="Two texts of a kind cannot have one address.", mend="Choose another slug."
    ),
    "address-had": Rule(
        severity="doubtful",
        why="Readers who follow an old link find another text than the one that was meant.",
        mend="Choose another slug, unless this text is to take that one's place.",
    ),
    "dead-link": Rule(
        severity="broken", why="Readers who follow it come to «not found».", mend="Correct the address, or take it out."
    ),
    "gone-link": Rule(
        severity="broken",
        why="When it was last looked at, nothing was there: readers who follow it are lost.",
        mend="Correct the address, lead to a copy in an archive, or take it out.",
    ),
    "gone-on-link": Rule(
        severity="hint",
        why="The address leads on to another one for good, until one day it does not.",
        mend="Use the new address.",
    ),
    "draft-link": Rule(
        severity="broken",
        why="Readers come to «not found» until that text is published.",
        mend="Publish that one first, or take the link out.",
    ),
    "dead-fragment": Rule(
        severity="broken",
        why="The link leads nowhere: no heading or footnote has that name.",
        mend="Use the name that the preview shows beside the heading.",
    ),
    "dropped-address": Rule(
        severity="broken",
        why="The address is of a kind that is taken out, and the link with it.",
        mend="Use https, http, mailto or tel.",
    ),
    "picture-missing": Rule(
        severity="broken",
        why="The picture is not in the library: readers see nothing, or only its words.",
        mend="Choose another picture, or take it out.",
    ),
    "picture-failed": Rule(
        severity="broken",
        why="No sizes could be made of the picture: readers see only its words.",
        mend="Upload it in another format.",
    ),
    "picture-not-sent": Rule(
        severity="broken",
        why="Its upload did not end while the editor was open, so readers see nothing there.",
        mend="Add the picture again in its place, or take the line out.",
    ),
    "picture-elsewhere": Rule(
        severity="broken",
        why="Browsers are told to load pictures from this site alone, so that nobody else learns who reads here.",
        mend="Upload the picture, and use it from the library.",
    ),
    "picture-pending": Rule(
        severity="doubtful",
        why="Its sizes are still being made: until then readers see its words.",
        mend="Wait a moment and look again.",
    ),
    "no-alt": Rule(
        severity="doubtful",
        why="Who cannot see the picture learns nothing of it.",
        mend="Say in a sentence what it shows; of mere decoration say so in the library.",
    ),
    "alt-is-file-name": Rule(
        severity="doubtful", why="A file's name says nothing to who cannot see the picture.", mend="Say what it shows."
    ),
    "empty-link": Rule(
        severity="doubtful",
        why="There is nothing to click on, and screen readers read the address aloud.",
        mend="Put words into the brackets.",
    ),
    "empty-heading": Rule(severity="doubtful", why="It stands in the outline without words.", mend="Fill it."),
    "unfinished": Rule(
        severity="doubtful", why="It looks like a note to yourself.", mend="Finish the place, or take the note out."
    ),
    "dropped-html": Rule(
        severity="doubtful",
        why="This part of the HTML is taken out, so that nothing in a text can run or reach out.",
        mend="Write it in Markdown, or do without.",
    ),
    "cover-missing": Rule(
        severity="doubtful", why="The cover cannot be shown, nor shared.", mend="Choose another cover."
    ),
    "heading-order": Rule(
        severity="hint",
        why="A level is left out, so the outline that screen readers and the table of contents follow has a gap.",
        mend="Use the next level.",
    ),
    "no-summary": Rule(
        severity="hint",
        why="Lists, feeds, search engines and shared links have nothing to say of it.",
        mend="Write one or two sentences.",
    ),
    "long-summary": Rule(
        severity="hint", why="Search engines and shared links cut it off.", mend="Say the most important thing first."
    ),
    "long-title": Rule(
        severity="hint", why="Search engines and shared links cut it off.", mend="Say it shorter, the main word first."
    ),
    "same-title": Rule(
        severity="hint", why="Another text has this title: readers cannot tell them apart.", mend="Name one otherwise."
    ),
    "no-cover": Rule(
        severity="hint", why="It is shared with a card drawn from its title.", mend="Choose a cover, or leave it so."
    ),
    "insecure-link": Rule(
        severity="hint",
        why="On the way, others can read along and change what comes.",
        mend="Try the same address with https.",
    ),
    "moved-link": Rule(
        severity="hint", why="The address leads on to another one, which takes a moment.", mend="Use the new address."
    ),
    "heavy-picture": Rule(
        severity="hint",
        why="Even its smallest form in full width is large: on a phone it comes late.",
        mend="Crop it, or use a photograph with less noise.",
    ),
})  # fmt: skip


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. `what` is one sentence; `field` is the editor's field that it concerns, and `line` the line of
    the text, from 1, where it stands in there.
    """

    rule: str
    what: str
    field: str = "body_markdown"
    line: int | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.rule].severity

    @property
    def why(self) -> str:
        """Why it matters."""
        return RULES[self.rule].why

    @property
    def mend(self) -> str:
        """What to do about it."""
        return RULES[self.rule].mend


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by line; each once, and not too many of one rule."""
    seen: dict[str, int] = {}
    kept = []
    for each in sorted(dict.fromkeys(found), key=lambda each: (_WORST_FIRST[each.severity], each.line or 0)):
        seen[each.rule] = seen.get(each.rule, 0) + 1
        if seen[each.rule] <= MAX_OF_RULE:
            kept.append(each)
    return tuple(kept)


def must_be_seen(found: Iterable[Finding]) -> bool:
    """Whether the author should see them before the text goes out: hints alone are no reason to ask."""
    return any(each.severity != "hint" for each in found)
