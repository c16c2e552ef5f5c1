"""A folder of Markdown files with front matter, as Hugo, Jekyll, Astro and Eleventy keep them: read, not yet stored."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import msgspec
import yaml
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_web.posts import canonical, languages
from sdc_web.posts.records import Draft, Kind
from sdc_web.posts.series import MAX_POSITION
from sdc_web.redirects import addresses
from sdc_web.texts import language_names, names

from sdc_cli import folder_pictures, project_fields
from sdc_cli.folder_pictures import Picture

FIRST_YEAR = 1970
MAX_FILE_BYTES = 2 * 1024 * 1024
_MAX_NUMBER = 10**18
SUFFIXES = (".md", ".markdown", ".mdx")
_FENCE = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\r?\n(.*?)(?:^|\n)\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})[-_](.+)")
_TITLE = re.compile(r"\A\s*#[ \t]+(.+?)[ \t#]*\r?\n")
_SHORTCODE = re.compile(r"\{\{[<%].*?[>%]\}\}|\{%.*?%\}", re.DOTALL)
_UNREAD = (("draft", "true"), ("published", "false"), ("status", "draft"))
_KINDS: Mapping[str, Kind] = {
    "post": "post", "posts": "post", "blog": "post", "_posts": "post", "_drafts": "post", "article": "post",
    "page": "page", "pages": "page", "project": "project", "projects": "project", "portfolio": "project",
}  # fmt: skip


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `at_us` is the date readers see, None where the file has none; `aliases` are old addresses of it;
    `pictures` are the files that a project names beside its text; `notes` is what was left out, in words.
    """

    file: Path
    kind: Kind
    draft: Draft
    is_draft: bool
    at_us: int | None
    aliases: tuple[str, ...]
    cover: Picture | None
    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]


def files(folder: Path) -> list[Path]:
    """Every Markdown file below the folder, sorted, but hidden ones, section pages and the README of a repository."""
    found = [
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") or part == "node_modules" for part in file.relative_to(folder).parts)
        and file.stem not in ("_index", "README", "LICENSE", "CHANGELOG")
    ]
    return sorted(found)


def read(file: Path, folder: Path) -> Document:
    """Raises Invalid, in words, for a file that cannot be understood."""
    if file.stat().st_size > MAX_FILE_BYTES:
        raise Invalid(f"larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Invalid("not UTF-8") from None
    fields, body = _parted(text)
    stem = file.parent.name if file.stem == "index" and file.parent != folder else file.stem
    dated = _DATED.fullmatch(stem)
    notes = list(_left_out(body))
    named_so = dated[2] if dated else stem
    title = _text(fields, "title")
    if not title and (headed := _TITLE.match(body)):
        title, body = headed[1], body[headed.end() :]
    aliases = [*_list(fields, "aliases"), *_list(fields, "redirect_from")]
    notes += [f"alias {alias} is no address that can lead anywhere here" for alias in aliases if not _alias(alias)]
    kind = _kind(fields, file.relative_to(folder))
    told = _text(fields, "series")
    named = [told] if told else _list(fields, "series")
    series = named[0] if named and kind == "post" else ""
    notes += [
        f"series {each} is left out: a post belongs to one, and nothing else to any" for each in named if each != series
    ]
    title = title or named_so.replace("-", " ").replace("_", " ").strip().capitalize()
    slug = _slug(fields, named_so) or names.from_title(title)
    if not slug:
        raise Invalid("neither its name nor its title has a letter a to z for an address: give it a slug")
    return Document(
        file=file,
        kind=kind,
        draft=Draft(
            title=title,
            slug=slug,
            summary=_text(fields, "summary", "description", "excerpt", "subtitle"),
            body=body.strip() + "\n",
            tags=_tags(fields),
            series=series,
            series_position=_position(fields) if series else None,
            language=_language(fields, notes),
            translation_key=_text(fields, "translationkey", "translation_key").strip("/")[: languages.MAX_KEY],
            project=project_fields.facts(fields, notes) if kind == "project" else None,
            canonical_url=_canonical(fields, notes),
        ),
        is_draft=_is_draft(fields, file.relative_to(folder)),
        at_us=_date(fields, dated[1] if dated else ""),
        aliases=tuple(filter(None, map(_alias, aliases))),
        cover=folder_pictures.cover(fields),
        pictures=folder_pictures.gallery(fields) if kind == "project" else (),
        notes=tuple(notes),
    )


def _parted(text: str) -> tuple[dict[str, object], str]:
    fenced = _FENCE.match(text)
    if fenced is None:
        return {}, text.removeprefix("\ufeff")
    try:
        found = tomllib.loads(fenced[2]) if fenced[1] == "+++" else yaml.safe_load(fenced[2])
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"its front matter cannot be read: {' '.join(str(error).split())[:200]}") from None
    if found is not None and not isinstance(found, dict):
        raise Invalid("its front matter holds no fields")
    return {_word(name).lower(): value for name, value in (found or {}).items()}, text[fenced.end() :]


