import asyncio
import gzip
from collections.abc import Mapping

import httpx
import msgspec
import pytest
from sdc_core import messages
from sdc_core.answers.backups import Backups
from sdc_core.answers.jobs import Run
from sdc_core.attempts import Attempt
from sdc_core.messages import MediaUploaded, PublishDue, Upload
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database, fetch_value
from sdc_core.webhooks import Keyring
from sdc_worker.app import Parts
from sdc_worker.cron import store
from sdc_worker.ingest.streams import MOST_WAITING, RETRY_AFTER_S

LINE = b'{"ts":1764000000000000,"visitor":"00000000000000ff","path":"/","status":200,"type":"text/html"}\n'
STREAM = "/logs/0/2025-11-24"
UPLOAD = messages.encode(MediaUploaded(data=Upload(asset_id="01ABC", sha256="00" * 32)))


class Problem(msgspec.Struct):
    status: int
    code: str
    title: str
    detail: str = ""


def problem(attempt: Attempt) -> Problem:
    return msgspec.json.decode(attempt.body, type=Problem)


def ended(job: str, number: int, *, due_us: int) -> Run:
    return Run(
        id=f"{job}-{number}",
        job=job,
        trigger="manual",
        attempt=1,
        due_us=due_us,
        started_us=due_us,
        ended_us=due_us,
        outcome="ok",
        output="",
    )


