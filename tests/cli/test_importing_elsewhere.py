"""`sdc import` of texts whose pictures lie on other hosts: fetched where the owner says so, told of everywhere else."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sdc_core import objects
from sdc_core.errors import Invalid
from sdc_core.settings import Settings
from sdc_web import imports, media, posts
from sdc_web.authors import accounts
from sdc_web.db import open_databases
from sdc_web.imports import Line, Manner, Pictures, fetching, old_site
from sdc_web.posts.catalogue import by_address

import photograph
from loopback import serving
from signing_in import OWNER

WXR = """<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="x"><channel>
<link>%s</link><wp:wxr_version>1.2</wp:wxr_version>%s</channel></rss>"""
ITEM = """<item><title>Text %d</title><wp:post_id>%d</wp:post_id><wp:post_type>%s</wp:post_type>
<wp:status>%s</wp:status><wp:post_date_gmt>2024-03-05 17:30:00</wp:post_date_gmt><wp:post_name>text-%d</wp:post_name>
<content:encoded><![CDATA[%s]]></content:encoded>%s</item>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is to be imported."""
    (tmp_path / "old").mkdir()
    return tmp_path / "old"


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    """A picture."""
    return photograph.take(tmp_path / "photo.jpg", width=64, height=48).read_bytes()


@asynccontextmanager
async def host(pictures: Mapping[str, bytes | str]) -> AsyncGenerator[tuple[str, list[str]]]:
    """A host with these files, or where they are now, and what it was asked for."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\n")).decode(errors="replace")
        if not line.startswith("GET "):
            return  # TLS is tried first
        asked.append(line.split()[1])
        found = pictures.get(asked[-1], "")
        if isinstance(found, str):
            status = f"302 Found\r\nlocation: {found}" if found else "404 Not Found"
            writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        else:
            writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(found)}\r\n\r\n".encode() + found)
        await writer.drain()

    async with serving(answer) as address:
        yield address, asked


async def imported(settings: Settings, path: Path, manner: Manner, *more: Path) -> dict[str, Line]:
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        (ada,) = await accounts.everyone(databases)
        to = Pictures(settings=settings, databases=databases, store=store, by=ada.actor)
        async with imports.opened(to, path, manner, more) as incoming:
            return {line.file: line async for line in incoming.lines}


async def body(settings: Settings, slug: str) -> tuple[str, str | None, list[str]]:
    """The words and the cover of a text, and what the names of all pictures are."""
    async with open_databases(settings) as databases, databases.site.read() as connection:
        post = await by_address(connection, "post", slug)
        assert post is not None
        newest = await posts.revisions.newest(connection, OWNER, post.id)
        return (
            newest.body,
            newest.cover_asset_id,
            [each.file_name for each in await media.newest(connection, OWNER)],
        )


def ghost(folder: Path, markdown: str, cover: str = "") -> Path:
    post = {"id": 1, "slug": "fog", "title": "Fog", "status": "published", "html": markdown, "feature_image": cover}
    file = folder / "ghost.json"
    file.write_text(json.dumps({"db": [{"meta": {"exported_on": 1}, "data": {"posts": [post]}}]}))
    return file


async def test_pictures_of_other_hosts_are_told_of_with_their_hosts(settings: Settings, folder: Path) -> None:
    html = '<p>Fog.</p><img src="https://cdn.example/a.jpg?w=2"><img src="//b.example/b.png"><img src="data:image/x,">'
    told = await imported(settings, ghost(folder, html, "https://cdn.example/cover.jpg"), Manner(dry_run=True))
    assert told["posts/fog"].notes[1:] == tuple(
        f"picture {address} stays where it is, and readers do not see it: no host was named to fetch pictures from"
        for address in ("https://cdn.example/a.jpg?w=2", "//b.example/b.png", "https://cdn.example/cover.jpg")
    )
    hosts = {name: (each.outcome, each.pictures) for name, each in told.items() if each.kind == "host"}
    assert hosts == {"host cdn.example": ("skipped", 2), "host b.example": ("skipped", 1)}
    assert "2 pictures that texts show are there and did not come" in told["host cdn.example"].reason


