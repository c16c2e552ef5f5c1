"""What a cron job is, and what its action is given."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.answers.jobs import Run
from sdc_core.errors import Conflict
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.analytics.hits import Hits

MAX_OUTPUT = 4_000
"""Longest output of a run, in characters; what is longer is cut."""


class ConfirmationNeeded(Conflict):
    """The action changed nothing and goes on only in a run that a person asks for, naming this one. The sentence says
    what that run would do.
    """

    permanent = True


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """What an action returns when there was nothing for it to do: why, in words."""

    words: str


class JobContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an action may use; `run` is the run it acts for."""

    settings: Settings
    database: Database
    store: ObjectStore
    web: ServiceClient
    hits: Hits
    run: Run


Action: TypeAlias = Callable[[JobContext], Awaitable[str | Skipped]]
"""Does the work and returns the run's output, some sentences or JSON; or Skipped. An SdcError it raises fails the
attempt with its sentence as output, and a permanent one the whole run. It is cancelled at the job's timeout and when
the worker stops: a repeat must be harmless."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduled definition.

    cron        five fields, read in `zone` (an IANA name) by Debian's rules for daylight saving
    timeout_s   of one attempt
    retries     attempts after the first, `backoff_s` later and twice as much each time, plus up to a quarter
    jitter_s    the start is moved by a random share of this
    overlap     when due while a run of it is under way: `skip` records that, `queue_one` waits for its turn, as one
                that was asked for always does
    catch_up    after downtime: `once` runs the latest due time that was missed, `none` records it as missed
    grace_s     how late a start may be before it counts as missed, and a result before the job counts as late
    """

    name: str
    help: str
    cron: str
    action: Action
    zone: str = "UTC"
    timeout_s: float = 60.0
    retries: int = 0
    backoff_s: float = 5.0
    jitter_s: float = 0.0
    overlap: Literal["skip", "queue_one"] = "skip"
    catch_up: Literal["none", "once"] = "none"
    grace_s: float = 60.0

    @property
    def grace_us(self) -> int:
        """The same in microseconds."""
        return int(self.grace_s * clock.SECOND_US)
