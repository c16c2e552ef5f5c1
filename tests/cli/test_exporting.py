"""`sdc export`: everything in one zip, which `sdc import` makes the same site of, and Hugo a site."""

import sqlite3
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec.structs import replace
from sdc_cli import exporting, importing
from sdc_cli.importing import Wish
from sdc_core import clock, objects
from sdc_core.errors import Invalid, NotFound
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_web import look, media, posts, redirects
from sdc_web.about import beacon, robots, site
from sdc_web.authors import accounts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases, open_databases
from sdc_web.exports import archive as archives
from sdc_web.imports import Pictures
from sdc_web.posts import Draft, Entry, Link, ProjectFacts, catalogue
from sdc_web.posts.series import Series
from sdc_web.webmentions import bringing, moderation, received, switches
from sdc_web.webmentions.entries import Entry as Said

import photograph
from signing_in import OWNER

EmptySite = Callable[[str], Awaitable[Settings]]
DAY_US = clock.DAY_US
SECRET = "a lamp, a ladder, a lake"
FOG = """Fog, {{< as it >}} is [![small](media:%s)](https://example.org) {%% typed %%}.

`media:%s` <img src="media:%s" alt="A lamp">

![a cup][cup]

[cup]: media:%s
---
+++
"""


async def write(databases: Databases, by: Actor, kind: posts.Kind, draft: Draft, at_us: int | None) -> posts.Post:
    post = await posts.create(databases.site, by, kind)
    await posts.revisions.save(databases.site, by, post.id, draft, 1)
    return post if at_us is None else await posts.publish(databases.site, by, post.id, at_us)


async def rewrite(databases: Databases, by: Actor, post: posts.Post, draft: Draft) -> None:
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, by, post.id)
    await posts.revisions.save(databases.site, by, post.id, draft, newest.number)


async def promised(databases: Databases, ada: Actor) -> None:
    """What is to come: a change of what readers see and another after it, and a text that leaves after it came."""
    tide = Draft(title="Tide", slug="tide", body="Low.")
    post = await write(databases, ada, "post", tide, clock.now_us() - DAY_US)
    await rewrite(databases, ada, post, replace(tide, body="High.", tags=("sea",)))
    await posts.publish(databases.site, ada, post.id, clock.now_us() + DAY_US)
    await rewrite(databases, ada, post, replace(tide, body="Higher.", summary="Water."))
    fair = await write(databases, ada, "post", Draft(title="Fair", slug="fair", body="Come."), None)
    await posts.publish(
        databases.site, ada, fair.id, clock.now_us() + DAY_US, unpublish_at_us=clock.now_us() + 2 * DAY_US
    )
    dune = await write(databases, ada, "project", Draft(title="Dune", slug="dune", body="Sand."), clock.now_us())
    await posts.home.choose(databases.site, ada, dune.id)
    draft = await write(databases, ada, "page", Draft(title="Draft", slug="a-draft", body="D."), None)
    await posts.indexing.hide(databases.site, ada, draft.id, hidden=True)


async def configured(db: Database, ada: Actor) -> None:
    """The site says of itself what no new one says."""
    words = site.Words(title="Ada", description="Writes.", language="de", time_zone="Europe/Berlin")
    await site.change(db, ada, replace(words, elsewhere=(site.Elsewhere(label="M", url="https://m.example/@a"),)))
    await look.change(db, ada, look.Look(accent="#123456", paper="warm"))
    await robots.change(db, ada, robots.Robots(crawlers="refuse", extra="Disallow: /x"))
    await beacon.change(db, ada, asked=True)
    await switches.change(db, ada, switches.Switches(into=True, out=True))
    await moderation.block(db, ada, "spam.example")
    entries = [Entry(title="Me", url="/about"), Entry(title="Ü", url="https://example.org/ü?a=1#b")]
    await posts.navigation.put(db, ada, entries, "")


async def answered(db: Database, ada: Actor) -> None:
    """Two webmentions, of texts that are there."""
    said = Said(kind="reply", author_name="Grace", author_url="https://grace.example/", title="On", words="Yes.")
    await bringing.bring(db, ada, "/posts/thick-fog", "https://grace.example/fog?a=1", said, 1_700_000_000_000_000)
    await bringing.bring(db, ada, "/projects/lamp", "https://grace.example/lamp", Said(), 1_700_000_000_000_001)


