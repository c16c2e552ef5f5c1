"""Several pictures of the library at once: into the trash, tried again, or what they show written in one go."""

from typing import Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from sdc_core.service_client import ServiceClient

from sdc_web import media, pages
from sdc_web.author import forms, media_views
from sdc_web.author import media as library
from sdc_web.author.media_alt import ALT
from sdc_web.author.media_views import LIBRARY
from sdc_web.db import Databases
from sdc_web.media.uses import InUse
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do to which assets, and the part of the library that they were ticked in."""

    action: Literal["trash", "again", "alt"]
    asset: tuple[str, ...] = ()
    back: str = ""


@post(f"{LIBRARY}/selection", status_code=303, right="media.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
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
    if form.action == "again":
        found = await _again(databases, worker, author, form.asset)
        return pages.redirect(asked.url(after=asked.after), "ordered" if found else "none-failed")
    try:
        done = await media.trash.put(databases.site, author.actor, list(form.asset))
    except InUse as error:
        return await library.shown(request, databases, author, asked, str(error))
    undo = ",".join(form.asset)
    if done.stay:
        return await library.shown(request, databases, author, msgspec.structs.replace(asked, undo=undo), done.words)
    return pages.redirect(asked.url(after=asked.after, undo=undo), "trashed")


async def _again(databases: Databases, worker: ServiceClient, author: SignedIn, ids: tuple[str, ...]) -> int:
    """How many of them had failed, and are being made once more."""
    found = 0
    for asset_id in dict.fromkeys(ids):
        file = await media.files.try_again(databases.site, author.actor, asset_id)
        if file is not None:
            found += 1
            await media.order(worker, file)
    return found


route_handlers = [create]