async def test_pictures_come_from_the_hosts_that_are_named_and_from_no_other(
    settings: Settings, folder: Path, photo: bytes
) -> None:
    there = {"/a.jpg": photo, "/c%C3%B6.jpg?x=1&y=2": photo + b"c"}
    async with host(there) as (named, asked), host({"/b.jpg": photo + b"b"}) as (other, unasked):
        html = f'<img src="{named}/a.jpg"><img src="{other}/b.jpg"><p>Fog.</p>'
        file = ghost(folder, html, f"{named}/cö.jpg?x=1&y=2")
        manner = Manner(fetch_from=fetching.hosts(named), private=True)
        told = await imported(settings, file, manner)
        again = await imported(settings, file, manner)
    assert unasked == []
    assert sorted({*asked}) == ["/a.jpg", "/c%C3%B6.jpg?x=1&y=2"]
    assert told["posts/fog"].pictures == 2
    text, cover, names = await body(settings, "fog")
    assert (text.count("media:"), f"]({other}/b.jpg)" in text, cover is None) == (1, True, False)
    assert sorted(names) == ["a.jpg", "cö.jpg"]
    assert again["posts/fog"].outcome == "unchanged"


async def test_a_text_that_came_without_pictures_says_so_when_they_could_come(
    settings: Settings, folder: Path, photo: bytes
) -> None:
    async with host({"/a.jpg": photo}) as (named, _):
        file = ghost(folder, f'<img src="{named}/a.jpg">')
        await imported(settings, file, Manner())
        told = (await imported(settings, file, Manner(fetch_from=fetching.hosts(named), private=True)))["posts/fog"]
    assert (told.outcome, "it came without pictures that could come now" in told.notes[-1]) == ("unchanged", True)


async def test_what_answers_with_something_else_than_was_asked_for_is_not_taken(
    settings: Settings, folder: Path
) -> None:
    page, pdf = b"<!DOCTYPE html><title>Gone</title>", b"%PDF-1.7 a plan"
    there = {"/pic.php?id=1": page, "/a.bin": b"bytes", "/b.pdf": page, "/c.pdf": b"words", "/d.zip": b"\n <html>"}
    there |= {"/e.pdf": pdf, "/song.mp3": b"ID3\x04 a song", "/f.pdf": pdf + b"f", "/g.mp3": b"ID3\x04"}
    async with host(there) as (named, _):
        shown = "".join(f'<img src="{named}{each}">' for each in ("/pic.php?id=1", "/a.bin", "/f.pdf", "/song.mp3"))
        led_to = "".join(f'<p><a href="{named}/{each}">x</a>' for each in ("b.pdf", "c.pdf", "d.zip", "e.pdf"))
        manner = Manner(fetch_from=fetching.hosts(named), private=True)
        told = (await imported(settings, ghost(folder, shown + led_to, f"{named}/g.mp3"), manner))["posts/fog"]
    text, cover, names = await body(settings, "fog")
    assert (told.outcome, cover, sorted(names)) == ("published", None, ["e.pdf", "song.mp3"])
    assert text.count("media:") == 2
    why = {note.partition(" is left out: ")[0].rpartition("/")[2]: note for note in told.notes if "left out" in note}
    assert [each for each, note in why.items() if "came is a page of HTML" in note] == ["pic.php?id=1", "d.zip"]
    assert [each for each, note in why.items() if "came is no PDF" in note] == ["b.pdf", "c.pdf"]
    assert [each for each, note in why.items() if "is no picture" in note] == ["a.bin", "f.pdf", "g.mp3"]


@pytest.mark.timeout(60)
async def test_what_the_library_takes_comes_and_what_is_larger_is_told_of_with_what_to_do(
    settings: Settings, folder: Path
) -> None:
    most = media.upload.MAX_BYTES
    pdf = b"%PDF-1.7 a plan"
    async with host({"/plan.pdf": pdf.ljust(most, b"\0"), "/film.mp4": bytes(most + 1)}) as (named, _):
        html = f'<p><a href="{named}/plan.pdf">A plan</a> and <a href="{named}/film.mp4">a film</a>.</p>'
        manner = Manner(fetch_from=fetching.hosts(named), private=True)
        told = (await imported(settings, ghost(folder, html), manner))["posts/fog"]
    text, _, names = await body(settings, "fog")
    assert names == ["plan.pdf"]
    assert f"[a film]({named}/film.mp4)" in text
    assert told.notes[-1] == (
        f"file {named}/film.mp4 stays where it is, and the text leads there: it is larger than 52 MB, and the library "
        "takes no more: make it smaller, and put it into the folder"
    )


