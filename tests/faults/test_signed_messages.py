"""What comes to the services signed: a wrong signature reaches nothing, a repeat does nothing twice."""

import re
import sqlite3
from pathlib import Path

import httpx
import pytest
from sdc_core import clock, messages
from sdc_core.messages import CronTick
from sdc_core.webhooks import Keyring, new_secret

from living_site import Site, eventually

pytestmark = pytest.mark.timeout(120)

INTERFACES = Path(__file__).parents[2] / "docs" / "interfaces.md"
FOREIGN = Keyring([new_secret()])
DEEP = b"[" * 20_000


def worker_routes() -> list[tuple[str, str]]:
    """Every request of the worker's surface that is signed, as the interfaces have it, with its places filled."""
    section = INTERFACES.read_text().partition("## Worker's surface")[2].partition("\n## ")[0]
    found = re.findall(r"`(GET|PUT|POST|DELETE) (/[^`?\s]*)", section)
    filled = {"{slot}": "0", "{day}": clock.today(), "{name}": "cron.expire", "{id}": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    routes = []
    for method, path in found:
        concrete = re.sub(r"\{\w+\}", lambda place: filled[place[0]], path)
        if concrete not in ("/health", "/metrics"):
            routes.append((method, concrete))
    return routes


def test_the_interfaces_name_the_workers_routes() -> None:
    assert len(worker_routes()) >= 11


@pytest.mark.parametrize(("method", "path"), worker_routes())
def test_a_foreign_signature_is_refused_on_every_route_of_the_worker(site: Site, method: str, path: str) -> None:
    headers = FOREIGN.headers("msg_foreign", b"{}")
    assert httpx.request(method, site.worker_url + path, content=b"{}", headers=headers).status_code == 401


@pytest.mark.parametrize(("method", "path"), worker_routes())
def test_a_missing_signature_is_refused_on_every_route_of_the_worker(site: Site, method: str, path: str) -> None:
    assert httpx.request(method, site.worker_url + path, content=b"{}").status_code == 401


def test_a_foreign_signature_is_refused_by_the_hooks(site: Site) -> None:
    body = messages.encode(tick("foreign"))
    headers = FOREIGN.headers("foreign", body)
    assert httpx.post(f"{site.url}/hooks", content=body, headers=headers).status_code == 401


def test_a_signature_of_another_body_is_refused_by_the_hooks(site: Site) -> None:
    headers = site.keyring().headers("other", messages.encode(tick("other")))
    assert httpx.post(f"{site.url}/hooks", content=messages.encode(tick("else")), headers=headers).status_code == 401


def test_a_repeated_message_is_answered_as_the_first_was_and_does_nothing(site: Site) -> None:
    message_id = f"run_{clock.new_id()}"
    body = messages.encode(tick(message_id))
    leave_expired_row(site)
    first = hook(site, message_id, body)
    leave_expired_row(site)
    repeats = [hook(site, message_id, body) for _ in range(8)]
    assert first == (200, '{"deleted":1}')
    assert set(repeats) == {first}
    assert expired_rows(site) == 1
    assert hook(site, f"run_{clock.new_id()}", body)[0] == 200
    assert expired_rows(site) == 0


def test_the_same_order_of_a_run_is_one_run(site: Site) -> None:
    message_id = f"msg_{clock.new_id()}"
    answers = [site.worker("POST", "/jobs/cron.expire/runs", message_id=message_id) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {202}
    wanted = {answer.json()["id"] for answer in answers}
    assert len(wanted) == 1
    run_id = wanted.pop()

    def ended() -> bool:
        runs = site.worker("GET", "/jobs").json()["runs"]
        return [run["outcome"] for run in runs if run["id"] == run_id] == ["ok"]

    eventually(ended)


def test_json_that_nests_too_deep_is_refused_by_the_hooks(site: Site) -> None:
    assert hook(site, f"msg_{clock.new_id()}", DEEP)[0] in (400, 422)


@pytest.mark.parametrize("path", ["/images", "/jobs/cron.expire/runs", f"/logs/0/{clock.today()}/close"])
def test_json_that_nests_too_deep_is_refused_by_the_worker(site: Site, path: str) -> None:
    assert site.worker("POST", path, DEEP).status_code == 400


def tick(run_id: str) -> messages.Message:
    """The order to delete what has expired."""
    return messages.Expire(data=CronTick(job="cron.expire", run_id=run_id, due_us=clock.now_us()))


def hook(site: Site, message_id: str, body: bytes) -> tuple[int, str]:
    """A rightly signed message to web."""
    headers = site.keyring().headers(message_id, body)
    answer = httpx.post(f"{site.url}/hooks", content=body, headers=headers)
    return answer.status_code, answer.text


def leave_expired_row(site: Site) -> None:
    """A message seen long ago: for the hook to forget."""
    with sqlite3.connect(site.data / "ttl.db", timeout=5) as connection:
        connection.execute(
            "INSERT INTO seen_messages (message_id, body_sha256, answer, started_at_us, expires_at_us) "
            "VALUES (?, '', '', 0, 1)",
            (f"old-{clock.new_id()}",),
        )
    connection.close()


def expired_rows(site: Site) -> int:
    """How many such rows there are."""
    with sqlite3.connect(f"file:{site.data / 'ttl.db'}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT count(*) FROM seen_messages WHERE expires_at_us = 1").fetchone()[0]
    connection.close()
    return int(found)
