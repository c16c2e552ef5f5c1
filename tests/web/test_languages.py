"""Texts in several languages: what readers and programs are told of them, and how their author joins them."""

from collections.abc import Awaitable, Callable
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import html5lib
import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core.errors import Invalid
from sdc_core.sqlite import execute
from sdc_web import app, posts
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.posts.whole import draft_of
from sdc_web.texts import language_names

from api_client import program, token
from signing_in import BROWSER, OWNER, come_in, send

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
FOG = [("en", "/posts/fog"), ("de", "/posts/nebel"), ("pt-BR", "/posts/nevoa"), ("x-default", "/posts/fog")]


@pytest.fixture
async def fog(publish: Publish) -> Post:
    """A text in the language of the site, with translations that name its id, and one that nobody sees."""
    first = await publish("Fog")
    await publish("Nebel", language="de", translation_key=first.id)
    await publish("Névoa", language="pt-br", translation_key=first.id)
    return first


def alternates(page: str) -> list[tuple[str, str]]:
    """The languages that a page names for machines, with their paths."""
    told = page.split('<link rel="alternate" hreflang="')[1:]
    return [(each.partition('"')[0], each.partition(f'href="{SITE}')[2].partition('"')[0]) for each in told]


@pytest.mark.usefixtures("fog")
async def test_every_translation_names_all_of_them_and_the_one_for_everyone_else(client: httpx.AsyncClient) -> None:
    for path in ("/posts/fog", "/posts/nebel", "/posts/nevoa"):
        assert sorted(alternates((await client.get(path)).text)) == sorted(FOG), path


@pytest.mark.usefixtures("fog")
async def test_readers_find_the_others_by_the_names_that_their_speakers_use(client: httpx.AsyncClient) -> None:
    page = (await client.get("/posts/nebel")).text
    line = page.partition("Also in: ")[2].partition("</p>")[0]
    assert line == (
        '<a href="/posts/fog" lang="en" hreflang="en" rel="alternate">English</a>, '
        '<a href="/posts/nevoa" lang="pt-BR" hreflang="pt-BR" rel="alternate">Português (BR)</a>'
    )


