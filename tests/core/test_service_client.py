import asyncio
import gzip
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sdc_core import attempts, clock, service_client, webhooks
from sdc_core.attempts import Attempt
from sdc_core.errors import Unavailable
from sdc_core.logging import request_id
from sdc_core.webhooks import Keyring

from loopback import serving

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
KEYRING = Keyring([webhooks.new_secret()])


class Server:
    """A loopback server that keeps what it was asked and answers as the test says."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.url = ""
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while not writer.is_closing():
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append((first, headers, body))
            await self._answer(writer)


@asynccontextmanager
async def _answering(answer: Answer | bytes) -> AsyncGenerator[Server]:
    async def write(writer: asyncio.StreamWriter) -> None:
        assert isinstance(answer, bytes)
        writer.write(answer)
        await writer.drain()

    server = Server(write if isinstance(answer, bytes) else answer)
    async with serving(server.serve) as server.url:
        yield server


def _http(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _send(url: str, **arguments: object) -> Attempt:
    async with service_client.connect(url, KEYRING) as client:
        return await client.send("POST", "/hooks", **{"body": b"{}", "timeout_s": 5.0, **arguments})  # ty: ignore[invalid-argument-type]


async def test_a_call_is_signed_over_the_bytes_that_arrive() -> None:
    async with _answering(_http(body=b'{"at":1}')) as server:
        attempt = await _send(server.url, body=b'{"a": 1}', message_id="msg_1", query={"at": "5", "x": "a&b"})
    (line, headers, body) = server.requests[0]
    assert line == "POST /hooks?at=5&x=a%26b HTTP/1.1"
    assert KEYRING.verify(headers, body).message_id == "msg_1"
    assert body == b'{"a": 1}'
    assert headers["content-type"] == "application/json"
    assert (attempt.ok, attempt.status, attempt.body, attempt.error) == (True, 200, b'{"at":1}', "")
    assert attempt.duration_us > 0


async def test_a_get_is_signed_over_an_empty_body() -> None:
    async with _answering(_http()) as server, service_client.connect(server.url, KEYRING) as client:
        assert (await client.send("GET", "/logs")).ok
    assert KEYRING.verify(server.requests[0][1], b"").message_id.startswith("msg_")


async def test_each_call_without_an_id_gets_its_own() -> None:
    async with _answering(_http()) as server, service_client.connect(server.url, KEYRING) as client:
        await client.send("GET", "/logs")
        await client.send("GET", "/logs")
    assert len({headers["webhook-id"] for _, headers, _ in server.requests}) == 2
    assert server.connections == 1


async def test_own_headers_replace_the_usual_ones_but_never_the_signature() -> None:
    own = {"Content-Type": "application/x-ndjson", "Webhook-Signature": "v1,forged", "X-More": "1"}
    async with _answering(_http()) as server:
        await _send(server.url, headers=own)
    _, headers, body = server.requests[0]
    assert headers["content-type"] == "application/x-ndjson"
    assert headers["x-more"] == "1"
    assert KEYRING.verify(headers, body)


async def test_the_request_id_travels_along() -> None:
    reset = request_id.set("r-1")
    async with _answering(_http()) as server:
        await _send(server.url)
    request_id.reset(reset)
    assert server.requests[0][1]["x-request-id"] == "r-1"


@pytest.mark.parametrize("status", ["204 No Content", "200 OK", "202 Accepted"])
async def test_two_hundreds_are_success(status: str) -> None:
    async with _answering(_http(status, b"")) as server:
        attempt = await _send(server.url)
    attempt.raise_unless_ok("the worker")
    assert attempt.ok


@pytest.mark.parametrize("status", ["302 Found", "401 Unauthorized", "409 Conflict", "500 Oops", "503 Busy"])
async def test_everything_else_is_an_answer_but_no_success(status: str) -> None:
    async with _answering(_http(status, b'{"code":"x"}', "Location: http://127.0.0.1:1/")) as server:
        attempt = await _send(server.url)
    assert (attempt.ok, attempt.status, attempt.body, attempt.error) == (False, int(status[:3]), b'{"code":"x"}', "")
    assert len(server.requests) == 1
    with pytest.raises(Unavailable, match=f"the worker cannot be used now: it answered {status[:3]}"):
        attempt.raise_unless_ok("the worker")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("7", 7), ("0", 0), ("999999", 86_400), ("9" * 5_000, 0), ("-1", 0), ("1.5", 0), ("soon", 0), ("", 0)],
        *[("٣", 0), (f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", 0), (f"Mon, 01 Jan 2029 00:00:00 +{'9' * 20}", 0)],
    ],
)
async def test_the_wait_that_an_answer_asks_for_is_read(header: str, seconds: int) -> None:
    async with _answering(_http("503 Busy", b"", f"Retry-After: {header}")) as server:
        assert (await _send(server.url)).retry_after_s == seconds


@pytest.mark.parametrize(("ahead_s", "seconds"), [(90, 90), (-90, 0), (10**6, 86_400)])
async def test_the_wait_may_be_a_date(ahead_s: int, seconds: int) -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    until = (at + timedelta(seconds=ahead_s)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with clock.frozen(clock.from_datetime(at)):
        async with _answering(_http("503 Busy", b"", f"Retry-After: {until}")) as server:
            assert (await _send(server.url)).retry_after_s == seconds


async def test_a_failed_call_passes_the_wait_on() -> None:
    async with _answering(_http("503 Busy", b"", "Retry-After: 7")) as server:
        attempt = await _send(server.url)
    with pytest.raises(Unavailable) as raised:
        attempt.raise_unless_ok("the worker")
    assert raised.value.retry_after_s == 7


async def test_nothing_listening_is_data_and_not_an_exception() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        attempt = await _send(f"http://127.0.0.1:{free.getsockname()[1]}")
    assert (attempt.status, attempt.error) == (0, "nothing answers at its address")


async def test_silence_ends_at_the_deadline() -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with _answering(silence) as server:
        attempt = await _send(server.url, timeout_s=0.1)
    assert attempt.error == "it did not answer in time"
    assert 100_000 <= attempt.duration_us < 3_000_000


async def test_an_answer_that_dribbles_ends_at_the_same_deadline() -> None:
    """Each byte would start the client's own read timeout anew."""

    async def dribble(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with _answering(dribble) as server:
        attempt = await _send(server.url, timeout_s=0.2)
    assert (attempt.status, attempt.error) == (0, "it did not answer in time")
    assert attempt.duration_us < 3_000_000


async def test_a_huge_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(65_536))
            sent += 65_536
            await writer.drain()

    async with _answering(flood) as server:
        attempt = await _send(server.url)
    assert attempt.error == f"the answer is larger than {attempts.MAX_ANSWER} bytes"
    assert sent < 2 * attempts.MAX_ANSWER


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = gzip.compress(bytes(20 * 1024 * 1024), mtime=0)
    async with _answering(_http("200 OK", bomb, "Content-Encoding: gzip")) as server:
        attempt = await _send(server.url)
    assert "larger than" in attempt.error


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="closed at once"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", id="cut off"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", id="not gzip"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", id="no length"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000, id="endless header"),
    ],
)
async def test_a_broken_answer_is_data_and_not_an_exception(answer: bytes) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with _answering(write) as server:
        attempt = await _send(server.url)
    assert attempt.status == 0
    assert attempt.error != ""


