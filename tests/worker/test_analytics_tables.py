"""Answers as Parquet: their columns do not follow what happens to stand in them."""

import asyncio
from pathlib import Path

import duckdb
import msgspec
import pytest
from sdc_core.answers.analytics import PathLatency, Point, Slice
from sdc_worker.analytics import tables

SLICE = Slice(key="", visitors=1, page_views=1, visits=1, bounces=1, requests=1, bytes=1)
KEYS = ["2026-03-01", "6f0f6b0e-5a3c-4c2e-9a0b-2f7d1b1f5c11", "10:00:00", "200", "2026-03-01T10:00Z", "null", "true"]


async def described(rows: list[msgspec.Struct], kind: type[msgspec.Struct], folder: Path) -> list[tuple[str, str]]:
    file = folder / "table.parquet"
    await asyncio.to_thread(lambda: file.write_bytes(tables.parquet(msgspec.json.encode(rows), kind, folder)))
    with duckdb.connect() as engine:
        found = engine.execute(f"DESCRIBE FROM '{file}'").fetchall()
    return [(str(name), str(of)) for name, of, *_ in found]


@pytest.mark.parametrize("key", ["", *KEYS])
async def test_the_columns_of_a_table_are_the_same_whatever_its_keys_look_like(tmp_path: Path, key: str) -> None:
    rows: list[msgspec.Struct] = [msgspec.structs.replace(SLICE, key=key)] if key else []
    assert await described(rows, Slice, tmp_path) == [
        (field.name, "VARCHAR" if field.name == "key" else "BIGINT") for field in msgspec.structs.fields(Slice)
    ]


@pytest.mark.parametrize("kind", [Point, PathLatency])
async def test_a_course_and_answer_times_have_text_and_whole_numbers(
    tmp_path: Path, kind: type[msgspec.Struct]
) -> None:
    (_, first), *others = await described([], kind, tmp_path)
    assert (first, {of for _, of in others}) == ("VARCHAR", {"BIGINT"})
