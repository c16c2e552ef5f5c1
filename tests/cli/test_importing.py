"""`sdc import` on folders as other generators keep them, into real databases and a real object store."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from sdc_cli.importing import Wish, run
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_web import media, posts, redirects
from sdc_web.db import Databases, open_databases
from sdc_web.imports import Line
from sdc_web.posts.catalogue import by_address
from sdc_web.posts.whole import draft_of

import photograph
from signing_in import OWNER

HUGO = """+++
title = "A lamp"
date = 2024-05-01T10:00:00Z
tags = ["Light", "fog"]
draft = false
+++
Some *light*.
"""
JEKYLL = """---
layout: post
categories: [fog]
redirect_from: [/old-fog, /2019/05/fog.html, "https://old.example/f%C3%B6g/", "/?p=1", /author/x]
---
# Fog & co

Text. {% flickr 1 %}
"""
PROJECT = r"""---
date: 2024-01-01
repository: https://git.example/lamp
status: In-progress
section: Light
links:
  - {label: Parts, url: /posts/parts}
  - {label: Shop, url: "javascript:alert(1)"}
cover: {image: lamp.jpg, alt: "A lamp\u200d at night"}
pictures: [lamp.jpg, gone.jpg, {src: inside.jpg, caption: Its inside}]
---
Light.
"""
Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is to be imported."""
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a file below the folder."""

    def put(name: str, text: str) -> Path:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return put


async def imported(settings: Settings, folder: Path, *, dry_run: bool = False) -> dict[str, Line]:
    report = await run(settings, Wish(path=folder, dry_run=dry_run))
    return {line.file: line for line in report}


async def stored(databases: Databases, kind: posts.Kind, slug: str) -> posts.Published:
    async with databases.site.read() as connection:
        found = await posts.by_slug(connection, kind, slug)
    assert found is not None
    return found


async def test_posts_of_two_generators_are_published_on_their_days(
    settings: Settings, folder: Path, write: Write
) -> None:
    write("posts/a-lamp/index.md", HUGO)
    write("_posts/2023-02-03-fog.md", JEKYLL)
    report = await imported(settings, folder)
    assert {line.outcome for line in report.values()} == {"published"}
    async with open_databases(settings) as databases:
        lamp = await stored(databases, "post", "a-lamp")
        fog = await stored(databases, "post", "fog")
        async with databases.site.read() as connection:
            for old in ("/old-fog", "/2019/05/fog.html", "/fög"):
                assert await redirects.find(connection, old) == "/posts/fog"
    assert (lamp.title, lamp.tags, clock.day_of(lamp.published_at_us)) == ("A lamp", ("light", "fog"), "2024-05-01")
    assert (fog.title, fog.tags, clock.day_of(fog.published_at_us)) == ("Fog & co", ("fog",), "2023-02-03")
    assert "<em>light</em>" in lamp.body_html
    assert report["_posts/2023-02-03-fog.md"].notes == (
        "shortcode {% flickr 1 %} stays as it is written",
        "alias /author/x is no address that can lead anywhere here",
    )


async def test_twice_is_once(settings: Settings, folder: Path, write: Write) -> None:
    photograph.take(folder / "fog.jpg", width=64, height=48)
    write("one.md", "---\ndate: 2024-01-01\n---\nFog: ![fog](fog.jpg)\n")
    write("two.md", "---\ndraft: true\n---\nNot yet.\n")
    first = await imported(settings, folder)
    assert {name: line.outcome for name, line in first.items()} == {"one.md": "published", "two.md": "draft"}
    second = await imported(settings, folder)
    assert {line.outcome for line in second.values()} == {"unchanged"}
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert len(await posts.listing.last_saved(connection, OWNER, 99)) == 2


async def test_a_text_whose_tag_was_renamed_since_is_the_same_text(
    settings: Settings, folder: Path, write: Write
) -> None:
    write("lamp.md", HUGO)
    await imported(settings, folder)
    async with open_databases(settings) as databases:
        await posts.tags.change(databases.site, OWNER, "light", {"name": "lamps"})
    assert (await imported(settings, folder))["lamp.md"].outcome == "unchanged"


async def test_a_series_and_its_order_come_along(settings: Settings, folder: Path, write: Write) -> None:
    write("two.md", "---\nseries: Fog, and light\nweight: 2\ndate: 2024-01-01\n---\nTwo.\n")
    write("one.md", '+++\nseries = ["Fog, and light", "Else"]\nseries_order = 1\ndate = 2024-01-02\n+++\nOne.\n')
    write("pages/me.md", "---\nseries: Fog, and light\n---\nMe.\n")
    report = await imported(settings, folder)
    left_out = "is left out: a post belongs to one, and nothing else to any"
    assert report["one.md"].notes == (f"series Else {left_out}",)
    assert report["pages/me.md"].notes == (f"series Fog, and light {left_out}",)
    async with open_databases(settings) as databases, databases.site.read() as connection:
        place = await posts.series.place(connection, (await stored(databases, "post", "two")).id)
    assert place is not None
    assert (place.series.title, [part.slug for part in place.parts]) == ("Fog, and light", ["one", "two"])
    assert {line.outcome for line in (await imported(settings, folder)).values()} == {"unchanged"}


async def test_what_a_project_says_of_itself_comes_along(settings: Settings, folder: Path, write: Write) -> None:
    (folder / "projects").mkdir()
    photograph.take(folder / "projects" / "lamp.jpg", width=64, height=48)
    photograph.take(folder / "projects" / "inside.jpg", width=65, height=48)
    write("projects/lamp.md", PROJECT)
    report = await imported(settings, folder)
    assert report["projects/lamp.md"].notes == (
        "link Shop is left out: A link leads to an address that begins with https://, or to a path such as /posts/fog.",
        "picture gone.jpg is not in the folder",
    )
    async with open_databases(settings) as databases:
        lamp = await stored(databases, "project", "lamp")
        facts = lamp.project
        assert facts is not None
        async with databases.site.read() as connection:
            shown = await media.by_ids(connection, {*facts.pictures})
    assert lamp.cover_asset_id == facts.pictures[0]
    assert [shown[each].alt for each in facts.pictures] == ["A lamp at night", "Its inside"]
    assert (facts.status, facts.section, facts.repository) == ("in progress", "Light", "https://git.example/lamp")
    assert facts.links == (posts.Link(label="Parts", url="/posts/parts"),)
    assert (await imported(settings, folder))["projects/lamp.md"].outcome == "unchanged"


async def test_translations_find_each_other_by_their_key(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", "---\ntranslationKey: fog\n---\nFog.\n")
    write("nebel.md", "---\nlang: de_at\ntranslationKey: fog\n---\nNebel.\n")
    write("brume.md", "---\nlanguage: of the heart\n---\nBrume.\n")
    report = await imported(settings, folder)
    assert report["brume.md"].notes == ("language of the heart is left out: it is no tag such as en or de-CH",)
    async with open_databases(settings) as databases, databases.site.read() as connection:
        found = await posts.languages.everything(connection)
    assert {tuple(each.language for each in group.every) for group in found.values()} == {("en", "de-AT")}
    assert {line.outcome for line in (await imported(settings, folder)).values()} == {"unchanged"}


async def test_a_post_of_other_words_at_the_same_address_is_left_alone(
    settings: Settings, folder: Path, write: Write
) -> None:
    write("fog.md", "First words.")
    await imported(settings, folder)
    write("fog.md", "Other words.")
    line = (await imported(settings, folder))["fog.md"]
    assert (line.outcome, line.reason) == ("skipped", "another text has this address already")
    async with open_databases(settings) as databases:
        assert "First words." in (await stored(databases, "post", "fog")).body_html


async def test_a_file_that_is_refused_leaves_no_empty_draft(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", f"---\nseries: {'long ' * 200}\n---\nWords.\n")
    assert (await imported(settings, folder))["fog.md"].outcome == "skipped"
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await posts.listing.last_saved(connection, OWNER, 99) == []


async def test_what_was_renamed_since_is_not_imported_again(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", "Words.")
    await imported(settings, folder)
    async with open_databases(settings) as databases:
        fog = await stored(databases, "post", "fog")
        async with databases.site.read() as connection:
            newest = await posts.revisions.newest(connection, OWNER, fog.id)
        draft = replace(draft_of(newest), slug="mist")
        owner = replace(OWNER, id=newest.author_id)
        await posts.revisions.save(databases.site, owner, fog.id, draft, newest.number)
        await posts.publish(databases.site, OWNER, fog.id)
    line = (await imported(settings, folder))["fog.md"]
    assert (line.outcome, line.reason) == ("skipped", "this address leads elsewhere by now, as the redirects show")


async def test_an_alias_takes_no_address_from_another_text(settings: Settings, folder: Path, write: Write) -> None:
    write("a.md", "---\naliases: [/old]\n---\nA.\n")
    write("b.md", "---\naliases: [/old, /posts/a, /older]\ndraft: true\n---\nB.\n")
    taken = "is left out: something is at that address, or it leads elsewhere already"
    notes = (await imported(settings, folder))["b.md"].notes
    assert notes == (f"alias /old {taken}", f"alias /posts/a {taken}")
    async with open_databases(settings) as databases:
        async with databases.site.read() as connection:
            assert await redirects.find(connection, "/old") == "/posts/a"
            draft = await by_address(connection, "post", "b")
        assert draft is not None
        await posts.publish(databases.site, OWNER, draft.id)
        async with databases.site.read() as connection:
            assert await redirects.find(connection, "/older") == "/posts/b"


async def test_twice_is_once_however_odd_the_letters(settings: Settings, folder: Path, write: Write) -> None:
    write("\u9727.md", "---\ntitle: Fog \u9727\ntags: [cafe\u0301]\n---\nbe\x07ll\x0cs\n")
    write("cafe\u0301.md", "Words.")
    write("later.md", "---\ndate: 2999-01-01\n---\nNot yet.\n")
    first = await imported(settings, folder)
    assert sorted(line.outcome for line in first.values()) == ["published", "published", "scheduled"]
    assert {line.outcome for line in (await imported(settings, folder)).values()} == {"unchanged"}


async def test_addresses_that_cannot_be_read_stop_no_import(settings: Settings, folder: Path, write: Write) -> None:
    write(
        "fog.md",
        f"---\npermalink: http://[x\ncover: //[\n---\n![a](http://[x) ![b](a%00b.png) ![c]({'c' * 300}.png)\n",
    )
    assert (await imported(settings, folder))["fog.md"].outcome == "published"


async def test_a_picture_beside_the_text_is_uploaded_and_one_outside_of_the_folder_is_not(
    settings: Settings, folder: Path, write: Write, object_store: ObjectStore
) -> None:
    photograph.take(folder.parent / "secret.jpg", width=64, height=48)
    (folder / "static").mkdir()
    photograph.take(folder / "static" / "my fog.jpg", width=65, height=48)
    write("fog.md", "![a](/my%20fog.jpg) ![b](../secret.jpg) ![c](https://example.org/x.jpg) ![d](gone.png)")
    line = (await imported(settings, folder))["fog.md"]
    assert line.notes[:2] == ("picture ../secret.jpg is not in the folder", "picture gone.png is not in the folder")
    assert [each.startswith("picture https://example.org/x.jpg stays where it is") for each in line.notes[2:]] == [True]
    async with open_databases(settings) as databases:
        body = (await stored(databases, "post", "fog")).body_html
    assert body.count('src="media:') == 1
    assert len([each async for each in object_store.list(settings.S3_MEDIA_BUCKET, "originals/")]) == 1


async def test_pictures_are_found_however_a_text_shows_them(settings: Settings, folder: Path, write: Write) -> None:
    for number, name in enumerate(("small", "large", "tag", "named", "code")):
        photograph.take(folder / f"{name}.jpg", width=64 + number, height=48)
    write(
        "fog.md",
        "[![fog](small.jpg)](large.jpg) , <img alt='A lamp' src=\"tag.jpg\">\n\n![a cup][cup]\n\n`![no](code.jpg)`\n\n"
        "[cup]: named.jpg\n",
    )
    assert (await imported(settings, folder))["fog.md"].notes == ()
    async with open_databases(settings) as databases:
        body = (await stored(databases, "post", "fog")).body_html
        async with databases.site.read() as connection:
            kept = {each.file_name: each.alt for each in await media.newest(connection, OWNER)}
    assert (body.count('src="media:'), body.count(".jpg")) == (3, 1)
    assert kept == {"small.jpg": "fog", "large.jpg": "", "tag.jpg": "A lamp", "named.jpg": ""}
    assert (await imported(settings, folder))["fog.md"].outcome == "unchanged"


async def test_a_text_comes_with_all_of_its_pictures_or_not_at_all(
    settings: Settings, folder: Path, write: Write
) -> None:
    photograph.take(folder / "fog.jpg", width=64, height=48)
    (folder / "drawn.svg").write_text("<svg/>")
    write("fog.md", "![fog](fog.jpg) ![drawn](drawn.svg)")
    write("long.md", f"---\nseries: {'long ' * 200}\n---\n![fog](fog.jpg)")
    report = await imported(settings, folder)
    assert report["fog.md"].reason.startswith("picture drawn.svg: This file is no picture that browsers show")
    assert {line.outcome for line in report.values()} == {"skipped"}
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await media.newest(connection, OWNER) == []
        assert await posts.listing.last_saved(connection, OWNER, 99) == []
    (line, _) = await run(settings, Wish(path=folder, incomplete=True))
    assert (line.outcome, line.notes[0][:34]) == ("published", "picture drawn.svg is left out: Thi")


async def test_readers_find_texts_where_the_old_site_had_them(settings: Settings, folder: Path, write: Write) -> None:
    write("_config.yml", "permalink: /:title/")
    write("_posts/2024-01-02-fog.md", "Fog.")
    write("_posts/2024-01-03-lamp.md", "---\npermalink: /about/\n---\nA lamp.")
    write("about.md", "Me.")
    await imported(settings, folder)
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await redirects.find(connection, "/fog") == "/posts/fog"
        assert not await redirects.is_known(connection, "/about")


async def test_a_dry_run_tells_the_same_and_changes_nothing(settings: Settings, folder: Path, write: Write) -> None:
    write("a.md", "---\naliases: [/old, /posts/e]\n---\nWords.")
    write("b.md", "---\naliases: [/old, /posts/a]\n---\nWords.")
    write("bad.md", "---\n: [\n---\n")
    write("c.md", "---\ndraft: true\naliases: [/other]\n---\nWords.")
    write("d.md", "---\ndate: 2999-01-01\naliases: [/other, /posts/c]\n---\nWords.")
    write("e.md", "Words.")
    write("f.md", "---\naliases: [/posts/d]\n---\nWords.")
    write("notes/a.md", "Others.")
    told = await imported(settings, folder, dry_run=True)
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await posts.listing.last_saved(connection, OWNER, 99) == []
    done = await imported(settings, folder)
    assert {name: (line.outcome, line.notes) for name, line in told.items()} == {
        name: (line.outcome, line.notes) for name, line in done.items()
    }
    assert [name for name, line in told.items() if line.outcome == "skipped"] == ["bad.md"]
    assert done["notes/a.md"].address == "/posts/notes-a"
    assert (await imported(settings, folder, dry_run=True))["a.md"].outcome == "unchanged"


async def test_what_its_author_took_off_the_site_stays_off_it(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", "Words.")
    await imported(settings, folder)
    async with open_databases(settings) as databases:
        await posts.unpublish(databases.site, OWNER, (await stored(databases, "post", "fog")).id)
    assert (await imported(settings, folder))["fog.md"].outcome == "unchanged"


async def test_what_lies_in_the_trash_is_not_brought_again(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", "Words.")
    await imported(settings, folder)
    async with open_databases(settings) as databases:
        await posts.trash.put(databases.site, OWNER, (await stored(databases, "post", "fog")).id)
    reports = [await imported(settings, folder, dry_run=dry_run) for dry_run in (True, False)]
    assert [(each["fog.md"].outcome, each["fog.md"].address) for each in reports] == [("skipped", "")] * 2
    assert "a text in the trash had this address" in reports[0]["fog.md"].reason
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await posts.by_slug(connection, "post", "fog") is None
        assert await posts.trash.count(connection, OWNER) == 1


async def test_a_draft_that_is_none_any_more_is_published(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", "---\ndraft: true\n---\nWords.")
    await imported(settings, folder)
    write("fog.md", "Words.")
    assert (await imported(settings, folder))["fog.md"].outcome == "published"


async def test_a_text_that_first_appeared_elsewhere_keeps_its_address_there(
    settings: Settings, folder: Path, write: Write
) -> None:
    write("fog.md", "---\ncanonicalURL: https://magazine.example/fog\n---\nFog.\n")
    write("mist.md", "---\ncanonical: nowhere\n---\nMist.\n")
    report = await imported(settings, folder)
    assert report["mist.md"].notes == ("canonical address nowhere is left out: it is no whole address",)
    async with open_databases(settings) as databases:
        assert (await stored(databases, "post", "fog")).canonical_url == "https://magazine.example/fog"


async def test_what_something_is_read_as_may_be_said(settings: Settings, folder: Path, write: Write) -> None:
    write("fog.md", "---\ntitle: Fog\n---\nText.\n")
    write("ghost.json", '{"db": [{"meta": {"exported_on": 1, "version": "5.0"}, "data": {"posts": []}}]}')
    assert [line.file for line in await run(settings, Wish(path=folder, format="markdown", dry_run=True))] == ["fog.md"]
    assert [line.file for line in await run(settings, Wish(path=folder, dry_run=True))] == ["address /rss"]
    with pytest.raises(Invalid, match="no export of WordPress in it"):
        await run(settings, Wish(path=folder, format="wordpress"))
    with pytest.raises(Invalid, match="no export of a site of this kind"):
        await run(settings, Wish(path=folder, format="sdc"))
