"""`sdc import` of what texts lead to and is no picture: it comes along from the folder, into the library."""

import json
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sdc_cli import exporting
from sdc_core import objects
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import imports, media, posts
from sdc_web.authors import accounts
from sdc_web.db import open_databases
from sdc_web.imports import Line, Manner, Pictures
from sdc_web.posts.catalogue import by_address

EmptySite = Callable[[str], Awaitable[Settings]]
PDF, MP3 = b"%PDF-1.7 a plan", b"ID3\x04 a song"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1 a film"
WXR = """<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="x"><channel>
<link>https://www.fog.example</link><wp:wxr_version>1.2</wp:wxr_version>
<item><title>Fog</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type><wp:status>publish</wp:status>
<wp:post_date_gmt>2024-03-05 17:30:00</wp:post_date_gmt><wp:post_name>fog</wp:post_name>
<content:encoded><![CDATA[%s]]></content:encoded></item></channel></rss>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is to be imported."""
    (tmp_path / "old").mkdir()
    return tmp_path / "old"


async def imported(
    settings: Settings, path: Path, *, incomplete: bool = False, dry_run: bool = False
) -> tuple[dict[str, Line], str, list[str]]:
    """What was told, the words of the text *fog*, and the files of the library by name."""
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        (ada,) = await accounts.everyone(databases)
        to = Pictures(settings=settings, databases=databases, store=store, by=ada.actor)
        async with imports.opened(to, path, Manner(incomplete=incomplete, dry_run=dry_run), ()) as incoming:
            told = {line.file: line async for line in incoming.lines}
        async with databases.site.read() as connection:
            found = await media.newest(connection, ada.actor)
            post = await by_address(connection, "post", "fog")
            draft = await posts.revisions.newest(connection, ada.actor, post.id) if post else None
        for each in found:
            assert each.state == "ready"
            assert await store.head(settings.S3_MEDIA_BUCKET, each.original_key)
        body = draft.body if draft else ""
        for each in found:
            body = body.replace(each.id, each.file_name)
        return told, body, sorted(each.file_name for each in found)


async def test_what_a_markdown_text_leads_to_comes_along(settings: Settings, folder: Path) -> None:
    (folder / "static").mkdir()
    (folder / "static" / "plan.pdf").write_bytes(PDF)
    (folder / "song.mp3").write_bytes(MP3)
    (folder / "notes.md").write_text("# Notes")
    (folder / "fog.md").write_text(
        "---\ntitle: Fog\n---\nSee [the plan](/plan.pdf), [page 2](/plan.pdf#page=2) and [notes](notes.md).\n\n"
        "[A song](song.mp3)\n\n`[code](/plan.pdf)` [elsewhere](https://else.example/a.pdf) [gone](gone.zip)\n"
    )
    told, body, files = await imported(settings, folder)
    assert files == ["plan.pdf", "song.mp3"]
    assert body.strip() == (
        "See [the plan](media:plan.pdf), [page 2](media:plan.pdf#page=2) and [notes](/posts/notes).\n\n"
        "![A song](media:song.mp3)\n\n"
        "`[code](/plan.pdf)` [elsewhere](https://else.example/a.pdf) [gone](gone.zip)"
    )
    assert told["fog.md"].notes == ("file gone.zip is not in the folder",)
    assert {line.outcome for line in (await imported(settings, folder))[0].values()} == {"unchanged"}


@pytest.mark.parametrize(("target", "why"), [("empty.zip", "the file is empty"), ("large.zip", "larger than 1.0 KB")])
async def test_a_link_to_what_the_library_does_not_take_stays(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, target: str, why: str
) -> None:
    monkeypatch.setattr(media.upload, "MAX_BYTES", 1024)
    (folder / "empty.zip").write_bytes(b"")
    (folder / "large.zip").write_bytes(bytes(2_000))
    (folder / "plan.pdf").write_bytes(PDF)
    (folder / "fog.md").write_text(f"---\ntitle: Fog\n---\n[Nothing]({target}) [Plan](plan.pdf)\n")
    told, body, files = await imported(settings, folder)
    assert (told["fog.md"].outcome, files) == ("published", ["plan.pdf"])
    assert body.strip() == f"[Nothing]({target}) [Plan](media:plan.pdf)"
    assert told["fog.md"].notes == (f"file {target} is left out: {why}",)


@pytest.mark.parametrize(
    "fields", ["cover: trailer.mp4", "kind: project\nproject: true\ngallery: [a.pdf]"], ids=["cover", "gallery"]
)
async def test_what_is_no_picture_is_neither_a_cover_nor_in_a_gallery(
    settings: Settings, folder: Path, fields: str
) -> None:
    place = folder / "content" / ("projects" if "gallery" in fields else "posts")
    place.mkdir(parents=True)
    (folder / "hugo.toml").write_text("")
    (place / "trailer.mp4").write_bytes(MP4)
    (place / "a.pdf").write_bytes(PDF)
    (place / "song.mp3").write_bytes(MP3)
    (place / "fog.md").write_text(f"---\ntitle: Fog\n{fields}\n---\nA [song](song.mp3).\n")
    for dry_run in (True, False):
        told, _, files = await imported(settings, folder, dry_run=dry_run)
        (line,) = told.values()
        assert (line.outcome, files) == ("skipped", [])
        assert "no picture that browsers show" in line.reason
    told, _, files = await imported(settings, folder, incomplete=True)
    (line,) = told.values()
    assert (line.outcome, files) == ("published", ["song.mp3"])
    assert "is left out: This file is no picture" in line.notes[-1]