async def batches(database: Database) -> object:
    async with database.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM log_batches")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/logs"),
        ("PUT", f"{STREAM}?at=0"),
        ("POST", f"{STREAM}/close"),
        ("POST", "/images"),
        ("GET", "/analytics/summary?from=2026-11-01&to=2026-11-02"),
        ("GET", "/analytics/live"),
        ("GET", "/jobs"),
        ("GET", "/jobs/cron.expire/runs"),
        ("POST", "/jobs/cron.expire/runs"),
        ("PUT", "/jobs/cron.expire/pause"),
        ("DELETE", "/jobs/cron.expire/pause"),
        ("GET", "/backups"),
        ("GET", "/backups/plan"),
        ("POST", "/alerts/tests"),
    ],
)
async def test_nothing_but_health_and_metrics_answers_without_a_signature(
    unsigned: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await unsigned.request(method, path, content=LINE)
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_that_differs_from_the_signed_one_is_refused_and_not_stored(
    unsigned: httpx.AsyncClient, keyring: Keyring, database: Database
) -> None:
    signed = keyring.headers("0/2025-11-24/0", LINE)
    response = await unsigned.put(f"{STREAM}?at=0", content=LINE + LINE, headers=signed)
    assert (response.status_code, await batches(database)) == (401, 0)


async def test_a_header_that_is_there_twice_is_as_good_as_missing(
    unsigned: httpx.AsyncClient, keyring: Keyring
) -> None:
    signed = list(keyring.headers("msg_1", b"").items())
    once = await unsigned.get("/logs", headers=signed)
    twice = await unsigned.get("/logs", headers=[*signed, ("webhook-id", "msg_2")])
    assert (once.status_code, twice.status_code) == (200, 401)


async def test_when_the_intake_is_full_it_says_when_to_come_again(client: ServiceClient) -> None:
    async with asyncio.TaskGroup() as group:
        sent = [
            group.create_task(client.send("PUT", f"/logs/{slot}/2025-11-24", query={"at": "0"}, body=LINE))
            for slot in range(2 * MOST_WAITING)
        ]
    refused = {task.result().retry_after_s for task in sent if task.result().status == 503}
    assert refused == {RETRY_AFTER_S}
    assert {task.result().status for task in sent} == {200, 503}


async def test_health_names_the_part_that_is_not_well(unsigned: httpx.AsyncClient) -> None:
    response = await unsigned.get("/health")
    parts = response.json()["parts"]
    assert response.status_code == 503
    assert {name for name, part in parts.items() if not part["ok"]} == {"object_store"}


async def test_metrics_are_prometheus_text(unsigned: httpx.AsyncClient) -> None:
    response = await unsigned.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert "\nsdc_messages_waiting 0\n" in response.text


async def test_a_range_is_committed_and_listed(client: ServiceClient) -> None:
    put = await client.send("PUT", STREAM, query={"at": "0"}, body=LINE)
    listed = await client.send("GET", "/logs")
    assert put.body == b'{"at":%d,"lines":1}' % len(LINE)
    # The day is more than 90 days past: known, and no longer listed.
    assert listed.body == b'{"streams":[]}'


async def test_streams_are_listed_from_a_day_on(client: ServiceClient) -> None:
    await client.send("PUT", "/logs/0/2019-11-24?at=0", body=LINE)
    listed = [(await client.send("GET", "/logs", query=query)).body for query in ({}, {"since": "2019-11-24"})]
    assert [b'"day":"2019-11-24"' in body for body in listed] == [False, True]


async def test_a_day_that_is_none_is_refused(client: ServiceClient) -> None:
    assert (await client.send("GET", "/logs", query={"since": "yesterday"})).status == 400


async def test_a_gzip_range_counts_its_plain_bytes(client: ServiceClient) -> None:
    packed = gzip.compress(LINE * 3, mtime=0)
    put = await client.send("PUT", STREAM, query={"at": "0"}, body=packed, headers={"content-encoding": "gzip"})
    assert put.body == b'{"at":%d,"lines":3}' % (3 * len(LINE))


@pytest.mark.parametrize(
    ("path", "query", "body", "headers", "status", "code"),
    [
        (STREAM, {}, LINE, {}, 400, "invalid"),
        (STREAM, {"at": "x"}, LINE, {}, 400, "invalid"),
        (STREAM, {"at": "0"}, LINE[:-1], {}, 400, "invalid"),
        (STREAM, {"at": "0"}, b"", {}, 400, "invalid"),
        ("/logs/0/2025-02-30", {"at": "0"}, LINE, {}, 400, "invalid"),
        ("/logs/0/9999-01-01", {"at": "0"}, LINE, {}, 400, "invalid"),
        ("/logs/0/20251124", {"at": "0"}, LINE, {}, 400, "invalid"),
        ("/logs/zero/2025-11-24", {"at": "0"}, LINE, {}, 400, "invalid"),
        (STREAM, {"at": "0"}, LINE, {"content-encoding": "gzip"}, 400, "invalid"),
        (STREAM, {"at": "0"}, LINE, {"content-encoding": "br"}, 415, "unsupported_media_type"),
        (STREAM, {"at": "0"}, LINE * 20_000, {}, 413, "too_large"),
        (
            STREAM,
            {"at": "0"},
            gzip.compress(b" " * 2_000_000 + b"\n", mtime=0),
            {"content-encoding": "gzip"},
            413,
            "too_large",
        ),
        (STREAM, {"at": "0"}, gzip.compress(LINE, mtime=0)[:-4], {"content-encoding": "gzip"}, 400, "invalid"),
        (STREAM, {"at": "0"}, gzip.compress(LINE, mtime=0) + b"x", {"content-encoding": "gzip"}, 400, "invalid"),
    ],
)
async def test_a_range_that_is_none_is_refused_in_words(
    client: ServiceClient,
    path: str,
    query: Mapping[str, str],
    body: bytes,
    headers: Mapping[str, str],
    status: int,
    code: str,
) -> None:
    attempt = await client.send("PUT", path, query=query, body=body, headers=headers)
    assert (attempt.status, problem(attempt).code) == (status, code)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 30_000, b'{"length":-1}', b'{"length":1,"sha256":"x","more":1}', b"\xff\xfe", b"null"]
)
async def test_a_malformed_close_is_a_problem_and_never_a_fault(client: ServiceClient, body: bytes) -> None:
    attempt = await client.send("POST", f"{STREAM}/close", body=body)
    assert (attempt.status, problem(attempt).code) == (400, "invalid")


