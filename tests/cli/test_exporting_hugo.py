"""An export as Hugo itself builds it: every address that readers know is there."""

import asyncio
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from msgspec.structs import replace
from sdc_cli import exporting, importing
from sdc_cli.importing import Wish
from sdc_core import clock, objects
from sdc_core.settings import Settings
from sdc_web import posts, redirects
from sdc_web.about import site
from sdc_web.authors import accounts
from sdc_web.db import open_databases
from sdc_web.exports import hugo
from sdc_web.imports import Pictures
from sdc_web.posts import Draft, Post
from sdc_web.posts.series import Series

import photograph

pytestmark = pytest.mark.skipif(
    shutil.which("hugo") is None, reason="NOT CHECKED: this machine has no hugo (Debian: apt-get install hugo)"
)
TAGS = (
    "black tea", "c#", "f#a", "c++", "fog & co", "100%", "it's", "\u65e5\u672c", "\u00e4 o", "a.b", "x:y", "b - c",
)  # fmt: skip
"""What tags are called that Hugo would call otherwise."""
THEME = {
    "_default/single.html": """<html lang="{{ site.LanguageCode }}"><main>{{ .Content }}</main>
{{ range .GetTerms "tags" }}<a rel="tag" href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}
{{ range .GetTerms "series" }}<a rel="series" href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}""",
    "_default/list.html": '{{ range .Pages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}',
    "index.html": "<h1>{{ .Title }}</h1>",
}
BUILD_S = 60


async def filled(settings: Settings, folder: Path) -> None:
    """A site with what Hugo may stumble over."""
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        db = databases.site
        (ada,) = [each.actor for each in await accounts.everyone(databases)]
        await site.change(db, ada, site.Words(title="Ada", description="", language="de"))
        to = Pictures(settings=settings, databases=databases, store=store, by=ada)
        lamp = await to.put(photograph.take(folder / "lamp.jpg", 64, 48), "lamp.jpg", "A lamp")

        async def publish(draft: Draft, kind: posts.Kind = "post") -> Post:
            post = await posts.create(db, ada, kind)
            await posts.revisions.save(db, ada, post.id, draft, 1)
            return await posts.publish(db, ada, post.id, clock.now_us() - clock.DAY_US)

        body = f"![A lamp](media:{lamp.id}) {{{{< typed >}}}} [on](/posts/second)"
        draft = Draft(title="First", slug="old", body=body, tags=TAGS, series="Fog/sea: #2")
        first = await publish(draft)
        await posts.revisions.save(db, ada, first.id, replace(draft, slug="first"), 2)
        await posts.publish(db, ada, first.id)
        await publish(Draft(title="Second", slug="second", body="Two.", tags=("tea",), series="On fog"))
        await publish(Draft(title="Me", slug="about", body="Me."), "page")
        await publish(Draft(title="Tool", slug="tool", body="T."), "project")
        await posts.tags.change(db, ada, "tea", {"name": "green tea", "description": "Not black."})
        async with db.read() as connection:
            (fog,) = [each for each in await posts.series.everything(connection) if each.title == "On fog"]
        await posts.series.change(db, ada, Series(id=fog.id, title="On fog", slug="all-fog", description="All."))
        await redirects.add_own(db, ada, "/tag/tee", "/tags/green%20tea", "")


@pytest.fixture
async def built(settings: Settings, tmp_path: Path) -> Path:
    """What Hugo makes of the export with a theme of nothing."""
    await filled(settings, tmp_path)
    await exporting.run(settings, tmp_path / "all.zip")
    folder = tmp_path / "hugo"
    with zipfile.ZipFile(tmp_path / "all.zip") as opened:
        opened.extractall(folder)
    for name, content in THEME.items():
        (folder / "layouts" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "layouts" / name).write_text(content)
    command = ["hugo", "--panicOnWarning"]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=folder, capture_output=True, timeout=BUILD_S, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return folder / "public"


def served(public: Path, address: str) -> str:
    """What a host of files answers, once it was led on as browsers are; empty for nothing."""
    for _ in range(3):
        file = public / unquote(address).strip("/") / "index.html"
        if not file.is_file():
            return ""
        text = file.read_text()
        if not (on := re.search(r'http-equiv="?refresh"? content="0; ?url=([^"]*)"', text)):
            return text
        address = on[1].removeprefix("http://localhost:8000")
    return ""


async def test_hugo_serves_what_readers_know(built: Path) -> None:
    tags = {each: served(built, posts.tags.url_of(each)) for each in (*TAGS, "green tea", "tea")}
    assert [name for name, page in tags.items() if "First" not in page and "Second" not in page] == []
    assert served(built, "/tag/tee") == served(built, "/tags/green%20tea")
    for address in ("/posts/first", "/posts/old", "/about", "/projects/tool", "/series/all-fog", "/series/on-fog"):
        assert served(built, address), address
    for line in (built / "_redirects").read_text().splitlines():
        path, target, _ = line.split()
        assert served(built, path) == served(built, target) != ""


async def test_what_hugo_itself_links_to_is_there(built: Path) -> None:
    page = served(built, "/posts/first")
    assert 'lang="de"' in page
    assert "{{&lt; typed &gt;}}" in page
    links = re.findall(r'(?:href|src)="(/[^"]*)"', page.replace("&#43;", "+"))
    assert len(links) >= len(TAGS)
    gone = [
        each for each in links if not (served(built, each.partition("#")[0]) or (built / each.strip("/")).is_file())
    ]
    assert gone == []


async def test_pages_for_hugo_are_no_texts_of_an_import(built: Path, settings: Settings) -> None:
    report = await importing.run(settings, Wish(path=built.parent.parent / "all.zip"))
    assert {line.outcome for line in report} == {"unchanged"}
    assert not [line.file for line in report if line.file.endswith("_index.md")]


@pytest.mark.parametrize("title", ["../../a", "a/../b", "a\\b", "/", "..", "!", "\u65e5" * 90])
def test_a_term_leads_to_no_place_outside(title: str) -> None:
    assert hugo.folder(title) == ""
