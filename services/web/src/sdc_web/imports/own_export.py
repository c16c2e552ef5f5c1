"""An export of a site of this kind, read back whole: nothing is guessed, and only the names of pictures change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from sdc_core.errors import Invalid

from sdc_web.exports import contents, literal
from sdc_web.imports import front_matter, inside, markdown_files, moments, pictures
from sdc_web.imports.front_matter import text, words
from sdc_web.imports.records import Change, Document, Picture, Source
from sdc_web.posts.records import Draft, Kind, Link, ProjectFacts, ProjectStatus, path_of

T = TypeVar("T")
_MAX_DATA_BYTES = 64 * 1024 * 1024


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the export says beside its texts."""

    site: contents.Site
    media: tuple[contents.File, ...]
    tags: tuple[contents.Tag, ...]
    series: tuple[contents.Series, ...]
    redirects: tuple[contents.Redirect, ...]
    webmentions: tuple[contents.Webmention, ...]


def is_one(folder: Path) -> bool:
    """Whether the folder is such an export."""
    try:
        return (folder / contents.SITE).is_file() and _data(
            folder, contents.SITE, contents.Site
        ).format == contents.FORMAT
    except Invalid:
        return False


def told(folder: Path) -> Told:
    """Raises Invalid for what cannot be read, or was not written by an export."""
    return Told(
        site=_data(folder, contents.SITE, contents.Site),
        media=_data(folder, contents.MEDIA_LIST, tuple[contents.File, ...]),
        tags=_data(folder, contents.TAGS, tuple[contents.Tag, ...]),
        series=_data(folder, contents.SERIES, tuple[contents.Series, ...]),
        redirects=_data(folder, contents.REDIRECTS, tuple[contents.Redirect, ...]),
        webmentions=_webmentions(folder),
    )


def _webmentions(folder: Path) -> tuple[contents.Webmention, ...]:
    """Exports of before there were any have no such file."""
    if not (folder / contents.WEBMENTIONS).is_file():
        return ()
    return _data(folder, contents.WEBMENTIONS, tuple[contents.Webmention, ...])


def source(folder: Path, media: Iterable[contents.File] = ()) -> Source:
    """Its texts, which name those files as an export does. Blocking."""
    files = {
        file.relative_to(folder).as_posix(): kind
        for kind, inside in contents.FOLDERS.items()
        for file in sorted((folder / inside).glob("*.md"))
    }
    addresses = frozenset(path_of(kind, Path(name).stem) for name, kind in files.items())
    changes = defaultdict[tuple[Kind, str], list[Path]](list)
    for kind, beside in contents.CHANGES.items():
        for file in sorted((folder / beside).glob("*.md")):
            changes[kind, file.stem.rpartition(".")[0]].append(file)
    return Source(
        names=tuple(files),
        read=lambda name: _read(folder, name, files[name], changes.get((files[name], Path(name).stem), [])),
        located=lambda _, target: pictures.located(target, folder, folder),
        addresses=addresses,
        verbatim=True,
        media=frozenset(f"/media/{each.file}" for each in media),
    )


def _read(folder: Path, name: str, kind: Kind, changed: list[Path]) -> Document:
    fields, draft = _draft(folder, folder / name, kind)
    at = moments.read(fields.get("publishdate")) or moments.read(fields.get("date"))
    is_draft = front_matter.word(fields.get("draft")) == "true"
    said = words(fields, "aliases")
    return Document(
        name=name,
        kind=kind,
        draft=draft,
        is_draft=is_draft,
        at_us=moments.stored(at),
        ends_at_us=moments.stored(moments.read(fields.get("expirydate"))),
        aliases=tuple(filter(None, map(markdown_files.alias, said))),
        cover=pictures.cover(fields),
        pictures=_pictures(fields),
        author=text(fields, "author"),
        created_at_us=moments.stored(moments.read(fields.get("created"))),
        changed_at_us=moments.stored(moments.read(fields.get("lastmod"))),
        noindex=front_matter.word(fields.get("noindex")) == "true",
        withdrawn=is_draft and front_matter.word(fields.get("withdrawn")) == "true",
        changes=tuple(_change(folder, file, kind) for file in changed),
    )


def _change(folder: Path, file: Path, kind: Kind) -> Change:
    fields, draft = _draft(folder, file, kind)
    return Change(
        draft=draft,
        at_us=moments.stored(moments.read(fields.get("publishdate"))),
        cover=pictures.cover(fields),
        pictures=_pictures(fields),
    )


def _draft(folder: Path, file: Path, kind: Kind) -> tuple[dict[str, object], Draft]:
    fields, body = front_matter.parted(markdown_files.content(file, folder))
    body = body.removesuffix("\n")
    if front_matter.word(fields.get("escaped")) == "true":
        body = literal.unescaped(body)
    return fields, Draft(
        title=text(fields, "title"),
        slug=text(fields, "slug"),
        summary=text(fields, "summary"),
        body=body,
        tags=tuple(words(fields, "tags")),
        series=next(iter(words(fields, "series")), ""),
        series_position=front_matter.number(fields, "series_order"),
        project=_project(front_matter.table(fields, "project")) if kind == "project" else None,
        language=text(fields, "language"),
        translation_key=text(fields, "translationkey"),
        canonical_url=text(fields, "canonicalurl"),
        dated_at_us=moments.stored(moments.read(fields.get("dated"))),
    )


def _pictures(fields: Mapping[str, object]) -> tuple[Picture, ...]:
    return tuple(Picture(file=each) for each in words(front_matter.table(fields, "project"), "pictures"))


def _project(said: Mapping[str, object]) -> ProjectFacts:
    try:
        return ProjectFacts(
            status=msgspec.convert(text(said, "status"), ProjectStatus | Literal[""]),
            section=text(said, "section"),
            repository=text(said, "repository"),
            links=msgspec.convert(said.get("links", ()), tuple[Link, ...]),
        )
    except msgspec.ValidationError as error:
        raise Invalid(f"what it says of the project cannot be read: {error}") from None


def _data(folder: Path, name: str, shape: type[T]) -> T:
    file = folder / name
    inside.require(folder, file)
    try:
        if file.stat().st_size > _MAX_DATA_BYTES:
            raise Invalid(f"{name} is larger than {_MAX_DATA_BYTES // 1024 // 1024} MB")
        return msgspec.json.decode(file.read_bytes(), type=shape)
    except FileNotFoundError:
        raise Invalid(f"the export has no {name}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"{name} cannot be read: {error}") from None