async def test_a_close_in_another_type_is_refused(client: ServiceClient) -> None:
    attempt = await client.send("POST", f"{STREAM}/close", body=b"{}", headers={"content-type": "text/plain"})
    assert (attempt.status, problem(attempt).code) == (415, "unsupported_media_type")


async def test_an_upload_is_queued_once_however_often_it_is_told(client: ServiceClient, database: Database) -> None:
    answers = [await client.send("POST", "/images", body=UPLOAD, message_id="media-uploaded/01ABC/00") for _ in "ab"]
    assert {(each.status, each.body) for each in answers} == {(202, b'{"asset_id":"01ABC","state":"queued"}')}
    async with database.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM image_jobs") == 1


@pytest.mark.parametrize("body", [b"{}", b"[" * 10_000, b'{"type":"nonsense","data":{}}'])
async def test_an_upload_that_is_no_message_is_refused(client: ServiceClient, body: bytes) -> None:
    attempt = await client.send("POST", "/images", body=body)
    assert (attempt.status, problem(attempt).code) == (400, "invalid")


async def test_another_kind_of_message_is_no_upload(client: ServiceClient) -> None:
    tick = messages.CronTick(job="cron.expire", run_id="run_1", due_us=1)
    attempt = await client.send("POST", "/images", body=messages.encode(PublishDue(data=tick)))
    assert attempt.status == 400


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("summary", {}),
        ("summary", {"from": "2026-11-02", "to": "2026-11-01"}),
        ("summary", {"from": "1980-01-01", "to": "2026-01-01"}),
        ("summary", {"from": "2026-11-01", "to": "2026-11-01", "colour": "red"}),
        ("summary", {"from": "2026-11-01", "to": "2026-11-01", "status": "ok"}),
        ("timeseries", {"from": "2026-11-01", "to": "2026-11-01", "by": "week"}),
        ("timeseries", {"from": "2024-01-01", "to": "2026-01-01", "by": "hour"}),
        ("pages", {"from": "2024-01-01", "to": "2026-01-01"}),
        ("breakdown", {"from": "2026-11-01", "to": "2026-11-01", "by": "path; DROP TABLE raw"}),
        ("breakdown", {"from": "2026-11-01", "to": "2026-11-01", "by": "path", "limit": "0"}),
        ("summary", {"from": "2026-11-01", "to": "2026-11-01", "within": "601"}),
        ("live", {"within": "soon"}),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    client: ServiceClient, path: str, query: Mapping[str, str]
) -> None:
    attempt = await client.send("GET", f"/analytics/{path}", query=query)
    assert (attempt.status, problem(attempt).code) == (400, "invalid")


async def test_an_unknown_job_is_not_found(client: ServiceClient) -> None:
    attempt = await client.send("POST", "/jobs/make.coffee/runs")
    assert (attempt.status, problem(attempt).code) == (404, "not_found")


async def test_the_same_message_asks_for_one_run(client: ServiceClient) -> None:
    first, second = [await client.send("POST", "/jobs/cron.expire/runs", message_id="msg_same") for _ in "ab"]
    assert (first.status, first.body) == (second.status, second.body)
    assert b'"trigger":"manual"' in first.body


class Told(msgspec.Struct):
    """The ids of the runs that are told of."""

    class Run(msgspec.Struct):
        id: str

    runs: list[Run]


async def test_the_runs_of_a_job_are_told_newest_first_whatever_else_ran(
    client: ServiceClient, database: Database
) -> None:
    async with database.transaction() as connection:
        for number in range(3):
            await store.insert_run(connection, ended("drill.restore", number, due_us=number))
        for number in range(60):
            await store.insert_run(connection, ended("cron.publish_due", number, due_us=100 + number))
    told = [
        msgspec.json.decode((await client.send("GET", "/jobs/drill.restore/runs", query=query)).body, type=Told)
        for query in ({}, {"limit": "2"})
    ]
    assert [[run.id for run in each.runs] for each in told] == [
        ["drill.restore-2", "drill.restore-1", "drill.restore-0"],
        ["drill.restore-2", "drill.restore-1"],
    ]


