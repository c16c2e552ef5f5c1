"""Addresses that the author types: an old one of this site, and the one that it leads to."""

import re
from urllib.parse import quote, unquote, urlsplit

from sdc_core.errors import Invalid

MAX_PATH = 500
MAX_TARGET = 1_000
PRIVATE = frozenset({"api", "author", "health", "hooks", "metrics", "micropub"})
"""First segments below which the site speaks with its author and with programs: nothing there ever leads elsewhere."""
BELOW = "/*"
"""At the end of an old address it stands for all that is below it, and at the end of a target for the rest of it."""
DEEPEST = 24
"""Folders of an address in which rules are looked for."""
_NUMBERED = re.compile(r"(?:^|&)(p|page_id)=([0-9]{1,20})(?=&|$)")
"""A text in the query of the home page, which WordPress gives each one beside its address."""
_AROUND = " \t\r\n"
_KEPT = "/%?#:=&~+!$,;'@()*[]-._"


def old_path(text: str) -> str:
    """The path of an old address, decoded and without a slash at its end, as requests name it: one address, all below
    a folder (`/old/*`), or a number of WordPress's (`/?p=7`). Raises Invalid.
    """
    given = text.strip(_AROUND)
    try:
        # A path that begins with two slashes is one all the same: urlsplit would take its first part for a host.
        split = urlsplit("/" + given.lstrip("/") if given.startswith("/") else given)
        path = unquote(split.path, errors="strict")
    except ValueError:
        raise Invalid("This is no address that can be read.", field="path") from None
    if split.path in ("", "/") and not split.fragment and (text_id := numbered("/", split.query)):
        return text_id
    if split.query or split.fragment:
        raise Invalid("An old address goes without its ? and # parts: what follows ? is handed on.", field="path")
    parts = [part for part in path.split("/") if part]
    if not parts or not path.startswith("/"):
        raise Invalid("Write the old address as in /2019/05/fog.html.", field="path")
    clean = "/" + "/".join(parts)
    if len(clean) > MAX_PATH or not (given + clean).isprintable() or {".", ".."} & set(parts):
        raise Invalid(f"An old address has at most {MAX_PATH} visible characters, and no dots alone.", field="path")
    if parts == ["*"]:
        raise Invalid("Name a folder before the star: the whole site cannot lead elsewhere.", field="path")
    if parts[0] in PRIVATE:
        raise Invalid(f"Addresses below /{parts[0]} belong to the site itself.", field="path")
    return clean


def numbered(path: str, query: str) -> str:
    """The old address of a text that the home page is asked for by its number; empty for none."""
    found = _NUMBERED.search(query) if path == "/" and query else None
    return f"/?{found[1]}={found[2]}" if found else ""


def without_number(query: str) -> str:
    """What else the query says."""
    return _NUMBERED.sub("", query, count=1).lstrip("&")


def rules(path: str) -> list[str]:
    """The old addresses that a path may stand under, `/a/b/*` and `/a/*` for `/a/b`."""
    parts = [part for part in path.split("/") if part][:DEEPEST]
    return ["/" + "/".join(parts[:many]) + BELOW for many in range(len(parts), 0, -1)]


def filled(rule: str, leads_to: str, path: str) -> str:
    """Where a path leads by the rule above it."""
    if not leads_to.endswith(BELOW):
        return leads_to
    rest = path.removeprefix(rule.removesuffix(BELOW)).lstrip("/")
    if not rest:
        return leads_to.removesuffix(BELOW) or "/"
    return leads_to.removesuffix("*") + quote(rest, safe=_KEPT.replace("?", "").replace("#", "").replace("%", ""))


def target(text: str, site_url: str) -> str:
    """Where an address leads: a path of this site, or an https URL; ASCII alone. Raises Invalid."""
    given = text.strip(_AROUND)
    if site_url and given.startswith(f"{site_url}/"):
        given = given.removeprefix(site_url)
    if len(given) > MAX_TARGET or not given.isprintable() or " " in given or "\\" in given:
        raise Invalid(f"An address has at most {MAX_TARGET} characters, without spaces.", field="target")
    try:
        split = urlsplit(given)
        here = given.startswith("/") and not given.startswith("//")
        away = split.scheme == "https" and bool(split.hostname) and "@" not in split.netloc and split.netloc.isascii()
        _ = split.port
    except ValueError:
        here = away = False
    if not (here or away):
        raise Invalid("Lead to a path such as /posts/fog, or to an address that begins with https://.", field="target")
    return quote(given, safe=_KEPT)


def path_here(leads_to: str) -> str:
    """The path within this site that a target names, as requests name it; empty when it leads away."""
    if not leads_to.startswith("/"):
        return ""
    return "/" + "/".join(part for part in unquote(urlsplit(leads_to).path, errors="replace").split("/") if part)


def with_query(leads_to: str, query: str) -> str:
    """The target with a request's query handed on."""
    if not query:
        return leads_to
    address, mark, fragment = leads_to.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{quote(query, safe=_KEPT)}{mark}{fragment}"