async def test_files_of_ghost_come_out_of_its_folder(settings: Settings, folder: Path) -> None:
    (folder / "content" / "files" / "2024" / "03").mkdir(parents=True)
    (folder / "content" / "files" / "2024" / "03" / "plan.pdf").write_bytes(PDF)
    (folder / "content" / "media").mkdir()
    (folder / "content" / "media" / "song.mp3").write_bytes(MP3)
    cards = [
        {"type": "file", "src": "__GHOST_URL__/content/files/2024/03/plan.pdf", "fileTitle": "The plan"},
        {"type": "audio", "src": "__GHOST_URL__/content/media/song.mp3", "title": "A song"},
    ]
    lexical = json.dumps({"root": {"type": "root", "children": cards}})
    post = {"id": "1", "title": "Fog", "slug": "fog", "status": "published", "lexical": lexical, "type": "post"}
    post |= {"published_at": "2024-03-05T17:30:00.000Z"}
    (folder / "ghost.json").write_text(
        json.dumps({"db": [{"meta": {"version": "5.130.6"}, "data": {"posts": [post]}}]})
    )
    _, body, files = await imported(settings, folder / "ghost.json")
    assert files == ["plan.pdf", "song.mp3"]
    assert body.strip() == "[The plan](media:plan.pdf)\n\n![A song](media:song.mp3)"


async def test_files_of_wordpress_come_out_of_its_uploads(settings: Settings, folder: Path) -> None:
    (folder / "uploads" / "2024").mkdir(parents=True)
    (folder / "uploads" / "2024" / "plan.pdf").write_bytes(PDF)
    at = "https://www.fog.example/wp-content/uploads/2024"
    (folder / "uploads" / "2024" / "song.mp3").write_bytes(MP3)
    text = f'<p><a href="{at}/plan.pdf">The plan</a>, <a href="{at}/gone.zip">gone</a></p>'
    text += f'<audio src="{at}/song.mp3"></audio>'
    (folder / "wordpress.xml").write_text(WXR % text)
    told, body, files = await imported(settings, folder / "wordpress.xml")
    assert files == ["plan.pdf", "song.mp3"]
    assert body.strip() == f"[The plan](media:plan.pdf), [gone]({at}/gone.zip)\n\n![song.mp3](media:song.mp3)"
    (line,) = [each for each in told.values() if each.kind == "post"]
    stays = f"file {at}/gone.zip stays where it is, and the text leads there: no host was named to fetch pictures from"
    assert line.notes == (stays,)


async def test_files_survive_an_export_and_its_import(
    settings: Settings, folder: Path, tmp_path: Path, empty_site: EmptySite
) -> None:
    (folder / "plan.pdf").write_bytes(PDF)
    (folder / "song.mp3").write_bytes(MP3)
    (folder / "fog.md").write_text("---\ntitle: Fog\n---\n[The plan](plan.pdf)\n\n[A song](song.mp3)\n")
    _, before, _ = await imported(settings, folder)
    assert before.strip() == "[The plan](media:plan.pdf)\n\n![A song](media:song.mp3)"
    await exporting.run(settings, tmp_path / "first.zip")
    other = await empty_site("other")
    _, after, files = await imported(other, tmp_path / "first.zip")
    assert (after, files) == (before, ["plan.pdf", "song.mp3"])
    await exporting.run(other, tmp_path / "second.zip")
    first, second = (_inside(tmp_path / name) for name in ("first.zip", "second.zip"))
    assert first == second
    assert PDF in first.values()


async def test_every_way_to_name_a_file_survives_an_export_and_its_import(
    settings: Settings, folder: Path, tmp_path: Path, empty_site: EmptySite
) -> None:
    (folder / "plan.pdf").write_bytes(PDF)
    (folder / "song.mp3").write_bytes(MP3)
    (folder / "fog.md").write_text("---\ntitle: Fog\ndraft: true\n---\n[The plan](plan.pdf)\n\n[A song](song.mp3)\n")
    await imported(settings, folder)
    shapes = (
        "[The plan][p] and ![A song][s], <media:plan.pdf>. [Page 3](<media:plan.pdf#page=3> 'T')\n\n"
        "<a href='media:plan.pdf'>The plan</a> <a href=media:plan.pdf>it</a> ![](<media:song.mp3>)\n\n"
        "[![A song](media:song.mp3)](media:plan.pdf) `media:plan.pdf` media:plan.pdf. media:plan.pdf-2\n\n"
        "[dead](/media/0123456789abcdef-plan.pdf) https://fog.example/media/plan.pdf\n\n"
        "[p]: media:plan.pdf 'The plan'\n[s]: <media:song.mp3>"
    )
    async with open_databases(settings) as databases, databases.site.transaction() as connection:
        for each in await media.newest(connection, (await accounts.everyone(databases))[0].actor):
            shapes = shapes.replace(f"media:{each.file_name}", f"media:{each.id}")
        await execute(connection, "UPDATE revisions SET body = :body", {"body": shapes})
    _, before, _ = await imported(settings, folder)
    await exporting.run(settings, tmp_path / "first.zip")
    other = await empty_site("other")
    told, after, _ = await imported(other, tmp_path / "first.zip")
    assert "media:plan.pdf 'The plan'" in before
    code = next(part for part in shapes.split("`") if part.startswith("media:"))
    assert after.replace(code, "media:plan.pdf") == before
    assert told["content/posts/fog.md"].notes == ("file /media/0123456789abcdef-plan.pdf is not in the folder",)
    await exporting.run(other, tmp_path / "second.zip")
    assert _inside(tmp_path / "first.zip") == _inside(tmp_path / "second.zip")


def _inside(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
