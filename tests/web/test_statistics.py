"""The pages of the statistics with a real worker: what is shown, kept, exported and sent as it changes."""

import asyncio
import csv
import html
import io
import re

import httpx
import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.settings import Settings
from sdc_web import posts
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.dashboard import live
from sdc_web.db import Databases
from sdc_web.posts import Draft
from sdc_web.sessions import signed_in as sessions
from sdc_worker import app as worker_app
from sdc_worker.ingest.streams import Intake

from log_lines import CHROME, FEEDLY, FIREFOX, GPTBOT, day_start, fill, page_view
from signing_in import BROWSER, HTMX, OWNER, bring, come_in, seen, send

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
async def signed_in(worker: worker_app.Parts, client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author, on a site with some requests today."""
    await fill(worker.database, {clock.today(): lines()}, slot="7")
    await come_in(client, databases)
    return client


def lines() -> list[Line]:
    """A person who read two pages, one who read one, a feed reader, a crawler, and what is not found."""
    now_us = clock.now_us()
    return [
        page_view(now_us - 3_000_000, "1" * 16, "/posts/fog", "news.ycombinator.com"),
        page_view(now_us - 2_000_000, "1" * 16, "/posts/tea"),
        Line(ts=now_us, visitor="2" * 16, path=f"/{HOSTILE}", status=200, type="text/html", ua=CHROME, country="CH"),
        Line(ts=now_us, visitor="3" * 16, path="/feed.xml", status=200, type="application/atom+xml", ua=FEEDLY),
        Line(ts=now_us, visitor="4" * 16, path="/posts/fog", status=200, type="text/html", ua=GPTBOT),
        Line(ts=now_us, visitor="5" * 16, path="/2019/fog.html", status=404, type="text/html", ua=FIREFOX),
    ]


async def page(client: httpx.AsyncClient, query: str = "", **headers: str) -> str:
    answer = await client.get(f"/author/statistics?period=today&{query}", headers=headers or BROWSER)
    assert answer.status_code == 200
    return answer.text


async def test_a_visit_is_in_the_statistics_after_a_moment(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_worker.analytics.hits.RENEW_S", 0.05)
    await page(signed_in, "part=sources")
    await signed_in.get("/posts", headers={"User-Agent": FIREFOX, "Referer": "https://a-friend.example/"})
    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(worker.hits.renewing())
        shown = await seen(signed_in, "a-friend.example", "/author/statistics?part=sources")
        renewing.cancel()
    assert "Hacker News" in shown


async def test_lines_that_are_none_are_told_of_where_they_would_count(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    before = await page(signed_in)
    body = b"{}\n" + access_log.encode(lines()[0]) + b"<script>\n"
    await Intake(worker.database).append(slot="0", day=clock.today(), at=0, body=body)
    shown = await page(signed_in)
    yesterday = (await signed_in.get("/author/statistics?period=yesterday", headers=BROWSER)).text
    words = "2 lines of the access log of this period could not be read, and are counted nowhere"
    assert (words in before, words in shown, words in yesterday) == (False, True, False)
    assert f"begins at byte {len(body) - 9} of what log slot 0 wrote on {clock.today()}: JSON is malformed" in shown


async def test_whose_days_these_are_is_said_to_who_lives_by_others(signed_in: httpx.AsyncClient) -> None:
    by_utc = await page(signed_in)
    await send(signed_in, "/author/account/time-zone", {"time_zone": "Asia/Tokyo"}, "PUT")
    by_tokyo, part = await page(signed_in), await page(signed_in, **HTMX)
    words = "Days and hours here are those of UTC."
    assert (words in by_utc, words in by_tokyo, words in part) == (False, True, True)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("overview", ["/posts/fog", "Hacker News", "Switzerland", "desktop"]),
        ("pages", ["First pages of a visit", "/posts/tea", "Downloads"]),
        ("sources", ["news.ycombinator.com", "social", "Direct"]),
        ("readers", ["Firefox", "Chrome", "Windows"]),
        ("machines", ["/feed.xml", "feedly", "gptbot", "ai"]),
        ("server", ["/2019/fog.html", "404", "99 % within"]),
    ],
)
async def test_each_part_tells_what_it_is_named_after(
    signed_in: httpx.AsyncClient, part: str, words: list[str]
) -> None:
    shown = await page(signed_in, f"part={part}")
    assert [each for each in words if each not in shown] == []


async def test_what_the_log_holds_is_escaped_wherever_it_is_shown(signed_in: httpx.AsyncClient) -> None:
    for part in ("overview", "pages", "server"):
        shown = await page(signed_in, f"part={part}")
        assert HOSTILE not in shown
        assert "<script>alert" not in shown
        assert html.escape(f"/{HOSTILE}").replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in shown


async def test_a_row_leads_to_the_same_page_with_a_filter_that_can_be_taken_back(signed_in: httpx.AsyncClient) -> None:
    shown = await page(signed_in)
    (address,) = re.findall(r'class="key-filter" href="([^"]+source=Hacker[^"]+)"', shown)
    filtered = await signed_in.get(html.unescape(address), headers=BROWSER)
    assert "Switzerland" not in filtered.text
    assert "/posts/tea" in filtered.text
    (back,) = re.findall(r'class="remove" href="([^"]+)"', filtered.text)
    assert html.unescape(back) == "/author/statistics?period=today"


async def test_a_filter_that_the_form_adds_becomes_an_address_like_every_other(signed_in: httpx.AsyncClient) -> None:
    sent = "/author/statistics?period=today&country=CH&add=browser&how=not&value=Firefox"
    page, part = [await signed_in.get(sent, headers=headers) for headers in (BROWSER, HTMX)]
    address = "/author/statistics?period=today&country=CH&not-browser=Firefox"
    assert (page.status_code, page.headers["location"]) == (303, address)
    assert (part.status_code, part.headers["hx-push-url"]) == (200, address)


async def test_what_is_not_found_leads_to_a_redirect_with_the_address_filled_in(signed_in: httpx.AsyncClient) -> None:
    (address,) = re.findall(r'href="(/author/redirects\?path=[^"]+)"', await page(signed_in, "part=server"))
    form = await signed_in.get(html.unescape(address), headers=BROWSER)
    assert 'value="/2019/fog.html"' in form.text


async def test_htmx_gets_what_changes_and_a_browser_the_page(signed_in: httpx.AsyncClient) -> None:
    part = await page(signed_in, "part=server", **HTMX)
    restored = await page(signed_in, **{**HTMX, "HX-Request-Type": "full"})
    assert part.lstrip().startswith('<div class="statistics" id="statistics-all"')
    assert restored.startswith("<!doctype html>")


async def test_today_is_shown_by_the_hour_and_compared_with_yesterday(signed_in: httpx.AsyncClient) -> None:
    shown = await page(signed_in)
    assert 'aria-labelledby="course-title course-words"' in shown
    assert "visitors from 00:00 to 23:00" in shown
    assert "Compared with the days before" in shown


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
@pytest.mark.parametrize("by", ["page", "day"])
async def test_every_table_is_a_file_too(signed_in: httpx.AsyncClient, kind: str, by: str) -> None:
    answer = await signed_in.get(f"/author/statistics/export?period=today&by={by}&format={kind}", headers=BROWSER)
    assert answer.status_code == 200
    assert f'filename="statistics-{by}-{clock.today()}-{clock.today()}.{kind}"' in answer.headers["content-disposition"]
    assert "no-store" in answer.headers["cache-control"]
    if kind == "csv" and by == "page":
        keys = [row["key"] for row in csv.DictReader(io.StringIO(answer.text))]
        assert sorted(keys) == sorted(["/posts/fog", "/posts/tea", f"/{HOSTILE}"])


@pytest.mark.parametrize("query", ["by=nothing", "by=page&format=exe", "from=2026-02-30"])
async def test_a_file_that_there_is_not_is_the_senders_fault(signed_in: httpx.AsyncClient, query: str) -> None:
    assert (await signed_in.get(f"/author/statistics/export?{query}", headers=BROWSER)).status_code == 422


async def test_all_rows_of_a_table_have_a_page(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.get("/author/statistics/rows?period=today&by=page&country=CH", headers=BROWSER)
    assert "Switzerland" in answer.text
    assert "/posts/fog" not in answer.text
    assert "format=parquet" in answer.text


async def test_a_view_is_kept_found_again_replaced_and_deleted(signed_in: httpx.AsyncClient) -> None:
    kept = {"name": "Swiss  readers", "query": "period=7&country=CH&evil=1"}
    first = await send(signed_in, "/author/statistics/views", kept)
    second = await send(signed_in, "/author/statistics/views", {**kept, "query": "country=CH&part=readers"})
    shown = await page(signed_in)
    (view,) = re.findall(r'action="(/author/statistics/views/[^"?]+)', shown)
    deleted = await send(signed_in, f"{view}?_method=DELETE", {"query": "part=server"})
    assert first.headers["location"] == "/author/statistics?period=7&country=CH"
    assert second.status_code == 303
    assert 'href="/author/statistics?part=readers&amp;country=CH">Swiss readers<' in shown
    assert deleted.headers["location"] == "/author/statistics?part=server"
    assert "Swiss readers" not in await page(signed_in)
    assert (await send(signed_in, f"{view}?_method=DELETE", {"query": ""})).status_code == 404


async def test_a_note_stands_on_its_day_until_it_is_deleted(signed_in: httpx.AsyncClient) -> None:
    noted = {"day": clock.today(), "text": f"Talk {HOSTILE}", "query": "period=7"}
    added = await send(signed_in, "/author/statistics/notes", noted)
    shown = (await signed_in.get("/author/statistics", headers=BROWSER)).text
    (note,) = re.findall(r'action="(/author/statistics/notes/[^"?]+)', shown)
    await send(signed_in, f"{note}?_method=DELETE", {"query": ""})
    assert added.headers["location"] == "/author/statistics?period=7"
    assert shown.count("Talk &lt;script&gt;") == 2
    assert "Talk" not in (await signed_in.get("/author/statistics", headers=BROWSER)).text


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("views", {"name": "  ", "query": ""}, "A name has 1 to 60 characters"),
        ("notes", {"day": "2026-02-30", "text": "A talk", "query": ""}, "Choose a day"),
        ("notes", {"day": "2026-02-28", "text": "x" * 201, "query": ""}, "A note has 1 to 200 characters"),
    ],
)
async def test_what_cannot_be_kept_comes_back_with_words_beside_the_field(
    signed_in: httpx.AsyncClient, path: str, fields: dict[str, str], words: str
) -> None:
    answer = await send(signed_in, f"/author/statistics/{path}", fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert fields.get("text", fields.get("name", "")) in answer.text


async def test_a_text_has_its_readers_in_its_editor(
    signed_in: httpx.AsyncClient, databases: Databases, worker: worker_app.Parts
) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", body="Three words here."), 1)
    before = (await signed_in.get(f"/author/posts/{post.id}", headers=BROWSER)).text
    await posts.publish(databases.site, OWNER, post.id)
    editor = (await signed_in.get(f"/author/posts/{post.id}", headers=BROWSER)).text
    part = (await signed_in.get(f"/author/statistics/posts/{post.id}", headers=HTMX)).text
    led = await signed_in.get(f"/author/statistics/posts/{post.id}", headers=BROWSER)
    assert "/author/statistics/posts/" not in before
    assert f'hx-get="/author/statistics/posts/{post.id}"' in editor
    assert "<b>1</b> visitors" in part
    assert "<bdi>Hacker News</bdi>" in part
    assert (led.status_code, led.headers["location"]) == (303, "/author/statistics?path=%2Fposts%2Ffog")


async def test_all_time_begins_with_logs_of_before(signed_in: httpx.AsyncClient, worker: worker_app.Parts) -> None:
    day = "2019-05-07"
    old = [page_view(day_start(day) + at, f"{at:016x}", f"/old/{at}") for at in range(1_200)]
    await fill(worker.database, {day: old}, slot="8")
    shown = (await signed_in.get("/author/statistics?period=all", headers=BROWSER)).text
    assert 'from=2019-05-07&amp;to=2019-05-31">May 2019<' in shown
    rows = (await signed_in.get("/author/statistics/rows?period=all&by=page", headers=BROWSER)).text
    assert "The first 1\u202f000 of 1\u202f203; a file has all of them." in rows
    for by, count in (("page", 1_203), ("latency", 100), ("month", 12)):
        file = await signed_in.get(f"/author/statistics/export?period=all&by={by}&format=csv", headers=BROWSER)
        assert len(list(csv.DictReader(io.StringIO(file.text, newline="")))) >= count
    file = await signed_in.get("/author/statistics/export?period=all&by=latency&format=parquet", headers=BROWSER)
    assert file.content.startswith(b"PAR1")
    by_hour = await signed_in.get("/author/statistics/export?period=all&by=hour&format=csv", headers=BROWSER)
    assert by_hour.status_code == 422


async def test_a_text_that_moved_keeps_the_readers_of_its_former_address(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", body="Three words here."), 1)
    await posts.publish(databases.site, OWNER, post.id)
    draft = Draft(title="Mist", slug="mist", body="Three words here.")
    await posts.revisions.save(databases.site, OWNER, post.id, draft, 2)
    await posts.publish(databases.site, OWNER, post.id)
    part = (await signed_in.get(f"/author/statistics/posts/{post.id}", headers=HTMX)).text
    listed = (await signed_in.get("/author/posts", headers=BROWSER)).text
    home = (await signed_in.get("/author", headers=BROWSER)).text
    assert "<b>1</b> visitors" in part
    assert 'href="/author/statistics?path=%2Fposts%2Fmist&amp;path=%2Fposts%2Ffog"' in part
    assert re.search(r'data-label="views">\s*1<', listed)
    assert "Mist" in home[home.index('id="home-readers"') :]


async def test_why_the_worker_refuses_is_said_where_the_figures_would_be(
    signed_in: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_worker.analytics.hits.QUERY_S", 0)
    post = await posts.create(databases.site, OWNER, "post")
    addresses = ("/author/statistics", "/author/statistics/rows?by=page", f"/author/statistics/posts/{post.id}")
    for address in addresses:
        shown = (await signed_in.get(address, headers=HTMX if post.id in address else BROWSER)).text
        assert "not shown: that takes too long to count: ask for fewer days." in shown
        assert "The worker does not answer" not in shown


async def test_who_is_here_now_is_sent_as_events(signed_in: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVENTS", 2)
    monkeypatch.setattr(live, "EVERY_S", 0.01)
    answer = await signed_in.get("/author/statistics/live", headers=BROWSER)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.count("\n\ndata: <details") == 2
    assert "2 readers now" in answer.text
    assert HOSTILE not in answer.text


async def test_too_many_streams_are_refused(signed_in: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 0)
    assert (await signed_in.get("/author/statistics/live", headers=BROWSER)).status_code == 429


def test_a_line_break_in_an_event_begins_no_event_of_its_own() -> None:
    assert live.event("a\r\ndata: b\rc\n\nid: d") == "data: a\ndata: data: b\ndata: c\ndata: \ndata: id: d\n\n"


async def test_a_viewer_sees_the_statistics_and_nothing_that_leads_further(
    signed_in: httpx.AsyncClient, client: httpx.AsyncClient, databases: Databases
) -> None:
    viewer = await accounts.create(databases, SYSTEM, name="vera", role="viewer", display_name="Vera")
    started = await sessions.start(databases, viewer, user_agent="Browser", country="")
    bring(client, started.token)
    shown = await page(client, "part=server")
    noted = await send(client, "/author/statistics/notes", {"day": clock.today(), "text": "A talk", "query": ""})
    kept = await send(client, "/author/statistics/views", {"name": "Mine", "query": ""})
    assert "/2019/fog.html" in shown
    assert "/author/redirects" not in shown
    assert "statistics/notes" not in shown
    assert (noted.status_code, kept.status_code) == (403, 303)
