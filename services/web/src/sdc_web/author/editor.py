"""The editor page, and saving what its form sends: shared by every address that the form can go to."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from litestar import Response
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import edge, media, pages, posts, zones
from sdc_web.author import forms, project_fields, tag_choices, views
from sdc_web.author.pictures import choice
from sdc_web.author.views import DraftForm
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.texts import language_names

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a form: the longest text, percent-encoded."""
COVERS = 100
_FIELDS = {
    "cover_asset_id": "cover_id", "body": "body_markdown", "translation_key": "translation_of",
    "dated_at_us": "dated_at",
}  # fmt: skip
"""Fields of a draft that the form calls otherwise; those of a project have a point where the form has a line."""


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """A picture to choose as cover."""

    id: str
    words: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A post and its newest revision, in one unchanging picture of the database."""

    post: posts.Post
    newest: posts.Revision
    standing: posts.history.Standing


async def open_post(databases: Databases, author: SignedIn, post_id: str) -> Opened:
    """Raises Forbidden for another author's, NotFound."""
    async with databases.site.read() as connection:
        post = await posts.find(connection, author.actor, post_id)
        newest = await posts.revisions.newest(connection, author.actor, post_id)
        return Opened(post=post, newest=newest, standing=await posts.history.standing(connection, post_id))


async def read_as_it_is(request: AnyRequest) -> DraftForm:
    """The form, with the time zone of its moments at hand, and one more picture among the others. Raises Invalid."""
    form = await forms.read(request, DraftForm)
    if not await zones.load(form.zone):
        raise Invalid("there is no such time zone", field="zone")
    if not form.add_picture:
        return form
    # At once: whatever page answers sends the list again, and not what was chosen beside it.
    listed = f"{form.project_pictures}\n{form.add_picture}".strip()
    return msgspec.structs.replace(form, project_pictures=listed, add_picture="")


async def read(request: AnyRequest, databases: Databases, author: SignedIn) -> DraftForm:
    """The same, to be saved: whose button was pressed before the page had come whole keeps, in the fields that were
    still on their way, what is stored.
    """
    form = await read_as_it_is(request)
    sent = (await request.body()).decode("latin-1")
    if form.zone or form.base_revision is None or not forms.sender(sent).author_id:
        return form
    opened = await open_post(databases, author, request.path_params["post_id"])
    came = forms.pairs(sent)
    stored = views.form_of(opened.post, opened.newest, author.time_zone)
    return msgspec.structs.replace(stored, **{name: getattr(form, name) for name in came})


async def save(databases: Databases, settings: Settings, post_id: str, form: DraftForm, author: SignedIn) -> DraftForm:
    """Save the form's text, and return the form as it goes on from there: what is refused later is sent again on that
    base. Raises Stale, Invalid and NotFound as `posts.revisions.save`, with the form's field names.

    A form without `base_revision` holds no text, and one that holds what is saved already, whoever saved it, changes
    nothing.
    """
    if form.base_revision is None:
        return form
    opened = await open_post(databases, author, post_id)
    stored = views.draft(views.form_of(opened.post, opened.newest, form.zone))
    try:
        draft = await _draft(databases, settings, author.actor, opened, form)
        # An empty slug means the one that there is.
        same = draft == (stored if form.slug else msgspec.structs.replace(stored, slug=""))
        if same:
            return msgspec.structs.replace(form, base_revision=opened.newest.number)
        sent = posts.Sent(tab=form.tab, number=form.save_no)
        saved = await posts.revisions.save(databases.site, author.actor, post_id, draft, form.base_revision, sent=sent)
        return msgspec.structs.replace(form, base_revision=saved.number)
    except Invalid as error:
        raise Invalid(str(error), field=_FIELDS.get(error.field, error.field.replace(".", "_"))) from None


async def save_what_fits(
    databases: Databases, settings: Settings, post_id: str, form: DraftForm, author: SignedIn
) -> dict[str, str]:
    """Save the form's text; a field that is refused keeps what is stored, so that it never keeps hours of typing from
    being saved. Returns what is wrong by the names of those fields. Raises Invalid for what cannot be saved without,
    such as the text itself, Stale and NotFound as `save`.
    """

    async def attempt(fitting: DraftForm) -> None:
        await save(databases, settings, post_id, fitting, author)

    return await _fitting(databases, post_id, form, author, attempt)


async def set_aside(
    databases: Databases, settings: Settings, post_id: str, form: DraftForm, author: SignedIn
) -> dict[str, str]:
    """Keep the form's text in the history while the newest stays as it is; otherwise as `save_what_fits`."""

    async def attempt(fitting: DraftForm) -> None:
        opened = await open_post(databases, author, post_id)
        draft = await _draft(databases, settings, author.actor, opened, fitting)
        await posts.history.set_aside(databases.site, author.actor, post_id, draft, form.base_revision)

    return await _fitting(databases, post_id, form, author, attempt)


