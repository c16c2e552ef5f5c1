"""What the templates of posts show, as plain values."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec.structs import asdict, replace
from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web import posts, zones
from sdc_web.author import project_fields
from sdc_web.author.project_fields import ProjectForm
from sdc_web.posts.records import State
from sdc_web.texts import differences
from sdc_web.texts.names import from_title

FIRST_YEAR = 1970
WEEK_US = 7 * clock.DAY_US
_NO_DETAILS = frozenset({"body_markdown", "base_revision", "intent", "add_picture", "tab", "save_no"})
COMPARED = {
    "title": "Title", "summary": "Summary", "tags": "Tags", "series": "Series", "series_position": "Part of the series",
    "language": "Language", "canonical_url": "Canonical address", "dated_at": "Date",
    "project_status": "Status", "project_section": "Section", "project_repository": "Repository",
    "project_links": "Links", "project_pictures": "Pictures",
}  # fmt: skip
"""Fields beside the text that say of themselves what they hold; an id of a picture or of another text does not."""
_NUMBER = re.compile(r"[0-9]{1,6}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)


MAY_STAY = {"slug": "Slug", "cover_id": "Cover picture", "translation_of": "Translation of"} | COMPARED
"""Fields that keep what they hold when what was typed is refused, while the rest is saved; by the names that the page
gives them."""
_NAMES = MAY_STAY | {"publish_at": "Publish at", "unpublish_at": "Take off the site at"}


class DraftForm(ProjectForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the editor. `base_revision` is the number that the text was begun from; moments are in `zone`, the
    time zone that the form named beside them, or UTC. The editor's script adds `tab` and `save_no` for `posts.Sent`.
    """

    title: str = ""
    slug: str = ""
    summary: str = ""
    tags: str = ""
    body_markdown: str = ""
    cover_id: str = ""
    publish_at: str = ""
    unpublish_at: str = ""
    series: str = ""
    series_position: str = ""
    language: str = ""
    translation_of: str = ""
    canonical_url: str = ""
    dated_at: str = ""
    zone: str = ""
    base_revision: int | None = None
    intent: str = ""
    tab: Annotated[str, msgspec.Meta(max_length=20)] = ""
    save_no: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0

    @property
    def details(self) -> dict[str, str]:
        """Everything that was typed beside the text, by its field."""
        return {name: str(value) for name, value in asdict(self).items() if name not in _NO_DETAILS}


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """A post in the editor, and what its fields hold."""

    id: str
    kind: posts.Kind
    url: str
    state: State
    on_site: bool
    published_at_us: int | None
    form: DraftForm


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A field that was not saved with the rest: what the form and what the page calls it, and what is wrong."""

    field: str
    name: str
    words: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the last save came to; `revision` is the base of the next. With `error` nothing was saved, by fault of
    `error_field` if there is one to be marked; with `refused` all but those fields.
    """

    revision: int
    saved_at_us: int | None
    clock: str
    state: State
    error: str = ""
    error_field: str = ""
    refused: tuple[Refused, ...] = ()


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What readers see and will see, by the numbers of revisions; moments in microseconds, None where nothing is set.
    `failure` tells why it did not go out when it should have.
    """

    newest: int
    live: int | None
    scheduled: int | None
    publish_at_us: int | None
    unpublish_at_us: int | None
    failure: str

    @property
    def soon_s(self) -> int:
        """Seconds until some of it is over, and two to do it in; 0 when that is more than a week away."""
        moments = [each for each in (self.publish_at_us, self.unpublish_at_us) if each is not None]
        left_us = max(0, min(moments) - clock.now_us()) if moments else WEEK_US
        return left_us // clock.SECOND_US + 2 if left_us < WEEK_US else 0


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """The text that was saved elsewhere."""

    title: str
    body_markdown: str
    revision: int
    saved_at_us: int


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field beside the text that holds something else in each."""

    name: str
    pieces: tuple[differences.Piece, ...]


class Conflicting(msgspec.Struct, frozen=True, kw_only=True):
    """Two texts of one post, and how they differ: `mine` is the new one."""

    mine: DraftForm
    theirs: Theirs
    text: differences.Comparison
    fields: list[FieldChange]


def state_of(post: posts.Post, newest: posts.Revision) -> State:
    """As the list names it."""
    if post.scheduled_at_us is not None:
        return "scheduled"
    if post.revision_id is None:
        return "draft"
    return "published" if post.revision_id == newest.id else "changed"


def form_of(post: posts.Post, newest: posts.Revision, zone: str) -> DraftForm:
    """The editor's fields as they are stored, with moments in a zone that was loaded."""
    project = newest.project or posts.ProjectFacts()
    return DraftForm(
        title=newest.title,
        slug=_shown_slug(post, newest),
        summary=newest.summary,
        tags=", ".join(newest.tags),
        body_markdown=newest.body,
        cover_id=newest.cover_asset_id or "",
        publish_at=_moment(post.scheduled_at_us, zone),
        unpublish_at=_moment(post.unpublish_at_us, zone),
        series=newest.series,
        series_position="" if newest.series_position is None else str(newest.series_position),
        language=newest.language,
        translation_of=newest.translation_key,
        canonical_url=newest.canonical_url,
        dated_at=_moment(newest.dated_at_us, zone),
        project_status=project.status,
        project_section=project.section,
        project_repository=project.repository,
        project_links=project_fields.links(project),
        project_pictures=project_fields.pictures(project),
        zone=zone or "UTC",
        base_revision=newest.number,
    )


