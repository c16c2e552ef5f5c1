"""What the engine reads of the access log: lines as they are, or in one plain form where some of them are none."""

from collections.abc import Iterator

from sdc_core import access_log

from sdc_worker.ingest import lines, packing
from sdc_worker.ingest.store import Batch

LINE_COLUMNS = {
    "ts": "BIGINT",
    "visitor": "VARCHAR",
    "method": "VARCHAR",
    "path": "VARCHAR",
    "query": "VARCHAR",
    "status": "BIGINT",
    "bytes": "BIGINT",
    "us": "BIGINT",
    "type": "VARCHAR",
    "ref": "VARCHAR",
    "ua": "VARCHAR",
    "country": "VARCHAR",
}
"""What DuckDB takes of a line's JSON."""

COLUMNS = {
    "day": "VARCHAR",
    "seq": "BIGINT",
    "ts": "BIGINT",
    "visitor": "BIGINT",
    "method": "VARCHAR",
    "path": "VARCHAR",
    "query": "VARCHAR",
    "status": "SMALLINT",
    "page": "BOOLEAN",
    "bytes": "BIGINT",
    "us": "BIGINT",
    "type": "VARCHAR",
    "kind": "VARCHAR",
    "ref": "VARCHAR",
    "source": "VARCHAR",
    "medium": "VARCHAR",
    "campaign": "VARCHAR",
    "country": "VARCHAR",
    "browser": "VARCHAR",
    "os": "VARCHAR",
    "device": "VARCHAR",
    "bot": "VARCHAR",
    "bot_kind": "VARCHAR",
    "readers": "INTEGER",
}
"""Columns of a request and their types in DuckDB, in the order of `hits`. `seq` orders the requests as they were
written; `visitor` is the hash as a signed number, which every engine reads from Parquet. `docs/interfaces.md` explains
the rest."""


def as_stored(batches: list[Batch]) -> Iterator[bytes]:
    """The lines of each batch. Those of one that is not `whole` are read one by one, and what is none is left out."""
    for batch in batches:
        body = packing.unpack(batch.body)
        yield body if batch.whole else _plain(body)


def in_plain_form(batches: list[Batch]) -> Iterator[bytes]:
    """The same lines, each written anew: for what one JSON reader takes and another does not, such as a name that
    stands twice in a line.
    """
    return (_plain(packing.unpack(batch.body)) for batch in batches)


def _plain(body: bytes) -> bytes:
    return b"".join(
        access_log.encode(line)
        for raw in body.removesuffix(b"\n").split(b"\n")
        if not isinstance(line := lines.read(raw), str)
    )
