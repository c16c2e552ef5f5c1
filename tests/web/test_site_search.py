import re
import shutil
from collections.abc import Awaitable, Callable
from contextlib import closing
from html import unescape
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.sqlite import Connection, Database, execute, fetch_value, migrate, pysqlite3
from sdc_web import posts
from sdc_web.authors.rights import Actor
from sdc_web.db import MIGRATIONS, Databases
from sdc_web.posts import Draft, Post
from sdc_web.search import index, nearby, results
from sdc_web.search.query import parse
from sdc_web.search.results import Filters, Found

from raw_requests import ask
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def _search(connection: Connection, typed: str) -> list[Found]:
    return await results.best(connection, parse(typed), Filters(), 30)


async def _found(databases: Databases, typed: str) -> list[str]:
    async with databases.site.read() as connection:
        return [each.post.title for each in await _search(connection, typed)]


async def _page(client: httpx.AsyncClient, **params: str | int) -> str:
    answer = await client.get("/search", params=params)
    assert answer.status_code == HTTPStatus.OK
    return unescape(answer.text)


def _said(html: str) -> str:
    return re.findall(r'role="status">([^<]*)<', html)[0]


async def test_a_post_is_found_by_words_of_its_title_text_and_tags(databases: Databases, publish: Publish) -> None:
    await publish("On kites", "They need a *steady* wind.", tags=("summer",))
    for query in ("kites", "STEADY wind", "wind kites", "summer", "stea"):
        assert await _found(databases, query) == ["On kites"], query
    assert await _found(databases, "kites winter") == []


async def test_accents_do_not_matter(databases: Databases, publish: Publish) -> None:
    await publish("Café olé", slug="cafe")
    assert await _found(databases, "cafe ole") == await _found(databases, "cafe\u0301") == ["Café olé"]


async def test_words_in_quotes_stand_together(databases: Databases, publish: Publish) -> None:
    await publish("Kites", "A wind that is steady.")
    await publish("Fog", "A steady wind.")
    for query in ('"steady wind"', "“steady wind”", '"steady wi', 'a "steady wind"'):
        assert await _found(databases, query) == ["Fog"], query
    assert await _found(databases, '"steady wi"') == []


async def test_a_minus_leaves_out_what_has_the_word(databases: Databases, publish: Publish) -> None:
    await publish("Kites", "A steady wind.")
    await publish("Fog", "A wind that is well-kept.")
    assert await _found(databases, "wind -fog") == ["Kites"]
    assert await _found(databases, '-"steady wind" wind') == ["Fog"]
    assert await _found(databases, "well-kept") == ["Fog"]


async def test_letters_of_a_script_without_spaces_are_found_anywhere(databases: Databases, publish: Publish) -> None:
    await publish("日本語の記事", "東京の天気は晴れ。", tags=("天気",), slug="a")
    for query in ("日本", "語の", "東京の天", "晴れ", "天気"):
        assert await _found(databases, query) == ["日本語の記事"], query
    assert await _found(databases, "日語") == []
    async with databases.site.read() as connection:
        (found,) = await _search(connection, "晴れ")
    assert "".join(part.text for part in found.excerpt) == "東京の天気は晴れ。"


async def test_a_renamed_tag_of_such_a_script_is_found(databases: Databases, publish: Publish) -> None:
    post = await publish("Rain", tags=("雨",))
    async with databases.site.transaction() as connection:
        await execute(connection, """UPDATE revisions SET tags = '["天気雨"]'""")
        await index.keep_tags(connection, [post.id])
    assert await _found(databases, "気雨") == ["Rain"]


async def test_a_title_counts_more_than_a_summary_and_that_more_than_a_text(
    databases: Databases, publish: Publish
) -> None:
    await publish("In its text", "kites " * 3)
    await publish("Kites")
    await publish("In its summary", summary="Of kites.")
    assert await _found(databases, "kites") == ["Kites", "In its summary", "In its text"]


async def test_of_equal_matches_the_newest_comes_first(databases: Databases, publish: Publish) -> None:
    for title in ("Kites one", "Kites two", "Kites six"):
        await publish(title)
    assert await _found(databases, "kites") == ["Kites six", "Kites two", "Kites one"]


