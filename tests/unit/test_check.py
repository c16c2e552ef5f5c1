"""The runner behind ./dev check."""

import check
import pytest


def failing() -> None:
    """A step that finds fault."""
    raise check.Failed("line 7: wrong")


def passing() -> None:
    """A step that finds none."""


def test_a_failing_step_does_not_keep_the_next_from_running(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run({"first": failing, "second": passing}, []) == 1
    printed = capsys.readouterr()
    assert [line.split()[-1] for line in printed.out.splitlines()] == ["first", "wrong", "second"]
    assert printed.err == "failed: first\n"


def test_only_the_named_steps_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run({"first": failing, "second": passing}, ["second"]) == 0
    assert "first" not in capsys.readouterr().out


def test_an_unknown_step_is_misuse_and_names_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run(check.all_steps(), ["lnt"]) == 2
    assert "lint" in capsys.readouterr().err


def test_a_tool_that_exits_with_an_error_fails_its_step_with_what_it_said() -> None:
    with pytest.raises(check.Failed, match="no such thing"):
        check.tool("sh", "-c", "echo no such thing >&2; exit 3")()


def test_a_tool_that_is_missing_fails_its_step() -> None:
    with pytest.raises(check.Failed, match="no-such-tool"):
        check.tool("no-such-tool")()


@pytest.mark.parametrize("begin", ["AKIA", "ghp_", "whsec_", "sdc_", "-----BEGIN " + "RSA PRIVATE KEY"])
def test_what_looks_like_a_key_is_found_with_its_line(begin: str) -> None:
    length = {"AKIA": 16, "ghp_": 36, "whsec_": 32, "sdc_": 43}.get(begin, 0)
    assert [line for line, _ in check.keys(f"first\nkey = {begin}{'A' * length}\n")] == [2]


def test_what_only_begins_like_a_key_is_none() -> None:
    assert check.keys("sdc_session sdc_core.webhooks sdc_ whsec_ AKIA ghp_short") == []


def test_a_lock_that_names_a_stranger_is_refused() -> None:
    lock = 'url = "https://pypi.org/a"\nurl = "https://user@pypi.example:8443/b"\nurl = "http://files.pythonhosted.org/c"\n'
    assert check.strangers(lock) == ["http://files.pythonhosted.org", "https://user@pypi.example:8443"]
