"""Texts of another site become posts, pages and projects of this one, each with its pictures and its old addresses or
not at all.

A text is one transaction, so an import that ends anywhere is finished by the next. Done twice, it is done once.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sdc_core import clock
from sdc_core.errors import Invalid, SdcError
from sdc_core.sqlite import Connection

from sdc_web import redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.imports import fitting, histories, likeness, pictures
from sdc_web.imports.finding import Finder
from sdc_web.imports.records import Change, Document, Line, Outcome, Picture, Source
from sdc_web.imports.uploads import Pictures
from sdc_web.posts import catalogue, indexing, projects, publication, revisions, tags, trash
from sdc_web.posts.records import Post, path_of
from sdc_web.texts import markdown
from sdc_web.texts.markdown import Rendered

_LATE = "it came without pictures that could come now, and stays so: delete it for good, and the next import brings all"
_NOTHING = Rendered(html="", reading_minutes=1)


class Importer(msgspec.Struct, frozen=True, kw_only=True):
    """One import: what is the same for each of its texts. A `dry_run` tells what would be done, and does nothing."""

    pictures: Pictures
    finder: Finder
    dry_run: bool
    writers: Mapping[str, str] = {}
    """The ids of authors by their sign-in names, of texts that say whose they are."""
    planned: set[str] = msgspec.field(default_factory=set)
    """Addresses that texts before would have taken, had this been no dry run."""
    shown: set[Path] = msgspec.field(default_factory=set)
    """Pictures that texts before show."""

    async def lines(self) -> AsyncGenerator[Line]:
        """Take one text after the other; what is wrong with one is said in its line. Raises Forbidden."""
        rights.require(self.by, "posts.publish")
        rights.require(self.by, "media.change")
        for author in self.source.authors:
            if author not in self.writers:
                reason = "there is no author of that sign-in name here: these texts belong to whoever imports them"
                yield Line(file=f"author {author}", outcome="skipped", reason=reason)
        for name in self.source.names:
            yield await self.take(name)
        for path, target in self.source.redirects:
            yield await self._lead(path, target)
        for line in self.finder.lines():
            yield line

    async def _lead(self, path: str, target: str) -> Line:
        """An address of the old site that was no text leads to what stands for it here."""
        line = Line(file=f"address {path}", outcome="taken", kind="redirect", address=target)
        try:
            async with self.databases.site.read() as connection:
                if await redirects.find(connection, path) == target:
                    return replace(line, outcome="unchanged")
            if not self.dry_run:
                await redirects.add_own(self.databases.site, self.by, path, target, "")
        except SdcError as error:
            return replace(line, outcome="skipped", reason=str(error))
        return line

    async def take(self, name: str) -> Line:
        """Import one entry."""
        if (reason := self.source.refused.get(name)) is not None:
            return Line(file=name, outcome="skipped", reason=reason)
        try:
            document = await asyncio.to_thread(self.source.read, name)
            return await self._take(document if self.source.verbatim else fitting.fitted(document))
        except (SdcError, OSError) as error:
            return Line(file=name, outcome="skipped", reason=str(error))

    async def _take(self, document: Document) -> Line:
        name, address = document.name, path_of(document.kind, document.draft.slug)
        async with self.databases.site.read() as connection:
            post = await catalogue.by_address(connection, document.kind, document.draft.slug)
            newest = await revisions.newest(connection, self.by, post.id) if post else None
            carried = await tags.names(connection, document.layers[-1].draft.tags)
            taken = "" if post else await self._taken(connection, document, address)
            if post is None:
                await self._check(connection, document)
        if taken:
            return Line(file=name, outcome="skipped", reason=taken)
        found, notes = await self.finder.found(name, self._named(*document.layers))
        told = (*document.notes, *notes)
        shown = set(found.values()) - self.shown
        self.shown.update(shown)
        line = Line(
            file=name,
            outcome=_wanted(document),
            kind=document.kind,
            pictures=len(shown),
            notes=told,
            comments=document.comments,
        )
        if post is not None and newest is not None:
            last, _ = await self._with_pictures(document.layers[-1], found, upload_missing=False)
            draft = replace(last.draft, tags=carried)
            line = replace(line, address=post.path)
            if not likeness.same(newest, draft):
                return replace(line, outcome="skipped", reason="another text has this address already")
            was_out = post.published_at_us is not None or post.scheduled_at_us is not None
            if document.is_draft or document.changes or was_out:
                late = [each for each in found.values() if not await self.pictures.known(each)]
                return replace(line, outcome="unchanged", notes=(*line.notes, *([_LATE] if late else [])))
        if self.dry_run:
            count, taken = await self._planned(document, address) if post is None else (0, list[str]())
            shown = address if line.outcome == "published" else ""
            return replace(line, redirects=count, notes=(*line.notes, *taken), address=shown)
        layers = [await self._with_pictures(each, found, upload_missing=True) for each in document.layers]
        left_out = [note for _, notes in layers for note in notes]
        (first, _), *rest = layers
        document = replace(document, draft=first.draft, changes=tuple(each for each, _ in rest))
        post, count, taken = await self._put(document, post)
        notes = [*line.notes, *left_out, *taken]
        return replace(line, redirects=count, notes=tuple(notes), address=post.path if post.revision_id else "")

    async def _taken(self, connection: Connection, document: Document, address: str) -> str:
        """Why a text cannot have the address that no text here has; empty when it can."""
        if address in self.planned:
            return "a text before it takes this address"
        if await trash.at(connection, document.kind, document.draft.slug):
            return "a text in the trash had this address: bring that back, or delete it there for good first"
        if await redirects.is_known(connection, address):
            return "this address leads elsewhere by now, as the redirects show"
        return ""

    async def _check(self, connection: Connection, document: Document) -> None:
        """Raises Invalid for what could not be saved, before any picture of it is."""
        post, first = catalogue.unwritten(self.by, document.kind, document.at_us)
        bare = replace(document.draft, cover_asset_id=None)
        clean = await revisions.check(connection, self.by, post, first, bare)
        if not document.is_draft and not clean.title:
            raise Invalid("it has no title")
        now_us = clock.now_us()
        if document.ends_at_us is not None and document.ends_at_us <= max(now_us, document.at_us or now_us):
            raise Invalid("by its own date it is no longer for readers: make it a draft, or take that date out")

    async def _planned(self, document: Document, address: str) -> tuple[int, list[str]]:
        """What `_put` would say of old addresses; the addresses are remembered, for the texts that follow."""
        async with self.databases.site.read() as connection:
            free, notes = await self._free(connection, document, address)
        self.planned.update((address, *free))
        return len(free), notes

    async def _put(self, document: Document, begun: Post | None) -> tuple[Post, int, list[str]]:
        """The text with its old addresses, published unless it is a draft, their number, and a word about each that is
        taken; all of it or nothing. `begun` is a draft with the same words that was there.
        """
        rendered = _NOTHING if document.is_draft else await markdown.rendered(document.draft.body)
        free, notes = list[str](), list[str]()
        async with self.databases.site.transaction() as connection:
            post = begun
            if post is None:
                begun_us = document.at_us if document.created_at_us is None else document.created_at_us
                whose = self._whose(document)
                post = await catalogue.begin(connection, self.by, document.kind, begun_us, author_id=whose)
                saved = await revisions.put(connection, self.by, post.id, document.draft, 1)
                post = replace(post, slug=saved.slug)
                free, notes = await self._free(connection, document, post.path)
                for alias in free:
                    await redirects.add(connection, alias, post.id, clock.now_us())
            if not document.is_draft:
                post = await publication.publish_rendered(
                    connection, self.by, post.id, rendered, document.at_us, document.ends_at_us
                )
            post = await histories.put(connection, self.by, post, document)
            if document.noindex:
                await indexing.put(connection, post.id, hidden=True)
        return post, len(free), notes

    def _whose(self, document: Document) -> str:
        """The id of the author that it names, where they are here; else whoever imports."""
        return self.writers.get(document.author, "") if self.by.reach("posts.change") == "any" else ""

    async def _free(self, connection: Connection, document: Document, own: str) -> tuple[list[str], list[str]]:
        """The old addresses that may lead to the text at its `own`, and a word about each of the others that it names
        itself.
        """
        free: list[str] = []
        notes: list[str] = []
        for alias in dict.fromkeys((*document.aliases, *document.claimed)):
            if alias == own:
                continue
            taken = alias in self.source.addresses or alias in self.planned
            known = await redirects.is_known(connection, alias) or await redirects.is_published(connection, alias)
            if not (taken or known):
                free.append(alias)
            elif alias in document.aliases:
                notes.append(f"alias {alias} is left out: something is at that address, or it leads elsewhere already")
        return free, notes

    async def _with_pictures(
        self, layer: Change, found: dict[str, Path], *, upload_missing: bool
    ) -> tuple[Change, list[str]]:
        """The words with their pictures, uploaded if asked and not known yet, and a word about those left out."""
        draft, cover = layer.draft, layer.cover
        words = _with_words(self._named(layer))
        ids: dict[str, str] = {}
        for target in words:
            if (picture := found.get(target)) is None:
                continue
            known = await self.pictures.known(picture)
            if known or upload_missing:
                ids[target] = known or await self._upload(target, picture, words[target])
        notes: list[str] = []
        if draft.project is not None:
            shown = tuple(dict.fromkeys(ids[each.file] for each in layer.pictures if each.file in ids))
            draft = replace(draft, project=replace(draft.project, pictures=shown[: projects.MAX_PICTURES]))
            if len(shown) > projects.MAX_PICTURES:
                notes.append(f"{len(shown) - projects.MAX_PICTURES} pictures are left out: {projects.MAX_PICTURES} fit")
        body = pictures.with_ids(draft.body, ids, verbatim=self.source.verbatim)
        draft = replace(draft, body=body, cover_asset_id=ids.get(cover.file) if cover else None)
        return replace(layer, draft=draft), notes

    def _named(self, *layers: Change) -> list[Picture]:
        """Every picture that they name, in the order in which readers come to them; covers last."""
        shown, source = list[Picture](), self.source
        for layer in layers:
            shown += pictures.of_text(layer.draft.body, verbatim=source.verbatim, media=source.media)
            shown += (replace(each, stands=True) for each in layer.pictures)
        return [*shown, *(replace(layer.cover, stands=True) for layer in layers if layer.cover)]

    async def _upload(self, target: str, picture: Path, alt: str) -> str:
        try:
            return (await self.pictures.put(picture, picture.name, alt)).id
        except Invalid as error:
            raise Invalid(f"picture {target}: {error}") from None

    @property
    def source(self) -> Source:
        """Where texts come from."""
        return self.finder.source

    @property
    def by(self) -> Actor:
        """Who imports."""
        return self.pictures.by

    @property
    def databases(self) -> Databases:
        """Where the texts go."""
        return self.pictures.databases


def _wanted(document: Document) -> Outcome:
    if document.is_draft:
        return "draft"
    return "published" if document.at_us is None or document.at_us <= clock.now_us() else "scheduled"


def _with_words(named: list[Picture]) -> dict[str, str]:
    """Each file once, in order, with the first words that are said of it."""
    words: dict[str, str] = {}
    for each in named:
        words[each.file] = words.get(each.file) or each.alt
    return words