async def test_the_connection_works_again_after_a_failure() -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", _http()]

    async def one_after_the_other(writer: asyncio.StreamWriter) -> None:
        answer = answers.pop(0)
        writer.write(answer)
        await writer.drain()
        if answers:
            writer.close()

    async with _answering(one_after_the_other) as server, service_client.connect(server.url, KEYRING) as client:
        assert not (await client.send("GET", "/logs")).ok
        assert (await client.send("GET", "/logs")).ok


async def test_a_full_pool_is_waited_for_no_longer_than_the_deadline() -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with (
        _answering(silence) as server,
        service_client.connect(server.url, KEYRING, connections=1) as client,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(client.send("GET", "/logs", timeout_s=0.2)) for _ in range(3)]
        await asyncio.wait(tasks)
    assert {task.result().error for task in tasks} == {"it did not answer in time"}


async def test_a_cancelled_call_is_cancelled_and_no_attempt() -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with _answering(silence) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await _send(server.url)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with _answering(_http()) as server:
        assert (await _send(server.url)).ok


def test_the_client_is_loaded_without_the_command_that_comes_with_it() -> None:
    code = "import sys, sdc_core.service_client as s; sys.exit(bool({'rich', 'click'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_calls_under_way_are_counted_also_when_they_are_cancelled() -> None:
    asked, silent = asyncio.Event(), asyncio.Event()

    async def silence(_: asyncio.StreamWriter) -> None:
        asked.set()
        await silent.wait()

    def told(client: service_client.ServiceClient) -> dict[str, float]:
        return {family.name: family.samples[0].value for family in client.figures()}

    async with _answering(silence) as server, service_client.connect(server.url, KEYRING, connections=2) as client:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(client.send("GET", "/jobs"))
            await asked.wait()
            assert told(client) == {"sdc_service_connections": 2, "sdc_service_calls": 1}
            call.cancel()
        assert told(client)["sdc_service_calls"] == 0
