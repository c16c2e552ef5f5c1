"""The loop that starts what is due, once for each due time, whatever happens to the process in between."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec
from sdc_core import clock
from sdc_core.answers.jobs import Outcome, Run, Trigger
from sdc_core.errors import Conflict, NotFound, Unavailable
from sdc_core.sqlite import Connection, Database

from sdc_worker.alerts.pings import Pings
from sdc_worker.cron import due, ending, store
from sdc_worker.cron.execution import execute, goes_on
from sdc_worker.cron.jobs import Job, JobContext
from sdc_worker.webhooks import seen

LONGEST_SLEEP_S = 20.0
"""A clock that is set, or a machine that slept, is noticed after this."""

MOST_WAITING = 16
KEPT_US = 60 * clock.DAY_US
KEPT_RUNS = 2_000
LEAST_KEPT = 20
"""Of a job that runs once a month as well."""
ABANDONED = "the worker ended while this was under way"

log = logging.getLogger(__name__)


class Scheduler:
    """Starts runs and keeps one lock for each job, so that two runs of a job are never under way together."""

    __slots__ = ("_accepted", "_context", "_database", "_given_up", "_locks", "_open", "_pings", "_wanted", "jobs")

    def __init__(
        self,
        database: Database,
        jobs: Sequence[Job],
        context: Callable[[Run], JobContext],
        pings: Pings | None = None,
    ) -> None:
        for job in jobs:
            due.check(job)
        self.jobs = {job.name: job for job in jobs}
        self._database = database
        self._context = context
        self._pings = pings or Pings()
        self._locks = {job.name: asyncio.Lock() for job in jobs}
        self._given_up = {job.name: asyncio.Event() for job in jobs}
        self._open: Counter[str] = Counter()
        self._accepted: dict[str, str] = {}
        self._wanted: asyncio.Queue[Run] = asyncio.Queue(MOST_WAITING)

    async def run(self) -> None:
        """The loop: for ever. First the runs of a process, or of a loop, that died are taken up or marked, in words."""
        cut_off = await self._take_up()
        async with asyncio.TaskGroup() as group:
            for run in cut_off:
                self._start(group, run)
            while True:
                async for run in self.due_runs():
                    self._start(group, run)
                try:
                    async with asyncio.timeout(self._pause_s()):
                        self._start(group, await self._wanted.get())
                except TimeoutError:
                    continue

    async def run_now(self, name: str, message_id: str, *, confirms: str | None = None) -> Run:
        """Have a job run now, or right after the run that is under way: whoever asks wants what that one began too
        early to see, and it makes no further attempts. The same message again is answered with the same run. `confirms`
        is the id of the job's newest run, which stopped to ask: this one goes on. Raises NotFound, Conflict when that
        run is not the newest or asked nothing, and Unavailable when too many wait.
        """
        job = self.job(name)
        async with self._database.transaction() as connection:
            if (known := await store.run_of_message(connection, message_id)) is not None:
                return known
            if self._wanted.full():
                message = "too many runs wait already"
                raise Unavailable(message)
            if confirms is not None:
                await _require_asking(connection, name, confirms)
            run = msgspec.structs.replace(self._new_run(job, "manual", clock.now_us()), confirms=confirms)
            await store.insert_run(connection, run, message_id=message_id)
        if run.outcome == "running":
            # No await since the commit: whoever is next to decide finds this run counted.
            self._open[name] += 1
            self._accepted[run.id] = name
            self._wanted.put_nowait(run)
            self._given_up[name].set()
        return run

    def job(self, name: str) -> Job:
        """The job of that name. Raises NotFound."""
        if name not in self.jobs:
            message = f"there is no job {name}"
            raise NotFound(message)
        return self.jobs[name]

    async def pause(self, name: str, message_id: str, *, paused: bool) -> None:
        """Have the due times of a job pass without a run, or no longer; what passed is not made up for. A run that is
        under way makes no further attempts, and one that is asked for still runs. The same message again changes
        nothing: its opposite may have come since. Raises NotFound.
        """
        job = self.job(name)
        async with self._database.transaction() as connection:
            if not await seen.first(connection, message_id):
                return
            await store.pause(connection, job.name, paused=paused, now_us=clock.now_us())
        if paused:
            self._given_up[name].set()

    async def due_runs(self) -> AsyncGenerator[Run]:
        """Deal with every due time up to now: each is recorded as a run, as missed or as skipped, in one transaction
        with the memory of it. Gives each run to start right after its own commit; a job whose rows cannot be written
        now is left for the next time, and holds no other up.
        """
        now_us = clock.now_us()
        for job in self.jobs.values():
            try:
                run = await self._due_run(job, now_us)
            except store.FAULTS as error:
                log.warning("a due time cannot be recorded yet", extra={"job": job.name, "error": str(error)})
                continue
            if run is not None:
                self._open[job.name] += 1
                yield run

    async def _due_run(self, job: Job, now_us: int) -> Run | None:
        async with self._database.read() as connection:
            state = (await store.states(connection)).get(job.name)
        latest_us = due.latest_us(job, now_us)
        ahead_us = now_us + job.grace_us
        if state is not None and state.considered_us > ahead_us:
            log.warning("the clock was ahead: a job begins anew", extra={"job": job.name, "at_us": state.considered_us})
            state = None
        if state is not None and latest_us <= state.considered_us:
            return None
        run = None
        async with self._database.transaction() as connection:
            if state is not None and not state.paused:
                run = await self._consider(connection, job, state.considered_us, latest_us, now_us)
            # A job that is new here has missed nothing.
            anew = state is None
            await store.consider(connection, job.name, at_us=now_us if anew else latest_us, anew=anew)
            await store.trim_runs(
                connection, job.name, before_us=now_us - KEPT_US, after_us=ahead_us, keep=KEPT_RUNS, least=LEAST_KEPT
            )
        return run

    async def _take_up(self) -> list[Run]:
        """Every row that says it is under way is of the past, but for the manual runs that wait in this process. Gives
        those that go on with another attempt.
        """
        going_on = []
        async with self._database.transaction() as connection:
            states = await store.states(connection)
            for run in await store.running(connection):
                if run.id in self._accepted:
                    continue
                job, state = self.jobs.get(run.job), states.get(run.job)
                if job is None or (state is not None and state.paused) or not goes_on(job, run):
                    await ending.end(connection, run.id, outcome="failed", output=ABANDONED)
                    continue
                begun = run.started_us is not None
                going_on.append(msgspec.structs.replace(run, attempt=run.attempt + 1) if begun else run)
            self._open = Counter([*self._accepted.values(), *(run.job for run in going_on)])
        for name in [name for name, many in self._open.items() if many > 1]:
            # Whoever was asked for waits for no pause of the one before it.
            self._given_up[name].set()
        return going_on

    async def _consider(
        self, connection: Connection, job: Job, considered_us: int, latest_us: int, now_us: int
    ) -> Run | None:
        late = now_us - latest_us > job.grace_us
        caught_up = late and job.catch_up == "once"
        missed_us = latest_us if late else due.latest_us(job, latest_us - clock.SECOND_US)
        if job.catch_up == "none" and missed_us > considered_us:
            words = f"nothing ran between {_words(considered_us)} and {_words(now_us)}; this row stands for all of it"
            await store.insert_run(connection, _ended(job, missed_us, "missed", words))
        if late and not caught_up:
            return None
        run = self._new_run(job, "catch_up" if caught_up else "schedule", latest_us)
        inserted = await store.insert_run(connection, run)
        return run if inserted and run.outcome == "running" else None

    def _new_run(self, job: Job, trigger: Trigger, due_us: int) -> Run:
        """A run to be recorded: one to start or, when the job is under way already, to skip."""
        waits = trigger == "manual" or job.overlap == "queue_one"
        if self._open[job.name] >= (2 if waits else 1):
            return _ended(job, due_us, "skipped", "the run before it was still under way", trigger)
        return _new(job, trigger, due_us)

    def _start(self, group: asyncio.TaskGroup, run: Run) -> None:
        self._accepted.pop(run.id, None)
        group.create_task(self._run_alone(self.jobs[run.job], run), name=f"run {run.job}")

    async def _run_alone(self, job: Job, run: Run) -> None:
        try:
            async with self._locks[job.name]:
                self._pings.tell(job.name, "start")
                if self._open[job.name] == 1:
                    self._given_up[job.name].clear()
                outcome = await execute(job, run, self._database, self._context, self._given_up[job.name])
                self._pings.tell(job.name, "success" if outcome in ("ok", "skipped") else "fail")
        finally:
            self._open[job.name] -= 1

    def _pause_s(self) -> float:
        now_us = clock.now_us()
        first_us = min((due.next_us(job, now_us) for job in self.jobs.values()), default=now_us + clock.DAY_US)
        return min((first_us - now_us) / clock.SECOND_US, LONGEST_SLEEP_S)


async def _require_asking(connection: Connection, job: str, run_id: str) -> None:
    newest = await store.last_run(connection, job)
    if newest is None or newest.id != run_id or not newest.confirmable:
        message = f"run {run_id} is not the newest of {job}, or it asked for nothing: look at the newest run"
        raise Conflict(message)


def _new(job: Job, trigger: Trigger, due_us: int) -> Run:
    return Run(
        id=f"run_{clock.new_id()}",
        job=job.name,
        trigger=trigger,
        attempt=1,
        due_us=due_us,
        started_us=None,
        ended_us=None,
        outcome="running",
        output="",
    )


def _ended(job: Job, due_us: int, outcome: Outcome, output: str, trigger: Trigger = "schedule") -> Run:
    return Run(
        id=f"run_{clock.new_id()}",
        job=job.name,
        trigger=trigger,
        attempt=1,
        due_us=due_us,
        started_us=None,
        ended_us=clock.now_us(),
        outcome=outcome,
        output=output,
    )


def _words(at_us: int) -> str:
    return f"{clock.to_datetime(at_us):%Y-%m-%d %H:%M} UTC"
