"""Rows as a file that other programs read. Pure functions."""

import csv
import io
from collections.abc import Sequence

import msgspec

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes what begins with one of them for a formula, full-width ones too."""


def encode(rows: Sequence[msgspec.Struct], kind: str) -> bytes:
    """The rows as `csv` or `json`."""
    return _csv(rows) if kind == "csv" else msgspec.json.encode(rows)


def _csv(rows: Sequence[msgspec.Struct]) -> bytes:
    """With a line of names, lines that end as RFC 4180 says, and texts that no spreadsheet calculates."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    if rows:
        writer.writerow(rows[0].__struct_fields__)
    for row in rows:
        writer.writerow([_harmless(each) for each in msgspec.structs.astuple(row)])
    return file.getvalue().encode()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" \xa0").startswith(_FORMULA) else cell
