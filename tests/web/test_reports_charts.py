import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.backups import Backups, ReplicaHealth, Replication
from sdc_core.answers.jobs import JobReport, Outcome, Run
from sdc_web.reports import backups, charts, jobs

NOW_US = 1_800_000_000_000_000
HOUR_US = 3600 * clock.SECOND_US
RUN = Run(
    id="r", job="drill.restore", trigger="schedule", attempt=1, due_us=0, started_us=NOW_US - HOUR_US,
    ended_us=NOW_US - HOUR_US + 5, outcome="ok", output="All tables equal.",
)  # fmt: skip
JOB = JobReport(
    name="j",
    help="",
    cron="* * * * *",
    words="Every minute",
    zone="UTC",
    paused=False,
    state="ok",
    next_us=1,
    last_run=None,
)


def ended(hours_ago: int, outcome: Outcome = "ok") -> Run:
    return Run(
        id="r", job="mirror.daily", trigger="schedule", attempt=1, due_us=0, started_us=1,
        ended_us=NOW_US - hours_ago * HOUR_US, outcome=outcome, output="",
    )  # fmt: skip


def replicated(reason: str = "", *, synced_us: int | None = NOW_US, running: bool = True) -> Replication:
    site = ReplicaHealth(name="site", status="", synced_us=synced_us, lag_us=None, ok=not reason)
    worker = ReplicaHealth(name="worker", status="", synced_us=NOW_US, lag_us=0, ok=True)
    return Replication(running=running, reason=reason, databases=(site, worker))


def verdicts(mirror: Run | None, *, remote: bool = True, replication: Replication | None = None) -> list[str]:
    report = Backups(replication=replication or replicated(), mirror=mirror, drill=RUN, remote=remote)
    return [card.verdict for card in backups.cards(report, NOW_US)]


def test_the_highest_value_is_near_the_top_and_zero_at_the_bottom() -> None:
    chart = charts.chart([0, 10, 5], ["a", "b", "c"], what="page views", step="day")
    assert chart.line == "0,120 300,4 600,62"
    assert chart.area == "0,120 0,120 300,4 600,62 600,120"
    assert chart.words == "15 page views from a to c, at most 10 a day"


def test_a_single_value_is_a_flat_line() -> None:
    assert charts.chart([3], ["a"], what="x", step="day").line == "0,4 600,4"


def test_nothing_at_all_is_a_line_at_the_bottom() -> None:
    assert charts.chart([0, 0], ["a", "b"], what="x", step="day").line == "0,120 600,120"
    assert charts.chart([], [], what="x", step="day").line == "0,120 600,120"


def test_shares_are_percentages_of_the_largest() -> None:
    assert charts.shares([50, 25, 0]) == [100, 50, 0]
    assert charts.shares([0, 0]) == [0, 0]
    assert charts.shares([]) == []


def test_a_mirror_is_in_time_for_36_hours_then_late_then_failed() -> None:
    assert [verdicts(ended(hours))[1] for hours in (36, 37, 61)] == ["ok", "warning", "failed"]


def test_a_failed_mirror_is_failed_and_one_that_never_ran_is_unknown() -> None:
    assert verdicts(ended(1, "failed"))[1] == "failed"
    assert verdicts(None)[1] == "unknown"


def test_without_a_remote_bucket_the_mirror_is_a_warning() -> None:
    assert verdicts(None, remote=False)[1] == "warning"


def test_a_database_without_a_copy_is_a_failure() -> None:
    assert verdicts(None, replication=replicated(synced_us=None))[0] == "failed"


def test_a_database_that_is_looked_at_is_in_step_and_one_that_is_not_is_behind() -> None:
    assert verdicts(None, replication=replicated())[0] == "ok"
    assert verdicts(None, replication=replicated("site: not copied for more than 60 s"))[0] == "failed"