async def test_nobody_is_led_on_to_a_host_that_was_not_named(settings: Settings, folder: Path, photo: bytes) -> None:
    async with host({"/b.jpg": photo}) as (other, unasked):
        moved = {"/a.jpg": f"{other}/b.jpg", "/c.jpg": "/d.jpg", "/d.jpg": photo, "/e.jpg": "/e.jpg"}
        async with host(moved) as (named, _):
            shown = "".join(f'<img src="{named}/{each}.jpg">' for each in "ace")
            manner = Manner(fetch_from=fetching.hosts(named), private=True)
            told = await imported(settings, ghost(folder, shown), manner)
    assert unasked == []
    first, second = [note for note in told["posts/fog"].notes if "stays where" in note]
    assert f"it leads on to {other.removeprefix('http://')}, which was not named" in first
    assert "it leads on more than 3 times" in second
    (line,) = [each for each in told.values() if each.kind == "host"]
    assert line.reason == "2 pictures that texts show are there and did not come: each text says why"
    assert told["posts/fog"].pictures == 1


async def test_what_is_fetched_and_no_picture_leaves_its_text_alone(settings: Settings, folder: Path) -> None:
    async with host({"/a.svg": b"<svg/>"}) as (named, _):
        manner = Manner(fetch_from=fetching.hosts(named), private=True)
        told = await imported(settings, ghost(folder, f'<img src="{named}/a.svg"><p>Fog.</p>'), manner)
    assert told["posts/fog"].outcome == "published"
    assert f"picture {named}/a.svg is left out" in " ".join(told["posts/fog"].notes)


async def test_hosts_of_this_machine_are_not_asked(settings: Settings, folder: Path, photo: bytes) -> None:
    async with host({"/a.jpg": photo}) as (named, asked):
        told = await imported(
            settings, ghost(folder, f'<img src="{named}/a.jpg">'), Manner(fetch_from=fetching.hosts(named))
        )
    assert asked == []
    assert "its address is none of the public internet" in " ".join(told["posts/fog"].notes)


async def test_what_delivers_pictures_of_the_old_site_is_known_as_that_site(
    settings: Settings, folder: Path, photo: bytes
) -> None:
    for place in ("2020/01", "content/images/2020/01"):
        (folder / place).mkdir(parents=True)
    (folder / "2020" / "01" / "lamp.jpg").write_bytes(photo)
    shown = (
        '<img src="https://i0.wp.com/old.wordpress.com/wp-content/uploads/2020/01/lamp.jpg?resize=300%2C200&ssl=1">'
        '<img src="https://old.files.wordpress.com/2020/01/lamp.jpg?w=300">'
        '<img src="https://i0.wp.com/other.example/2020/01/lamp.jpg">'
    )
    library = "<wp:attachment_url>https://old.files.wordpress.com/2020/01/lamp.jpg</wp:attachment_url>"
    items = ITEM % (1, 1, "post", "publish", 1, shown, "") + ITEM % (2, 2, "attachment", "inherit", 2, "", library)
    (folder / "site.xml").write_text(WXR % ("https://old.wordpress.com", items))
    told = await imported(settings, folder, Manner())
    assert [name for name in told if name.startswith("host ")] == ["host i0.wp.com"]
    text, _, names = await body(settings, "text-1")
    assert (text.count("media:"), names) == (2, ["lamp.jpg"])


async def test_pictures_of_ghosts_own_store_are_those_of_the_folder(
    settings: Settings, folder: Path, photo: bytes
) -> None:
    images = folder / "content" / "images" / "2020" / "01"
    images.mkdir(parents=True)
    (images / "lamp.jpg").write_bytes(photo)
    (folder / "lamp.jpg").write_bytes(photo + b"other")
    store = "https://storage.ghost.io/c/3a/4a/3a4a6324/content/images/size/w1200/2020/01/lamp.jpg"
    ghost(folder, f'<img src="https://cdn.example/lamp.jpg"><img src="{store}">')
    told = await imported(settings, folder, Manner())
    assert told["posts/fog"].pictures == 1
    assert (await body(settings, "fog"))[0].startswith("![](https://cdn.example/lamp.jpg)![](media:")


