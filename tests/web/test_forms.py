"""Every form of the CMS works without script and says what is what: labels, addresses that take it, and errors that are
tied to their fields.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import httpx
import pytest
from sdc_web import posts
from sdc_web.app import Routes
from sdc_web.db import Databases
from sdc_web.posts import Draft

from linked_pages import pages
from pictures import picture
from signing_in import BROWSER, OWNER, come_in

UNLABELLED = {"hidden", "submit", "button", "image", "reset"}
PRESSED = {"submit", "image"}
WRONG = "x" * 2_050
"""Longer than any line of any form may be."""
ENDS = re.compile(r"sign-out|_method=DELETE|/replays|/trash|/runs|/copies|/drills|/rehearsals")
"""Forms that have no field to be wrong, and would end what the others need."""


@pytest.fixture
async def filled(client: httpx.AsyncClient, databases: Databases) -> dict[str, str]:
    """The pages of a site that has something of everything, and those of who is not signed in."""
    signed_out = await pages(client, "/author/sign-in", "/author/setup?token=none")
    await come_in(client, databases)
    await picture(databases, "A boat")
    for kind in ("post", "page", "project"):
        made = await posts.create(databases.site, OWNER, kind)
        series = "A voyage" if kind == "post" else ""
        draft = Draft(title=f"A {kind}", body="A text.", tags=("fog",), series=series)
        await posts.revisions.save(databases.site, OWNER, made.id, draft, 1)
        await posts.publish(databases.site, OWNER, made.id)
    begun = [await posts.create(databases.site, OWNER, kind) for kind in ("page", "project")]
    found = await pages(client, "/author", *(f"/author/posts/{each.id}" for each in begun))
    assert len(found) > 40
    return signed_out | found


def parsed(text: str) -> Element:
    return html5lib.parse(text, namespaceHTMLElements=False)


async def test_every_control_has_a_label(filled: dict[str, str]) -> None:
    faults = {path: list(unlabelled(parsed(text))) for path, text in filled.items()}
    assert {path: names for path, names in faults.items() if names} == {}


def unlabelled(root: Element) -> Iterator[str]:
    said = {each.get("id", "") for each in root.iter() if words(each)}
    named = {each.get("for", "") for each in root.iter("label") if words(each)}
    around = {inner for label in root.iter("label") if words(label) for inner in label.iter()}
    for each in (*root.iter("input"), *root.iter("select"), *root.iter("textarea"), *root.iter("button")):
        if (each.get("type") in UNLABELLED and each.tag == "input") or "hidden" in each.attrib:
            continue
        own = each.tag == "button" and words(each)
        labelled = each.get("aria-labelledby", "").split()
        if not (
            own
            or each.get("id") in named
            or each in around
            or each.get("aria-label", "").strip()
            or (labelled and set(labelled) <= said)
        ):
            yield f"{each.tag} {dict(each.attrib)}"


def words(element: Element) -> str:
    return "".join(element.itertext()).strip()


async def test_every_form_is_taken_without_script(filled: dict[str, str]) -> None:
    routes = [(pattern(each.path_format), each.methods) for each in Routes().litestar.routes]
    faults = {path: list(not_taken(parsed(text), routes)) for path, text in filled.items()}
    assert {path: told for path, told in faults.items() if told} == {}


def pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)) + r"\Z")


def not_taken(root: Element, routes: list[tuple[re.Pattern[str], set[str]]]) -> Iterator[str]:
    for form in root.iter("form"):
        method = form.get("method", "").upper()
        if method == "DIALOG":
            continue
        within = [*form.iter("button"), *(each for each in root.iter("button") if each.get("form") == form.get("id"))]
        buttons = [each for each in within if each.get("type", "submit") in PRESSED]
        # What only a script can do, such as asking for a passkey, is shown by it.
        by_script = {"hidden", "data-comes"} & form.attrib.keys()
        if not buttons and not by_script and any(map(counts, form.iter())):
            yield f"{form.get('id')} has nothing to press"
        if method not in ("GET", "POST") or not form.get("action"):
            yield f"{form.get('id')} does not say where it goes: {dict(form.attrib)}"
            continue
        for address in (form.get("action", ""), *(each.get("formaction", "") for each in buttons)):
            if not address:
                continue
            parts = urlsplit(address)
            asked = parse_qs(parts.query).get("_method", [method])[0]
            if not any(asked in methods and route.match(parts.path) for route, methods in routes):
                yield f"{form.get('id')} goes to {asked} {address}, which nothing answers"


async def test_what_is_refused_is_told_beside_the_field_that_it_is_about(
    client: httpx.AsyncClient, filled: dict[str, str]
) -> None:
    faults: dict[str, list[str]] = {}
    refused = 0
    for path, text in filled.items():
        for form in parsed(text).iter("form"):
            address, sent = form.get("action", ""), wrong(form)
            if form.get("method") != "post" or not sent or ENDS.search(address):
                continue
            answer = await client.post(address, data=sent, headers=BROWSER)
            assert answer.status_code < 500, (address, answer.text)
            if answer.status_code == 422:
                refused += 1
                faults[f"{path}: {address}"] = list(untied(parsed(answer.text)))
    assert {each: told for each, told in faults.items() if told} == {}
    assert refused > 15


def wrong(form: Element) -> dict[str, str]:
    """The form with all of its lines too long; nothing where it has none."""
    if form.get("enctype") or not any(is_line(each) for each in form.iter()):
        return {}
    return {each.get("name", ""): WRONG if is_line(each) else value(each) for each in form.iter() if counts(each)}


def is_line(each: Element) -> bool:
    kinds = ("text", "search", "url", "email", "password", "date", "datetime-local", "number")
    return each.tag == "textarea" or (each.tag == "input" and each.get("type", "text") in kinds)


def counts(each: Element) -> bool:
    if not each.get("name") or each.tag not in ("input", "select", "textarea") or "disabled" in each.attrib:
        return False
    return each.get("type") not in ("radio", "checkbox", "file") or "checked" in each.attrib


def value(each: Element) -> str:
    if each.tag != "select":
        return each.get("value", "")
    options = list(each.iter("option"))
    chosen = next((one for one in options if "selected" in one.attrib), options[0] if options else None)
    return "" if chosen is None else chosen.get("value", words(chosen))


def untied(root: Element) -> Iterator[str]:
    """What tells of a mistake that no field names, and fields that name none of it; of the whole form is an alert."""
    told = {each.get("id", ""): each for each in root.iter() if "field-error" in each.get("class", "").split()}
    about: set[str] = set()
    for each in root.iter():
        if each.get("aria-invalid") != "true":
            continue
        named = [name for name in each.get("aria-describedby", "").split() if name in told]
        if not named:
            yield f"{each.get('name')} is wrong, and does not say by what"
        about |= set(named)
    yield from (
        f"{name or words(each)} is about no field"
        for name, each in told.items()
        if name not in about and each.get("role") != "alert" and not described(root, name)
    )
    if not told and not any(each.get("role") == "alert" for each in root.iter()):
        yield f"nothing is told: {words(root)[:200]}"


def described(root: Element, name: str) -> bool:
    """A group of fields has no state of its own, and may name what is wrong of it."""
    return bool(name) and any(name in each.get("aria-describedby", "").split() for each in root.iter())
