"""`sdc import`: a folder of Markdown becomes posts, pages and projects. Done twice, it is done once."""

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import click
import msgspec
from msgspec.structs import replace
from sdc_core import clock, objects
from sdc_core import settings as core_settings
from sdc_core.errors import Invalid, Misconfigured, SdcError
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection
from sdc_web import media, redirects
from sdc_web.authors import accounts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases, open_databases
from sdc_web.media import assets
from sdc_web.posts import catalogue, projects, publication, revisions, tags
from sdc_web.posts.records import Draft, Post, ProjectFacts, Revision, path_of
from sdc_web.texts import characters

from sdc_cli import folder_pictures, markdown_folder
from sdc_cli.folder_pictures import Picture
from sdc_cli.markdown_folder import Document

CHUNK_BYTES = 256 * 1024
Outcome: TypeAlias = Literal["published", "scheduled", "draft", "unchanged", "skipped"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: `address` below the site's own, `reason` why it was skipped, `notes` what was left out."""

    file: str
    outcome: Outcome
    address: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--author", "author_name", default="", help="Whose they are, by sign-in name. Unset: the first author's.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_(folder: Path, *, author_name: str, dry_run: bool, as_json: bool) -> None:
    """Import the Markdown files of FOLDER, with their front matter and their pictures.

    What is there already with the same words is left alone, and so is what is there with other words.
    """
    settings = core_settings.load()
    if not settings.DATA_DIR.is_dir():
        message = f"there is no data folder {settings.DATA_DIR}: set SDC_DATA_DIR, or start the site once with `sdc up`"
        raise Misconfigured(message)
    report = asyncio.run(run(settings, folder, author_name, dry_run=dry_run))
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    for line in report:
        words = " ".join(filter(None, (line.address, line.reason)))
        click.echo(f"{line.outcome:<10} {line.file}  {words}".rstrip())
        for note in line.notes:
            click.echo(f"{'':<10}   {note}")
    counted = sorted(Counter(line.outcome for line in report).items())
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counted) or "no Markdown file there")
    if dry_run:
        click.echo("Nothing was changed.")


async def run(settings: Settings, folder: Path, author_name: str, *, dry_run: bool) -> list[Line]:
    async with AsyncExitStack() as stack:
        databases = await stack.enter_async_context(open_databases(settings))
        store = await stack.enter_async_context(objects.open_store(objects.local_endpoint(settings)))
        authors = await accounts.everyone(databases)
        chosen = [each for each in authors if not author_name or each.name == author_name]
        if not chosen:
            message = f"there is no author named {author_name}" if author_name else "there is no author yet"
            raise Invalid(f"{message}: `sdc author add NAME` makes one")
        author = min(chosen, key=lambda each: each.created_at_us)
        found = await asyncio.to_thread(markdown_folder.files, folder)
        importer = Importer(
            settings=settings,
            databases=databases,
            store=store,
            by=author.actor,
            folder=folder,
            dry_run=dry_run,
        )
        with click.progressbar(found, file=sys.stderr, label="import", hidden=not sys.stderr.isatty()) as shown:
            return [await importer.take(file) for file in shown]


