"""`sdc audit` on databases of its own, in this process."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sdc_cli.main import sdc
from sdc_core.errors import Invalid


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for arguments in (("author", "add", "ada"), ("author", "add", "eve", "--role", "viewer")):
        assert run(tmp_path, *arguments).exit_code == 0
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(sdc, arguments, env={"SDC_DATA_DIR": str(folder)})


def test_the_newest_entry_comes_first(folder: Path) -> None:
    first, second = run(folder, "audit").stdout.splitlines()
    assert first.endswith("Z\tsystem\tadded the author eve, as viewer")
    assert second.endswith("added the author ada, as owner")


def test_a_program_gets_it_as_json_and_may_ask_for_a_part(folder: Path) -> None:
    (line,) = json.loads(run(folder, "audit", "--json", "--last", "1", "--kind", "author").stdout)
    assert (line["who"], line["action"], line["words"]) == ("system", "author.added", "eve, as viewer")
    assert json.loads(run(folder, "audit", "--json", "--who", "ada").stdout) == []
    assert json.loads(run(folder, "audit", "--json", "--since", "2999-01-01").stdout) == []


def test_a_day_that_is_none_is_refused(folder: Path) -> None:
    assert isinstance(run(folder, "audit", "--since", "yesterday").exception, Invalid)
