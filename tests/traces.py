"""A collector of traces, by OTLP over HTTP: what it was sent, read with OpenTelemetry's own schema."""

import gzip
from collections.abc import Iterator, Mapping

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from receiver import Receiver, answer

PATH = "/v1/traces"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span; ids are hexadecimal, `parent` empty at the top of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    failed: str
    about: Mapping[str, str | int]


def collector() -> Receiver:
    """One that takes everything."""
    taking = Receiver()
    taking.answer = answer("200 OK", headers="content-type: application/x-protobuf\r\n")
    return taking


def spans(received: Receiver) -> list[Span]:
    """Every span so far, in the order in which they ended."""
    return [span for heard in received.heard for span in _read(gzip.decompress(heard.body))]


def named(received: Receiver, name: str) -> Span:
    """The only span of that name."""
    (found,) = [span for span in spans(received) if span.name == name]
    return found


def _read(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _values(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                failed = span.status.code == Status.StatusCode.STATUS_CODE_ERROR
                yield Span(
                    service=str(service),
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    failed=span.status.message if failed else "",
                    about=_values(span.attributes),
                )


def _values(attributes: "Iterator[KeyValue] | list[KeyValue]") -> dict[str, str | int]:
    return {
        each.key: each.value.int_value if each.value.HasField("int_value") else each.value.string_value
        for each in attributes
    }
