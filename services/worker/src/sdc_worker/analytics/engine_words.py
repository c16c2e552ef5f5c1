"""What the engine's errors are told as to those who ask."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from sdc_core.errors import Unavailable

log = logging.getLogger(__name__)


class EngineError(Unavailable):
    """DuckDB has no memory left, cannot read a file, or was asked what it does not understand."""


@contextmanager
def in_words() -> Generator[None]:
    """Raises EngineError for an error of DuckDB, which is logged as it is."""
    try:
        yield
    except Exception as error:
        import duckdb  # noqa: PLC0415 - an idle worker does without it

        if not isinstance(error, duckdb.Error):
            raise
        log.exception("the engine of the statistics failed")
        if isinstance(error, duckdb.OutOfMemoryException):
            message = "that takes more memory than there is: ask for fewer days"
        else:
            message = f"the statistics cannot be read: {str(error).partition(chr(10))[0]}"
        raise EngineError(message) from error