def edited(post: posts.Post, newest: posts.Revision, form: DraftForm) -> Edited:
    """The post with what the form holds."""
    return Edited(
        id=post.id,
        kind=post.kind,
        url=post.path,
        state=state_of(post, newest),
        on_site=post.revision_id is not None,
        published_at_us=post.published_at_us,
        form=form,
    )


def outlook(post: posts.Post, standing: posts.history.Standing) -> Outlook:
    """The post's schedule beside its revisions."""
    return Outlook(
        newest=standing.newest,
        live=standing.live,
        scheduled=standing.scheduled,
        publish_at_us=post.scheduled_at_us,
        unpublish_at_us=post.unpublish_at_us,
        failure=post.schedule_failure,
    )


def status(
    post: posts.Post,
    newest: posts.Revision,
    zone: str,
    base: int | None = None,
    error: str = "",
    refused: dict[str, str] | None = None,
) -> Status:
    """The line below the text, its time in a zone that was loaded. With an error the base stays what the form had."""
    written = newest.number > 1
    told = [
        Refused(field=each, name=_NAMES[each], words=words) for each, words in (refused or {}).items() if each in _NAMES
    ]
    return Status(
        revision=newest.number if base is None else base,
        saved_at_us=newest.saved_at_us if written else None,
        clock=f"{zones.local(newest.saved_at_us, zone):%H:%M:%S}{'' if zone else ' UTC'}" if written else "",
        state=state_of(post, newest),
        error=error,
        refused=tuple(told),
    )


def without(form: DraftForm, field: str, stored: DraftForm) -> DraftForm:
    """The form with what is stored in a field that was refused. A part's number is that of its series."""
    kept = {field: getattr(stored, field)}
    if field == "series":
        kept["series_position"] = stored.series_position
    elif field == "series_position" and form.series.strip() != stored.series:
        kept["series_position"] = ""
    return replace(form, **kept)


def draft(form: DraftForm) -> posts.Draft:
    """What the author typed, for `posts.revisions.save`. Raises Invalid, naming the field, for what cannot be read."""
    position = form.series_position.strip()
    if position and _NUMBER.fullmatch(position) is None:
        raise Invalid("write the part of the series as a number", field="series_position")
    return posts.Draft(
        title=form.title,
        slug=form.slug,
        summary=form.summary,
        body=form.body_markdown,
        tags=tuple(tag for tag in (part.strip() for part in form.tags.split(",")) if tag),
        cover_asset_id=form.cover_id or None,
        series=form.series.strip(),
        series_position=int(position) if position and form.series.strip() else None,
        project=project_fields.facts(form),
        language=form.language.strip(),
        translation_key=form.translation_of.strip(),
        canonical_url=form.canonical_url.strip(),
        dated_at_us=moment_us(form.dated_at, "dated_at", form.zone, exact=False),
    )


def conflict(
    form: DraftForm, post: posts.Post, current: posts.Revision, named: Mapping[tuple[str, str], str]
) -> Conflicting:
    """Both texts, with the words for what a field names by id or address. Takes milliseconds for long ones: call it
    in a thread.
    """
    theirs = Theirs(
        title=current.title, body_markdown=current.body, revision=current.number, saved_at_us=current.saved_at_us
    )
    return Conflicting(
        mine=form,
        theirs=theirs,
        text=differences.compare(current.body, form.body_markdown.replace("\r\n", "\n")),
        fields=_differences(form, form_of(post, current, form.zone), named),
    )


def moment_us(text: str, field: str, zone: str, *, exact: bool = True) -> int | None:
    """`YYYY-MM-DDTHH:MM` as microseconds: by the clocks of that zone, as `zones.moment_us` has it, unless it ends in an
    offset such as `+02:00`. None for an empty field, Invalid for anything else.
    """
    if not text:
        return None
    try:
        at_us = zones.moment_us(datetime.fromisoformat(text), zone, exact=exact) if _MOMENT.match(text) else None
    except Invalid as error:
        raise Invalid(str(error), field=field) from None
    except (ValueError, OverflowError):
        at_us = None
    if at_us is None:
        raise Invalid("write the moment as 2026-11-24T18:30", field=field)
    if at_us < 0:
        raise Invalid(f"a moment before {FIRST_YEAR} cannot be published", field=field)
    return at_us


def _moment(at_us: int | None, zone: str) -> str:
    return "" if at_us is None else zones.field(at_us, zone)


def _differences(mine: DraftForm, theirs: DraftForm, named: Mapping[tuple[str, str], str]) -> list[FieldChange]:
    """Of every field that the next save would overwrite."""
    mine = replace(mine, project_pictures=project_fields.without_words(mine.project_pictures))

    def said(form: DraftForm, name: str) -> str:
        held = form.details[name]
        return named.get((name, held), held)

    return [
        FieldChange(name=words, pieces=differences.pieces(said(theirs, name), said(mine, name)))
        for name, words in MAY_STAY.items()
        if said(mine, name).split() != said(theirs, name).split()
    ]


def _shown_slug(post: posts.Post, newest: posts.Revision) -> str:
    """Empty while the slug follows the title, so that it goes on following."""
    follows = newest.slug == from_title(newest.title) or newest.slug.startswith("untitled-")
    return "" if post.published_at_us is None and follows else newest.slug