@pytest.mark.usefixtures("fog")
async def test_a_text_says_what_it_is_written_in(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("ضباب", "نص", slug="dabab", language="ar")
    page = (await client.get("/posts/nebel")).text
    assert '<article class="h-entry" lang="de">' in page
    assert '<html lang="de">' in page
    assert '<header class="site-header" lang="en">' in page
    assert '<footer class="post-footer with-margin meta" lang="en">' in page
    assert '"inLanguage":"de"' in page
    assert '<article class="h-entry" lang="ar" dir="rtl">' in (await client.get("/posts/dabab")).text
    plain = (await client.get("/posts/fog")).text
    assert ('<html lang="en">' in plain, '<header class="site-header">' in plain) == (True, True)
    assert ('<article class="h-entry">' in plain, '"inLanguage":"en"' in plain) == (True, True)
    assert '<div lang="de">' in (await client.get("/posts")).text


async def test_words_that_are_not_the_authors_say_that_they_are_english(
    client: httpx.AsyncClient, publish: Publish, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "NAMING_S", 60)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = 'Nebelseite', language = 'de'")
    body = "Nebel [Nebel](/posts/nebelbank).\n\n" + "## Nebel\n\nNebel.\n\n" * 3
    for title in ("Nebelbank", "Nebelwand", "Nebelhorn"):
        await publish(title, body, tags=("nebel",), series="Nebelreihe", summary="Nebel")
    lamp = await publish("Nebellampe", body, kind="project", tags=("nebel",))
    await posts.home.choose(databases.site, OWNER, lamp.id)
    await publish("Nebel?", body, slug="nebel", kind="page")
    paths = ("/", "/posts", "/posts/nebelwand", "/projects", "/projects/nebellampe", "/nebel", "/tags", "/tags/nebel")
    for path in (*paths, "/series/nebelreihe", "/search?q=nebel", "/search?q=zzz", "/nothing"):
        page = html5lib.parse((await client.get(path, headers=BROWSER)).text, namespaceHTMLElements=False)
        assert [each for each in _spoken(page.find("body"), "de") if _is_wrong(*each)] == [], path


def _spoken(element: Element, language: str) -> list[tuple[str, str]]:
    """Each piece of text and each label below an element, with the language in which it would be read out; not what
    nobody reads, nor the outcome of a search, which is of both.
    """
    language = element.get("lang", language)
    found = [(each, language) for each in (element.get("aria-label", ""), element.text or "")]
    for child in element:
        found += [*_spoken(child, language), (child.tail or "", language)]
    return [] if element.get("role") == "status" or "hidden" in element.attrib else found


def _is_wrong(words: str, language: str) -> bool:
    return any(each.isalpha() for each in words) and language != ("de" if "nebel" in words.casefold() else "en")


async def test_a_text_alone_in_its_language_names_no_others(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Alone", language="de", translation_key="nobody-else")
    page = (await client.get("/posts/alone")).text
    assert ("hreflang" in page, "Also in" in page) == (False, False)


async def test_translations_come_and_go_with_their_publication(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    fog = await publish("Fog", translation_key="fog")
    nebel = await publish("Nebel", language="de", translation_key="fog")
    assert "Deutsch" in (await client.get("/posts/fog")).text
    await posts.unpublish(databases.site, OWNER, nebel.id)
    assert "Deutsch" not in (await client.get("/posts/fog")).text
    await posts.publish(databases.site, OWNER, nebel.id)
    await posts.trash.put(databases.site, OWNER, fog.id)
    assert "Also in" not in (await client.get("/posts/nebel")).text


async def test_the_rest_stays_together_when_the_first_text_is_deleted(
    client: httpx.AsyncClient, fog: Post, databases: Databases
) -> None:
    await posts.trash.put(databases.site, OWNER, fog.id)
    told = [("de", "/posts/nebel"), ("pt-BR", "/posts/nevoa"), ("x-default", "/posts/nebel")]
    assert sorted(alternates((await client.get("/posts/nebel")).text)) == sorted(told)


@pytest.mark.usefixtures("fog")
async def test_a_first_text_that_joins_others_takes_its_translations_along(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, fog: Post
) -> None:
    niebla = await publish("Niebla", language="es")
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, fog.id)
    joined = msgspec.structs.replace(draft_of(newest), translation_key=niebla.id)
    await posts.revisions.save(databases.site, OWNER, fog.id, joined, newest.number)
    await posts.publish(databases.site, OWNER, fog.id)
    every = sorted([*FOG, ("es", "/posts/niebla")])
    for path in ("/posts/fog", "/posts/nebel", "/posts/niebla"):
        assert sorted(alternates((await client.get(path)).text)) == every, path


async def test_of_two_texts_in_one_language_a_page_names_one(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Nebel, neu", language="de", translation_key="fog-2")
    await publish("Mist", translation_key="fog-2")
    await publish("Haze", translation_key="fog-2")
    found = alternates((await client.get("/posts/nebel-neu")).text)
    assert [language for language, _ in found].count("en") == 1
    assert ("en", "/posts/haze") in alternates((await client.get("/posts/haze")).text)


@pytest.mark.usefixtures("fog")
async def test_the_map_of_the_site_and_the_feeds_tell_the_languages(client: httpx.AsyncClient) -> None:
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    root = ET.fromstring((await client.get("/sitemap.xml")).text)
    (nebel,) = [each for each in root.findall("s:url", names) if each.findtext("s:loc", "", names).endswith("/nebel")]
    told = [(each.attrib["hreflang"], each.attrib["href"]) for each in nebel.findall("x:link", names)]
    assert told == [(language, f"{SITE}{path}") for language, path in FOG]
    items = msgspec.json.decode((await client.get("/feed.json")).content)["items"]
    assert {each["title"]: each.get("language") for each in items} == {"Fog": None, "Nebel": "de", "Névoa": "pt-BR"}
    atom = ET.fromstring((await client.get("/feed.xml")).text)
    entries = atom.findall("{http://www.w3.org/2005/Atom}entry")
    languages = [each.get("{http://www.w3.org/XML/1998/namespace}lang") for each in entries]
    assert languages == ["pt-BR", "de", None]


async def test_the_author_joins_texts_by_address_and_sees_who_is_together(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    first = await posts.create(databases.site, author.actor, "post")
    second = await posts.create(databases.site, author.actor, "post")
    fields = {"title": "Fog", "base_revision": "1"}
    await send(client, f"/author/posts/{first.id}/draft?_method=PUT", fields)
    fields = {"title": "Nebel", "language": "de", "translation_of": f"{SITE}/posts/fog/", "base_revision": "1"}
    answer = await send(client, f"/author/posts/{second.id}/draft?_method=PUT", fields)
    assert answer.status_code == 303
    editor = (await client.get(f"/author/posts/{second.id}", headers=BROWSER)).text
    assert 'name="translation_of" type="text" value="/posts/fog"' in editor
    assert f'<a href="/author/posts/{first.id}" hreflang="en">Fog</a> (English)' in editor
    assert (
        f'<a href="/author/posts/{second.id}" hreflang="de">Nebel</a> (Deutsch)'
        in (await client.get(f"/author/posts/{first.id}", headers=BROWSER)).text
    )
    again = fields | {"translation_of": "/posts/fog", "base_revision": "2"}
    await send(client, f"/author/posts/{second.id}/draft?_method=PUT", again)
    async with databases.site.read() as connection:
        assert (await posts.revisions.newest(connection, OWNER, second.id)).number == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "Klingon"), ("language", "en-<b>"), ("translation_of", "/posts/nothing"), ("translation_of", "Fog")],
)
async def test_what_is_no_language_and_no_address_is_said_at_its_field(
    client: httpx.AsyncClient, databases: Databases, field: str, value: str
) -> None:
    author = await come_in(client, databases)
    post = await posts.create(databases.site, author.actor, "post")
    fields = {"title": "Fog", "base_revision": "1", field: value}
    answer = await send(client, f"/author/posts/{post.id}/draft?_method=PUT", fields)
    assert (answer.status_code, f'id="error-{field}"' in answer.text) == (422, True)


async def test_a_program_names_the_other_text_by_its_id_or_its_key(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with program(app, await token(databases, author_id)) as api:
        first = (await api.post("/posts", json={"title": "Fog", "translation_key": "fog"})).json()
        made = await api.post("/posts", json={"title": "Nebel", "language": "DE-at", "translation_key": first["id"]})
        assert (made.json()["language"], made.json()["translation_key"]) == ("de-AT", "fog")
        refused = await api.post("/posts", json={"title": "x", "language": "?"})
        assert (refused.status_code, refused.json()["field"]) == (422, "language")
        own = await api.patch(
            f"/posts/{first['id']}",
            json={"translation_key": first["id"]},
            headers={"If-Match": f'"{first["revision"]}"'},
        )
        assert own.json()["translation_key"] == ""


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("de", "Deutsch"),
        ("de-CH", "Deutsch (CH)"),
        ("zh-Hant-TW", "繁體中文 (TW)"),
        ("zh-Hans", "简体中文"),
        ("gsw", "gsw"),
    ],
)
def test_a_language_is_called_as_its_speakers_call_it(tag: str, name: str) -> None:
    assert language_names.name(tag) == name


@pytest.mark.parametrize(
    ("typed", "tag"), [("", ""), (" DE_ch ", "de-CH"), ("ZH-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")]
)
def test_a_tag_is_written_by_custom(typed: str, tag: str) -> None:
    assert language_names.tag(typed) == tag


@pytest.mark.parametrize("typed", ["e", "english", "de--CH", "de-", "x-default", "en\n", 'en"'])
def test_what_is_no_tag_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        language_names.tag(typed + ".")
    assert refused.value.field == "language"
