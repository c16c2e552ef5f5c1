"""The site's own icon: the letter its title begins with, on its colour, wherever a program looks for one."""

import re
from io import BytesIO

import httpx
import pytest
from PIL import Image
from sdc_core.sqlite import execute
from sdc_web import look, templating
from sdc_web.about import site
from sdc_web.db import Databases
from sdc_web.look import Look
from sdc_web.posts import Front
from sdc_web.posts.frontage import ICON_SIZES
from sdc_web.site import card
from sdc_web.site.card import Icon
from sdc_web.site.files import FOREVER

from signing_in import OWNER


async def named(client: httpx.AsyncClient) -> list[str]:
    """The addresses of the icons that a page tells of."""
    page = (await client.get("/")).text
    return re.findall(r'<link rel="(?:icon|apple-touch-icon)" href="([^"]+)"', page)


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGBA")


async def test_pages_name_icons_that_may_be_kept_for_ever(client: httpx.AsyncClient) -> None:
    addresses = await named(client)
    assert len(addresses) == 3
    for address in addresses:
        answer = await client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"] == FOREVER
        width = int(re.findall(r"-(\d+)\.png", address)[0])
        assert opened(answer.content).size == (width, width)
    told = (await client.get("/manifest.webmanifest")).json()
    assert [each["sizes"] for each in told["icons"]] == ["192x192", "512x512"]
    assert addresses[1] in (await client.get("/feed.xml")).text
    feed = (await client.get("/feed.json")).json()
    assert feed["favicon"] == f"http://localhost:8000{addresses[0]}"


async def test_a_new_title_and_a_new_colour_are_another_icon(client: httpx.AsyncClient, databases: Databases) -> None:
    before = await named(client)
    await look.change(databases.site, OWNER, Look(accent="#aa0000"))
    coloured = await named(client)
    (red, green, blue, _), *_ = [opened((await client.get(coloured[2])).content).getpixel((90, 2))]  # ty: ignore
    assert red > 100 > green + blue
    await site.change(databases.site, OWNER, site.Words(title="¡Zwei!", description="", language="en"))
    titled = await named(client)
    assert len({before[0], coloured[0], titled[0]}) == 3
    answer = await client.get(before[0])
    assert (answer.status_code, answer.headers["location"]) == (302, titled[0])


@pytest.mark.parametrize(
    ("title", "initial"), [("a site", "A"), ("«Über»", "Ü"), ("42 days", "4"), ("…", ""), ("雨", "雨")]
)
def test_the_icon_has_the_first_letter_of_the_title(title: str, initial: str) -> None:
    front = Front(title=title, description="", language="en", author_name="")
    assert front.initial == initial
    assert bool(front.icon(32)) == bool(initial)


@pytest.mark.parametrize("title", ["雨", "…"])
async def test_a_title_that_the_type_cannot_print_leaves_the_mark_of_sdc(
    client: httpx.AsyncClient, databases: Databases, title: str
) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = :title", {"title": title})
    mark = templating.static_files()["icon-180.png"].body
    assert (await client.get((await named(client))[2])).content == mark
    assert (await client.get("/apple-touch-icon.png")).content == mark


async def test_who_asks_unasked_gets_it_and_is_told_when_it_is_the_same(client: httpx.AsyncClient) -> None:
    for path, width in (("/favicon.ico", 32), ("/apple-touch-icon.png", 180)):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"] == "public, max-age=86400"
        assert opened(answer.content).width == width
        again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["x", "000000000000-33.png", "000000000000-32.svg", "../32.png", "000000000000-032.png"]
)
async def test_there_is_no_other_icon(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/icon/{name}")).status_code == 404


@pytest.mark.parametrize("size", ICON_SIZES)
@pytest.mark.parametrize("letter", ["A", "g", "Ж", "Ω", "Ế", "1"])
def test_every_letter_stands_inside_in_the_middle(letter: str, size: int) -> None:
    accent = (0x00, 0x69, 0x52)
    drawn = opened(card.draw_icon(Icon(letter=letter, size=size, accent=accent)))
    ink = drawn.convert("L").point(lambda shade: 255 if shade > 180 else 0)
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    assert right - left > size * 0.15
    assert min(left, top, size - right, size - bottom) > size * 0.1
    assert abs((left + right) - size) < size * 0.12
    assert abs((top + bottom) - size) < size * 0.12
    assert drawn.getpixel((0, 0))[3] == (0 if size < 180 else 255)  # ty: ignore[not-subscriptable]


async def test_the_browser_takes_on_the_colour_of_the_paper(client: httpx.AsyncClient, databases: Databases) -> None:
    def themes(page: str) -> list[str]:
        return re.findall(r'<meta name="theme-color" media="[^"]+" content="(#[0-9a-f]{6})">', page)

    cool = themes((await client.get("/")).text)
    await look.change(databases.site, OWNER, Look(paper="warm"))
    warm = themes((await client.get("/")).text)
    assert len(cool) == len(warm) == 2
    assert set(cool).isdisjoint(warm)
    assert (await client.get("/manifest.webmanifest")).json()["theme_color"] == warm[0]
