"""What needs a look, in one list: the first thing on the home page. Pure functions."""

import msgspec
from sdc_core import clock
from sdc_core.answers.jobs import JobReports

from sdc_web.endpoints import Endpoint
from sdc_web.link_checks.troubled import Troubled
from sdc_web.posts.schedule import Missed
from sdc_web.reports import jobs
from sdc_web.reports.backups import Card

WELL = frozenset({"ok", "running", "waiting", "paused", "skipped"})

DEAF_US = 3_600 * clock.SECOND_US


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing: `state` as the styles know it, its word, a sentence, and where to look."""

    state: str
    word: str
    text: str
    url: str
    at_us: int | None = None


def missed(texts: list[Missed]) -> list[Matter]:
    """Texts that did not go out when they should have; of those that are not among them, how many."""
    told = [
        Matter(
            state="failed",
            word="not published",
            text=f"{each.title or 'Untitled'}: {each.failure}",
            url=f"/author/posts/{each.id}",
        )
        for each in texts
    ]
    more = texts[0].together - len(texts) if texts else 0
    if more:
        words = f"{more:,} more {'text' if more == 1 else 'texts'} that did not go out"
        told.append(Matter(state="failed", word="not published", text=words, url="/author/posts"))
    return told


def failing(report: JobReports) -> list[Matter]:
    """Jobs that are late or failed."""
    return [
        Matter(
            state=state,
            word=state.replace("_", " "),
            text=job.help,
            url=f"/author/jobs/{job.name}",
            at_us=job.last_run.ended_us if job.last_run else None,
        )
        for job in report.jobs
        if (state := jobs.shown_state(job)) not in WELL
    ]


def deaf(endpoints: list[Endpoint], now_us: int) -> list[Matter]:
    """Endpoints that nothing is sent to any more, and those that have not answered for an hour."""
    return [
        Matter(
            state="failed" if each.state == "disabled" else "warning",
            word="disabled" if each.state == "disabled" else "no webhooks",
            text=f"{each.name}: {each.reason}",
            url=f"/author/site/endpoints/{each.id}",
            at_us=each.failing_since_us,
        )
        for each in endpoints
        if each.state == "disabled"
        or (each.state == "on" and each.failing_since_us is not None and now_us - each.failing_since_us > DEAF_US)
    ]


def dead(links: list[Troubled]) -> list[Matter]:
    """Links that lead nowhere, all of them in one line."""
    count = sum(each.state == "dead" for each in links)
    texts = len({text.id for each in links if each.state == "dead" for text in each.texts})
    if not count:
        return []
    words = f"{count:,} {'link leads' if count == 1 else 'links lead'} nowhere"
    where = "in one text" if texts == 1 else f"in {texts:,} texts"
    return [Matter(state="warning", word="dead links", text=f"{words}, {where}", url="/author/links")]


def mentioned(waiting: int) -> list[Matter]:
    """What other sites told, and its author has yet to accept or to refuse."""
    if not waiting:
        return []
    words = f"{waiting:,} {'webmention waits' if waiting == 1 else 'webmentions wait'} for you"
    return [Matter(state="waiting", word="said elsewhere", text=words, url="/author/webmentions")]


def unsafe(cards: list[Card]) -> list[Matter]:
    """Copies that are not as they should be."""
    return [
        Matter(state=card.verdict, word=card.verdict_words, text=f"{card.title}: {card.detail}", url="/author/backups")
        for card in cards
        if card.verdict in ("warning", "failed")
    ]
