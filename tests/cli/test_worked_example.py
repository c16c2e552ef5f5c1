"""What docs/developing.md builds is built from it, in a copy of the tree, and passes what it says it passes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documents import ROOT, Block, blocks

pytestmark = pytest.mark.timeout(240)
PAGE = ROOT / "docs" / "developing.md"
PARTS = ("packages", "services", "tests", "infra", "benchmarks")
SOURCES = ("packages/sdc_core/src", "packages/sdc_cli/src", "services/web/src", "services/worker/src")
TITLE = re.compile(r'\w+ title="(?P<file>[\w./]+)"')
LIMIT_S = 200


def test_the_worked_example_works(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for part in PARTS:
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for file in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / file, tree / file)
    new = [written(block, tree) for block in blocks(PAGE) if TITLE.fullmatch(block.info)]
    (changes,) = [block.text for block in blocks(PAGE) if block.info == "diff run"]
    for change in re.split(r"^--- ", changes, flags=re.MULTILINE)[1:]:
        changed(change, tree)
    assert len(new) == 4
    (commands,) = [block.text for block in blocks(PAGE) if block.info == "sh run in a copy of the tree"]
    done = subprocess.run(
        ["/bin/sh", "-euc", commands],
        cwd=tree,
        env={name: value for name, value in os.environ.items() if not name.startswith(("SDC_", "PYTEST_"))}
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "PYTHONPATH": ":".join(str(tree / each) for each in SOURCES),
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE), done.stdout


def test_a_change_that_no_longer_fits_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\none\n")
    for lines in (" one\n+two\n", " three\n+four\n"):
        with pytest.raises(AssertionError, match=r"a\.py"):
            changed(f"a/a.py\n+++ b/a.py\n@@\n{lines}", tmp_path)
    changed("a/a.py\n+++ b/a.py\n@@\n-two\n+three\n one\n", tmp_path)
    assert (tmp_path / "a.py").read_text() == "one\nthree\none\n"


def written(block: Block, tree: Path) -> Path:
    """A new file out of a block."""
    title = TITLE.fullmatch(block.info)
    assert title
    file = tree / title["file"]
    assert not file.exists(), file
    file.parent.mkdir(exist_ok=True)
    file.write_text(block.text, encoding="utf-8")
    return file


def changed(change: str, tree: Path) -> None:
    """One file of a diff whose places are found by their words, since numbers of lines would soon be others."""
    head, *hunks = re.split(r"^@@\n", change, flags=re.MULTILINE)
    file = tree / head.partition("\n")[0].removeprefix("a/")
    text = file.read_text(encoding="utf-8")
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, f"{file}: {text.count(before)} places for\n{before}"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
