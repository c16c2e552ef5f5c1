"""The hard limits on size. A reason on the line lifts one: `# size: why` on the `def`, or in a file's first column."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(120)  # every file is parsed, beside whatever else the machine does
ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("packages", "services", "tests", "benchmarks", "infra")
FILE_LINES = 400
FUNCTION_LINES = 60
LIFTED = re.compile(r"# size: \S")


def python_files() -> list[Path]:
    """Every Python file of the project."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def long_files(paths: list[Path]) -> Iterator[str]:
    """One line for each file over the limit."""
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > FILE_LINES and not any(LIFTED.match(line) for line in lines):
            yield f"{path}: {len(lines)} lines"


def long_functions(paths: list[Path]) -> Iterator[str]:
    """One line for each function over the limit, its decorators not counted."""
    for path in paths:
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES and not LIFTED.search(lines[node.lineno - 1]):
                yield f"{path}:{node.lineno}: {node.name} has {length} lines"


def test_no_file_is_over_400_lines() -> None:
    assert list(long_files(python_files())) == []


def test_no_function_is_over_60_lines() -> None:
    assert list(long_functions(python_files())) == []


def test_a_long_function_is_found_unless_its_def_line_gives_a_reason(tmp_path: Path) -> None:
    body = "    pass\n" * FUNCTION_LINES
    plain, lifted = tmp_path / "plain.py", tmp_path / "lifted.py"
    plain.write_text(f"async def walk() -> None:\n{body}", encoding="utf-8")
    lifted.write_text(f"async def walk() -> None:  # size: one table\n{body}", encoding="utf-8")
    assert list(long_functions([plain, lifted])) == [f"{plain}:1: walk has {FUNCTION_LINES + 1} lines"]


def test_a_long_file_is_found_unless_it_gives_a_reason(tmp_path: Path) -> None:
    plain, lifted = tmp_path / "plain.py", tmp_path / "lifted.py"
    plain.write_text("pass\n" * (FILE_LINES + 1), encoding="utf-8")
    lifted.write_text("# size: one table\n" + "pass\n" * FILE_LINES, encoding="utf-8")
    assert list(long_files([plain, lifted])) == [f"{plain}: {FILE_LINES + 1} lines"]