async def test_a_markdown_text_names_pictures_of_its_own_site_and_of_others(
    settings: Settings, folder: Path, photo: bytes
) -> None:
    (folder / "static" / "img").mkdir(parents=True)
    (folder / "static" / "img" / "a.jpg").write_bytes(photo)
    (folder / "content" / "posts").mkdir(parents=True)
    (folder / "hugo.toml").write_text('baseURL = "https://old.example/blog/"')
    (folder / "content" / "posts" / "fog.md").write_text(
        "---\ntitle: Fog\ncover: https://cdn.example/cover.jpg\n---\n![a](https://old.example/blog/img/a.jpg)\n"
        "![b](https://cdn.example/b.jpg)\n![c][c] [d][d]\n\n`![e](https://e.example/e.jpg)`\n\n"
        "[c]: https://cdn.example/c.jpg\n[d]: https://d.example/d.jpg\n"
    )
    told = await imported(settings, folder, Manner())
    assert told["content/posts/fog.md"].pictures == 1
    assert {name: each.pictures for name, each in told.items() if each.kind == "host"} == {"host cdn.example": 3}


@pytest.mark.parametrize(
    "given", ["!", "http://", "a cdn.example/a@c", "user@cdn.example", "../etc", "a.example:0", "[::1"]
)
def test_hosts_are_named_by_their_names(given: str) -> None:
    with pytest.raises(Invalid, match="name hosts as in"):
        fetching.hosts(given)


def test_hosts_are_listed_as_people_do() -> None:
    assert fetching.hosts("cdn.example, https://I0.wp.com/x?y cdn.example\n127.0.0.1:8080") == (
        "cdn.example",
        "i0.wp.com",
        "127.0.0.1:8080",
    )


@pytest.mark.parametrize(
    ("address", "original"),
    [
        ("https://i1.wp.com/o.example/a.jpg?resize=1&ssl=1", "https://i1.wp.com/o.example/a.jpg?ssl=1"),
        ("//x.files.wordpress.com/a.jpg?w=300", "https://x.files.wordpress.com/a.jpg"),
        ("https://c.example/a.jpg?w=300", "https://c.example/a.jpg?w=300"),
        ("https://g.example/content/images/size/w60/2020/a.jpg", "https://g.example/content/images/2020/a.jpg"),
        ("https://[::1", ""),
    ],
)
def test_the_picture_itself_is_asked_for_and_not_a_smaller_copy(address: str, original: str) -> None:
    assert old_site.original(address) == original


async def test_the_parts_of_an_export_come_in_as_one(settings: Settings, folder: Path, photo: bytes) -> None:
    (folder / "wp-content").mkdir()
    (folder / "wp-content" / "lamp.jpg").write_bytes(photo)
    linked = '<a href="https://old.example/?p=2">on</a><img src="https://old.example/wp-content/lamp.jpg">'
    library = "<wp:attachment_url>https://old.example/wp-content/lamp.jpg</wp:attachment_url>"
    attachment = ITEM % (3, 3, "attachment", "inherit", 3, "", library)
    thumbnail = "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>3</wp:meta_value></wp:postmeta>"
    parts = {
        "site.000.xml": ITEM % (1, 1, "post", "publish", 1, linked, thumbnail),
        "site.001.xml": ITEM % (2, 2, "post", "publish", 2, "Two.", "") + attachment,
        "site.002.xml": attachment,
    }
    for name, items in parts.items():
        (folder / name).write_text(WXR % ("https://old.example", items))
    told = await imported(settings, folder, Manner())
    assert [each.outcome for name, each in told.items() if name.startswith("post")] == ["published"] * 2
    text, cover, _ = await body(settings, "text-1")
    assert ("(/posts/text-2)" in text, "media:" in text, cover is None) == (True, True, False)
    files = [folder / name for name in reversed(parts)]
    again = await imported(settings, files[0], Manner(), *files[1:])
    assert {each.outcome for each in again.values()} == {"unchanged"}


async def test_exports_that_do_not_belong_together_are_refused(settings: Settings, folder: Path) -> None:
    one, two = folder / "a.xml", folder / "b.xml"
    one.write_text(WXR % ("https://old.example", ITEM % (1, 1, "post", "publish", 1, "One.", "")))
    two.write_text(WXR % ("https://other.example", ITEM % (2, 2, "post", "publish", 2, "Two.", "")))
    with pytest.raises(Invalid, match=r"several sites: a\.xml of https://old\.example, b\.xml of https://other"):
        await imported(settings, folder, Manner())
    two.write_text(WXR % ("https://old.example", ITEM % (1, 1, "post", "publish", 1, "Changed.", "")))
    with pytest.raises(Invalid, match=r"Text 1 stands in a\.xml and in b\.xml with different words"):
        await imported(settings, folder, Manner())
    with pytest.raises(Invalid, match=r"several files are the \.xml"):
        await imported(settings, folder, Manner(), one)