@pytest.mark.parametrize("limit", ["0", "201", "many", "-1"])
async def test_a_number_of_runs_that_is_none_is_refused(client: ServiceClient, limit: str) -> None:
    attempt = await client.send("GET", "/jobs/drill.restore/runs", query={"limit": limit})
    assert (attempt.status, problem(attempt).code) == (400, "invalid")


async def test_the_runs_of_an_unknown_job_are_not_found(client: ServiceClient) -> None:
    assert (await client.send("GET", "/jobs/make.coffee/runs")).status == 404


async def test_every_job_is_reported_with_its_next_due_time(client: ServiceClient) -> None:
    reports = msgspec.json.decode((await client.send("GET", "/jobs")).body, type=dict[str, list[dict[str, object]]])
    assert {"cron.publish_due", "cron.expire", "cron.logs", "mirror.monthly", "images.sweep", "analytics.seal"} <= {
        str(job["name"]) for job in reports["jobs"]
    }
    assert "At 02:30 every day" in [job["words"] for job in reports["jobs"]]
    assert all(isinstance(job["next_us"], int) and job["state"] == "ok" for job in reports["jobs"])


async def test_a_paused_job_is_planned_no_more_until_it_is_resumed(client: ServiceClient) -> None:
    told = []
    for method in ("PUT", "PUT", "DELETE"):
        body = msgspec.json.encode({"job": "cron.expire", "paused": method == "PUT"})
        attempt = await client.send(method, "/jobs/cron.expire/pause", body=body)
        told.append(msgspec.json.decode(attempt.body, type=dict[str, object]))
    assert [(job["paused"], job["state"], job["next_us"] is None) for job in told] == [
        (True, "paused", True),
        (True, "paused", True),
        (False, "ok", False),
    ]


async def test_a_job_that_is_not_there_cannot_be_paused(client: ServiceClient) -> None:
    body = b'{"job":"make.coffee","paused":true}'
    assert (await client.send("PUT", "/jobs/make.coffee/pause", body=body)).status == 404


async def test_a_run_that_never_was_cannot_be_confirmed(client: ServiceClient) -> None:
    attempt = await client.send("POST", "/jobs/mirror.daily/runs", body=b'{"confirmed_run_id":"run_1"}')
    assert (attempt.status, problem(attempt).code) == (409, "conflict")


async def test_an_order_with_an_unknown_field_runs_nothing(client: ServiceClient) -> None:
    assert (await client.send("POST", "/jobs/mirror.daily/runs", body=b'{"confirm":true}')).status == 400


async def test_backups_tell_that_nothing_is_replicated_without_litestream(client: ServiceClient) -> None:
    attempt = await client.send("GET", "/backups")
    told = msgspec.json.decode(attempt.body, type=dict[str, object])
    assert (attempt.status, told["mirror"], told["remote"]) == (200, None, False)
    assert told["replication"] == {
        "running": False,
        "reason": "not running under Litestream: nothing is replicated",
        "databases": [],
    }


async def test_a_litestream_that_does_not_answer_holds_nothing_up(client: ServiceClient, parts: Parts) -> None:
    folder = parts.settings.DATA_DIR / "run"
    folder.mkdir()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        finally:
            writer.close()

    async with await asyncio.start_unix_server(silent, str(folder / "litestream.sock")) as server:
        attempt = await client.send("GET", "/backups", timeout_s=2.5)
        server.close()
    told = msgspec.json.decode(attempt.body, type=Backups)
    assert (told.replication.running, told.replication.reason) == (
        False,
        "Litestream waits, perhaps for the object store, and does not answer",
    )


async def test_an_address_that_is_not_there_is_a_problem_document(client: ServiceClient) -> None:
    attempt = await client.send("GET", "/nothing")
    assert (attempt.status, problem(attempt).code) == (404, "not_found")