class Importer(msgspec.Struct, frozen=True, kw_only=True):
    """One import: what is the same for each of its files."""

    settings: Settings
    databases: Databases
    store: ObjectStore
    by: Actor
    folder: Path
    dry_run: bool
    planned: dict[str, bool] = msgspec.field(default_factory=dict)
    """Addresses that files before would have taken, had this been no dry run, and whether readers would find them."""

    async def take(self, file: Path) -> Line:
        """Import one file; what is wrong with it is said in its line, and the next one is taken."""
        name = str(file.relative_to(self.folder)).encode(errors="replace").decode()
        try:
            document = await asyncio.to_thread(markdown_folder.read, file, self.folder)
            return await self._take(document, name)
        except (SdcError, OSError) as error:
            return Line(file=name, outcome="skipped", reason=str(error))

    async def _take(self, document: Document, name: str) -> Line:
        address = path_of(document.kind, document.draft.slug)
        async with self.databases.site.read() as connection:
            post = await catalogue.by_address(connection, document.kind, document.draft.slug)
            newest = await revisions.newest(connection, self.by, post.id) if post else None
            carried = await tags.names(connection, document.draft.tags)
            has_moved = await redirects.is_known(connection, address)
        if post is None and address in self.planned:
            return Line(file=name, outcome="skipped", reason="a file before it takes this address")
        if post is None and has_moved:
            return Line(
                file=name, outcome="skipped", reason="this address leads elsewhere by now, as the redirects show"
            )
        draft, notes = await self._with_pictures(document)
        draft = replace(draft, tags=carried)
        line = Line(file=name, outcome=_wanted(document), notes=(*document.notes, *notes))
        if post is not None and newest is not None:
            line = replace(line, address=post.path)
            if not _same(newest, draft):
                return replace(line, outcome="skipped", reason="another text has this address already")
            if document.is_draft or post.revision_id is not None or post.scheduled_at_us is not None:
                return replace(line, outcome="unchanged")
        if self.dry_run:
            return replace(line, notes=(*line.notes, *(await self._planned(document, address) if post is None else ())))
        if post is None:
            post, taken = await self._begin(document, draft)
            line = replace(line, notes=(*line.notes, *taken))
        if not document.is_draft:
            post = await publication.publish(self.databases.site, self.by, post.id, document.at_us)
        return replace(line, address=post.path if post.revision_id else "")

    async def _planned(self, document: Document, address: str) -> list[str]:
        """What `_begin` would say; the addresses are remembered, for the files that follow."""
        async with self.databases.site.read() as connection:
            free, notes = await self._free(connection, document.aliases, address)
        self.planned.update({address: _wanted(document) == "published", **dict.fromkeys(free, True)})
        return notes

    async def _begin(self, document: Document, draft: Draft) -> tuple[Post, list[str]]:
        """A new draft with its aliases, and a word about each alias that is taken; all of it or nothing."""
        async with self.databases.site.transaction() as connection:
            post = await catalogue.begin(connection, self.by, document.kind, document.at_us)
            await revisions.put(connection, self.by, post.id, draft, 1)
            free, notes = await self._free(connection, document.aliases, path_of(document.kind, draft.slug))
            for alias in free:
                await redirects.add(connection, alias, post.id, clock.now_us())
        return post, notes

    async def _free(self, connection: Connection, aliases: tuple[str, ...], own: str) -> tuple[list[str], list[str]]:
        """The aliases that may lead to the text at its `own` address, and a word about each of the others."""
        free: list[str] = []
        notes: list[str] = []
        for alias in dict.fromkeys(aliases):
            known = await redirects.is_known(connection, alias) or await redirects.is_published(connection, alias)
            if known or self.planned.get(alias):
                notes.append(f"alias {alias} is left out: something is at that address, or it leads elsewhere already")
            elif alias != own:
                free.append(alias)
        return free, notes

    async def _with_pictures(self, document: Document) -> tuple[Draft, list[str]]:
        """The text with its pictures uploaded, and a word about each that was not there."""
        draft, cover = document.draft, document.cover
        named = [*folder_pictures.of_text(draft.body), *document.pictures, *([cover] if cover else [])]
        ids: dict[str, str] = {}
        notes: list[str] = []
        for target, alt in _with_words(named).items():
            picture = await asyncio.to_thread(folder_pictures.located, target, document.file, self.folder)
            if picture is None:
                notes.append(f"picture {target} is not in the folder")
                continue
            known = await self._known(picture)
            if known or not self.dry_run:
                ids[target] = known or await self._upload(picture, alt)
        if draft.project is not None:
            shown = tuple(dict.fromkeys(ids[each.file] for each in document.pictures if each.file in ids))
            draft = replace(draft, project=replace(draft.project, pictures=shown[: projects.MAX_PICTURES]))
        body = folder_pictures.with_ids(draft.body, ids)
        return replace(draft, body=body, cover_asset_id=ids.get(cover.file) if cover else None), notes

    async def _known(self, picture: Path) -> str:
        """The id of the asset with these bytes, or nothing."""
        digest = await asyncio.to_thread(_sha256, picture)
        async with self.databases.site.read() as connection:
            asset = await assets.by_sha256(connection, digest)
        return asset.id if asset else ""

    async def _upload(self, picture: Path, alt: str) -> str:
        async def chunks() -> AsyncIterator[bytes]:
            with await asyncio.to_thread(_open, picture) as file:
                while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                    yield chunk

        asset, _ = await media.upload.accept(
            self.databases.site, self.by, self.store, self.settings, picture.name, chunks(), alt[: assets.MAX_ALT]
        )
        return asset.id


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


def _open(file: Path) -> BinaryIO:
    return file.open("rb")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _same(revision: Revision, draft: Draft) -> bool:
    """Whether it holds these words already; `revisions.put` has cleaned them."""
    # A cover may have been chosen since, where the file names none.
    if draft.cover_asset_id not in (None, revision.cover_asset_id):
        return False
    return (
        _words(revision) == _words(draft)
        and {*revision.tags} == {*draft.tags}
        and (revision.project or ProjectFacts()) == (draft.project or ProjectFacts())
    )


def _words(saved: Revision | Draft) -> list[str]:
    """Cleaned; spaces in the body do not count."""
    lines = (saved.title, saved.summary, saved.series, saved.language, saved.translation_key, saved.canonical_url)
    return [*map(characters.line, lines), *characters.allowed(saved.body).split()]
