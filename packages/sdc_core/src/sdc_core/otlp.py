"""OpenTelemetry, which is imported here alone, and only once a collector is set (`sdc_core.tracing`)."""

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sdc_core import clock, versions

HEADER = "traceparent"
MAX_HEADER = 64
"""Of version 00, which is the one that is read, there are 55 bytes (https://www.w3.org/TR/trace-context/)."""
EVERY_MS = 2_000
BATCH = 512
BATCH_S = 2.0
"""For one batch, further tries included."""
WAITING = 4_096
"""Spans that wait for a collector; further ones are let go of."""
LEAVE_US = clock.SECOND_US
"""Once the process ends no batch is begun after this."""

log = logging.getLogger(__name__)


class Collector(SpanExporter):
    """Sends spans, on the thread of their processor; tells once when they are not taken, and once when they are."""

    def __init__(self, url: str) -> None:
        self._sending = OTLPSpanExporter(f"{url}/v1/traces", timeout=BATCH_S, compression=Compression.Gzip)
        # Its whole address may hold a password.
        self._host = urlsplit(url).hostname or ""
        self._away = False
        self._ends_us: int | None = None

    def leave(self) -> None:
        """Begin the end: what waits has `LEAVE_US`."""
        self._ends_us = clock.monotonic_us() + LEAVE_US

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, and let go of it when it is not taken."""
        if self._ends_us is not None and clock.monotonic_us() > self._ends_us:
            return SpanExportResult.FAILURE
        result = self._sending.export(spans)
        away = result is not SpanExportResult.SUCCESS
        if away and not self._away:
            log.warning("the collector takes no traces: they are let go of", extra={"collector": self._host})
        elif self._away and not away:
            log.info("the collector takes traces again", extra={"collector": self._host})
        self._away = away
        return result

    def shutdown(self) -> None:
        """Close the connection."""
        self._sending.shutdown()


class Maker:
    """Makes spans of one service. OpenTelemetry's own variables say the rest: keys, and how much is sampled."""

    __slots__ = ("_collector", "_propagator", "_provider", "_tracer")

    def __init__(self, collector_url: str, service: str) -> None:
        # It tells of each try that failed, every few seconds while a collector is away.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._collector = Collector(collector_url)
        named = Resource.create({"service.name": f"sdc-{service}", "service.version": versions.SDC})
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._collector,
                max_queue_size=WAITING,
                schedule_delay_millis=EVERY_MS,
                max_export_batch_size=BATCH,
            )
        )
        self._tracer = self._provider.get_tracer("sdc")
        self._propagator = TraceContextTextMapPropagator()

    def close(self) -> None:
        """Send what waits, as far as there is time. Blocking."""
        self._collector.leave()
        self._provider.shutdown()

    @contextmanager
    def span(self, name: str, kind: str, caller: str, attributes: Mapping[str, str | int]) -> Generator[Span]:
        """The span of the block; nothing that the block raises is told."""
        above = self._propagator.extract({HEADER: caller}) if 0 < len(caller) <= MAX_HEADER else None
        with self._tracer.start_as_current_span(
            name,
            context=above,
            kind=SpanKind[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span


def headers() -> dict[str, str]:
    """That of the span under way, if there is one."""
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {HEADER: f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"}


def trace_id(span: Span) -> str:
    """As 32 hexadecimal digits."""
    return f"{span.get_span_context().trace_id:032x}"
