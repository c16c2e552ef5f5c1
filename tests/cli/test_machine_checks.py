"""What the doctor says of ports that are in use."""

import asyncio

import pytest
from sdc_cli import machine_checks
from sdc_core.settings import Settings

import loopback
from sdc_up import free_ports


async def _ports(settings: Settings) -> machine_checks.Check:
    found = await asyncio.to_thread(machine_checks.all_of, settings)
    return next(each for each in found if each.name == "ports")


@pytest.mark.parametrize(
    ("answered", "ok"),
    [
        (b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 34\r\n\r\n{"status":"unwell","parts":{}}    ', True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", False),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False),
        (b"", False),
    ],
)
async def test_a_port_is_rightly_held_by_the_part_that_it_is_for_and_by_nobody_else(
    settings: Settings, answered: bytes, *, ok: bool
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answered)

    first = free_ports()
    async with loopback.serving(answer) as url:
        changed: dict[str, object] = {"WORKER_PORT": int(url.rpartition(":")[2]), "WEB_PORT": first + 10}
        changed["S3_ENDPOINT_URL"] = f"http://127.0.0.1:{first}"
        check = await _ports(settings.model_copy(update=changed))
    assert check.ok is ok, check.found
    assert str(changed["WORKER_PORT"]) in check.found
