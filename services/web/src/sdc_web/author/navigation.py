"""The navigation as its author edits it: one form holds the whole list, and each of its buttons sends all of it."""

import re
from typing import TypeAlias

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import forms, moving
from sdc_web.db import Databases
from sdc_web.posts import Entry
from sdc_web.posts.navigation import MAX_ENTRIES, Standing
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

NamedDatabases = NamedDependency[Databases]
Author = NamedDependency[SignedIn]
Page: TypeAlias = Response[str] | Response[bytes]
_INTENT = re.compile(r"save|(up|down|remove)-([1-9][0-9]?)")

# `intent` names the button; `title_1` and `url_1` are the first entry's. An entry without both is none.
Form = msgspec.defstruct(
    "Form",
    [("intent", str, "save")]
    + [(f"{name}_{number}", str, "") for number in range(1, MAX_ENTRIES + 1) for name in ("title", "url")],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in the form."""

    entry: Entry
    standing: Standing = "there"


@get("/author/navigation", right="site.change")
async def show(request: AnyRequest, databases: NamedDatabases, author: Author) -> Response[str]:
    """The list in its form."""
    async with databases.site.read() as connection:
        entries = (await posts.front(connection, "")).navigation
        rows = [Row(entry=each, standing=await posts.navigation.standing(connection, each.url)) for each in entries]
    return await _page(request, databases, author, rows, {})


@put("/author/navigation", status_code=303, right="site.change")
async def update(
    request: AnyRequest, databases: NamedDatabases, settings: NamedDependency[Settings], author: Author
) -> Page:
    """The list as it was sent, with one entry moved or removed where such a button was pressed."""
    entries, part = _sent(msgspec.structs.asdict(await forms.read(request, Form)))
    if errors := _faults(entries, settings.site_url):
        return await _page(request, databases, author, [Row(entry=each) for each in entries], errors, status_code=422)
    await posts.navigation.put(databases.site, author.actor, entries, settings.site_url)
    return pages.redirect("/author/navigation", "saved", part)


@delete("/author/navigation", status_code=303, right="site.change")
async def remove(
    databases: NamedDatabases,
    author: Author,
) -> Response[bytes]:
    """Let it be made from what is published again."""
    await posts.navigation.forget(databases.site, author.actor)
    return pages.redirect("/author/navigation", "saved")


def _sent(form: dict[str, str]) -> tuple[list[Entry], str]:
    """The entries in their order once the button has done its work, and the button that goes on from there. Raises
    Invalid for a button that is none.
    """
    pressed = _INTENT.fullmatch(form["intent"])
    if pressed is None:
        raise Invalid("this form has no such button")
    given = {number: (form[f"title_{number}"], form[f"url_{number}"]) for number in range(1, MAX_ENTRIES + 1)}
    kept = [number for number, entry in given.items() if any(each.strip() for each in entry)]
    what, number = pressed[1], int(pressed[2] or 0)
    part = ""
    if number in kept:
        at = kept.index(number)
        kept.remove(number)
        if what in ("up", "down"):
            kept.insert(max(0, at - 1) if what == "up" else at + 1, number)
            came_to = kept.index(number)
            part = f"{moving.onward(what, came_to, len(kept))}-{came_to + 1}"
    return [Entry(title=given[number][0], url=given[number][1]) for number in kept], part


def _faults(entries: list[Entry], site_url: str) -> dict[str, str]:
    """What is wrong with each entry, by the name of its field."""
    faults = {}
    for number, entry in enumerate(entries, 1):
        try:
            posts.navigation.checked(entry, site_url)
        except Invalid as error:
            faults[f"{error.field}_{number}"] = str(error)
    return faults


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    rows: list[Row],
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        is_own = await posts.navigation.is_own(connection)
    return await pages.page(
        request,
        databases,
        "author/navigation/edit.html",
        author=author,
        status_code=status_code,
        rows=rows[:MAX_ENTRIES],
        errors=errors,
        is_own=is_own,
        is_full=len(rows) >= MAX_ENTRIES,
    )


route_handlers = [show, update, remove]
