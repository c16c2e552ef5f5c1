"""docs/dependencies.md and the pyproject files name the same packages."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = re.compile(r"[a-z0-9][a-z0-9-]*")


def declared() -> Iterator[str]:
    """Every direct dependency of the workspace but its own members."""
    for path in [
        ROOT / "pyproject.toml",
        *ROOT.glob("packages/*/pyproject.toml"),
        *ROOT.glob("services/*/pyproject.toml"),
    ]:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        extras = tables["project"].get("optional-dependencies", {})
        groups = [*tables.get("dependency-groups", {}).values(), *extras.values()]
        for requirement in [*tables["project"]["dependencies"], *(entry for group in groups for entry in group)]:
            if isinstance(requirement, str) and (match := PACKAGE.match(requirement)):
                yield match.group()


def documented() -> Iterator[str]:
    """The first column of each table."""
    for line in (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| package"):
            yield from line.split("|")[1].strip().split(", ")


def test_each_dependency_has_its_line_and_each_line_its_dependency() -> None:
    assert set(documented()) == {name for name in declared() if not name.startswith("sdc-")}
