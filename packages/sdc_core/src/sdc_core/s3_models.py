"""What botocore is told of S3: the operations that are used here, read from its own files without the rest.

Those files describe a hundred operations and every service of the cloud. Read whole, they are 9 MB in each process.
"""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from botocore.loaders import JSONFileLoader, Loader

OPERATIONS = (
    "CreateBucket",
    "DeleteObject",
    "GetObject",
    "GetObjectLockConfiguration",
    "HeadBucket",
    "HeadObject",
    "ListObjectsV2",
    "PutObject",
)
_SHAPE = re.compile(rb'"shape"\s*:\s*"(\w+)"')
_Parts: TypeAlias = dict[str, msgspec.Raw]
"""Values that are not read yet, and so take no memory but that of the file."""


def loader() -> Loader:
    """A loader of botocore's that knows S3 alone, and of that what is used."""
    return Loader(file_loader=_OnlyUsed())


class _OnlyUsed(JSONFileLoader):
    def load_file(self, file_path: str) -> dict[str, Any] | None:
        """The file of that path without its ending, or None where there is none, as botocore expects it."""
        path = Path(file_path)
        if path.name == "endpoints":
            return _of_s3(_parts(_bytes(path)))
        if path.name == "service-2" and "s3" in path.parts:
            return _of_operations(_parts(_bytes(path)))
        return super().load_file(file_path)


def _of_s3(endpoints: _Parts) -> dict[str, Any]:
    """The regions of every partition, and of their services S3."""
    partitions = []
    for partition in msgspec.json.decode(endpoints["partitions"], type=list[_Parts]):
        services = _parts(partition.pop("services"))
        partitions.append({**_read(partition), "services": _read(services, services.keys() & {"s3"})})
    return {"partitions": partitions, "version": msgspec.json.decode(endpoints["version"])}


def _of_operations(model: _Parts) -> dict[str, Any]:
    """The operations, and the shapes that they and those shapes are made of."""
    operations, shapes = _parts(model.pop("operations")), _parts(model.pop("shapes"))
    used: set[str] = set()
    found = {name for each in OPERATIONS for name in _named(operations[each])}
    while found:
        used |= found
        found = {name for each in found for name in _named(shapes[each])} - used
    return {**_read(model), "operations": _read(operations, OPERATIONS), "shapes": _read(shapes, sorted(used))}


def _named(part: msgspec.Raw) -> set[str]:
    return {name.decode() for name in _SHAPE.findall(bytes(part))}


def _read(parts: _Parts, names: Iterable[str] | None = None) -> dict[str, Any]:
    return {name: msgspec.json.decode(parts[name]) for name in (parts if names is None else names)}


def _parts(encoded: bytes | msgspec.Raw) -> _Parts:
    return msgspec.json.decode(encoded, type=_Parts)


def _bytes(path: Path) -> bytes:
    plain = path.with_name(f"{path.name}.json")
    return plain.read_bytes() if plain.exists() else gzip.decompress(path.with_name(f"{plain.name}.gz").read_bytes())