async def filled(settings: Settings, folder: Path) -> None:
    """A site with something of everything that an export holds."""
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        db = databases.site
        await accounts.create(databases, OWNER, name="ben", role="author", password=SECRET)
        ada, ben = [each.actor for each in await accounts.everyone(databases)]
        to = Pictures(settings=settings, databases=databases, store=store, by=ada)
        lamp = await to.put(photograph.take(folder / "my lamp ä.jpg", 64, 48), "my lamp ä.jpg", "A lamp")
        cup = await to.put(photograph.take(folder / "cup.jpg", 65, 48), "cup.jpg", "")
        await media.describe(
            db, ada, cup.id, media.Words(alt="A cup", title="Cup", caption="Tea", focus_x=1, focus_y=99)
        )
        line = await replace(to, by=ben).put(photograph.take(folder / "line.jpg", 66, 48), "line.jpg", "")
        await media.describe(db, ada, line.id, media.Words(decorative=True))
        fog = Draft(
            title="Fog: 'on' \u9727, #1",
            slug="fog",
            summary="yes",
            body=FOG % (lamp.id, lamp.id, lamp.id, cup.id),
            tags=("tea", "2024"),
            cover_asset_id=lamp.id,
            series="On fog",
            series_position=2,
            canonical_url="https://magazine.example/fog",
            dated_at_us=1_700_000_000_123_456,
        )
        first = await write(databases, ada, "post", fog, clock.now_us())
        await rewrite(databases, ada, first, replace(fog, slug="thick-fog"))
        await posts.publish(db, ada, first.id)
        await rewrite(databases, ada, first, replace(fog, slug="thicker-fog", body="Later.", cover_asset_id=cup.id))
        await promised(databases, ada)
        nebel = Draft(title="Nebel", body="N.\n\n", language="de")
        second = await write(databases, ben, "post", nebel, None)
        await rewrite(databases, ada, second, replace(nebel, translation_key=first.id))
        await posts.publish(db, ben, second.id, clock.now_us() - DAY_US)
        await posts.unpublish(db, ben, second.id)
        await write(databases, ada, "post", Draft(title="Soon", slug="soon", body="S."), clock.now_us() + DAY_US)
        page = await write(databases, ada, "page", Draft(title="Me", slug="about", body="Me."), clock.now_us())
        await posts.publish(db, ada, page.id, unpublish_at_us=clock.now_us() + 9 * DAY_US)
        await posts.indexing.hide(db, ada, page.id, hidden=True)
        facts = ProjectFacts(
            status="finished", section="Light", repository="https://git.example/lamp",
            links=(Link(label="Parts", url="/posts/thick-fog"),), pictures=(cup.id, lamp.id),
        )  # fmt: skip
        project = await write(
            databases, ada, "project", Draft(title="Lamp", slug="lamp", project=facts), clock.now_us()
        )
        await write(databases, ada, "post", Draft(title="", body="{{< no >}} {{</* title */>}}"), None)
        await posts.create(db, ada, "post")
        await posts.home.choose(db, ada, project.id)
        await posts.tags.change(db, ada, "tea", {"name": "black tea", "colour": "red", "description": "Not green."})
        async with db.read() as connection:
            (series,) = await posts.series.everything(connection)
        await posts.series.change(
            db, ada, Series(id=series.id, title="On fog", slug="all-fog", description="All of it.")
        )
        await redirects.add_own(db, ada, "/lampe", "https://example.org/l?a=ä", "")
        await configured(db, ada)
        await answered(db, ada)


SQL_SAID = (
    """SELECT title, description, language, own_navigation, look, elsewhere, robots, beacon, webmentions_out,
    webmentions_in, time_zone FROM site""",
    "SELECT host FROM webmention_blocks ORDER BY host",
    "SELECT * FROM tags ORDER BY name",
    "SELECT * FROM former_tags ORDER BY name",
    "SELECT * FROM navigation ORDER BY position",
    "SELECT title, slug, description FROM series ORDER BY title",
    """SELECT sha256, file_name, content_type, size_bytes, alt, title, caption, focus_x, focus_y, decorative, name
    FROM media_assets JOIN authors ON authors.id = author_id ORDER BY sha256""",
    """SELECT posts.kind, slug, published_at_us, posts.created_at_us, changed_at_us, scheduled_at_us, unpublish_at_us,
    noindex, series_position, name FROM posts JOIN authors ON authors.id = author_id
    WHERE slug NOT LIKE 'untitled%' ORDER BY slug""",
    """SELECT redirects.path, target, posts.slug FROM redirects LEFT JOIN posts ON posts.id = post_id
    ORDER BY redirects.path""",
)
"""Rows that mean the same in every site, without the ids that they have in each."""


