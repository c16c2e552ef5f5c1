import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator

import pytest
from sdc_core import clock, service_client, tracing, webhooks
from sdc_core import logging as core_logging
from sdc_core.errors import Misconfigured
from sdc_core.webhooks import Keyring

import receiver
import traces
from loopback import serving
from receiver import Receiver

CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ABSENT = "import sys; sys.modules['opentelemetry'] = None; from sdc_core import tracing; "
"""A Python to which OpenTelemetry is not installed."""


@pytest.fixture
def collector() -> Receiver:
    return traces.collector()


@pytest.fixture
async def address(collector: Receiver) -> AsyncGenerator[str]:
    async with serving(collector.serve) as url:
        yield url


async def test_spans_reach_the_collector_with_what_they_belong_to(collector: Receiver, address: str) -> None:
    async with tracing.opened(address, "web"):
        with tracing.span("job a", sdc__run_id="run_1") as span:
            with tracing.span("below", "CLIENT") as below:
                below.answered(503)
            span.rename("job b")
    assert {each.path for each in collector.heard} == {traces.PATH}
    above, below = traces.named(collector, "job b"), traces.named(collector, "below")
    assert (above.service, above.parent, above.failed, above.about) == ("sdc-web", "", "", {"sdc.run_id": "run_1"})
    assert (below.trace, below.parent, below.failed) == (above.trace, above.id, "503")
    assert below.about == {"http.response.status_code": 503}


async def test_a_span_goes_on_with_the_trace_of_its_caller(collector: Receiver, address: str) -> None:
    async with tracing.opened(address, "worker"):
        with tracing.span("asked", "SERVER", caller=CALLER):
            pass
    span = traces.named(collector, "asked")
    assert (span.trace, span.parent) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.mark.parametrize(
    "caller", [b"", b"\xff", b"00-0-0-01", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", CALLER * 900]
)
async def test_a_caller_that_names_no_trace_is_passed_over(collector: Receiver, address: str, caller: bytes) -> None:
    async with tracing.opened(address, "web"):
        with tracing.span("asked", "SERVER", caller=caller):
            pass
    assert traces.named(collector, "asked").parent == ""


async def test_a_signed_call_names_its_trace(collector: Receiver, address: str) -> None:
    other = Receiver()
    async with (
        serving(other.serve) as url,
        tracing.opened(address, "web"),
        service_client.connect(url, Keyring([webhooks.new_secret()])) as client,
    ):
        with tracing.span("page"):
            await client.send("POST", "/jobs/mirror.daily/runs")
        await client.send("POST", "/hooks")
    call, page = traces.named(collector, "POST /jobs"), traces.named(collector, "page")
    assert (call.trace, call.parent) == (page.trace, page.id)
    assert other.heard[0].headers["traceparent"].split("-")[1:3] == [call.trace, call.id]
    assert traces.named(collector, "POST /hooks").parent == ""


async def test_lines_of_the_log_name_their_trace(collector: Receiver, address: str) -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    core_logging.configure("web", stream=stream)
    try:
        async with tracing.opened(address, "web"):
            with tracing.span("page"):
                logging.getLogger("test").info("within")
            logging.getLogger("test").info("without")
    finally:
        logging.basicConfig(handlers=before[0], level=before[1], force=True)
    within, without = (json.loads(line) for line in stream.getvalue().splitlines())
    assert within["trace_id"] == traces.named(collector, "page").trace
    assert "trace_id" not in without


async def test_what_an_error_says_is_not_told(collector: Receiver, address: str) -> None:
    async with tracing.opened(address, "web"):
        with pytest.raises(ValueError, match="whsec_secret"), tracing.span("page"):
            raise ValueError("whsec_secret")
    assert traces.named(collector, "page").failed == "ValueError"
    assert not any(b"whsec" in body for body in (each.body for each in collector.heard))


async def test_a_collector_that_is_silent_holds_up_nobody_for_long(collector: Receiver, address: str) -> None:
    collector.answer = receiver.silence
    async with tracing.opened(address, "web"):
        for _ in range(4_000):
            with tracing.span("page"):
                pass
        began_us = clock.monotonic_us()
    # What the collector of these spans is waited for, a machine that does other things as well included.
    assert clock.monotonic_us() - began_us < 6 * clock.SECOND_US


async def test_a_collector_that_is_away_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async with tracing.opened("http://127.0.0.1:9", "web"):
        for _ in range(1_200):
            with tracing.span("page"):
                pass
        async with asyncio.timeout(30):
            while not caplog.records:  # noqa: ASYNC110 - its thread has no event for it
                await asyncio.sleep(0.01)
    assert [each.message for each in caplog.records] == ["the collector takes no traces: they are let go of"]


async def test_without_a_collector_no_header_is_sent_and_nothing_is_kept() -> None:
    async with tracing.opened("", "web"):
        with tracing.span("page", caller=CALLER) as span:
            span.answered(500)
            assert tracing.headers() == {}
            assert core_logging.trace_id.get() == ""


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    code = (
        "import asyncio, sys, sdc_web.app, sdc_worker.app; from sdc_core import tracing\n"
        "async def main():\n"
        "    async with tracing.opened('', 'web'):\n"
        "        with tracing.span('page'): tracing.headers()\n"
        "asyncio.run(main())\n"
        "print([each for each in sys.modules if each.startswith(('opentelemetry', 'google.protobuf', 'requests'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_collector_without_the_extra_is_refused_in_words() -> None:
    code = ABSENT + "tracing.require('http://127.0.0.1:4318')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{Misconfigured.__name__}: SDC_TRACES_URL is set" in done.stderr
    assert "--extra traces" in done.stderr


def test_no_collector_needs_no_extra() -> None:
    assert subprocess.run([sys.executable, "-c", ABSENT + "tracing.require('')"], check=False).returncode == 0
