"""The drawn picture of a post that has none: its address, its type, and how little it asks of the site."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from litestar.types import ASGIApp
from PIL import Image
from sdc_core.errors import Unavailable
from sdc_core.sqlite import execute
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.site import card, share
from sdc_web.site.card import Card
from sdc_web.site.files import FOREVER
from sdc_web.site.routes import cacheable
from sdc_web.site.share import Cards

from raw_requests import ask
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
COLUMN = card._COLUMN


def told(html: str) -> dict[str, str]:
    """The Open Graph properties of a page."""
    return dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', html))


def of(title: str, **fields: object) -> Card:
    """A card that says more besides."""
    known: dict[str, object] = {"site": "Fog", "note": "1 May 2026", "minutes": 3, "accent": (0, 0x69, 0x52)}
    return Card(title=title, **(known | fields))  # ty: ignore[invalid-argument-type]


def opened(png: bytes) -> Image.Image:
    """A picture whose every pixel is read."""
    picture = Image.open(BytesIO(png))
    picture.load()
    assert picture.format == "PNG"
    return picture


async def address(client: httpx.AsyncClient, path: str) -> str:
    """The path of the card that a page names."""
    return told((await client.get(path)).text)["og:image"].removeprefix(SITE)


async def test_a_post_without_a_cover_is_shared_with_its_drawn_title(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    await publish('Fog & "light"', slug="fog", tags=("weather",))
    page = (await client.get("/posts/fog")).text
    said = told(page)
    assert [said[f"og:image:{name}"] for name in ("type", "width", "height")] == ["image/png", "1200", "630"]
    assert said["og:image:alt"] == "Fog &amp; &#34;light&#34;"
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    answer = await client.get(said["og:image"], headers={"accept-encoding": "br, gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (HTTPStatus.OK, "image/png")
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == FOREVER
    assert opened(answer.content).size == (1200, 630)
    assert len(answer.content) < 20_000


async def test_a_card_is_kept_by_the_page_cache_and_known_by_its_etag(
    app: ASGIApp, client: httpx.AsyncClient, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish("Fog")
    path = await address(client, "/posts/fog")
    first = await client.get(path)

    async def drawn(_: Cards, __: Card) -> bytes:
        raise AssertionError("drawn again")

    monkeypatch.setattr(Cards, "drawn", drawn)
    assert cacheable(path)
    assert (await client.get(path)).content == first.content
    again = await ask(app, "GET", path, headers=[(b"if-none-match", first.headers["etag"].encode())])
    assert (again.status, again.headers["cache-control"]) == (HTTPStatus.NOT_MODIFIED, FOREVER)
    head = await client.head(path)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(first.content)))


async def test_an_address_changes_with_what_the_card_says_and_the_old_one_leads_to_it(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    await publish("Fog")
    before = await address(client, "/posts/fog")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = 'Another'")
    after = await address(client, "/posts/fog")
    assert before != after
    answer = await client.get(before)
    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.FOUND, after)


async def test_the_home_page_is_shared_with_the_name_of_the_site(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = 'Fog & light', description = 'About both.'")
    page = (await client.get("/")).text
    assert told(page)["og:image:alt"] == "Fog &amp; light"
    assert opened((await client.get(told(page)["og:image"])).content).size == (1200, 630)
    answer = await client.get("/share/site/old.png")
    assert SITE + answer.headers["location"] == told(page)["og:image"]


async def test_what_is_not_published_has_no_card(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    post = await publish("Fog")
    path = await address(client, "/posts/fog")
    await posts.unpublish(databases.site, OWNER, post.id)
    assert (await client.get(path)).status_code == HTTPStatus.NOT_FOUND
    assert (await client.get("/share/x/y.png")).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "title",
    [
        "W" * 200,
        "漢" * 200,
        "שלום",
        "\x00\x1b\u202e\u200d",
        "\U0001f469\u200d\U0001f680" * 50,
        "a\u0301" * 100,
        "i " * 100,
    ],
    ids=["wide", "chinese", "hebrew", "controls", "emoji", "marks", "narrow"],
)
def test_no_title_is_too_much(title: str) -> None:
    assert opened(card.draw(of(title, site=title, note=title, minutes=10_000))).size == (1200, 630)


def test_a_title_that_the_type_cannot_print_is_left_out_whole() -> None:
    assert [
        card._printable(each) for each in ("漢字 and more", "Łódź Ωμέγα Тбилиси Tiếng", "Ship \U0001f680 it\t now")
    ] == [
        "",
        "Łódź Ωμέγα Тбилиси Tiếng",
        "Ship it now",
    ]


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Fog", 1),
        ("Fog comes in on little cat feet", 2),
        ("A title of so many words that nobody would ever read it to its end, but everybody sees how long it is", 5),
    ],
)
def test_a_title_stands_in_lines_of_like_length(title: str, lines: int) -> None:
    size, found = card._set(title)
    widths = [card._width(line) * size for line in found]
    assert (" ".join(found), len(found) <= lines) == (title, True)
    assert max(widths) <= COLUMN
    assert min(widths) > 0.4 * max(widths)


async def test_only_so_many_cards_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "WAITING", 2)
    cards = Cards()
    answers: list[str] = []

    async def asked(title: str) -> None:
        try:
            opened(await cards.drawn(of(title)))
            answers.append("drawn")
        except Unavailable:
            answers.append("refused")

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(asked(f"Fog {number}"))
    assert sorted(answers) == ["drawn", "drawn", "refused"]


async def test_a_card_is_drawn_in_a_child_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "KEPT", 1)
    cards = Cards()
    first = await cards.drawn(of("Fog"))
    assert first == card.draw(of("Fog"))
    monkeypatch.setattr(share, "_CHILD", Path("/nowhere"))
    assert await cards.drawn(of("Fog")) is first
    with pytest.raises(Unavailable):
        await cards.drawn(of("Light"))
    monkeypatch.undo()
    monkeypatch.setattr(share, "KEPT", 1)
    await cards.drawn(of("Light"))
    assert list(cards._kept) == [of("Light")]


async def test_a_process_of_web_has_no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    assert await Cards().drawn(of("Fog"))
    assert "PIL" not in sys.modules


async def test_a_query_makes_nobody_draw_again(
    client: httpx.AsyncClient, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish("Fog")
    address = told((await client.get("/posts/fog")).text)["og:image"].removeprefix(SITE)
    drawn = (await client.get(address)).content
    monkeypatch.setattr(share, "_CHILD", Path("/nowhere"))
    answer = await client.get(f"{address}?x=1")
    assert (answer.status_code, answer.content == drawn) == (HTTPStatus.OK, True)
