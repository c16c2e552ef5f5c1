"""Statistics of an export, asked of the worker itself."""

import csv
import io

import msgspec
from sdc_core import clock, service_client
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database
from sdc_core.webhooks import Keyring
from sdc_web.exports import statistics

from log_lines import day_start, fill, page_view
from signing_in import OWNER

ADA, BOB = "0123456789abcdef", "fedcba9876543210"
OLD, NEW = "2025-12-31", "2026-01-02"
FORMULA = "-2+3+cmd.example"


def rows(file: bytes) -> list[dict[str, str]]:
    """A CSV file as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(file.decode(), newline="")))


async def exported(client: ServiceClient, database: Database) -> dict[str, bytes]:
    """The files of a site that was read in two years."""
    old, new = day_start(OLD), day_start(NEW)
    views = [
        page_view(new, ADA, "/posts/tea"),
        page_view(new + 1, ADA, "/posts/cups"),
        page_view(new, BOB, "/posts/tea"),
    ]
    await fill(database, {OLD: [page_view(old, ADA, "/posts/tea", FORMULA)], NEW: views})
    with clock.frozen(day_start("2026-03-01")):
        extra = await statistics.files(client, OWNER)
    assert extra.notes == ()
    return dict(extra.files)


async def test_each_day_with_requests_is_there_in_order(client: ServiceClient, database: Database) -> None:
    files = await exported(client, database)
    told = [(row["at"], row["visitors"], row["page_views"]) for row in rows(files["statistics/days.csv"])]
    assert told == [(OLD, "1", "1"), (NEW, "2", "3")]


async def test_each_year_tells_its_pages_and_where_visitors_came_from(
    client: ServiceClient, database: Database
) -> None:
    files = await exported(client, database)
    assert sorted(files) == [
        "statistics/days.csv",
        *(f"statistics/{what}-{year}.csv" for what in ("pages", "sources") for year in (2025, 2026)),
    ]
    pages = [(row["key"], row["visitors"], row["page_views"]) for row in rows(files["statistics/pages-2026.csv"])]
    assert pages == [("/posts/tea", "2", "2"), ("/posts/cups", "1", "1")]
    (source,) = rows(files["statistics/sources-2026.csv"])
    assert (source["key"], source["visits"]) == ("Direct", "2")


async def test_years_before_one_without_requests_are_there(client: ServiceClient, database: Database) -> None:
    """As of logs that were imported, while this site has just begun."""
    days = ("2019-05-01", "2023-05-01")
    await fill(database, {day: [page_view(day_start(day), ADA, "/posts/tea")] for day in days})
    with clock.frozen(day_start("2026-03-01")):
        extra = await statistics.files(client, OWNER)
    assert [row["at"] for row in rows(dict(extra.files)["statistics/days.csv"])] == list(days)


async def test_a_year_in_which_nobody_read_a_page_has_no_empty_file(client: ServiceClient, database: Database) -> None:
    gone = msgspec.structs.replace(page_view(day_start(NEW), ADA, "/posts/gone"), status=404)
    await fill(database, {NEW: [gone]})
    with clock.frozen(day_start("2026-03-01")):
        extra = await statistics.files(client, OWNER)
    assert [name for name, content in extra.files.items() if not content] == []
    assert "statistics/days.csv" in extra.files


async def test_lines_of_tomorrow_keep_no_year_out(client: ServiceClient, database: Database) -> None:
    """Where the clocks of both machines differ, at the end of a year."""
    days = ("2025-12-31", "2026-01-01")
    await fill(database, {day: [page_view(day_start(day), ADA, "/posts/tea")] for day in days})
    with clock.frozen(day_start(days[0]) + 1):
        extra = await statistics.files(client, OWNER)
    assert (extra.notes, [row["at"] for row in rows(dict(extra.files)["statistics/days.csv"])]) == ((), [days[0]])


async def test_no_cell_is_a_formula(client: ServiceClient, database: Database) -> None:
    files = await exported(client, database)
    (source,) = rows(files["statistics/sources-2025.csv"])
    assert source["key"] == f"'{FORMULA}"


async def test_nobody_has_read_anything_yet(client: ServiceClient) -> None:
    extra = await statistics.files(client, OWNER)
    assert (dict(extra.files), extra.notes) == ({}, ())


async def test_without_the_worker_the_export_says_what_it_lacks(keyring: Keyring) -> None:
    async with service_client.connect("http://127.0.0.1:9", keyring) as away:
        extra = await statistics.files(away, OWNER)
    (note,) = extra.notes
    assert (dict(extra.files), note.startswith("statistics are left out: ")) == ({}, True)
