"""Every object key that SDC reads or writes."""

MARKER = "sdc-marker.json"
"""Present at the root of each bucket that a mirror reads or writes; its absence stops the mirror."""

LITESTREAM = "litestream"
"""Prefix of Litestream's replicas in the backup bucket."""

ORIGINALS = "originals/"
FILES = "files/"
UPLOADS = (ORIGINALS, FILES)
"""What somebody sent, which nothing can make anew."""
VARIANTS = "variants/"
HITS = "hits/"
PROBES = "probes/"
"""Written and deleted again at once, to see whether a store takes anything."""


def original(asset_id: str) -> str:
    """The untouched bytes of an upload. Private: it may hold the place where a photograph was taken."""
    return f"{ORIGINALS}{asset_id}"


def file(asset_id: str) -> str:
    """The bytes of an upload that is no picture, which readers are given as they are."""
    return f"{FILES}{asset_id}"


def variant(asset_id: str, recipe: str, name: str) -> str:
    """One derived file; `name` is `{width}.{extension}`."""
    return f"{VARIANTS}{asset_id}/{recipe}/{name}"


def manifest(asset_id: str) -> str:
    """The list of an asset's variants, written after the last of them."""
    return f"{VARIANTS}{asset_id}/manifest.json"


def segment(day: str, name: str) -> str:
    """A sealed day of the access log, in Hive layout."""
    return f"{HITS}day={day}/{name}.parquet"


def replica(database: str) -> str:
    """Litestream's replica of `site` or `worker`."""
    return f"{LITESTREAM}/{database}"