async def _fitting(
    databases: Databases,
    post_id: str,
    form: DraftForm,
    author: SignedIn,
    attempt: Callable[[DraftForm], Awaitable[None]],
) -> dict[str, str]:
    """What is wrong with the fields that had to be left out before the attempt succeeded."""
    refused: dict[str, str] = {}
    while True:
        try:
            await attempt(form)
        except Invalid as error:
            field = _FIELDS.get(error.field, error.field.replace(".", "_"))
            # One that is refused again is at fault as it is stored.
            if field not in views.MAY_STAY or field in refused:
                raise
            refused[field] = str(error)
            opened = await open_post(databases, author, post_id)
            form = views.without(form, field, views.form_of(opened.post, opened.newest, form.zone))
        else:
            return refused


async def _draft(databases: Databases, settings: Settings, by: Actor, opened: Opened, form: DraftForm) -> posts.Draft:
    """What the form holds. Raises Invalid."""
    typed = posts.canonical.without_own(views.draft(form), settings.site_url + opened.post.path)
    return await _resolved(databases, by, typed, opened.newest.translation_key)


async def _resolved(databases: Databases, by: Actor, draft: posts.Draft, stored_key: str) -> posts.Draft:
    """With the key of the text that the author names by its address; the key that is stored may stand there as well."""
    if draft.translation_key in ("", stored_key):
        return draft
    async with databases.site.read() as connection:
        key = await posts.languages.key_at(connection, by, draft.translation_key, stored_key)
    return msgspec.structs.replace(draft, translation_key=key)


async def both(
    databases: Databases, author: SignedIn, form: DraftForm, post: posts.Post, current: posts.Revision
) -> views.Conflicting:
    """What the form holds beside what was saved elsewhere."""
    covers = {each for each in (form.cover_id, current.cover_asset_id) if each}
    named: dict[tuple[str, str], str] = {}
    async with databases.site.read() as connection:
        pictures = await media.by_ids(connection, covers)
        for each in {form.translation_of, current.translation_key} - {""}:
            # What was typed may name nothing: then it speaks for itself.
            with suppress(Invalid):
                typed = each != current.translation_key
                key = await posts.languages.key_at(connection, author.actor, each, "") if typed else each
                group = await posts.languages.saved(connection, author.actor, post.id, key)
                named["translation_of", each] = group[0].url if group else each
    words = {id_: asset.alt or asset.file_name for id_, asset in pictures.items()}
    for id_, said in words.items():
        # Two pictures may be called alike.
        named["cover_id", id_] = said if list(words.values()).count(said) == 1 else f"{said} ({id_})"
    return await asyncio.to_thread(views.conflict, form, post, current, named)


async def show(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    opened: Opened,
    form: DraftForm | None = None,
    *,
    error: Invalid | None = None,
    refused: dict[str, str] | None = None,
    stale: posts.Stale | None = None,
) -> Response[str]:
    """The editor: as stored, or with what was sent and could not be taken, and why; `refused` are fields that could not
    be saved with the rest. Nothing typed is ever dropped.
    """
    stored = views.form_of(opened.post, opened.newest, author.time_zone)
    shown = form if form is not None and form.base_revision is not None else stored
    # With a conflict the editor opens what was saved elsewhere; what was sent stands beside it.
    opens = stored if stale else shown
    async with databases.site.read() as connection:
        cover = await media.find(connection, opens.cover_id) if opens.cover_id else None
        newest = await media.newest(connection, author.actor, limit=COVERS, pictures=True)
        # An older one stays to be chosen: without script a form that lacks it would take it away.
        offered = newest if cover is None or cover in newest else [cover, *newest]
        covers = [Cover(id=each.id, words=each.alt or each.file_name) for each in offered]
        known_tags = await tag_choices.most_used(connection, author.actor)
        known_series = [each.title for each in await posts.series.everything(connection)]
        known_sections = await posts.projects.sections(connection) if opened.post.kind == "project" else []
        translations = await posts.languages.saved(connection, author.actor, opened.post.id, opens.translation_of)
        pictures = await media.by_ids(connection, set(project_fields.named(opens.project_pictures)))
        noindex = await posts.indexing.is_hidden(connection, opened.post.id)
    conflict = await both(databases, author, shown, opened.post, stale.current) if stale else None
    words = project_fields.with_words(opens.project_pictures, pictures)
    # The author names the other text by its address; what is stored is a key.
    named = translations[0].url if translations and opens.translation_of else opens.translation_of
    form_shown = msgspec.structs.replace(opens, project_pictures=words, translation_of=named)
    base = None if stale or error is None else shown.base_revision
    page = await pages.page(
        request,
        databases,
        "author/posts/edit.html",
        author=author,
        status_code=412 if stale else 422 if error or refused else 200,
        post=views.edited(opened.post, opened.newest, form_shown),
        noindex=noindex,
        outlook=views.outlook(opened.post, opened.standing),
        errors={error.field or "form": str(error)} if error else refused or {},
        status=views.status(opened.post, opened.newest, author.time_zone, base, str(error) if error else "", refused),
        conflict=conflict,
        covers=covers,
        cover=choice(cover) if cover else None,
        limit_bytes=media.upload.MAX_BYTES,
        known_tags=known_tags,
        known_series=known_series,
        known_sections=known_sections,
        translations=translations,
        languages=language_names.NAMES,
        statuses=posts.projects.STATUSES,
    )
    page.headers["content-security-policy"] = edge.FRAMING
    return page
