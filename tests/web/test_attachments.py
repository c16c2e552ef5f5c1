"""What is no picture: from the upload to the reader, who gets it as it came and in whose browser nothing of it runs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from xml.etree import ElementTree as ET

import httpx
import msgspec
import pytest
from sdc_core import keys
from sdc_core.errors import Conflict, Invalid, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_web import checks, media, posts
from sdc_web.author import media_views
from sdc_web.authors import store
from sdc_web.db import Databases
from sdc_web.media import files, formats, orphans, removal, trash
from sdc_web.media.upload import accept, received
from sdc_web.posts.records import Draft, Post
from sdc_web.site import pictures

from signing_in import OWNER, prove

MP3 = b"ID3\x04" + bytes(900)
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1" + bytes(range(256)) * 8_000
PDF = b"%PDF-1.7\n" + bytes(500)
STL = b"solid bracket\n facet normal 0 0 1\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
Upload = Callable[[str, bytes], Awaitable[media.Asset]]
Publish = Callable[..., Awaitable[Post]]


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
def upload(databases: Databases, object_store: ObjectStore, settings: Settings, author_id: str) -> Upload:
    """Sends a file as the library would."""

    async def send(name: str, body: bytes) -> media.Asset:
        asset, _ = await accept(databases.site, OWNER, object_store, settings, name, _chunks(body), "")
        return asset

    return send


async def _chunks(body: bytes) -> AsyncGenerator[bytes]:
    yield body


@pytest.mark.parametrize(
    ("name", "head", "content_type", "kind"),
    [
        ("a.mp3", MP3, "audio/mpeg", "audio"),
        ("a.mp3", b"\xff\xfb\x90\x00" + bytes(60), "audio/mpeg", "audio"),
        ("a.mp3", b"\xff\xf3\x40\xc0" + bytes(60), "audio/mpeg", "audio"),
        ("a.m4a", b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "audio/mp4", "audio"),
        ("a.opus", b"OggS\x00\x02" + bytes(22) + b"OpusHead", "audio/ogg", "audio"),
        ("a.aac", b"\xff\xf1\x50\x80" + bytes(60), "audio/aac", "audio"),
        ("a.ogv", b"OggS\x00\x02" + bytes(22) + b"fishead\x00", "video/ogg", "video"),
        ("a.ogg", b"OggS\x00\x02" + bytes(22) + b"fishead\x00", "audio/ogg", "audio"),
        ("a.flac", b"fLaC" + bytes(60), "audio/flac", "audio"),
        ("a.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", "audio"),
        ("a.mp4", MP4, "video/mp4", "video"),
        ("a.mov", b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00", "video/quicktime", "video"),
        ("a.webm", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm", "video"),
        ("a.pdf", PDF, "application/pdf", "file"),
        ("a.zip", b"PK\x03\x04" + bytes(60), "application/zip", "file"),
        ("a.odt", b"PK\x03\x04" + bytes(60), "application/vnd.oasis.opendocument.text", "file"),
        ("Bracket.STL", STL, "model/stl", "file"),
        ("a.txt", b"\xff\xfeh\x00i\x00", "text/plain", "file"),
        ("a.html", b"<script>alert(1)</script>", "application/octet-stream", "file"),
        ("a.js", b"alert(1)", "application/octet-stream", "file"),
        ("a.pdf", b"<script>alert(1)</script>", "application/octet-stream", "file"),
        ("a.png", PNG, "image/png", ""),
        ("a.pdf", PNG, "image/png", ""),
    ],
)
def test_what_a_file_is_follows_from_its_bytes(name: str, head: bytes, content_type: str, kind: str) -> None:
    assert formats.told(head[: formats.HEAD_BYTES], name) == (content_type, kind)


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("a.jpg", b"not a picture", "no picture that browsers show"),
        ("a.SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture that browsers show"),
        ("a.heic", HEIC, "send it as a JPEG"),
        ("a.bin", HEIC, "send it as a JPEG"),
        ("a.nrw", b"II*\0" + bytes(60), "no picture that browsers show"),
        ("a.txt", b"MM\0*" + bytes(60), "no picture that browsers show"),
        ("a.mp4", b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "no picture|send it as a JPEG"),
        ("a.bin", b"\0\0\0\x0cjP  \r\n\x87\n", "no picture that browsers show"),
        ("notes", b"words", "a name with an ending, as in plan.pdf"),
        ("a.", b"words", "no picture that browsers show"),
        ("a." + "x" * 40, b"words", "no picture that browsers show"),
    ],
)
async def test_what_readers_would_take_for_a_picture_is_refused_in_words(
    upload: Upload, databases: Databases, name: str, body: bytes, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        await upload(name, body)
    async with databases.site.read() as connection:
        assert await media.newest(connection, OWNER) == []


async def test_readers_get_players_and_links_in_a_text(
    upload: Upload, publish: Publish, client: httpx.AsyncClient
) -> None:
    song, film, plan, part = [
        await upload(name, body)
        for name, body in (("Song.mp3", MP3), ("Film.mp4", MP4), ("The plan.pdf", PDF), ("Bracket v2.stl", STL))
    ]
    assert {each.state for each in (song, film, plan, part)} == {"ready"}
    body = f"![A <song>](media:{song.id})\n\n![](media:{film.id})\n\n![](media:{part.id})\n\n"
    body += f"See [the plan](media:{plan.id})."
    post = await publish("Parts", body)
    page = (await client.get(f"/posts/{post.slug}")).text
    assert f'<audio controls preload="none" src="/media/{song.id}/song.mp3" aria-label="A &lt;song&gt;">' in page
    assert f'<video controls playsinline preload="metadata" src="/media/{film.id}/film.mp4"' in page
    assert f'<a href="/media/{plan.id}/the-plan.pdf"' in page
    assert (
        f'href="/media/{part.id}/bracket-v2.stl" type="model/stl"><span class="media-file-name">Bracket v2.stl</span>'
        in page
    )
    assert "STL, 34 B" in page
    assert "media:" not in page


async def test_a_link_leads_to_a_part_of_a_file_and_holds_no_link(
    upload: Upload, publish: Publish, client: httpx.AsyncClient
) -> None:
    plan, song = await upload("plan.pdf", PDF), await upload("Song.mp3", MP3)
    body = f"[Page 3](media:{plan.id}#page=3)\n\n[![The <plan>](media:{plan.id})](https://e.example)\n\n"
    body += f"[![](media:{song.id}) b](media:{plan.id})\n\n![After](media:{song.id})"
    post = await publish("Parts", body)
    page = (await client.get(f"/posts/{post.slug}")).text
    assert f'<a href="/media/{plan.id}/plan.pdf#page=3"' in page
    assert 'href="https://e.example">The &lt;plan&gt;</a>' in page
    assert f'<a href="/media/{plan.id}/plan.pdf">Song.mp3 b</a>' in page
    assert page.count("<audio ") == 1
    assert "media:" not in page


@pytest.mark.parametrize(
    ("name", "body", "shown"),
    [
        ("a.mp3", MP3, "inline"),
        ("a.mp4", MP4, "inline"),
        ("a.pdf", PDF, "inline"),
        ("a.stl", STL, "attachment"),
        ("a.html", b"<script>", "attachment"),
    ],
)
async def test_a_file_is_given_as_it_came_and_runs_nowhere(
    upload: Upload, client: httpx.AsyncClient, name: str, body: bytes, shown: str
) -> None:
    asset = await upload(name, body)
    answer = await client.get(media.attachment.address(asset))
    headers = answer.headers
    assert (answer.status_code, answer.content) == (200, body)
    assert headers["content-disposition"].startswith(f"{shown}; ")
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert ("sandbox" in headers["content-security-policy"]) == (shown == "attachment")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    known = await client.get(media.attachment.address(asset), headers={"If-None-Match": headers["etag"]})
    assert known.status_code == 304
    head = await client.head(media.attachment.address(asset))
    assert (head.headers["content-length"], head.content) == (str(len(body)), b"")


async def test_a_film_is_played_from_its_middle(upload: Upload, client: httpx.AsyncClient) -> None:
    asset = await upload("a.mp4", MP4)
    address = media.attachment.address(asset)
    part = await client.get(address, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, MP4[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(MP4)}"
    large = await client.get(address, headers={"Range": "bytes=5-"})
    assert (large.status_code, large.content) == (206, MP4[5:])
    outside = await client.get(address, headers={"Range": f"bytes={len(MP4)}-"})
    assert outside.status_code == 416


@pytest.mark.parametrize(
    "name",
    [
        '"><script>alert(1)</script>.pdf',
        "a\r\nSet-Cookie: x=y.pdf",
        "\u202efdp.exe.pdf",
        "../../etc/passwd.pdf",
        "\u6587\u66f8.pdf",
    ],
)
async def test_no_name_of_a_file_does_harm(
    upload: Upload, publish: Publish, client: httpx.AsyncClient, name: str
) -> None:
    asset = await upload(name, PDF + name.encode())
    answer = await client.get(media.attachment.address(asset))
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].isascii()
    post = await publish("Named", f"![](media:{asset.id})")
    page = (await client.get(f"/posts/{post.slug}")).text
    assert "<script>alert" not in page
    assert "\u202e" not in page


async def test_another_name_leads_to_the_right_one(upload: Upload, client: httpx.AsyncClient) -> None:
    asset = await upload("a.pdf", PDF)
    answer = await client.get(f"/media/{asset.id}/picture")
    assert (answer.status_code, answer.headers["location"]) == (302, media.attachment.address(asset))


async def test_another_file_takes_its_place_at_once_and_old_links_lead_there(
    upload: Upload, databases: Databases, object_store: ObjectStore, settings: Settings, client: httpx.AsyncClient
) -> None:
    asset = await upload("plan.pdf", PDF)
    before = media.attachment.address(asset)
    async with received(_chunks(PDF + b"2"), settings) as file:
        assert await files.replace(databases.site, OWNER, object_store, settings, asset.id, file, "plan 2.pdf") is None
    async with databases.site.read() as connection:
        now = await media.show(connection, OWNER, asset.id)
    assert (now.state, now.kind, now.file_name) == ("ready", "file", "plan 2.pdf")
    moved = await client.get(before)
    assert (moved.status_code, moved.headers["location"]) == (302, media.attachment.address(now))
    assert (await client.get(moved.headers["location"])).content == PDF + b"2"
    async with databases.site.read() as connection:
        assert (await media_views.details(connection, OWNER, now)).former_name == "plan.pdf"
    await files.undo(databases.site, OWNER, asset.id)
    assert (await client.get(before)).content == PDF


async def test_readers_are_told_what_texts_call_it_and_never_its_name_in_the_library(
    upload: Upload, databases: Databases, publish: Publish, client: httpx.AsyncClient
) -> None:
    plan = await upload("plan.pdf", PDF)
    post = await publish("Named", f"![](media:{plan.id})")
    await media.describe(databases.site, OWNER, plan.id, media.Words(title="draft for my boss"))
    assert '<span class="media-file-name">plan.pdf</span>' in (await client.get(f"/posts/{post.slug}")).text
    await media.describe(databases.site, OWNER, plan.id, media.Words(alt="The plan"))
    page = (await client.get(f"/posts/{post.slug}")).text
    assert '<span class="media-file-name">The plan</span>' in page
    assert "boss" not in page


async def test_who_takes_many_large_files_at_once_keeps_them_from_nobody_else(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "OPEN_S", 0.05)
    given = pictures.Pictures(object_store, "media")
    async with AsyncExitStack() as held:
        for _ in range(pictures.STREAMS_OF_ONE):
            await held.enter_async_context(given.place("192.0.2.1"))
        with pytest.raises(Unavailable):
            await held.enter_async_context(given.place("192.0.2.1"))
        await held.enter_async_context(given.place("192.0.2.2"))
        assert [each.value for each in given.figures()[0].samples] == [pictures.STREAMS_OF_ONE + 1]
    assert [each.value for each in given.figures()[0].samples] == [0]


async def test_a_picture_and_a_file_take_no_place_of_each_other(
    upload: Upload, databases: Databases, object_store: ObjectStore, settings: Settings
) -> None:
    plan, cup = await upload("plan.pdf", PDF), await upload("cup.png", PNG)
    for asset, body, name in ((plan, PNG + b"2", "a.png"), (cup, PDF + b"2", "a.pdf")):
        async with received(_chunks(body), settings) as file:
            with pytest.raises(Invalid, match="picture"):
                await files.replace(databases.site, OWNER, object_store, settings, asset.id, file, name)
    async with received(_chunks(PDF), settings) as file:
        with pytest.raises(Conflict, match="already"):
            await files.replace(databases.site, OWNER, object_store, settings, cup.id, file, "plan.pdf")


async def test_a_file_is_no_cover_and_no_picture_of_a_project(
    upload: Upload, databases: Databases, publish: Publish
) -> None:
    plan = await upload("plan.pdf", PDF)
    with pytest.raises(Invalid, match="cover"):
        await publish("Fog", cover_asset_id=plan.id)
    project = await posts.create(databases.site, OWNER, "project")
    draft = msgspec.convert({"title": "Lamp", "project": {"pictures": [plan.id]}}, Draft)
    with pytest.raises(Invalid, match="no media asset"):
        await posts.revisions.save(databases.site, OWNER, project.id, draft, 1)
    async with databases.site.read() as connection:
        assert await media.newest(connection, OWNER, pictures=True) == []


async def test_what_is_in_the_trash_is_given_to_nobody_and_what_is_deleted_leaves_the_store(
    upload: Upload, databases: Databases, object_store: ObjectStore, settings: Settings, client: httpx.AsyncClient
) -> None:
    asset = await upload("plan.pdf", PDF)
    bucket = settings.S3_MEDIA_BUCKET
    assert await object_store.head(bucket, keys.file(asset.id))
    assert not (await orphans.find(databases.site, OWNER, object_store, bucket)).orphans
    await trash.put(databases.site, OWNER, [asset.id])
    assert (await client.get(media.attachment.address(asset))).status_code == 404
    await removal.remove_from_trash(databases.site, OWNER, [asset.id])
    await removal.clear_away_once(databases.site, object_store, bucket)
    assert not await object_store.head(bucket, keys.file(asset.id))


async def test_a_feed_encloses_what_is_played(upload: Upload, publish: Publish, client: httpx.AsyncClient) -> None:
    plan, song = await upload("plan.pdf", PDF), await upload("song.mp3", MP3)
    await publish("Episode", f"![](media:{plan.id})\n\n![](media:{song.id})")
    address = f"http://localhost:8000{media.attachment.address(song)}"
    rss = ET.fromstring((await client.get("/rss.xml")).content)
    enclosure = rss.find("channel/item/enclosure")
    assert enclosure is not None
    assert enclosure.attrib == {"url": address, "length": str(len(MP3)), "type": "audio/mpeg"}
    (item,) = (await client.get("/feed.json")).json()["items"]
    assert item["attachments"] == [{"url": address, "mime_type": "audio/mpeg", "size_in_bytes": len(MP3)}]
    assert "image" not in item
    assert f'src="{address}"' in item["content_html"]


async def test_nothing_is_ordered_of_the_worker(upload: Upload, databases: Databases) -> None:
    await upload("plan.pdf", PDF)
    async with databases.site.read() as connection:
        assert await media.orders.due(connection, 2**62) == []
        assert (await media.orders.otherwise(connection, "r1")).files == ()


async def test_the_library_shows_what_is_no_picture_and_asks_for_no_alternative_text(
    upload: Upload, client: httpx.AsyncClient, databases: Databases
) -> None:
    song, plan, cup = [
        await upload(name, body) for name, body in (("song.mp3", MP3), ("plan.pdf", PDF), ("cup.png", PNG))
    ]
    async with databases.site.read() as connection:
        author = await store.by_id(connection, OWNER.id)
    assert author is not None
    await prove(client, databases, author)
    library = (await client.get("/author/media")).text
    assert f'value="![song.mp3](media:{song.id})"' in library
    assert library.count("Say what it shows<") == 1
    alone = (await client.get("/author/media?kind=file")).text
    assert (plan.id in alone, song.id in alone, cup.id in alone) == (True, False, False)
    nudged = (await client.get("/author/media?alt=missing")).text
    assert (plan.id in nudged, cup.id in nudged) == (False, True)
    asked = (await client.get("/author/media/alt")).text
    assert (plan.id in asked, cup.id in asked) == (False, True)
    page = (await client.get(f"/author/media/{song.id}")).text
    assert f'src="{media.attachment.address(song)}"' in page
    assert "Point that stays in view" not in page
    page = (await client.get(f"/author/media/{plan.id}")).text
    assert f'for readers it is at <a href="{media.attachment.address(plan)}"' in page
    chosen = (await client.get("/author/pictures?accept=image/*", headers={"HX-Request": "true"})).text
    assert (plan.id in chosen, cup.id in chosen) == (False, True)
    await media.describe(databases.site, OWNER, song.id, media.Words(alt="A song", title="mine alone"))
    told = (await client.get(f"/author/media/{song.id}")).text
    assert f'value="![A song](media:{song.id})"' in told
    original = await client.get(f"/author/media/{plan.id}/original")
    assert (original.content, original.headers["content-disposition"]) == (PDF, "attachment; filename*=UTF-8''plan.pdf")


async def test_what_is_checked_of_a_text_knows_files(upload: Upload, databases: Databases) -> None:
    plan = await upload("plan.pdf", PDF)
    post = await posts.create(databases.site, OWNER, "post")
    gone = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    body = f"![](media:{plan.id})\n\n[Plan](media:{plan.id})\n\n[Gone](media:{gone})"
    found = await checks.look(
        databases.site, post, Draft(title="Fog", summary="Of fog.", body=body), "https://a.example"
    )
    assert {(each.rule, each.line) for each in found if each.line} == {("picture-missing", 5)}
