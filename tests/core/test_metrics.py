"""What Prometheus' own parser makes of our text."""

import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sdc_core import metrics
from sdc_core.metrics import Family, Sample, Timings


def read(families: list[Family]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every figure by its name and labels."""
    parsed = text_string_to_metric_families(metrics.text(families))
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for one in parsed for each in one.samples}


def test_what_a_label_holds_is_read_back() -> None:
    hostile = 'a "quoted"\\ line\nand } another{'
    family = Family(name="odd", kind="gauge", help="Odd.", samples=(Sample(labels={"text": hostile}, value=0.5),))
    assert read([family]) == {("odd", (("text", hostile),)): 0.5}


def test_families_of_one_name_are_told_once() -> None:
    one, other = (metrics.by("gauge", "size", "Size.", "file", {name: 1}) for name in "ab")
    text = metrics.text([one, metrics.single("gauge", "between", "Between.", 1), other])
    assert text.count("# TYPE size gauge") == 1
    assert text.index('size{file="b"}') < text.index("between")


def test_labels_of_a_process_stand_beside_its_own() -> None:
    told = metrics.labelled([metrics.by("gauge", "running", "Runs.", "loop", {"lag": 1})], {"process": "3"})
    assert read(told) == {("running", (("loop", "lag"), ("process", "3"))): 1}


def test_times_are_counted_into_every_bound_that_they_are_within() -> None:
    timings = Timings()
    for status, duration_us in ((200, 1_000), (200, 3_000), (503, 60_000_000)):
        timings.add("/posts/{slug}", status, duration_us)
    told = read(timings.figures())

    def within(bound: str) -> float:
        return told["sdc_request_duration_seconds_bucket", (("le", bound), ("route", "/posts/{slug}"))]

    assert [within(bound) for bound in ("0.001", "0.0025", "0.005", "10.0", "+Inf")] == [1, 1, 2, 2, 3]
    assert told["sdc_request_duration_seconds_sum", (("route", "/posts/{slug}"),)] == 60.004
    assert told["sdc_requests_total", (("route", "/posts/{slug}"), ("status", "503"))] == 1


@pytest.fixture
def by_turns() -> Generator[None]:
    """Threads take turns after some steps, where it is 5 ms otherwise."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before_s)


@pytest.mark.usefixtures("by_turns")
def test_times_are_told_by_a_thread_while_requests_go_on() -> None:
    timings, done = Timings(), threading.Event()

    def read_on() -> int:
        families = len(timings.figures())
        while not done.is_set():
            families += len(timings.figures())
        return families

    with ThreadPoolExecutor(1) as readers:
        told = readers.submit(read_on)
        for number in range(3_000):
            timings.add(f"/{number}", 200, 60)
        done.set()
        assert told.result() > 0


def test_a_process_tells_its_memory_and_what_it_has_open() -> None:
    told = {name: value for (name, _), value in read(metrics.of_process()).items()}
    assert told["process_resident_memory_bytes"] > 1_000_000
    assert told["process_open_fds"] > 2
    assert told["process_cpu_seconds_total"] > 0
