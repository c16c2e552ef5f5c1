"""Signed requests to the worker that somebody captured: what they are good for."""

import httpx
import msgspec
import pytest
from sdc_core import messages
from sdc_core.messages import PublishDue
from sdc_core.service_client import ServiceClient
from sdc_core.webhooks import Keyring


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/jobs/cron.expire/pause"), ("GET", "/backups"), ("GET", "/jobs?x=1"), ("POST", "/jobs/cron.expire/runs")],
)
async def test_a_captured_request_is_good_for_no_other(
    unsigned: httpx.AsyncClient, keyring: Keyring, method: str, path: str
) -> None:
    captured = keyring.headers("msg_captured", b"")
    first = await unsigned.get("/jobs", headers=captured)
    replayed = await unsigned.request(method, path, headers=captured)
    again = await unsigned.get("/jobs", headers=captured)
    assert (first.status_code, replayed.status_code, again.status_code) == (200, 401, 200)


async def test_a_pause_that_comes_again_pauses_nothing_that_goes_on_since(client: ServiceClient) -> None:
    path, told = "/jobs/mirror.daily/pause", []
    for method, message_id in (("PUT", "msg_pause"), ("DELETE", "msg_resume"), ("PUT", "msg_pause")):
        body = msgspec.json.encode({"job": "mirror.daily", "paused": method == "PUT"})
        attempt = await client.send(method, path, message_id=message_id, body=body)
        told.append((attempt.status, msgspec.json.decode(attempt.body, type=dict[str, object])["paused"]))
    assert told == [(200, True), (200, False), (200, False)]


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PUT", b""),
        ("DELETE", b""),
        ("DELETE", b'{"job":"mirror.daily","paused":true}'),
        ("PUT", b'{"job":"cron.links","paused":true}'),
    ],
)
async def test_a_pause_says_in_its_signed_body_what_it_is_for_whoever_forgets_ids_at_a_restart(
    client: ServiceClient, method: str, body: bytes
) -> None:
    attempt = await client.send(method, "/jobs/mirror.daily/pause", body=body)
    assert (attempt.status, b'"code":"invalid"' in attempt.body) == (400, True)


async def test_an_aim_that_comes_again_changes_no_later_one(client: ServiceClient) -> None:
    aims = []
    for aim, message_id in ((75, "msg_first"), (80, "msg_second"), (75, "msg_first")):
        attempt = await client.send("PUT", "/images/aim", body=b'{"aim":%d}' % aim, message_id=message_id)
        aims.append(msgspec.json.decode(attempt.body, type=dict[str, object])["aim"])
    assert aims == [75, 80, 80]


async def test_a_test_mail_is_asked_for_once_with_one_message(client: ServiceClient) -> None:
    statuses = [(await client.send("POST", "/alerts/tests", message_id="msg_test")).status for _ in "ab"]
    assert statuses == [200, 409]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/jobs/mirror.daily/pause"),
        ("DELETE", "/jobs/mirror.daily/pause"),
        ("POST", "/jobs/mirror.daily/runs"),
        ("POST", "/alerts/tests"),
        ("PUT", "/images/aim"),
        ("POST", "/images"),
    ],
)
async def test_what_the_worker_signed_for_web_is_no_request_to_the_worker(
    client: ServiceClient, method: str, path: str
) -> None:
    tick = messages.CronTick(job="cron.publish_due", run_id="run_1", due_us=1)
    attempt = await client.send(method, path, body=messages.encode(PublishDue(data=tick)), message_id="run_1")
    assert (attempt.status, b'"code":"invalid"' in attempt.body) == (400, True)