async def test_a_word_in_very_many_posts_still_finds_the_title_first(
    databases: Databases, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RANKED", 2)
    await publish("Fog")
    for number in range(4):
        await publish(f"Post {number}", "Some fog.")
    assert await _found(databases, "fog") == ["Fog", "Post 3", "Post 2"]


async def test_only_what_is_published_is_found(databases: Databases, publish: Publish) -> None:
    post = await publish("Kites", "old words")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Kites", body="new words"), 2)
    assert await _found(databases, "new") == []
    await posts.publish(databases.site, OWNER, post.id)
    assert await _found(databases, "old") == []
    assert await _found(databases, "new") == ["Kites"]
    await posts.unpublish(databases.site, OWNER, post.id)
    assert await _found(databases, "new") == []


async def test_an_excerpt_marks_the_words_as_a_reader_sees_them(databases: Databases, publish: Publish) -> None:
    await publish("Other", "far away " * 30 + "a <wind> *blow*s, `steady`. " + "and on " * 30)
    async with databases.site.read() as connection:
        (found,) = await _search(connection, "blows")
    assert [part.text for part in found.excerpt if part.matched] == ["blows"]
    assert "blows, steady." in "".join(part.text for part in found.excerpt)


async def test_a_word_that_stands_ninety_thousand_times_in_a_text_holds_nobody_up(
    databases: Databases, publish: Publish
) -> None:
    await publish("Long", "An opening. " + "fog " * 90_000)
    async with databases.site.read() as connection:
        (found,) = await _search(connection, "fog")
    (opening,) = found.excerpt
    assert opening.text.startswith("An opening. fog fog ")
    assert len(opening.text) < 200


async def test_a_match_in_the_title_alone_shows_the_summary(databases: Databases, publish: Publish) -> None:
    await publish("On kites", "Some text.", summary="What flies.")
    async with databases.site.read() as connection:
        (found,) = await _search(connection, "kites")
    assert "".join(part.text for part in found.excerpt) == "What flies."
    assert [part.text for part in found.title if part.matched] == ["kites"]


QUERIES = (
    *(
        '"',
        "'",
        "*",
        "a*",
        "NEAR(a b)",
        "a OR b",
        "title:a",
        "-a",
        "(",
        "^a",
        "a AND",
        "\x00",
        "+",
        "%",
        "-",
        '-"',
        '""',
    ),
    *('"a', '-"a" b', "{a}", "a\x00b", "日本", "\u200b", "🏔", "a" * 9_999, "a " * 10_000, "-a " * 11, "a -b -c"),
)


async def test_whatever_is_asked_is_answered(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("A b", "a b")
    for query in QUERIES:
        part = query[:50]
        answer = await client.get("/search", params={"q": query, "kind": part, "tag": part, "page": part})
        assert answer.status_code == HTTPStatus.OK, part


async def test_bytes_that_are_no_text_and_a_megabyte_are_answered(app: ASGIApp) -> None:
    for query in (
        b"q=%ED%A0%80",
        b"q=%ff\xff",
        b"q=" + b"a" * 1_000_000,
        b"q=" + b"%22+" * 250_000,
        b"q&q=a&kind&page=",
    ):
        began_us = clock.monotonic_us()
        answer = await ask(app, "GET", "/search", query=query)
        assert answer.status == HTTPStatus.OK, query[:20]
        assert clock.monotonic_us() - began_us < 2 * clock.SECOND_US, query[:20]


def test_letters_that_no_database_takes_are_left_out() -> None:
    assert parse("fog \ud800 \x00").expression == '"fog"*'


async def test_what_cannot_be_answered_is_told_in_words(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Kites")
    assert _said(await _page(client)) == ""
    assert "no word in this" in _said(await _page(client, q="!?"))
    assert "at most 12 words" in _said(await _page(client, q="kites " * 13))
    assert "what they should be about" in _said(await _page(client, q="-fog"))
    assert _said(await _page(client, q="zebra")) == "No results for “zebra”"
    assert _said(await _page(client, q="kites")) == "1 result for “kites”"


async def test_the_page_shows_results_and_what_was_asked(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("On <kites>", "They need a steady <b>wind</b>.", slug="on-kites", tags=("<i>",))
    text = (await client.get("/search?q=steady")).text
    assert "/posts/on-kites" in text
    assert "<mark>steady</mark>" in text
    assert 'value="steady"' in text
    assert '<meta name="robots" content="noindex">' in text
    assert "<i>" not in text
    assert "<kites>" not in text
    assert "<script>" not in (await client.get("/search", params={"q": "<script>x", "tag": "<script>"})).text


async def test_results_are_counted_and_chosen_by_kind(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog one")
    await publish("Fog two")
    await publish("Fog machine", kind="project")
    html = await _page(client, q="fog", kind="project")
    chips = re.findall(r'class="filter" href="([^"]*)"( aria-current="true")?>(\w+) <span[^>]*>(\d+)<', html)
    assert chips == [
        ("/search?q=fog", "", "All", "3"),
        ("/search?q=fog&kind=post", "", "Posts", "2"),
        ("/search?q=fog&kind=project", ' aria-current="true"', "Projects", "1"),
    ]
    assert _said(html) == "1 result for “fog” in projects"
    assert "/projects/fog-machine" in html
    assert "/posts/fog-one" not in html


async def test_results_are_chosen_by_tag_from_those_most_of_them_carry(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish("Fog one", tags=("sea",))
    await publish("Fog two", tags=("air", "sea"))
    await publish("Kites", tags=("wind",))
    tags = re.findall(r'class="tag" href="([^"]*)">(\w+)<', await _page(client, q="fog"))
    assert tags == [("/search?q=fog&tag=sea", "sea"), ("/search?q=fog&tag=air", "air")]
    html = await _page(client, q="fog", tag="air")
    assert _said(html) == "1 result for “fog” tagged air"
    assert "/posts/fog-one" not in html


async def test_more_results_than_a_page_holds_are_one_page_on(client: httpx.AsyncClient, publish: Publish) -> None:
    for number in range(31):
        await publish(f"Fog {number}", tags=("sea",))
    first = await _page(client, q="fog", tag="sea")
    assert first.count('class="post-list-title"') == 30
    assert 'rel="next" href="/search?q=fog&tag=sea&page=2"' in first
    second = await _page(client, q="fog", tag="sea", page=2)
    assert re.findall(r'href="(/posts/fog-\d+)"', second) == ["/posts/fog-0"]
    assert 'rel="prev" href="/search?q=fog&tag=sea"' in second


async def test_a_filter_that_leaves_nothing_can_be_let_go(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog", tags=("sea",))
    await publish("Kites", kind="project", tags=("wind",))
    assert '<a href="/search?q=fog">Show all kinds</a>: 1 found.' in await _page(client, q="fog", kind="project")
    assert '<a href="/search?q=fog">Search all tags</a>: 1 found.' in await _page(client, q="fog", tag="wind")


async def test_a_mistyped_word_is_answered_with_the_closest_one(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("A lighthouse", "In the Fög.")
    html = await _page(client, q="ligthouse fog")
    assert 'Did you mean <a href="/search?q=lighthouse+fog">lighthouse fog</a>?' in html
    assert "Did you mean" not in await _page(client, q="zzzz fog")


async def test_a_question_with_many_unknown_words_is_left_alone(databases: Databases, publish: Publish) -> None:
    await publish("Party with lanterns, singing and dancing")
    async with databases.site.read() as connection:
        assert await nearby.nearby(connection, parse("partz lantrens singign")) == "party lanterns singing"
        assert await nearby.nearby(connection, parse("partz lantrens singign dancign")) == ""


async def test_a_closest_word_takes_the_place_of_no_other(databases: Databases, publish: Publish) -> None:
    await publish("A party", "With art.")
    async with databases.site.read() as connection:
        assert await nearby.nearby(connection, parse("party arty")) == "party art"


def test_what_is_typed_twice_is_looked_for_once() -> None:
    assert parse("fog sea fog -air -air fo").expression == '("fog" AND "sea" AND "fo"*) NOT ("air")'


async def test_a_search_travels_compressed(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    for coding in ("br", "gzip", "zstd"):
        answer = await client.get("/search?q=fog", headers={"accept-encoding": coding})
        assert answer.headers["content-encoding"] == coding
        assert "1 result" in answer.text, coding


async def test_htmx_gets_the_results_alone_and_nobody_else_does(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    for address in ("/search?q=fog", "/search"):
        part = await client.get(address, headers=FRAGMENT)
        assert part.text.lstrip().startswith('<div class="search-results" id="search-results-site">'), address
        assert part.headers["cache-control"] == "no-store"
        whole = await client.get(address)
        assert whole.text.lstrip().startswith("<!doctype html>"), address
        assert part.text.strip() in whole.text, address
        assert whole.headers["vary"] == "accept-encoding, HX-Request, HX-Request-Type"


@pytest.mark.parametrize("go", [posts.unpublish, posts.trash.put], ids=["unpublished", "deleted"])
async def test_what_is_taken_away_leaves_no_words_in_the_index(
    databases: Databases, publish: Publish, go: Callable[[Database, Actor, str], Awaitable[object]]
) -> None:
    post = await publish("Fog", "Words of fog.")
    await posts.publish(databases.site, OWNER, post.id)
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM search") == 1
    await go(databases.site, OWNER, post.id)
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM search") == 0


async def test_texts_that_were_read_in_a_former_way_are_read_again(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog", "A steady wind.")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE search_rows SET reading = 0")
        await execute(connection, "UPDATE search SET body = 'old words'")
    await posts.read_again(databases.site)
    assert await _found(databases, "steady") == ["Fog"]
    await posts.unpublish(databases.site, OWNER, post.id)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE search_rows SET reading = 0")
    await posts.read_again(databases.site)
    assert await _found(databases, "steady") == []


def test_an_index_of_a_former_schema_keeps_its_words(tmp_path: Path) -> None:
    for script in MIGRATIONS.joinpath("site").iterdir():
        if script.name < "0012":
            (tmp_path / "scripts").mkdir(exist_ok=True)
            (tmp_path / "scripts" / script.name).write_text(script.read_text())
    file = tmp_path / "site.db"
    migrate(file, tmp_path / "scripts")
    with closing(pysqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("INSERT INTO authors VALUES ('a', 'ada', 'Ada', NULL, 1)")
        connection.execute(
            "INSERT INTO posts (id, kind, slug, author_id, created_at_us) VALUES ('p', 'project', 'fog', 'a', 1)"
        )
        connection.execute("INSERT INTO search_rows (id, post_id) VALUES (7, 'p')")
        connection.execute("INSERT INTO search (rowid, post_id, title) VALUES (7, 'p', 'Fog')")
    shutil.rmtree(tmp_path / "scripts")
    migrate(file, MIGRATIONS / "site")
    with closing(pysqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT kind FROM search JOIN search_rows ON search_rows.id = search.rowid WHERE search MATCH 'fo*'"
        )
        assert rows.fetchall() == [("project",)]
