"""Log records as one JSON object a line, with the id of the request they belong to."""

import logging
import sys
from contextvars import ContextVar
from io import TextIOWrapper
from typing import TextIO

import msgspec

from sdc_core import clock

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served; travels between the services in `X-Request-Id`."""
trace_id: ContextVar[str] = ContextVar("trace_id", default="")
"""Of what is under way, where traces are made (`sdc_core.tracing`): 32 hexadecimal digits."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_RESERVED = frozenset({"at", "level", "service", "logger", "text", "request_id", "trace_id", "trace", "stack"})


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "service", "logger", "text", "request_id"?, "trace_id"?, <extra fields>, "trace"?}`."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    def format(self, record: logging.LogRecord) -> str:
        """One line without a newline; a field that is not plain data is written as its `str()`."""
        line: dict[str, object] = {
            "at": clock.to_datetime(int(record.created * 1_000_000)).isoformat(),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "text": _text(record),
        }
        if current := request_id.get():
            line["request_id"] = current
        if traced := trace_id.get():
            line["trace_id"] = traced
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[f"{name}_" if name in _RESERVED else name] = value
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        try:
            return self._encode(line).decode()
        except (TypeError, ValueError, RecursionError):
            # A key that is no text, half a surrogate pair, a list that holds itself: the line must not be lost.
            return self._encode({name: _plain(value) for name, value in line.items()}).decode()


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream` (standard error when None), replacing what was set up before."""
    if stream is None and isinstance(sys.stderr, TextIOWrapper):
        # Elsewhere than in UTF-8, Python would write `\\xe9` for an e with an accent, which is no JSON.
        sys.stderr.reconfigure(encoding="utf-8")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Their lines tell of each request or each timer; ours tell of what matters.
    for noisy in ("httpx", "httpcore", "botocore", "aiobotocore", "boto3", "asyncio", "aiosqlite", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"  # the arguments do not fit: say both rather than nothing


def _plain(value: object) -> str:
    try:
        text = str(value)
    except RecursionError:
        text = f"<{type(value).__name__}>"
    return text.encode("utf-8", "backslashreplace").decode()
