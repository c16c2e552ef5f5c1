"""Trying out how people are told."""

from litestar import post
from litestar.di import NamedDependency
from sdc_core.answers.jobs import MailTried
from sdc_core.settings import Settings

from sdc_worker.alerts import mail
from sdc_worker.api.signed import JSON_BYTES


@post("/alerts/tests", status_code=200, request_max_body_size=JSON_BYTES)
async def try_mail(settings: NamedDependency[Settings]) -> MailTried:
    """Send a mail that tells of nothing, now."""
    return MailTried(error=await mail.try_out(settings))
