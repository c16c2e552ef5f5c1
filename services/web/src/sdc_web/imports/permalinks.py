"""The address that a text had on its old site, by the rules of the generator that made it."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from sdc_web.imports import front_matter, generators, hexo
from sdc_web.imports.generators import Tree
from sdc_web.texts import names

_TOKEN = re.compile(r":([a-z_]+)(?:\[[^\]]*\])?")
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title.html",
    "weekdate": "/:categories/:year/W:week/:short_day/:title.html",
    "none": "/:categories/:title.html",
}
_FORMS = {
    "year": "%Y", "short_year": "%y", "month": "%m", "monthname": "%B", "short_month": "%b", "long_month": "%B",
    "day": "%d", "weekday": "%w", "weekdayname": "%A", "short_day": "%a", "long_day": "%A", "week": "%V",
    "y_day": "%j", "hour": "%H", "minute": "%M", "second": "%S",
}  # fmt: skip
DATED = re.compile(r"(\d{4}-\d{2}-\d{2})[-_](.+)")


def without_index(address: str) -> str:
    """The address of a folder, for that of the file which a server gives in its place."""
    return re.sub(r"(^|/)index\.html?$", r"\1", address)


def old_address(
    tree: Tree, place: PurePosixPath, language: str, fields: Mapping[str, object], at: datetime | None
) -> str:
    """The path at which readers found the text at `place` below its root; empty where no rule tells."""
    said = front_matter.text(fields, "permalink", "url")
    if said and not _is_pattern(said):
        said = without_index(said)
        return said if "://" in said else f"{tree.base}/{said.lstrip('/')}"
    match tree.generator:
        case "hugo":
            path = _hugo(tree, place, language, fields, at)
        case "jekyll":
            path = _jekyll(tree, place, fields, at, said)
        case "hexo":
            path = _hexo(tree, place, fields, at)
        case "astro":
            path = _below(place, front_matter.text(fields, "slug"))
        case "eleventy" if not said:
            dated = DATED.fullmatch(place.stem)
            path = _below(place, dated[2] if dated else "")
        case _:
            path = ""
    return quote(tree.base + path) if path else ""


def _hugo(tree: Tree, place: PurePosixPath, language: str, fields: Mapping[str, object], at: datetime | None) -> str:
    rules = front_matter.table(tree.configuration, "permalinks")
    pages = front_matter.table(rules, "page")
    bundle = place.parent if generators.is_index(place) else place.with_suffix("")
    section = place.parts[0] if len(bundle.parts) > 1 else ""
    pattern = front_matter.text(pages, section.lower()) or front_matter.text(rules, section.lower())
    own = bundle.name.removesuffix(f".{language}") if language else bundle.name
    slug = front_matter.text(fields, "slug")
    title = names.from_title(front_matter.text(fields, "title"))
    folders = "/".join(bundle.parts[:-1])
    tokens = {
        **_dated(at),
        "section": section,
        "sections": folders,
        "title": title,
        "slug": slug or title or own,
        "filename": own,
        "contentbasename": own,
        "slugorfilename": slug or own,
        "slugorcontentbasename": slug or own,
    }
    path = _filled(pattern, tokens) if pattern else f"/{folders}/{slug or own}"
    if not path:
        return ""
    prefix = f"/{language}" if language else ""
    lower = tree.configuration.get("disablepathtolower") is not True
    clean = re.sub(r"/{2,}", "/", f"{prefix}/{path}").replace(" ", "-").rstrip("/")
    ending = ".html" if tree.configuration.get("uglyurls") is True else ""
    return (clean.lower() if lower else clean) + ending


def _jekyll(tree: Tree, place: PurePosixPath, fields: Mapping[str, object], at: datetime | None, said: str) -> str:
    style = said or front_matter.text(tree.configuration, "permalink") or "date"
    is_post = "_posts" in place.parts
    if not is_post and not said:
        collection = place.parts[0].removeprefix("_") if place.parts[0].startswith("_") else ""
        of_collection = front_matter.table(front_matter.table(tree.configuration, "collections"), collection)
        if not (style := front_matter.text(of_collection, "permalink")):
            folders = [part.removeprefix("_") for part in place.parts[:-1]]
            pretty = front_matter.text(tree.configuration, "permalink")
            ending = "" if pretty == "pretty" or pretty.endswith("/") else ".html"
            return "/" + "/".join((*folders, place.stem)) + ending
    dated = DATED.fullmatch(place.stem)
    title = front_matter.text(fields, "slug") or (dated[2] if dated else place.stem)
    above = [part for part in place.parts[:-1] if not part.startswith("_")]
    filed = [
        *front_matter.words(fields, "category"),
        *front_matter.words(fields, "categories", by_spaces=True),
    ]
    tokens = {
        **_dated(at),
        "title": title,
        "slug": names.from_title(title),
        "name": names.from_title(title),
        "categories": "/".join(dict.fromkeys(names.from_title(each) for each in (*above, *filed))),
        "path": "/".join((*above, place.stem)),
        "basename": place.stem,
        "output_ext": ".html",
        "collection": place.parts[0].removeprefix("_"),
    }
    path = _filled(_STYLES.get(style, style), tokens)
    return re.sub(r"/{2,}", "/", "/" + path) if path else ""


def _hexo(tree: Tree, place: PurePosixPath, fields: Mapping[str, object], at: datetime | None) -> str:
    if hexo.POSTS not in place.parts:
        folder = "/" + "/".join(place.parts[:-1])
        return folder if place.stem == "index" else f"{folder.rstrip('/')}/{place.stem}.html"
    dated = DATED.fullmatch(place.stem)
    said = hexo.tokens(place, dated[2] if dated else place.stem, fields)
    pattern = front_matter.text(tree.configuration, "permalink") or hexo.DEFAULT
    path = _filled(pattern, {**_dated(at), **said, "post_title": names.from_title(front_matter.text(fields, "title"))})
    return re.sub(r"/{2,}", "/", f"/{path}").rstrip("/") if path else ""


def _below(place: PurePosixPath, name: str) -> str:
    folders = [part for part in place.parts[:-1] if not part.startswith("_")]
    if not name and place.stem != "index":
        name = place.stem
    return "/" + "/".join((*folders, name) if name else folders)


def _filled(pattern: str, tokens: Mapping[str, str]) -> str:
    """The pattern with a word for each of its tokens; empty where one has none."""
    missing: list[str] = []

    def put(found: re.Match[str]) -> str:
        if found[1] not in tokens:
            missing.append(found[1])
        return tokens.get(found[1], "")

    filled = _TOKEN.sub(put, pattern)
    return "" if missing else filled


def _dated(at: datetime | None) -> dict[str, str]:
    if at is None:
        return {}
    unpadded = {"yearday": at.timetuple().tm_yday, "i_month": at.month, "i_day": at.day}
    return {name: at.strftime(form) for name, form in _FORMS.items()} | {
        name: str(number) for name, number in unpadded.items()
    }


def _is_pattern(said: str) -> bool:
    """Whether it is filled in for each text: with Jekyll's words, or by a template of Eleventy's."""
    return (
        said in _STYLES or "{{" in said or "{%" in said or _TOKEN.search(said.partition("://")[2] or said) is not None
    )
