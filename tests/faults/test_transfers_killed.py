"""An import of the CMS whose process of web is killed: another one tells of it, and it goes on without doubles."""

import io
import os
import re
import signal
import sqlite3
import zipfile
from pathlib import Path

import pytest

import photograph
from living_site import Site, eventually

pytestmark = pytest.mark.timeout(300)
COUNT = 60
LONG_S = 120.0


def archive(folder: Path) -> bytes:
    """Posts with a picture and an old address each."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for number in range(COUNT):
            opened.write(photograph.take(folder / f"{number}.jpg", width=80 + number, height=60), f"{number}.jpg")
            words = f"---\ntitle: Haze {number}\naliases: [/haze-{number}]\n---\n![haze]({number}.jpg)\n"
            opened.writestr(f"haze-{number:02}.md", words)
    return packed.getvalue()


def came(site: Site) -> int:
    """How many of them are posts of the site."""
    with sqlite3.connect(f"file:{site.data / 'site.db'}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT count(*) FROM posts WHERE slug LIKE 'haze-%'").fetchone()[0]
    connection.close()
    return int(found)


def test_an_import_whose_web_is_killed_is_told_of_and_goes_on_without_doubles(site: Site, tmp_path: Path) -> None:
    answer = site.author.post("/author/imports", files={"file": ("haze.zip", archive(tmp_path))})
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]

    def says(*words: str) -> bool:
        # Who asks a process that is being killed gets no answer.
        text = site.ask(page, site.author).text
        assert "state-failed" not in text, text
        return any(each in text for each in words)

    eventually(lambda: says("Nothing has been changed."), LONG_S)
    site.send(f"{page}/run", step="take")
    eventually(lambda: came(site) > 3, LONG_S, every_s=0.01)
    (child,) = site.processes("sdc_web.transfers.child")
    (parent,) = re.findall(r"child\0(\d+)", Path(f"/proc/{child}/cmdline").read_text())
    os.kill(int(parent), signal.SIGKILL)
    eventually(lambda: not site.processes("sdc_web.transfers.child"))
    begun = came(site)
    assert begun < COUNT
    eventually(lambda: says(">interrupted<"), LONG_S)
    assert came(site) == begun
    site.send(f"{page}/run", step="take")
    eventually(lambda: says(">imported<"), LONG_S)
    report = site.author.get(f"{page}/report?step=take").json()
    outcomes = [line["outcome"] for line in report]
    assert (outcomes.count("unchanged"), outcomes.count("published")) == (begun, COUNT - begun)
    assert came(site) == COUNT
