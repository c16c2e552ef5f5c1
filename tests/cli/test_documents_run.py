"""The commands in the documents do what the pages say: each page is followed from top to bottom, in a folder of its
own, beside a running site.

A block of `sh` says in its info string what it is: `sh run` is run; `sh up` starts the site, which is there already;
`sh not run: why` is for who reads. A block of `text said` behind one is what that one says, line by line, where `…`
stands for anything; further lines between are passed over. `python run title="name"` is a file of that name.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import pytest

import photograph
from documents import PAGES, ROOT, Block, blocks
from living_site import Site

pytestmark = pytest.mark.timeout(240)
READY_S = 200
RUN, UP, NOT_RUN, SAID = "sh run", "sh up", "sh not run: ", "text said"
RUN_THERE = "sh run in a copy of the tree"  # by test_worked_example.py
FILE = re.compile(r'\w+ run title="([\w.-]+)"')
MARK = "@@@ "
PATIENT = """sdc() {
    if [ "$1" != doctor ]; then command sdc "$@"; return; fi
    until command sdc doctor > doctor.txt; do :; done
    cat doctor.txt
}
"""
"""On a busy machine a part may answer too late for a doctor who has just come; the deadline is that of the page."""
SHELL = [block for page in PAGES for block in blocks(page) if block.info.split()[:1] in (["sh"], ["bash"], ["console"])]
FOLLOWED = sorted({block.page for block in SHELL if block.info == RUN})


@pytest.fixture(scope="module")
def site() -> Generator[Site]:
    """A site with an author."""
    with tempfile.TemporaryDirectory(prefix="sdc-documents-") as folder:
        one = Site(folder)
        try:
            one.await_ready()
            one.become_author()
            # At the start the worker may come round to it before web is there.
            assert one.run_job("cron.publish_due")["outcome"] == "ok"
            yield one
        finally:
            one.close()


def test_each_block_of_the_shell_says_whether_it_is_run() -> None:
    said = [
        block for block in SHELL if block.info in (RUN, UP, RUN_THERE) or re.fullmatch(rf"{NOT_RUN}.{{5,}}", block.info)
    ]
    assert [str(block) for block in SHELL if block not in said] == []
    assert len(FOLLOWED) >= 4


def test_the_site_starts_as_the_pages_say(site: Site) -> None:
    told = [(block, after) for block, after in followed() if block.info == UP and after]
    assert told
    for block, after in told:
        # The parts are ready in any order.
        lines = here(after.text, site).splitlines()
        assert [line for line in lines if missing(line, site.up.printed)] == [], block


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_the_commands_of_a_page_do_what_it_says(site: Site, page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if found := FILE.fullmatch(block.info):
            (tmp_path / found[1]).write_text(block.text, encoding="utf-8")
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests" / "curl.py"} "$@"\n')
    curl.chmod(0o755)
    photograph.take(tmp_path / "fog.jpg", width=640, height=400)
    (tmp_path / "fog.md").write_text("It *came* in the night.\n", encoding="utf-8")
    steps = [block for block in blocks(page) if block.info == RUN]
    said = follow(steps, site, tmp_path)
    assert len(said) == len(steps), f"{steps[len(said) - 1]} ended it:\n{said[-1]}"
    unsaid = {
        str(block): (lines, said[steps.index(block)])
        for block, after in followed()
        if block in steps and after and (lines := missing(here(after.text, site), said[steps.index(block)]))
    }
    assert unsaid == {}


def follow(steps: list[Block], site: Site, folder: Path) -> list[str]:
    """What each step said, in one shell; the last one is where it ended, if not all of them are there."""
    script = f"exec 2>&1\nset -eu\n{PATIENT}" + "".join(
        f"printf '\\n%s\\n' '{MARK}{number}'\n{here(block.text, site)}\n" for number, block in enumerate(steps)
    )
    programs = f"{folder}:{Path(sys.executable).parent}:{os.defpath}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{script}printf '\\n%s\\n' '{MARK}end'"],
        env=site.environment | {"PATH": programs},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=READY_S,
        check=False,
    )
    return re.split(rf"\n{MARK}(?:\d+|end)\n", done.stdout)[1 : len(steps) + (done.returncode == 0)]


def here(text: str, site: Site) -> str:
    """A text of a page for the site of the test, which has another port."""
    return text.replace("localhost:8000", f"localhost:{site.port}")


def followed() -> list[tuple[Block, Block | None]]:
    """Each block of the shell with what it says, where the page tells."""
    return [
        (block, after if after and after.info == SAID else None)
        for page in PAGES
        for block, after in pairwise([*blocks(page), None])
        if block and block in SHELL
    ]


def missing(expected: str, said: str) -> list[str]:
    """The lines that were not said, in that order."""
    left, lost = iter(said.splitlines()), []
    for line in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        if line != "…" and not any(pattern.fullmatch(each.rstrip()) for each in left):
            lost.append(line)
    return lost


@pytest.mark.parametrize(
    ("expected", "lost"),
    [("one\nthree", []), ("o…\n…\nth…e", []), ("three\none", ["one"]), ("on", ["on"]), ("one (1)", ["one (1)"])],
)
def test_what_was_not_said_would_be_found(expected: str, lost: list[str]) -> None:
    assert missing(expected, "one\ntwo\nthree\n") == lost


def test_a_page_that_goes_wrong_ends_where_it_does(site: Site, tmp_path: Path) -> None:
    page = ROOT / "README.md"
    steps = [
        Block(page=page, line=line, info=RUN, text=text) for line, text in enumerate(["echo a", "false", "echo b"])
    ]
    assert follow(steps, site, tmp_path) == ["a\n", ""]