def test_without_litestream_the_replica_is_a_failure_in_words() -> None:
    report = Backups(replication=Replication(running=False, reason="not running"), mirror=None, drill=None, remote=True)
    card = backups.cards(report, NOW_US)[0]
    assert (card.verdict, card.at_us, card.detail) == ("failed", None, "not running")


def test_a_rehearsal_is_in_time_for_33_days_then_late_then_failed() -> None:
    words = []
    for hours in (33 * 24, 33 * 24 + 2, 35 * 24):
        run = msgspec.structs.replace(ended(hours), job="drill.rehearsal")
        report = Backups(replication=replicated(), mirror=None, drill=None, remote=True, rehearsal=run)
        words.append(backups.cards(report, NOW_US)[3].verdict_words)
    assert words == ["in time", "2 hours late", "2 days late"]


def test_the_history_of_drills_is_told_from_the_oldest_to_the_newest() -> None:
    runs = [ended(1), ended(25, "failed"), ended(49)]
    report = Backups(replication=replicated(), mirror=None, drill=runs[0], remote=True, drills=runs)
    assert backups.cards(report, NOW_US)[2].history == ("ok", "failed", "ok")


@pytest.mark.parametrize("outcome", ["running", "failed", "timed_out", "skipped"])
def test_a_card_tells_the_last_success_whatever_became_of_the_newest_run(outcome: Outcome) -> None:
    newest, good = ended(1, outcome), ended(50)
    report = Backups(
        replication=replicated(), mirror=newest, drill=newest, remote=True, rehearsal=newest, monthly=newest,
        monthly_remote=True,
        good=dict.fromkeys(("mirror.daily", "mirror.monthly", "drill.restore", "drill.rehearsal"), good),
    )  # fmt: skip
    cards = backups.cards(report, NOW_US)[1:]
    assert {card.at_us for card in cards} == {good.ended_us}
    assert "ok" not in {card.verdict for card in cards}


@pytest.mark.parametrize("outcome", ["running", "skipped"])
def test_a_run_that_proved_nothing_yet_hides_no_age(outcome: Outcome) -> None:
    newest = ended(0, outcome)
    told = []
    for hours in (20, 38, 5 * 24):
        good = {"drill.restore": ended(hours)}
        report = Backups(replication=replicated(), mirror=ended(1), drill=newest, remote=True, good=good)
        card = backups.cards(report, NOW_US)[2]
        told.append((card.verdict, card.verdict_words))
    assert told == [("unknown", outcome), ("warning", "2 hours late"), ("failed", "3 days late")]


def test_what_never_succeeded_has_no_moment() -> None:
    report = Backups(replication=replicated(), mirror=None, drill=ended(1, "failed"), remote=True)
    assert [card.at_us for card in backups.cards(report, NOW_US)[1:]] == [None, None, None]


def test_months_are_told_of_where_they_are_kept() -> None:
    report = Backups(replication=replicated(), mirror=ended(1), drill=RUN, remote=True, monthly=ended(35 * 24))
    kept = msgspec.structs.replace(report, monthly_remote=True)
    assert [[card.id for card in backups.cards(each, NOW_US)][2] for each in (report, kept)] == ["drill", "monthly"]
    assert backups.cards(kept, NOW_US)[2].verdict_words == "2 days late"


def test_a_mirror_beside_the_store_is_a_warning() -> None:
    report = Backups(replication=replicated(), mirror=ended(1), drill=RUN, remote=True, elsewhere=False)
    assert [backups.cards(report, NOW_US)[1].verdict, backups.cards(report, NOW_US)[1].verdict_words] == [
        "warning",
        "beside the site",
    ]
    failed = msgspec.structs.replace(report, mirror=ended(1, "failed"))
    assert backups.cards(failed, NOW_US)[1].verdict == "failed"


def test_a_skipped_mirror_is_no_failure() -> None:
    assert verdicts(ended(1, "skipped"))[1] == "unknown"


def test_a_job_that_never_ran_waits() -> None:
    assert jobs.shown_state(JOB) == "waiting"
