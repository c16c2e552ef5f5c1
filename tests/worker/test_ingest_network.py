"""A network that resets, loses replies, delivers twice and out of order: the worker has every byte once."""

import asyncio
import hashlib
import random

import msgspec
import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.answers.logs import Committed
from sdc_core.attempts import Attempt
from sdc_core.service_client import ServiceClient
from sdc_worker.app import Parts
from sdc_worker.ingest import packing, store

DAY = "2026-03-01"
NOW_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-02T12:00:00+00:00"))
LINES = b"".join(
    access_log.encode(Line(ts=NOW_US - clock.DAY_US + number, visitor=f"{number:016x}", path=f"/{number}", status=200))
    for number in range(2_000)
)
RESET = Attempt(error="connection reset")


class Network:
    """Sends ranges; what becomes of each is a matter of chance."""

    def __init__(self, client: ServiceClient, seed: int) -> None:
        self._client = client
        self._dice = random.Random(seed)  # noqa: S311 - the same troubles each time
        self._before: list[tuple[int, bytes]] = []

    async def put(self, at: int, body: bytes) -> Attempt:
        """What the sender hears: the worker's answer, another one's, or nothing."""
        match self._dice.choice(("well", "well", "lost", "reply lost", "twice", "with old ones", "shifted")):
            case "lost":
                return RESET
            case "reply lost":
                await self._send(at, body)
                return RESET
            case "twice":
                async with asyncio.TaskGroup() as group:
                    sent = [group.create_task(self._send(at, body)) for _ in range(2)]
                return self._dice.choice(sent).result()
            case "with old ones":
                late = self._dice.choices(self._before or [(at, body)], k=3)
                async with asyncio.TaskGroup() as group:
                    sent = [group.create_task(self._send(*each)) for each in [*late, (at, body)]]
                return sent[-1].result()
            case "shifted":
                return await self._send(at + self._dice.randrange(1, 50), body)
        return await self._send(at, body)

    async def _send(self, at: int, body: bytes) -> Attempt:
        self._before.append((at, body))
        return await self._client.send("PUT", f"/logs/0/{DAY}", query={"at": str(at)}, body=body)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_network_does_every_byte_is_there_once(
    client: ServiceClient, parts: Parts, seed: int
) -> None:
    network, at = Network(client, seed), 0
    with clock.frozen(NOW_US):
        while at < len(LINES):
            end = LINES.rfind(b"\n", at, at + 3_000) + 1
            attempt = await network.put(at, LINES[at:end])
            if attempt.ok:
                at = msgspec.json.decode(attempt.body, type=Committed).at
        proof = {"length": len(LINES), "sha256": hashlib.sha256(LINES).hexdigest()}
        closed = await client.send("POST", f"/logs/0/{DAY}/close", body=msgspec.json.encode(proof))
    async with parts.database.read() as connection:
        batches = await store.batches_after(connection, after=0, limit=10_000)
    assert closed.ok
    assert b"".join(packing.unpack(batch.body) for batch in batches) == LINES


async def test_a_range_that_cuts_a_line_changes_nothing(client: ServiceClient, parts: Parts) -> None:
    with clock.frozen(NOW_US):
        refused = await client.send("PUT", f"/logs/0/{DAY}", query={"at": "0"}, body=LINES[:100])
    async with parts.database.read() as connection:
        assert (refused.status, await store.count_batches(connection)) == (400, 0)


async def test_a_day_whose_bytes_are_others_is_not_closed(client: ServiceClient) -> None:
    with clock.frozen(NOW_US):
        await client.send("PUT", f"/logs/0/{DAY}", query={"at": "0"}, body=LINES)
        proof = {"length": len(LINES), "sha256": hashlib.sha256(LINES[:-1] + b" ").hexdigest()}
        closed = await client.send("POST", f"/logs/0/{DAY}/close", body=msgspec.json.encode(proof))
    assert closed.status == 409
