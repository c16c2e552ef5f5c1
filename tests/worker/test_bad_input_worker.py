"""Every route of the worker: who may call it, and what it makes of bad input behind a good signature."""

import httpx
import msgspec
import pytest
from litestar import Litestar
from sdc_core.supervise import Board
from sdc_core.webhooks import Keyring
from sdc_worker import app
from sdc_worker.app import Parts

from hostile_input import BODIES, METHODS, PIECES, QUERIES
from raw_requests import Answer, ask

OPEN, SIGNED = "open", "signed"
WHO = {
    "GET /health": OPEN,
    "GET /metrics": OPEN,
    "POST /alerts/tests": SIGNED,
    "GET /analytics/batch": SIGNED,
    "GET /analytics/breakdown": SIGNED,
    "GET /analytics/days": SIGNED,
    "GET /analytics/latency": SIGNED,
    "GET /analytics/parquet": SIGNED,
    "GET /analytics/live": SIGNED,
    "GET /analytics/pages": SIGNED,
    "GET /analytics/summary": SIGNED,
    "GET /analytics/timeseries": SIGNED,
    "GET /backups": SIGNED,
    "GET /backups/plan": SIGNED,
    "GET /images": SIGNED,
    "POST /images": SIGNED,
    "PUT /images/aim": SIGNED,
    "GET /jobs": SIGNED,
    "PUT /jobs/{name}/pause": SIGNED,
    "DELETE /jobs/{name}/pause": SIGNED,
    "GET /jobs/{name}/runs": SIGNED,
    "GET /jobs/{name}/runs/{run_id}": SIGNED,
    "POST /jobs/{name}/runs": SIGNED,
    "GET /logs": SIGNED,
    "PUT /logs/{slot}/{day}": SIGNED,
    "POST /logs/{slot}/{day}/close": SIGNED,
    "GET /versions": SIGNED,
}
DECODED = [piece for piece in PIECES if piece.encode(errors="ignore").decode() == piece]
"""Without lone surrogates, which the worker's server never makes of an address."""
LEAKS = ("Traceback", "site-packages", "sqlite3", "duckdb", "SELECT ")


@pytest.fixture
def surface(parts: Parts) -> Litestar:
    """The worker's surface itself."""
    return app.build(parts, Board(["cron"]))


def harm(answer: Answer, about: object) -> list[str]:
    """A 5xx, something of the inside, an error that is no problem document."""
    told = f"{answer.status} {about}: {answer.text[:200]}"
    faults = [] if 200 <= answer.status < 500 else [told]
    faults += [f"{leak}: {told}" for leak in LEAKS if leak in answer.text]
    if answer.status >= 400 and answer.body:
        document = msgspec.json.decode(answer.body, type=dict[str, object])
        faults += [] if document["status"] == answer.status and document["code"] else [told]
    return faults


def filled(path: str, piece: str) -> str:
    """The address with that in the place of every variable."""
    return "/".join(piece if part.startswith("{") else part for part in path.split("/"))


async def test_the_table_names_every_route(surface: Litestar) -> None:
    found = {f"{method} {each.path_format}" for each in surface.routes for method in each.methods - {"OPTIONS", "HEAD"}}
    assert found == set(WHO)


async def test_bad_input_behind_a_good_signature_is_the_callers_fault(surface: Litestar, keyring: Keyring) -> None:
    found: list[str] = []
    for route, who in WHO.items():
        method, _, path = route.partition(" ")
        if who == OPEN:
            continue
        for piece in DECODED:
            headers = signed(keyring, b"")
            found += harm(
                await ask(surface, method, filled(path, piece), query=b"at=0", headers=headers), (route, piece[:40])
            )
        for query in QUERIES:
            answer = await ask(surface, method, filled(path, "x"), query=query, headers=signed(keyring, b""))
            found += harm(answer, (route, query[:40]))
        for kind, body in BODIES if method != "GET" else []:
            headers = [*signed(keyring, body), (b"content-type", kind)]
            answer = await ask(surface, method, filled(path, "0"), query=b"at=0", headers=headers, body=body)
            found += harm(answer, (route, kind, body[:40]))
        for other in METHODS:
            found += harm(await ask(surface, other, filled(path, "0"), headers=signed(keyring, b"")), (other, path))
    assert not found, "\n".join(sorted(set(found)))


async def test_nothing_is_read_or_done_without_a_signature(unsigned: httpx.AsyncClient) -> None:
    for route, who in WHO.items():
        method, _, path = route.partition(" ")
        answer = await unsigned.request(method, filled(path, "x"), content=b"x" if method != "GET" else None)
        assert (answer.status_code == 401) == (who == SIGNED), route


def signed(keyring: Keyring, body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a caller who is known."""
    return [(name.encode(), value.encode()) for name, value in keyring.headers("msg_x", body).items()]
