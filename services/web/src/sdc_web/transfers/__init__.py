"""Imports and exports that the CMS was asked for: kept as rows, done one after the other in a child of web."""

from sdc_web.transfers import folders, reports, rounds
from sdc_web.transfers.keeping import (
    Wishes,
    begin,
    cancel,
    downloaded,
    keep,
    listing,
    one,
    receiving,
    remove,
    require_place,
    run,
)
from sdc_web.transfers.records import Kind, Step, Transfer

__all__ = [
    "Kind",
    "Step",
    "Transfer",
    "Wishes",
    "begin",
    "cancel",
    "downloaded",
    "folders",
    "keep",
    "listing",
    "one",
    "receiving",
    "remove",
    "reports",
    "require_place",
    "rounds",
    "run",
]
