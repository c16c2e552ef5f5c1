"""Rows of an answer as a Parquet file, for programs that read nothing else."""

from pathlib import Path
from tempfile import TemporaryDirectory

_SQL = "COPY (SELECT * FROM read_json($source, format = 'array')) TO $target (FORMAT parquet, COMPRESSION zstd)"


def parquet(rows: bytes, scratch: Path) -> bytes:
    """A JSON array of flat objects as Parquet. Blocking."""
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
            connection.execute(_SQL, {"source": str(source), "target": str(target)})
        return target.read_bytes()
