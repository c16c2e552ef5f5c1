"""Rows of an answer as a Parquet file, for programs that read nothing else."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

_SQL = """
COPY (SELECT * FROM read_json($source, format = 'array', columns = $columns))
TO $target (FORMAT parquet, COMPRESSION zstd)
"""
_KINDS: dict[object, str] = {str: "VARCHAR", int: "BIGINT"}


def parquet(rows: bytes, kind: type[msgspec.Struct], scratch: Path) -> bytes:
    """A JSON array of flat Structs as Parquet, whose columns are the same whatever stands in them. Blocking."""
    import duckdb  # noqa: PLC0415 - an idle worker does without it

    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch) as folder:
        source, target = Path(folder, "rows.json"), Path(folder, "rows.parquet")
        source.write_bytes(rows)
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": "64MB",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(":memory:", config=config) as connection:
            columns = {field.encode_name: _KINDS[field.type] for field in msgspec.structs.fields(kind)}
            connection.execute(_SQL, {"source": str(source), "target": str(target), "columns": columns})
        return target.read_bytes()
