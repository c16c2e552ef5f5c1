"""What the pages of a post's history show, as plain values. The slow parts are for a thread."""

from collections.abc import Mapping, Sequence

import msgspec
from sdc_core.sqlite import Connection

from sdc_web import media, posts, templating
from sdc_web.author import project_fields, views
from sdc_web.author.views import FieldChange
from sdc_web.posts.history import Entry
from sdc_web.texts import differences
from sdc_web.texts.differences import Comparison, Words

_FIELDS = {"slug": "Address", **views.COMPARED, "cover_id": "Cover picture", "translation_of": "Translation of"}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A revision with what it changed against the one before it: words of the text, and fields beside it by name.
    `words` is None for the first one.
    """

    entry: Entry
    before_id: str
    words: Words | None
    fields: tuple[str, ...]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field beside the text."""

    name: str
    text: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two revisions of a post, or two texts that became none yet."""

    text: Comparison
    words: Words
    fields: tuple[FieldChange, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.text.same and not self.fields


async def covers(connection: Connection, revisions: Sequence[posts.Revision]) -> Mapping[str, str]:
    """What the pictures that these revisions name are called, by id."""
    named = {each.cover_asset_id for each in revisions if each.cover_asset_id}
    for each in revisions:
        named |= set(each.project.pictures if each.project else ())
    found = await media.by_ids(connection, named)
    return {id_: asset.alt or asset.file_name for id_, asset in found.items()}


def fields(post: posts.Post, revision: posts.Revision, named: Mapping[str, str], zone: str) -> list[Field]:
    """Every field beside the text, in the editor's order, as a person reads it; its date in a zone that was loaded."""
    form = msgspec.structs.replace(views.form_of(post, revision, zone), slug=revision.slug)
    said = dict(form.details)
    said["dated_at"] = "" if revision.dated_at_us is None else templating.moment(revision.dated_at_us, zone)
    said["cover_id"] = named.get(form.cover_id, "")
    pictures = project_fields.named(form.project_pictures)
    said["project_pictures"] = "\n".join(named.get(each, each) for each in pictures)
    return [Field(name=words, text=said[name]) for name, words in _FIELDS.items()]


def listed(
    post: posts.Post,
    entries: Sequence[Entry],
    revisions: Sequence[posts.Revision],
    named: Mapping[str, str],
    zone: str,
    limit: int,
) -> list[Listed]:
    """The first `limit` entries; one more of each tells what the last of them changed."""
    rows, bags = [], [differences.bag(each.body) for each in revisions]
    for place, (entry, revision) in enumerate(zip(entries, revisions, strict=True)):
        before = revisions[place + 1] if place + 1 < len(revisions) else None
        old = {each.name: each.text for each in fields(post, before, named, zone)} if before else {}
        shown = fields(post, revision, named, zone) if before else []
        changed = (each.name for each in shown if each.text != old[each.name])
        words = differences.between(bags[place + 1], bags[place]) if before else None
        rows.append(
            Listed(entry=entry, before_id=before.id if before else "", words=words, fields=tuple(changed)),
        )
    return rows[:limit]


def compared(
    post: posts.Post, old: posts.Revision, new: posts.Revision, named: Mapping[str, str], zone: str
) -> Compared:
    """Takes a second for the longest texts."""
    pairs = zip(fields(post, old, named, zone), fields(post, new, named, zone), strict=True)
    return Compared(
        text=differences.compare(old.body, new.body),
        words=differences.words(old.body, new.body),
        fields=tuple(
            FieldChange(name=a.name, pieces=differences.pieces(a.text, b.text)) for a, b in pairs if a.text != b.text
        ),
    )