def _word(value: object) -> str:
    """A single value as text; nothing for what is none. Lists are not written out: their aliases may have no end."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    # Python writes no number of more than 4,300 digits, and nobody means one.
    return str(value) if isinstance(value, int | float) and -_MAX_NUMBER < value < _MAX_NUMBER else ""


def _text(fields: Mapping[str, object], *names: str) -> str:
    for name in names:
        value = fields.get(name)
        if not isinstance(value, bool) and (word := _word(value)):
            return " ".join(word.split())
    return ""


def _list(fields: Mapping[str, object], name: str) -> list[str]:
    value = fields.get(name)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list):
        return list(filter(None, map(_word, value)))
    return []


def _tags(fields: Mapping[str, object]) -> tuple[str, ...]:
    given = [*_list(fields, "tags"), *_list(fields, "categories"), *_list(fields, "keywords")]
    return tuple(dict.fromkeys(tag.replace("/", " ").lower() for tag in given))


def _position(fields: Mapping[str, object]) -> int | None:
    """Which part of its series it is; a weight that is none is left out, since it may order anything."""
    given = _text(fields, "series_order", "series_weight", "series_part", "part", "weight")
    return int(given) if given.isdecimal() and 1 <= int(given) <= MAX_POSITION else None


def _language(fields: Mapping[str, object], notes: list[str]) -> str:
    said = _text(fields, "lang", "language", "locale")
    try:
        return language_names.tag(said)
    except Invalid:
        notes.append(f"language {said[:40]} is left out: it is no tag such as en or de-CH")
        return ""


def _canonical(fields: Mapping[str, object], notes: list[str]) -> str:
    said = _text(fields, "canonical_url", "canonicalurl", "canonical")
    try:
        return canonical.check(said)
    except Invalid:
        notes.append(f"canonical address {said[:80]} is left out: it is no whole address")
        return ""


def _kind(fields: Mapping[str, object], path: Path) -> Kind:
    for said in (*_list(fields, "kind"), *_list(fields, "type"), *_list(fields, "layout"), *map(str, path.parts[:-1])):
        if (kind := _KINDS.get(said.lower())) is not None:
            return kind
    return "post"


def _is_draft(fields: Mapping[str, object], path: Path) -> bool:
    """Also where `true` is written as a text: what was not meant for readers must not reach them."""
    return "_drafts" in path.parts or any(_word(fields.get(name)).lower() == said for name, said in _UNREAD)


def _slug(fields: Mapping[str, object], stem: str) -> str:
    given = _text(fields, "slug") or _text(fields, "permalink", "url")
    path = given.partition("?")[0].partition("#")[0].rstrip("/")
    last = PurePosixPath(path).name.removesuffix(".html")
    return names.from_title(unquote(last) if last and ":" not in last else stem.replace("_", "-"))


def _date(fields: Mapping[str, object], named: str) -> int | None:
    for given in (*(fields.get(name) for name in ("date", "pubdate", "published_at", "publishdate")), named):
        if isinstance(given, datetime):
            return _moment(given)
        if isinstance(given, date):
            return _moment(datetime(given.year, given.month, given.day, tzinfo=UTC))
        if isinstance(given, str) and given.strip():
            try:
                return _moment(datetime.fromisoformat(given.strip()))
            except ValueError:
                message = f"its date {given.strip()[:40]!r} is none that can be read: write 2026-11-24, or more of it"
                raise Invalid(message) from None
    return None


def _moment(value: datetime) -> int:
    """UTC, unless it says otherwise. Raises Invalid for a year that no page can name."""
    try:
        at = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise Invalid("its date is out of reach") from None
    if at.year < FIRST_YEAR:
        raise Invalid(f"its date is before {FIRST_YEAR}")
    return clock.from_datetime(at)


def _alias(alias: str) -> str:
    """As requests name it, or nothing: it may be written as a whole address, and without its first slash."""
    try:
        return addresses.old_path(alias if "://" in alias else f"/{alias.lstrip('/')}")
    except Invalid:
        return ""


def _left_out(body: str) -> Iterator[str]:
    found = {" ".join(each.split())[:60] for each in _SHORTCODE.findall(body)}
    yield from (f"shortcode {each} stays as it is written" for each in sorted(found)[:10])
