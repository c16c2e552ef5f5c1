"""`sdc import` of Ghost and WordPress: with pictures that came along, or from the old site and nowhere else."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sdc_cli.importing import Wish, run
from sdc_core import objects
from sdc_core.errors import Invalid
from sdc_core.settings import Settings
from sdc_web import imports, media, posts, redirects
from sdc_web.authors import accounts
from sdc_web.db import open_databases
from sdc_web.imports import Line, Manner, Pictures

import photograph
from loopback import serving
from signing_in import OWNER

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is to be imported."""
    (tmp_path / "old").mkdir()
    return tmp_path / "old"


async def test_ghost_comes_in_with_its_pictures_and_its_addresses(settings: Settings, folder: Path) -> None:
    shutil.copy(EXAMPLES / "ghost-5.130.6.json", folder / "ghost.json")
    images = folder / "content" / "images" / "2026" / "11"
    images.mkdir(parents=True)
    for number, name in enumerate(("lamp", "g1", "g2", "feature")):
        photograph.take(images / f"{name}.jpg", width=64 + number, height=48)
    first = {line.file: line for line in await run(settings, Wish(path=folder))}
    assert {name: (line.outcome, line.address) for name, line in first.items()} == {
        "pages/about-me": ("published", "/about-me"),
        "posts/a-draft": ("draft", ""),
        "posts/all-of-lexical": ("published", "/posts/all-of-lexical"),
        "posts/all-of-mobiledoc": ("published", "/posts/all-of-mobiledoc"),
        "posts/later": ("scheduled", ""),
        "posts/members-only": ("draft", ""),
        "posts/of-html": ("published", "/posts/of-html"),
        "address /rss": ("taken", "/rss.xml"),
        "address /tag/fog-co": ("taken", "/tags/fog%20%26%20co"),
        "address /tag/light": ("taken", "/tags/light"),
    }
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert {each.file_name: each.alt for each in await media.newest(connection, OWNER)} == {
            "lamp.jpg": "A lamp", "g1.jpg": "", "g2.jpg": "two", "feature.jpg": "Feature",
        }  # fmt: skip
        assert await redirects.find(connection, "/all-of-lexical") == "/posts/all-of-lexical"
    assert {line.outcome for line in await run(settings, Wish(path=folder / "ghost.json"))} == {"unchanged"}


