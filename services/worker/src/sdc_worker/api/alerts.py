"""Trying out how people are told."""

from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from sdc_core.answers.jobs import MailTried
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.alerts import mail
from sdc_worker.api.signed import JSON_BYTES, message_id, require_empty


@post("/alerts/tests", status_code=200, request_max_body_size=JSON_BYTES)
async def try_mail(
    request: Request[object, object, State], database: NamedDependency[Database], settings: NamedDependency[Settings]
) -> MailTried:
    """Send a mail that tells of nothing, now."""
    await require_empty(request)
    return MailTried(error=await mail.try_out(database, settings, message_id(request)))
