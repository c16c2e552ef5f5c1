"""Nouns know no HTTP: the rule of the rings that import-linter's layers cannot say."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"sdc_web": ROOT / "services/web/src/sdc_web", "sdc_worker": ROOT / "services/worker/src/sdc_worker"}
HTTP_PACKAGES = {"granian", "litestar", "starlette", "uvicorn"}


def nouns(service: str) -> list[str]:
    """The modules of the rings between surfaces and kit, as the contracts in pyproject.toml list them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == [service])
    first = next(place for place, layer in enumerate(layers) if re.search(r"\((posts|cron)\)", layer))
    return re.findall(r"\w+", " ".join(layers[first:-1]))


def http_imports(package: Path, modules: list[str]) -> Iterator[str]:
    """One line for each import of an HTTP package in those modules of a package."""
    for name in modules:
        for path in [package / f"{name}.py", *sorted((package / name).rglob("*.py"))]:
            if not path.exists():
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for imported in imports(node):
                    if imported.partition(".")[0] in HTTP_PACKAGES:
                        yield f"{path}:{getattr(node, 'lineno', 0)}: {imported}"


def imports(node: ast.AST) -> list[str]:
    """The modules that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_no_noun_imports_an_http_package() -> None:
    assert [line for service, package in SERVICES.items() for line in http_imports(package, nouns(service))] == []


def test_the_ring_of_nouns_is_the_one_meant() -> None:
    assert {"posts", "texts"} <= set(nouns("sdc_web"))
    assert not {"pages", "db"} & set(nouns("sdc_web"))
    assert "cron" in nouns("sdc_worker")


def test_an_http_package_imported_inside_a_function_of_a_noun_is_found(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "publish.py").write_text("def f() -> None:\n    from litestar.response import File\n")
    (tmp_path / "media.py").write_text("import litestarlet\n")
    assert list(http_imports(tmp_path, ["posts", "media", "search"])) == [
        f"{tmp_path}/posts/publish.py:2: litestar.response"
    ]