def said_of(site: Settings) -> list[tuple[object, ...]]:
    """What the site says of itself, of its texts and of its pictures: as the tables hold it, whatever an export has."""
    with closing(sqlite3.connect(site.DATA_DIR / "site.db")) as opened:
        return [row for sql in SQL_SAID for row in opened.execute(sql).fetchall()]


def inside(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def parts_of(folder: Path) -> list[Path]:
    return list(folder.glob("**/*.part"))


@pytest.fixture
async def archive(settings: Settings, tmp_path: Path) -> Path:
    """The export of a site that has everything."""
    await filled(settings, tmp_path)
    await exporting.run(settings, tmp_path / "first.zip")
    return tmp_path / "first.zip"


async def test_what_was_exported_and_imported_is_the_same_export(
    archive: Path, settings: Settings, empty_site: EmptySite
) -> None:
    other = await empty_site("other")
    async with open_databases(other) as databases:
        await accounts.create(databases, OWNER, name="ben", role="author")
    told = await importing.run(other, Wish(path=archive, dry_run=True))
    done = await importing.run(other, Wish(path=archive))
    assert [(line.file, line.reason, line.notes) for line in done if line.outcome == "skipped" or line.notes] == []
    assert [(line.file, line.outcome) for line in told] == [(line.file, line.outcome) for line in done]
    again = archive.with_name("second.zip")
    await exporting.run(other, again)
    first, second = inside(archive), inside(again)
    assert {name: content.decode() for name, content in second.items() if not name.startswith("static/media")} == {
        name: content.decode() for name, content in first.items() if not name.startswith("static/media")
    }
    assert first == second
    assert said_of(other) == said_of(settings)
    assert {line.outcome for line in await importing.run(other, Wish(path=archive))} == {"unchanged"}


async def test_statistics_of_an_export_stand_in_the_way_of_no_import(
    settings: Settings, empty_site: EmptySite, tmp_path: Path
) -> None:
    """They are for spreadsheets: the new site counts its own readers."""
    await filled(settings, tmp_path)
    days = b"at,visitors,page_views\r\n2025-12-31,1,1\r\n"
    extra = archives.Extra(files={"statistics/days.csv": days, "statistics/pages-2025.csv": b"key,visitors\r\n/,1\r\n"})
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        (ada, *_) = [each.actor for each in await accounts.everyone(databases)]
        await archives.write(databases, ada, store, settings, tmp_path / "first.zip", extra=extra)
    other = await empty_site("other")
    async with open_databases(other) as databases:
        await accounts.create(databases, OWNER, name="ben", role="author")
    done = await importing.run(other, Wish(path=tmp_path / "first.zip"))
    assert [line.file for line in done if "statistics" in line.file or line.outcome == "skipped"] == []
    await exporting.run(other, tmp_path / "second.zip")
    first, second = inside(tmp_path / "first.zip"), inside(tmp_path / "second.zip")
    assert first.pop("statistics/days.csv") == days
    assert first.pop("statistics/pages-2025.csv").endswith(b"/,1\r\n")
    assert first == second


async def test_an_export_holds_everything_but_secrets(archive: Path) -> None:
    files = inside(archive)
    assert sorted(name for name in files if not name.startswith("static/media/")) == [
        "README.txt",
        "changes/posts/thick-fog.1.md",
        "changes/posts/tide.1.md",
        "changes/posts/tide.2.md",
        "content/pages/a-draft.md",
        "content/pages/about.md",
        "content/posts/fair.md",
        "content/posts/nebel.md",
        "content/posts/soon.md",
        "content/posts/thick-fog.md",
        "content/posts/tide.md",
        "content/posts/untitled-1.md",
        "content/projects/dune.md",
        "content/projects/lamp.md",
        "content/series/on-fog/_index.md",
        "content/tags/black-tea/_index.md",
        "data/authors.json",
        "data/media.json",
        "data/redirects.json",
        "data/series.json",
        "data/site.json",
        "data/tags.json",
        "data/webmentions.json",
        "hugo.json",
        "static/_redirects",
    ]
    assert len([name for name in files if name.startswith("static/media/")]) == 3
    everything = b"".join(files.values())
    for secret in (b"argon2", b"password", SECRET.encode(), b"media:01"):
        assert secret not in everything.replace(b"`media:01", b"").replace(b"No\npassword", b"")


async def test_hugo_finds_what_it_knows_in_front_matter(archive: Path) -> None:
    """What Hugo itself makes of these keys: https://gohugo.io/content-management/front-matter/."""
    files = inside(archive)
    _, front, body = files["content/posts/thick-fog.md"].decode().split("---\n", 2)
    fields = yaml.safe_load(front)
    texts = ("title", "slug", "date", "lastmod", "summary", "translationKey")
    assert [type(fields[name]) for name in texts] == [str] * len(texts)
    assert (fields["tags"], fields["series"], fields["aliases"]) == (["black tea", "2024"], ["On fog"], ["/posts/fog"])
    assert "Fog, {{</* as it */>}} is" in body
    assert (fields["date"], fields.get("draft", False)) == ("2023-11-14T22:13:20.123456Z", False)
    shown = fields["cover"]["image"]
    assert f"static{shown}" in files
    assert body.count(f"]({shown})") == 1
    soon = yaml.safe_load(files["content/posts/soon.md"].decode().split("---\n", 2)[1])
    assert soon["publishDate"] > clock.now().isoformat()
    assert yaml.safe_load(files["content/posts/untitled-1.md"].decode().split("---\n", 2)[1])["draft"] is True
    settings = msgspec.json.decode(files["hugo.json"])
    assert (settings["title"], settings["languageCode"], settings["locale"]) == ("Ada", "de", "de")
    assert files["static/_redirects"].splitlines() == [
        b"/lampe https://example.org/l?a=%C3%A4 301",
        b"/series/on-fog /series/all-fog 301",
        b"/tags/tea /tags/black%20tea 301",
    ]


async def test_pictures_that_the_store_lost_are_told_of(settings: Settings, tmp_path: Path) -> None:
    await filled(settings, tmp_path)
    async with objects.open_store(objects.local_endpoint(settings)) as store:
        keys = [each.key async for each in store.list(settings.S3_MEDIA_BUCKET, "originals/")]
        await store.delete(settings.S3_MEDIA_BUCKET, keys[0])
    report = await exporting.run(settings, tmp_path / "a.zip")
    assert [note for note in report.notes if note.startswith("file")] == [
        "file my lamp ä.jpg is left out: its original is not in the object store"
    ]


async def test_what_lies_in_the_trash_is_in_no_export(settings: Settings, tmp_path: Path) -> None:
    async with open_databases(settings) as databases, objects.open_store(objects.local_endpoint(settings)) as store:
        (ada,) = [each.actor for each in await accounts.everyone(databases)]
        to = Pictures(settings=settings, databases=databases, store=store, by=ada)
        cup = await to.put(photograph.take(tmp_path / "cup.jpg", 64, 48), "cup.jpg", "A cup")
        for title in ("Kept", "Thrown away"):
            draft = Draft(title=title, body=f"{title}.", tags=(title.lower(),))
            post = await write(databases, ada, "post", draft, clock.now_us())
        await posts.trash.put(databases.site, ada, post.id)
        await media.trash.put(databases.site, ada, [cup.id])
    await exporting.run(settings, tmp_path / "a.zip")
    everything = inside(tmp_path / "a.zip")
    assert [name for name in everything if name.startswith(("content/", "static/media/"))] == ["content/posts/kept.md"]
    assert b"hrown" not in b"".join((*everything.values(), *map(str.encode, everything)))
    assert b"cup" not in b"".join(everything.values())


async def test_an_export_that_cannot_be_written_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await exporting.run(settings, tmp_path / "nowhere" / "a.zip")
    assert parts_of(tmp_path) == []


async def test_what_a_file_says_of_others_is_checked_like_what_they_say(archive: Path, empty_site: EmptySite) -> None:
    other = await empty_site("other")
    said = Said(author_name="G" * 1_000, author_url="javascript:alert(1)", words="w " * 10_000)
    await importing.run(other, Wish(path=archive))
    async with open_databases(other) as databases:
        db, (ada, *_) = databases.site, [each.actor for each in await accounts.everyone(databases)]
        for source in ("javascript:alert(1)", "", "https://example.org/ x", "https://a:b@example.org/"):
            with pytest.raises(Invalid):
                await bringing.bring(db, ada, "/posts/thick-fog", source, said, 1)
        with pytest.raises(NotFound):
            await bringing.bring(db, ada, "/posts/missing", "https://example.org/1", said, 1)
        assert await bringing.bring(db, ada, "/posts/thick-fog", "https://example.org/1", said, 1)
        assert not await bringing.bring(db, ada, "/posts/thick-fog", "https://example.org/1", said, 1)
        async with db.read() as connection:
            post = await catalogue.by_address(connection, "post", "thick-fog")
            assert post is not None
            kept = (await received.shown(connection, post.id))[-1]
    assert (len(kept.author_name), kept.author_url) == (80, "")
    assert len(kept.words) <= 500
