import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Generator

import pytest
from sdc_core import clock
from sdc_core.logging import JsonFormatter, configure, request_id

Lines = Callable[[], list[dict[str, object]]]
log = logging.getLogger("sdc_test")


@pytest.fixture
def lines() -> Generator[Lines]:
    """Every line logged so far, parsed; the loggers are put back at the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    stream = io.StringIO()
    configure("web", "DEBUG", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level


def test_a_line_says_when_who_and_what(lines: Lines) -> None:
    before = clock.now().isoformat()
    log.info("published %s", "a post")
    (line,) = lines()
    assert before <= str(line.pop("at")) <= clock.now().isoformat()
    assert line == {"level": "info", "service": "web", "logger": "sdc_test", "text": "published a post"}


def test_extra_fields_stand_beside_the_text(lines: Lines) -> None:
    log.warning("slow", extra={"duration_us": 12, "parts": ["a"], "ok": True, "nothing": None})
    (line,) = lines()
    assert (line["duration_us"], line["parts"], line["ok"], line["nothing"]) == (12, ["a"], True, None)


def test_an_extra_field_cannot_pose_as_one_of_ours(lines: Lines) -> None:
    log.warning("true", extra=dict.fromkeys(("at", "level", "service", "logger", "text", "trace"), "false"))
    (line,) = lines()
    assert (line["text"], line["text_"], line["level"], line["level_"]) == ("true", "false", "warning", "false")
    assert "trace" not in line


def test_the_id_of_the_request_is_on_every_line_of_it(lines: Lines) -> None:
    reset = request_id.set("r-1")
    log.info("inside")
    request_id.reset(reset)
    log.info("outside")
    inside, outside = lines()
    assert inside["request_id"] == "r-1"
    assert "request_id" not in outside


@pytest.mark.parametrize(
    "text", ["two\nlines", "carriage\rreturn", "line\u2028separator", "\x1b[31mred", "\x00", '"{}\\']
)
def test_one_record_is_one_line_whatever_it_says(text: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("web"))
    handler.emit(logging.makeLogRecord({"msg": text, "said": text}))
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\n")
    line = json.loads(stream.getvalue())
    assert (line["text"], line["said"]) == (text, text)


def test_an_exception_brings_its_trace_and_its_notes(lines: Lines) -> None:
    try:
        error = ValueError("broken\nin two")
        error.add_note("a note")
        raise error
    except ValueError:
        log.exception("failed")
    (line,) = lines()
    assert "ValueError: broken" in str(line["trace"])
    assert "a note" in str(line["trace"])
    assert line["level"] == "error"


def test_a_group_of_exceptions_brings_all_of_them(lines: Lines) -> None:
    log.error("failed", exc_info=ExceptionGroup("two", [ValueError("one"), OSError("other")]))
    assert "ValueError: one" in str(lines()[0]["trace"])
    assert "OSError: other" in str(lines()[0]["trace"])


def test_a_stack_is_kept_when_asked_for(lines: Lines) -> None:
    log.info("here", stack_info=True)
    assert "test_a_stack_is_kept" in str(lines()[0]["stack"])


@pytest.mark.parametrize(
    "value",
    [
        {(1, 2): "key"},
        object(),
        b"\xff",
        {1, 2},
        float("nan"),
        2**200,
        ValueError("x"),
        "half \ud800",
        {"a": {"b": "\ud800"}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_field_of_any_kind_does_not_lose_the_line(lines: Lines, value: object) -> None:
    log.info("kept", extra={"field": value, "other": "as well"})
    (line,) = lines()
    assert (line["text"], line["other"]) == ("kept", "as well")
    assert "field" in line


def test_a_list_that_holds_itself_does_not_lose_the_line(lines: Lines) -> None:
    endless: list[object] = []
    endless.append(endless)
    log.info("kept", extra={"field": endless})
    assert lines()[0]["text"] == "kept"


def test_arguments_that_do_not_fit_do_not_lose_the_line() -> None:
    line = JsonFormatter("web").format(logging.makeLogRecord({"msg": "%d of %s", "args": ("many",)}))
    assert json.loads(line)["text"] == "%d of %s ('many',)"


def test_chatter_of_libraries_is_left_out_but_not_their_warnings(lines: Lines) -> None:
    logging.getLogger("httpx").info("GET /")
    logging.getLogger("botocore").warning("careful")
    assert [line["text"] for line in lines()] == ["careful"]


def test_a_level_below_the_chosen_one_is_left_out(lines: Lines) -> None:
    stream = io.StringIO()
    configure("web", "WARNING", stream)
    log.info("small")
    log.warning("big")
    assert [json.loads(line)["text"] for line in stream.getvalue().splitlines()] == ["big"]


def test_setting_up_again_replaces_what_was_there(lines: Lines) -> None:
    stream = io.StringIO()
    configure("worker", "INFO", stream)
    configure("worker", "INFO", stream)
    log.info("once")
    assert stream.getvalue().count("once") == 1
    assert lines() == []


def test_accents_are_json_on_a_machine_that_speaks_ascii() -> None:
    program = (
        "import logging; from sdc_core.logging import configure; configure('web'); "
        "logging.warning('\\u00feetta \\u00e9')"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    child = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program], env=environment, capture_output=True, check=True, timeout=15
    )
    assert json.loads(child.stderr)["text"] == "þetta é"
