"""Uploads that want their variants, in; how far all pictures are, out."""

from typing import Literal

import msgspec
from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from sdc_core import messages
from sdc_core.answers.images import Progress
from sdc_core.errors import Invalid
from sdc_core.messages import MediaUploaded
from sdc_core.sqlite import Database

from sdc_worker.api.signed import JSON_BYTES, message_id, read_json
from sdc_worker.images import jobs, work
from sdc_worker.images.work import Workshop


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    asset_id: str
    state: Literal["queued"] = "queued"


class WantedAim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What pictures are to reach, one of `variants.AIMS`."""

    aim: int


@get("/images")
async def show(database: NamedDependency[Database]) -> Progress:
    """How far all pictures are."""
    return await jobs.progress(database)


@post("/images", status_code=202, request_max_body_size=JSON_BYTES)
async def enqueue(request: Request[object, object, State], workshop: NamedDependency[Workshop]) -> Queued:
    """Make an upload wait for its variants; twice is once."""
    message = messages.decode(await request.body())
    if not isinstance(message, MediaUploaded):
        text = "send a media.uploaded message"
        raise Invalid(text)
    await work.order(workshop, message.data)
    return Queued(asset_id=message.data.asset_id)


@put("/images/aim", request_max_body_size=JSON_BYTES)
async def aim(request: Request[object, object, State], workshop: NamedDependency[Workshop]) -> Progress:
    """Have all pictures made anew for another aim, behind whatever is uploaded; twice is once."""
    wanted = await read_json(request, WantedAim)
    await jobs.set_aim(workshop.database, wanted.aim, message_id(request))
    workshop.ordered.set()
    return await jobs.progress(workshop.database)
