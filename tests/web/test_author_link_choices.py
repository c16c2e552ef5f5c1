"""What the editor offers to link to: texts by their titles, whoever's they may read, or the address that was typed."""

import html
import re

import httpx
import pytest
from sdc_web import posts
from sdc_web.author.link_choices import written
from sdc_web.db import Databases
from sdc_web.posts import Draft

from signing_in import HTMX, OWNER, come_in

CHOICE = re.compile(r'data-link="([^"]*)" data-title="([^"]*)"')


@pytest.fixture(autouse=True)
async def texts(client: httpx.AsyncClient, databases: Databases) -> None:
    """A post, a project and a page that are published, and a draft that nobody has named."""
    await come_in(client, databases)
    for kind, title in (("post", "Fog on the Ålands hav"), ("project", "A foghorn"), ("page", "About <fog>")):
        made = await posts.create(databases.site, OWNER, kind)
        await posts.revisions.save(databases.site, OWNER, made.id, Draft(title=title, body="Rain."), 1)
        await posts.publish(databases.site, OWNER, made.id)
    draft = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, draft.id, Draft(title="", body="Fog without a title."), 1)


async def offered(client: httpx.AsyncClient, q: str) -> list[tuple[str, str]]:
    answer = await client.get("/author/link-choices", params={"q": q}, headers=HTMX)
    assert answer.status_code == 200
    return [(html.unescape(link), html.unescape(title)) for link, title in CHOICE.findall(answer.text)]


async def test_texts_are_found_by_a_part_of_their_titles_and_not_of_their_words(client: httpx.AsyncClient) -> None:
    found = [
        ("/about-fog", "About <fog>"),
        ("/projects/a-foghorn", "A foghorn"),
        ("/posts/fog-on-the-alands-hav", "Fog on the Ålands hav"),
    ]
    assert await offered(client, "FOG") == found
    assert await offered(client, "alands") == found[2:]
    assert await offered(client, "Rain") == []
    # What has no title yet has no address that stays.
    assert await offered(client, "") == found


async def test_what_is_in_the_trash_is_not_offered(client: httpx.AsyncClient, databases: Databases) -> None:
    async with databases.site.read() as connection:
        (horn,) = await posts.listing.titled(connection, OWNER, "foghorn", 9)
    await posts.trash.put(databases.site, OWNER, horn.id)
    assert await offered(client, "foghorn") == []


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("https://weather.example/a (b)", "https://weather.example/a%20%28b%29"),
        ("/posts/fog", "/posts/fog"),
        ("#part", "#part"),
        ("mailto:ada@example.org", "mailto:ada@example.org"),
        ("javascript:alert(1)", ""),
        ("fog", ""),
        ("/", ""),
        ("", ""),
    ],
)
async def test_an_address_is_offered_as_a_link_holds_it(client: httpx.AsyncClient, typed: str, link: str) -> None:
    assert written(typed) == link
    if link:
        assert await offered(client, typed) == [(link, "")]
