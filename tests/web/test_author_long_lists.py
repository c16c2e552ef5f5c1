"""Tags and series by the hundred: a page at a time, with what is looked for in the address."""

import html
import re

import httpx
import pytest
from sdc_core.sqlite import execute
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, tags_listed

from signing_in import BROWSER, HTMX, OWNER, come_in

SQL_SERIES = "INSERT INTO series (id, slug, title) VALUES (:id, :id, :title)"
MANY = 120
LINKS = {
    "/author/tags": r'row-title tag[^"]*" href="/author/tags/([^"]+)"',
    "/author/series": r'href="/author/series/([^"]+)"',
}


@pytest.fixture
async def filled(client: httpx.AsyncClient, databases: Databases) -> None:
    """A hundred and twenty of each, a published text, a draft, a change that waits and a tag that has words alone."""
    await come_in(client, databases)
    async with databases.site.transaction() as connection:
        for number in range(MANY):
            await execute(connection, SQL_SERIES, {"id": f"s{number:03}", "title": f"Über Series {number:03}"})
        await execute(connection, posts.tags.SQL_PUT, {"name": "words-alone", "colour": "teal", "description": ""})
    for number in range(MANY // 12):
        names = tuple(f"tag {each:03}" for each in range(12 * number, 12 * number + 12))
        post = await posts.create(databases.site, OWNER, "post")
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=f"Text {number}", tags=names), 1)
        if number % 2:
            await posts.publish(databases.site, OWNER, post.id)
        if number == 1:
            changed = Draft(title="Text 1", tags=("later",))
            await posts.revisions.save(databases.site, OWNER, post.id, changed, 2)


async def walked(client: httpx.AsyncClient, address: str) -> list[str]:
    """What the pages list, one after the other, each by the link of the one before."""
    found, url = [], address
    while url:
        answer = await client.get(url, headers=BROWSER)
        assert answer.status_code == 200
        found.append(re.findall(LINKS[address.partition("?")[0]], answer.text))
        following = re.search(r'rel="next" href="([^"]+)"', answer.text)
        url = html.unescape(following[1]) if following else ""
    return [each for page in found for each in page]


async def test_every_tag_and_every_series_is_on_one_page_and_on_no_two(
    client: httpx.AsyncClient, databases: Databases, filled: None
) -> None:
    async with databases.site.read() as connection:
        known = await posts.tags.everything(connection)
        pages, after = [], ""
        while True:
            page = await tags_listed.page(connection, tags_listed.Filters(after=after))
            pages.append(page.rows)
            if not (after := page.after):
                break
    assert [each for rows in pages for each in rows] == known
    assert [len(rows) for rows in pages] == [50, 50, 22]
    assert len(await walked(client, "/author/tags")) == len(known) == MANY + 2
    assert await walked(client, "/author/series") == [f"s{number:03}" for number in range(MANY)]


async def test_what_is_looked_for_stays_in_the_address_from_page_to_page(
    client: httpx.AsyncClient, filled: None
) -> None:
    assert len(await walked(client, "/author/tags?q=TAG+0")) == 100
    assert await walked(client, "/author/series?q=%C3%BCBER+series+11") == [f"s11{each}" for each in range(10)]
    second = await client.get("/author/tags?q=tag+0&after=tag+049", headers=BROWSER)
    assert 'href="/author/tags?q=tag+0">Back to the first' in second.text
    nothing = await client.get("/author/tags?q=%3Cb%3E", headers=BROWSER)
    assert "No tag holds “&lt;b&gt;”." in nothing.text


@pytest.mark.parametrize("address", LINKS)
async def test_htmx_gets_the_lines_alone(client: httpx.AsyncClient, filled: None, address: str) -> None:
    answer = await client.get(f"{address}?q=9", headers=HTMX)
    assert answer.text.startswith('<div id="')
    assert len(re.findall(LINKS[address], answer.text)) == 21


async def test_a_tag_that_nobody_carries_and_nobody_worded_is_none(client: httpx.AsyncClient, filled: None) -> None:
    for name, status in (("words-alone", 200), ("later", 200), ("tag 012", 200), ("nothing", 404)):
        assert (await client.get(f"/author/tags/{name}", headers=BROWSER)).status_code == status