@asynccontextmanager
async def old_site(content: bytes) -> AsyncGenerator[tuple[str, list[str]]]:
    """A site that has one picture, and the paths that it was asked for."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\n")).decode(errors="replace")
        if not line.startswith("GET "):
            return  # TLS is tried first
        asked.append(line.split()[1])
        there = asked[-1] == "/wp-content/uploads/2020/01/lamp.jpg"
        status, body = ("200 OK", content) if there else ("404 Not Found", b"")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    async with serving(answer) as address:
        yield address, asked


async def imported(settings: Settings, path: Path, manner: Manner) -> dict[str, Line]:
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        (ada,) = await accounts.everyone(databases)
        to = Pictures(settings=settings, databases=databases, store=store, by=ada.actor)
        async with imports.opened(to, path, manner) as incoming:
            report = {line.file: line async for line in incoming.lines}
    assert not [each for each in settings.DATA_DIR.iterdir() if each.name.startswith("sdc-import-")]
    return report


async def test_pictures_that_did_not_come_along_are_asked_of_the_old_site(settings: Settings, folder: Path) -> None:
    file = Path(shutil.copy(EXAMPLES / "wordpress-1.2.xml", folder / "wp.xml"))
    picture = photograph.take(folder.parent / "lamp.jpg", width=64, height=48)
    async with old_site(await asyncio.to_thread(picture.read_bytes)) as (address, asked):
        refused = await imported(settings, file, Manner(dry_run=True, old_site=address))
        assert asked == []
        missing = (
            "picture /wp-content/uploads/2020/01/lamp.jpg is not in the folder, and the old site does not bring it"
        )
        assert missing in refused["post 8: On & blocks"].notes
        report = await imported(settings, file, Manner(old_site=address, private=True))
    line = report["post 8: On & blocks"]
    assert (line.outcome, missing in line.notes, line.comments[0].words) == ("published", False, "Nice")
    async with open_databases(settings) as databases, databases.site.read() as connection:
        (kept,) = await media.newest(connection, OWNER)
    assert (kept.file_name, kept.alt) == ("lamp.jpg", "A lamp")


@pytest.mark.parametrize(
    "address", ["old.example", "ftp://old.example", "https://a@old.example", "https://old.example/?a"]
)
async def test_an_old_site_is_named_by_its_address(settings: Settings, folder: Path, address: str) -> None:
    with pytest.raises(Invalid, match="name the old site by its address"):
        await run(settings, Wish(path=folder, old_site=address))


async def test_of_several_exports_one_is_to_be_named(settings: Settings, folder: Path) -> None:
    shutil.copy(EXAMPLES / "wordpress-1.2.xml", folder / "wp.xml")
    shutil.copy(EXAMPLES / "ghost-5.130.6.json", folder / "ghost.json")
    with pytest.raises(Invalid, match=r"several exports in it: ghost\.json, wp\.xml"):
        await run(settings, Wish(path=folder))


async def test_a_file_of_another_kind_is_refused(settings: Settings, folder: Path) -> None:
    (folder / "a.txt").write_text("Fog.")
    with pytest.raises(Invalid, match=r"a\.txt is nothing to import"):
        await run(settings, Wish(path=folder / "a.txt"))


async def test_a_text_with_more_said_of_it_than_fits_comes_without_the_rest(settings: Settings, folder: Path) -> None:
    tags = [*(f"tag {number}" for number in range(14)), "x" * 41, "TAG 1"]
    said = {"title": "Fog " * 60, "slug": "fog", "summary": "word " * 120, "tags": tags}
    (folder / "fog.md").write_text(f"{json.dumps(said, indent=1)}\nFog.")
    (line,) = await run(settings, Wish(path=folder))
    assert line.outcome == "published"
    assert line.notes == (
        "the title is cut after 200 characters",
        "the summary is cut after 500 characters",
        f"tags left out: tag 12, tag 13, {'x' * 40}; 12 fit, of 40 characters",
    )
    async with open_databases(settings) as databases, databases.site.read() as connection:
        (post,) = await posts.of_kind(connection, "post", 1)
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    assert newest.tags == tuple(f"tag {number}" for number in range(12))
    assert (newest.title, newest.summary) == (f"{('Fog ' * 49).strip()}…", f"{('word ' * 99).strip()}…")
    assert [each.outcome for each in await run(settings, Wish(path=folder))] == ["unchanged"]


async def test_texts_in_other_scripts_have_an_address_and_come_once(settings: Settings, folder: Path) -> None:
    (folder / "hugo.toml").touch()
    (folder / "content" / "posts").mkdir(parents=True)
    for name in ("туман", "灯", "lamp"):
        (folder / "content" / "posts" / f"{name}.md").write_text(f"---\ntitle: {name}\ndate: 2024-01-01\n---\n{name}.")
    first = {line.file: line for line in await run(settings, Wish(path=folder))}
    addresses = [line.address for line in first.values()]
    assert [line.outcome for line in first.values()] == ["published"] * 3
    assert len(set(addresses)) == 3
    assert all(each.startswith("/posts/") and each.isascii() for each in addresses)
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/туман") == first["content/posts/туман.md"].address
    assert {line.outcome for line in await run(settings, Wish(path=folder))} == {"unchanged"}


async def test_a_text_of_ghost_in_another_script_comes_once(settings: Settings, folder: Path) -> None:
    post = {"title": "T", "status": "published", "html": "<p>T</p>", "published_at": "2024-01-01T00:00:00Z"}
    texts = [{"id": f"5f{number}", "slug": slug, **post} for number, slug in enumerate(("туман", "灯"))]
    (folder / "ghost.json").write_text(json.dumps({"db": [{"meta": {"exported_on": 1}, "data": {"posts": texts}}]}))
    first = await run(settings, Wish(path=folder))
    assert [line.address for line in first if line.kind == "post"] == ["/posts/post-5f0", "/posts/post-5f1"]
    assert {line.outcome for line in await run(settings, Wish(path=folder))} == {"unchanged"}
