"""A Markdown file with front matter, as Hugo, Jekyll, Astro and Eleventy keep them: read, not yet stored."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from posixpath import dirname, normpath
from urllib.parse import unquote

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web.imports import (
    eleventy,
    front_matter,
    generators,
    hexo,
    html_text,
    hugo,
    inside,
    moments,
    permalinks,
    pictures,
    project_fields,
    shortcodes,
)
from sdc_web.imports.front_matter import text, word, words
from sdc_web.imports.generators import Generator, Tree
from sdc_web.imports.records import Document
from sdc_web.posts import canonical, languages, revisions
from sdc_web.posts.records import Draft, Kind
from sdc_web.posts.series import MAX_POSITION
from sdc_web.redirects import addresses
from sdc_web.texts import language_names, names

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_VALUE = 500
"""Characters of a field that a text names, as often as it likes."""
HOME = "this site makes its own home page and its own page for addresses that are not found"
"""Why a text is none here."""
_DIGITS = 10
"""Of the address of a text whose name and title have no letter a to z."""
_TITLE = re.compile(r"\A\s*#[ \t]+([^\n]+)(?:\n|\Z)")
_TEMPLATE = re.compile(r"\{[{%]")
_UNREAD = (
    ("draft", "true"), ("published", "false"), ("permalink", "false"), ("private", "true"),
    *(("status", each) for each in ("draft", "hidden", "private", "skip")),
)  # fmt: skip
_DATES = ("date", "pubdate", "published_at", "publishdate", "pubdatetime")
_COLLECTIONS = frozenset({"post", "posts", "page", "pages", "all", "nav", "blog"})
"""Tags that Eleventy's collections are made of, which say nothing about a text."""
_KINDS: Mapping[str, Kind] = {
    "post": "post", "posts": "post", "blog": "post", "_posts": "post", "_drafts": "post", "article": "post",
    "page": "page", "pages": "page", "project": "project", "projects": "project", "portfolio": "project",
    "_projects": "project", "_portfolio": "project",
}  # fmt: skip


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text is found, and where it will be: `name` is its file below the folder, `below` the same below the root
    of its site, `named_so` what it is called there without its date and its language.
    """

    file: Path
    name: str
    below: PurePosixPath
    language: str
    day: str
    named_so: str
    kind: Kind
    slug: str


def placed(file: Path, tree: Tree) -> Place:
    """Where that file is and what it will be, by its front matter. Raises Invalid, in words, for one that cannot be."""
    if generators.is_other(file):
        raise Invalid("it is no Markdown, and is not read: bring it as Markdown or as HTML with front matter")
    below, language = tree.place(file)
    fields, body, _ = _parted(file, below, tree)
    if file.stem.startswith("_index"):
        raise Invalid("it is the text of a section, whose page this site makes itself" if body.strip() else "")
    if (tree.generator or file.stem == "README") and not body.strip():
        raise Invalid("it holds no text: what readers saw there, a layout of the old site made")
    says_home = word(fields.get("home")) == "true" or text(fields, "layout").lower() == "home"
    if says_home and not tree.generator and generators.is_index(file):
        raise Invalid(HOME)
    stem = file.stem
    spoken = stem.rpartition(".")[2].lower()
    if tree.generator == "hugo" and spoken in tree.languages and "." in stem:
        stem = stem.removesuffix(f".{stem.rpartition('.')[2]}")
        language = language or ("" if spoken == tree.own_language else spoken)
    if generators.is_index(below.with_name(stem)) and len(below.parts) > 1:
        stem = file.parent.name
    dated = permalinks.DATED.fullmatch(stem)
    named_so = dated[2] if dated else stem
    is_dated = dated is not None or moments.is_written(fields, *_DATES)
    kind = _kind(fields, below, tree, is_dated=is_dated)
    slug = _slug(fields, named_so) or names.from_title(_title(fields, body, named_so)[0])
    if not slug:
        # In another script. The same name is the same address, also on a disk that keeps letters and marks apart.
        named = unicodedata.normalize("NFC", named_so).encode(errors="replace")
        slug = f"{kind}-{hashlib.sha256(named).hexdigest()[:_DIGITS]}"
    return Place(
        file=file,
        name=str(file.relative_to(tree.folder)).encode(errors="replace").decode(),
        below=below,
        language=language,
        day=dated[1] if dated else "",
        named_so=named_so,
        kind=kind,
        slug=slug,
    )


def document(place: Place, tree: Tree, address: Callable[[str], str]) -> Document:
    """The text at that place. `address` is where another text of the folder will be, by how this one names it. Raises
    Invalid, in words.
    """
    fields, body, left_out = _parted(place.file, place.below, tree)
    title, body = _title(fields, body, place.named_so)
    mdx = place.file.suffix.lower() == ".mdx"
    liquid = tree.generator in ("jekyll", "hexo", "eleventy") and not mdx

    if tree.generator == "hexo":
        body = hexo.as_markdown(body, address)
    body, left = shortcodes.as_markdown(body, address, lambda name: _value(name, fields, tree), liquid=liquid, mdx=mdx)
    notes = [*left_out, *left]
    at = moments.written(fields, *_DATES) or moments.read(place.day)
    at_us = moments.stored(at)
    # Hugo holds a text back until then, whatever its date is.
    out_us = moments.stored(moments.written(fields, "publishdate"))
    is_held = out_us is not None and out_us > clock.now_us()
    kind = place.kind
    old = permalinks.old_address(tree, place.below, place.language, fields, at)
    said = [*_beside(words(fields, "aliases"), old, place, tree), *words(fields, "redirect_from")]
    notes += [f"alias {each} is no address that can lead anywhere here" for each in said if not alias(each)]
    series = _series(fields, kind, notes)
    unmade = [*hugo.hidden(fields)] if tree.generator == "hugo" else []
    notes += unmade
    is_draft = bool(unmade) or _is_draft(fields, place.below)
    if tree.generator and kind == "post" and not is_draft and at is None and out_us is None:
        notes.append("it names no date: readers see it as written on the day of the import")
    claimed = "" if is_draft else old
    return Document(
        name=place.name,
        kind=kind,
        draft=Draft(
            title=title,
            slug=place.slug,
            summary=text(fields, "summary", "description", "excerpt", "subtitle"),
            body=body.strip() + "\n",
            tags=_tags(fields, tree.generator),
            series=series,
            series_position=_position(fields) if series else None,
            language=_language(fields, place.language, notes),
            translation_key=_translation_key(fields, place, tree),
            project=project_fields.facts(fields, notes) if kind == "project" else None,
            canonical_url=_canonical(fields, notes),
            dated_at_us=at_us if is_held and at_us != out_us else None,
        ),
        is_draft=is_draft,
        at_us=out_us if is_held else at_us,
        ends_at_us=moments.stored(moments.written(fields, "expirydate", "unpublishdate")),
        noindex=front_matter.word(fields.get("noindex")) == "true",
        aliases=tuple(filter(None, map(alias, said))),
        claimed=tuple(filter(None, [alias(claimed)])) if claimed else (),
        cover=pictures.cover(fields),
        pictures=pictures.gallery(fields) if kind == "project" else (),
        notes=tuple(notes),
    )


def _value(name: str, fields: Mapping[str, object], tree: Tree) -> str:
    """What a name such as `site.title` or `page.title` stands for."""
    whole, *steps = name.split(".")
    found = tree.configuration if whole == "site" else fields
    for step in steps[:-1]:
        found = front_matter.table(found, step.lower())
    said = text(found, steps[-1].lower())
    return said if len(said) <= MAX_VALUE else ""


def content(file: Path, folder: Path) -> str:
    """What stands in it. Raises Invalid for what is no text, too much of it, or not of that folder."""
    inside.require(folder, file)
    if file.stat().st_size > MAX_FILE_BYTES:
        raise Invalid(f"larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Invalid("not UTF-8") from None


def _parted(file: Path, below: PurePosixPath, tree: Tree) -> tuple[dict[str, object], str, list[str]]:
    """The fields, the text, and a word about what the text is without."""
    fields, body = front_matter.parted(content(file, tree.folder))
    if len(body) > revisions.MAX_BODY:
        raise Invalid(f"its text has {len(body)} characters; at most {revisions.MAX_BODY} fit")
    notes: list[str] = []
    if file.suffix.lower() == ".mdx":
        body, notes = shortcodes.without_modules(body)
    elif file.suffix.lower() in generators.HTML:
        if _TEMPLATE.search(body):
            raise Invalid("a template of the old site makes what readers saw there")
        body, notes = html_text.as_markdown(body)
    given = generators.defaults(tree, file, below)
    whole = eleventy.with_tags(given, fields) if tree.generator == "eleventy" else {**given, **fields}
    return whole, body, notes


def _title(fields: Mapping[str, object], body: str, named_so: str) -> tuple[str, str]:
    """The title and the text without it: of its fields, of the heading it begins with, or else made of its name."""
    if title := text(fields, "title"):
        return title, body
    if (headed := _TITLE.match(body)) and headed[1].strip(" \t\r#"):
        return headed[1].rstrip(" \t\r#"), body[headed.end() :]
    return named_so.replace("-", " ").replace("_", " ").strip().capitalize(), body


def _tags(fields: Mapping[str, object], generator: Generator) -> tuple[str, ...]:
    by_spaces = generator == "jekyll"
    given = [
        *words(fields, "tags", by_spaces=by_spaces),
        *words(fields, "tag"),
        *words(fields, "categories", by_spaces=by_spaces),
        *words(fields, "category"),
        *words(fields, "keywords"),
    ]
    found = dict.fromkeys(tag.replace("/", " ").lower() for tag in given)
    return tuple(tag for tag in found if generator != "eleventy" or tag not in _COLLECTIONS)


def _series(fields: Mapping[str, object], kind: Kind, notes: list[str]) -> str:
    told = text(fields, "series")
    named = [told] if told else words(fields, "series")
    series = named[0] if named and kind == "post" else ""
    notes += [
        f"series {each} is left out: a post belongs to one, and nothing else to any" for each in named if each != series
    ]
    return series


def _position(fields: Mapping[str, object]) -> int | None:
    """Which part of its series it is; a weight that is none is left out, since it may order anything."""
    given = front_matter.number(fields, "series_order", "series_weight", "series_part", "part", "weight")
    return given if given is not None and 1 <= given <= MAX_POSITION else None


def _language(fields: Mapping[str, object], of_place: str, notes: list[str]) -> str:
    said = text(fields, "lang", "language", "locale") or of_place
    try:
        return language_names.tag(said)
    except Invalid:
        notes.append(f"language {said[:40]} is left out: it is no tag such as en or de-CH")
        return ""


def _translation_key(fields: Mapping[str, object], place: Place, tree: Tree) -> str:
    """What it says, or, where Hugo keeps languages side by side, its path without the language."""
    said = text(fields, "translationkey", "translation_key").strip("/")
    if not said and len(tree.languages) > 1:
        bundle = place.below.parent if generators.is_index(place.file) else place.below.with_name(place.named_so)
        said = bundle.as_posix()
    return said[: languages.MAX_KEY]


def _canonical(fields: Mapping[str, object], notes: list[str]) -> str:
    said = text(fields, "canonical_url", "canonicalurl", "canonical")
    try:
        return canonical.check(said)
    except Invalid:
        notes.append(f"canonical address {said[:80]} is left out: it is no whole address")
        return ""


def _kind(fields: Mapping[str, object], below: PurePosixPath, tree: Tree, *, is_dated: bool) -> Kind:
    """What it says, what its folders say, or what its generator makes of a file at that place. Where nothing calls it a
    post, a text of a site that has no date is a page: it would be news of today to every reader.
    """
    said = (*words(fields, "kind"), *words(fields, "type"), *words(fields, "layout"), *below.parts[:-1])
    for each in said:
        if (kind := _KINDS.get(each.lower())) is not None:
            return kind
    if tree.generator in ("jekyll", "hexo"):
        return "page"
    if tree.generator == "eleventy" and {"post", "posts", "blog"} & {*words(fields, "tags")}:
        return "post"
    alone = len(below.parts) == (2 if generators.is_index(below) else 1)
    of_documents = tree.documents or not generators.DOCUMENTS.isdisjoint(below.parts[:-1])
    return "page" if (tree.generator and alone) or (not is_dated and (tree.generator or of_documents)) else "post"


def _is_draft(fields: Mapping[str, object], below: PurePosixPath) -> bool:
    """Also where `true` is written as a text: what was not meant for readers must not reach them."""
    if "_drafts" in below.parts or text(fields, "password"):
        return True
    return any(word(fields.get(name)).lower() == said for name, said in _UNREAD)


def _slug(fields: Mapping[str, object], stem: str) -> str:
    given = text(fields, "slug") or text(fields, "permalink", "url")
    path = permalinks.without_index(given.partition("?")[0].partition("#")[0]).rstrip("/")
    last = PurePosixPath(path).name.removesuffix(".html")
    is_name = last and not {":", "{", "}"} & set(last) and last not in ("pretty", "date", "ordinal", "none")
    return names.from_title(unquote(last) if is_name else stem.replace("_", "-"))


def _beside(aliases: list[str], old: str, place: Place, tree: Tree) -> list[str]:
    """Hugo's lie beside the page's own address, unless they begin with a slash."""
    if tree.generator != "hugo":
        return aliases
    folder = dirname(unquote(old) or f"/{place.below.with_suffix('')}")
    return [each if each.startswith("/") or "://" in each else normpath(f"{folder}/{each}") for each in aliases]


def alias(given: str) -> str:
    """An old address as requests name it, or nothing: it may be written whole, and without its first slash."""
    try:
        return addresses.old_path(given if "://" in given else f"/{given.lstrip('/')}")
    except Invalid:
        return ""


def bundled(places: Iterator[Path], tree: Tree) -> dict[Path, Path]:
    """Files of Hugo's that are parts of a bundle, which its index shows as it likes, each with that index."""
    if tree.generator != "hugo":
        return {}
    every = list(places)
    indices = {file.parent: file for file in every if file.stem.split(".")[0] == "index"}
    return {
        file: indices[above]
        for file in every
        if file.stem.split(".")[0] != "index"
        for above in file.parents
        if above in indices
    }
