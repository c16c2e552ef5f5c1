"""Several pictures of the library at once: into the trash, tried again, made anew, or described in one go."""

from typing import Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import media, pages
from sdc_web.author import forms, media_views
from sdc_web.author import media as library
from sdc_web.author.media_alt import ALT
from sdc_web.author.media_views import LIBRARY
from sdc_web.db import Databases
from sdc_web.media.uses import InUse
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

SAID = {"again": ("ordered", "none-failed"), "anew": ("anew", "none-ended")}
"""When some are made once more, and when there was none."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do to which assets, and the part of the library that they were ticked in."""

    action: Literal["trash", "again", "anew", "alt"]
    asset: tuple[str, ...] = ()
    back: str = ""


@post(f"{LIBRARY}/selection", status_code=303, right="media.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Do it, and lead back to where they were ticked. What cannot be done to some is told there; the rest is done."""
    form = await forms.read(request, Selection, "asset")
    asked = media_views.asked_before(form.back)
    if not form.asset:
        return pages.redirect(asked.url(after=asked.after), "none-ticked")
    if form.action == "alt":
        return pages.redirect(f"{ALT}?{urlencode([('asset', each) for each in form.asset])}")
    try:
        if form.action != "trash":
            ordered = 0
            for each in dict.fromkeys(form.asset):
                if file := await _made_again(databases, settings, store, author, form.action, each):
                    await media.order(worker, file)
                    ordered += 1
            said = SAID[form.action][0 if ordered else 1]
            return pages.redirect(asked.url(after=asked.after), said)
        done = await media.trash.put(databases.site, author.actor, list(form.asset))
    except (InUse, Unavailable) as error:
        return await library.shown(request, databases, author, asked, str(error))
    undo = ",".join(form.asset)
    if done.stay:
        return await library.shown(request, databases, author, msgspec.structs.replace(asked, undo=undo), done.words)
    return pages.redirect(asked.url(after=asked.after, undo=undo), "trashed")


async def _made_again(
    databases: Databases,
    settings: Settings,
    store: ObjectStore,
    author: SignedIn,
    action: Literal["again", "anew"],
    asset_id: str,
) -> media.File | None:
    """The file to order, where there is one."""
    if action == "again":
        return await media.files.try_again(databases.site, author.actor, asset_id)
    return await media.files.make_anew(databases.site, author.actor, store, settings.S3_MEDIA_BUCKET, asset_id)


route_handlers = [create]
