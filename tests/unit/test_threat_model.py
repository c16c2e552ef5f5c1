"""docs/threat-model.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_claim_names_a_test_that_is_there() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    claims = text.split("## Claims and their tests")[1].split("\n## ")[0]
    rows = [line for line in claims.splitlines()[3:] if line.startswith("|")]
    named = [re.findall(r"`([\w/]+\.py)::(test_\w+)`", row) for row in rows]
    assert all(named), "a claim without a test"
    missing = [
        f"{file}::{test}"
        for each in named
        for file, test in each
        if not re.search(rf"^(async )?def {test}\(", _text(file), re.MULTILINE)
    ]
    assert missing == []


def _text(file: str) -> str:
    path = ROOT / "tests" / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""
