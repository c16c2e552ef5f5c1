"""`sdc token` on databases of its own, in this process."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sdc_cli.main import sdc
from sdc_core.errors import Conflict, Invalid, NotFound, SdcError


class Site:
    """Commands on one data folder; an expected failure is raised as it is."""

    def __init__(self, folder: Path) -> None:
        self._environment = {"SDC_DATA_DIR": str(folder)}

    def run(self, *arguments: str) -> Result:
        done = CliRunner().invoke(sdc, arguments, env=self._environment)
        if isinstance(done.exception, SdcError):
            raise done.exception
        return done

    def rows(self) -> list[dict[str, object]]:
        return json.loads(self.run("token", "list", "--json").stdout)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.chdir(tmp_path)
    made = Site(tmp_path)
    assert made.run("author", "add", "ada").exit_code == 0
    return made


def test_a_token_is_alone_on_standard_output(site: Site) -> None:
    done = site.run("token", "create", "Phone", "--scope", "write")
    assert re.fullmatch(r"sdc_[A-Za-z0-9_-]{43}\n", done.stdout)


def test_the_list_tells_what_a_token_may_do_and_never_the_token(site: Site) -> None:
    text = site.run("token", "create", "phone", "--scope", "read", "--days", "30").stdout.strip()
    (row,) = site.rows()
    assert (row["name"], row["scope"], row["author"], row["last_used"]) == ("phone", "read", "ada", None)
    assert text not in site.run("token", "list").stdout + site.run("token", "list", "--json").stdout


def test_a_token_may_do_several_things(site: Site) -> None:
    site.run("token", "create", "phone", "--scope", "posts:write", "--scope", "media:write")
    assert [row["scope"] for row in site.rows()] == ["posts:write media:write"]


def test_a_token_without_days_never_expires(site: Site) -> None:
    site.run("token", "create", "phone", "--scope", "read")
    assert "never expires" in site.run("token", "list").stdout


def test_a_revoked_token_is_gone_from_the_list(site: Site) -> None:
    site.run("token", "create", "phone", "--scope", "read")
    assert site.run("token", "revoke", "phone").stdout == "revoked phone\n"
    assert site.rows() == []


def test_a_name_is_given_once(site: Site) -> None:
    site.run("token", "create", "phone", "--scope", "read")
    with pytest.raises(Conflict, match="phone already"):
        site.run("token", "create", "PHONE", "--scope", "write")


def test_of_two_tokens_of_one_name_the_author_says_which(site: Site) -> None:
    site.run("author", "add", "eve", "--role", "author")
    for author in ("ada", "eve"):
        site.run("token", "create", "phone", "--scope", "read", "--author", author)
    with pytest.raises(Conflict, match="say whose"):
        site.run("token", "revoke", "phone")
    site.run("token", "revoke", "phone", "--author", "ada")
    assert [each["author"] for each in site.rows()] == ["eve"]


def test_a_token_without_its_scope_is_misuse(site: Site) -> None:
    assert site.run("token", "create", "phone").exit_code == 2


@pytest.mark.parametrize("days", ["0", "-1", "4000"])
def test_a_lifetime_out_of_bounds_is_refused(site: Site, days: str) -> None:
    with pytest.raises(Invalid, match="days"):
        site.run("token", "create", "phone", "--scope", "read", "--days", days)


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "a\tb", "x" * 65, "é"])
def test_a_name_that_is_none_is_refused(site: Site, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        site.run("token", "create", name, "--scope", "read")


def test_revoking_what_is_not_there_says_so(site: Site) -> None:
    with pytest.raises(NotFound, match="phone"):
        site.run("token", "revoke", "phone")


def test_a_token_for_a_stranger_is_refused(site: Site) -> None:
    with pytest.raises(Invalid, match="no author named bob"):
        site.run("token", "create", "phone", "--scope", "read", "--author", "bob")


def test_a_site_without_an_author_has_no_tokens(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="sdc author add"):
        Site(tmp_path).run("token", "create", "phone", "--scope", "read")
