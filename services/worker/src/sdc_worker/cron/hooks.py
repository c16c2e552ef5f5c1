"""Jobs that web does: the worker keeps the time and says when."""

from collections.abc import Callable
from typing import TypeAlias

from sdc_core import messages
from sdc_core.messages import CronTick, Message

from sdc_worker.cron.jobs import JobContext
from sdc_worker.webhooks.deliveries import call

Tick: TypeAlias = Callable[[CronTick], Message]


async def publish_due(context: JobContext) -> str:
    """Scheduled posts whose time has come."""
    return await _call(context, lambda tick: messages.PublishDue(data=tick))


async def expire(context: JobContext) -> str:
    """Rows of web's `ttl.db` whose time is over."""
    return await _call(context, lambda tick: messages.Expire(data=tick))


async def retire_logs(context: JobContext) -> str:
    """Access log files past retention."""
    return await _call(context, lambda tick: messages.RetireLogs(data=tick))


async def check_links(context: JobContext) -> str:
    """Links of published texts: where they lead."""
    return await _call(context, lambda tick: messages.CheckLinks(data=tick))


async def _call(context: JobContext, message: Tick) -> str:
    """Every attempt carries the run's id, so web does the work of a run once. The output is web's answer."""
    run = context.run
    tick = CronTick(job=run.job, run_id=run.id, due_us=run.due_us)
    attempt = await call(context.web, context.database, message(tick), run.id)
    attempt.raise_unless_ok("web")
    return attempt.body.decode(errors="replace")
