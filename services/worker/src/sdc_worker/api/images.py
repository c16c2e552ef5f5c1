"""Uploads that want their variants, in."""

from typing import Literal

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from sdc_core import messages
from sdc_core.errors import Invalid
from sdc_core.messages import MediaUploaded

from sdc_worker.api.signed import JSON_BYTES
from sdc_worker.images import work
from sdc_worker.images.work import Workshop


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    asset_id: str
    state: Literal["queued"] = "queued"


@post("/images", status_code=202, request_max_body_size=JSON_BYTES)
async def enqueue(request: Request[object, object, State], workshop: NamedDependency[Workshop]) -> Queued:
    """Make an upload wait for its variants; twice is once."""
    message = messages.decode(await request.body())
    if not isinstance(message, MediaUploaded):
        text = "send a media.uploaded message"
        raise Invalid(text)
    await work.order(workshop, message.data)
    return Queued(asset_id=message.data.asset_id)
