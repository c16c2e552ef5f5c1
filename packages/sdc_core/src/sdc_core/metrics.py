"""Figures of a service in Prometheus' text format, and the times of its requests.

Each part of a service tells its own families in a function `figures`; the composition root puts them together. What
both services have is named alike in both: Prometheus tells them apart by its own label `job`.
"""

import resource
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from sdc_core import clock

Labels: TypeAlias = Mapping[str, str]
Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

MEDIA_TYPE = "text/plain; version=0.0.4"
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS_US = tuple(int(bound * clock.SECOND_US) for bound in BOUNDS_S)
_STARTED_US = clock.now_us()
_PAGE_BYTES = resource.getpagesize()
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One figure; `suffix` is what a histogram's parts add to the name of their family."""

    labels: Labels = {}
    value: float
    suffix: str = ""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one name."""

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def single(kind: Kind, name: str, words: str, value: float) -> Family:
    """A family of one figure."""
    return Family(name=name, kind=kind, help=words, samples=(Sample(value=value),))


def by(kind: Kind, name: str, words: str, label: str, values: Mapping[str, float]) -> Family:
    """A family with one figure for each value of a label."""
    samples = tuple(Sample(labels={label: key}, value=value) for key, value in values.items())
    return Family(name=name, kind=kind, help=words, samples=samples)


def text(families: Iterable[Family]) -> str:
    """The families as Prometheus reads them; those of one name become one, under the first one's words."""
    heads: dict[str, Family] = {}
    lines: dict[str, list[str]] = {}
    for family in families:
        heads.setdefault(family.name, family)
        lines.setdefault(family.name, []).extend(_line(family.name, sample) for sample in family.samples)
    told = (
        line
        for name, head in heads.items()
        for line in (f"# HELP {name} {head.help}", f"# TYPE {name} {head.kind}", *lines[name])
    )
    return "".join(f"{line}\n" for line in told)


def labelled(families: Iterable[Family], more: Labels) -> list[Family]:
    """The families with further labels on every figure."""
    return [
        msgspec.structs.replace(
            family,
            samples=tuple(msgspec.structs.replace(each, labels={**more, **each.labels}) for each in family.samples),
        )
        for family in families
    ]


def of_process() -> list[Family]:
    """What Prometheus' own clients tell of a process, by the same names. Blocking: it reads /proc, if there is one."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    told = [
        single("gauge", "process_start_time_seconds", "When it started.", _STARTED_US / clock.SECOND_US),
        single("counter", "process_cpu_seconds_total", "Processor time.", usage.ru_utime + usage.ru_stime),
    ]
    try:
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
        descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return told
    return [
        *told,
        single("gauge", "process_resident_memory_bytes", "Memory that it holds.", resident),
        single("gauge", "process_open_fds", "Files and connections that it has open.", descriptors),
    ]


class Timings:
    """How long requests took, by route, and how they were answered; `under_way` are those that are not yet."""

    __slots__ = ("_taken", "under_way")

    def __init__(self) -> None:
        self._taken: dict[tuple[str, int], _Times] = {}
        self.under_way = 0

    def add(self, route: str, status: int, duration_us: int) -> None:
        """One more. `route` is a pattern and never what was asked, which has no end."""
        answered = (route, status)
        times = self._taken.get(answered) or self._taken.setdefault(answered, _Times())
        times.counts[bisect_left(_BOUNDS_US, duration_us)] += 1
        times.sum_us += duration_us

    def figures(self) -> list[Family]:
        """Three families. Any thread may ask, while requests go on."""
        # At one stroke, so that none comes in between: to make the pairs of a list, other threads may have their turn.
        taken = list(self._taken.copy().items())
        routes: dict[str, _Times] = {}
        for (route, _), times in taken:
            routes.setdefault(route, _Times()).include(times)
        answered = tuple(
            Sample(labels={"route": route, "status": str(status)}, value=sum(times.counts))
            for (route, status), times in taken
        )
        durations = tuple(sample for route, times in routes.items() for sample in times.samples(route))
        return [
            Family(name="sdc_requests_total", kind="counter", help="Requests answered.", samples=answered),
            Family(
                name="sdc_request_duration_seconds", kind="histogram", help="How long they took.", samples=durations
            ),
            single("gauge", "sdc_requests_under_way", "Requests that are being answered.", self.under_way),
        ]


class _Times:
    """How many took so long, in the last place longer than any bound."""

    __slots__ = ("counts", "sum_us")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_US) + 1)
        self.sum_us = 0

    def include(self, others: "_Times") -> None:
        self.counts = [one + other for one, other in zip(self.counts, others.counts, strict=True)]
        self.sum_us += others.sum_us

    def samples(self, route: str) -> Iterable[Sample]:
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), accumulate(self.counts), strict=True):
            yield Sample(labels={"route": route, "le": bound}, value=count, suffix="_bucket")
        yield Sample(labels={"route": route}, value=self.sum_us / clock.SECOND_US, suffix="_sum")
        yield Sample(labels={"route": route}, value=sum(self.counts), suffix="_count")


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in sample.labels.items())
    value = int(sample.value) if float(sample.value).is_integer() else sample.value
    return f"{name}{sample.suffix}{{{labels}}} {value}" if labels else f"{name}{sample.suffix} {value}"
