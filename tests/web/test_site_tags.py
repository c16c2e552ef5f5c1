"""Tags as readers meet them: colour beside the name, words on their page, old addresses."""

import math
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from importlib import resources

import httpx
import pytest
from sdc_core import clock
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.posts.tags import COLOURS
from sdc_web.site import pages

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
CSS = (resources.files("sdc_web") / "static/css/site.css").read_text(encoding="utf-8")
SURFACES = ("paper", "raised", "sunk")


async def change(databases: Databases, tag: str, /, **changes: str) -> None:
    await posts.tags.change(databases.site, OWNER, tag, changes)


async def test_a_colour_is_seen_wherever_the_tag_is(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    await publish("Fog", tags=("fog", "rope"))
    await publish("Lamp", kind="project", tags=("fog",))
    await client.get("/posts/fog")
    await change(databases, "fog", colour="teal")
    for path in ("/posts/fog", "/projects/lamp", "/projects", "/tags"):
        coloured = r'<a class="tag tag-teal( p-category)?" href="/tags/fog" rel="tag">fog</a>'
        assert re.search(coloured, (await client.get(path)).text), path
    assert '<a class="tag p-category" href="/tags/rope" rel="tag">rope</a>' in (await client.get("/posts/fog")).text
    assert '<span class="tag-teal">' in (await client.get("/tags/fog")).text


async def test_the_words_of_a_tag_stand_on_its_page(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    await publish("Fog", tags=("fog",))
    await change(databases, "fog", description='Seas of <fog> & "more"')
    shown = (await client.get("/tags/fog")).text
    assert '<p class="lede">Seas of &lt;fog&gt; &amp; &#34;more&#34;</p>' in shown
    assert '<meta name="description" content="Seas of &lt;fog&gt;' in shown
    assert (await client.get("/tags/fog/feed.json")).json()["description"] == 'Seas of <fog> & "more"'


async def test_a_renamed_tag_is_right_in_every_place_at_the_next_request(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    await publish("Fog", tags=("tee",))
    places = ["/tags", "/posts/fog", "/tags/tea", "/feed.xml", "/feed.json", "/rss.xml", "/tags/tea/feed.xml"]
    for path in (*places, "/tags/tee"):
        await client.get(path)
    await change(databases, "tee", name="tea")
    for path in places:
        answer = await client.get(path)
        assert (answer.status_code, "tea" in answer.text, "tee" in answer.text) == (200, True, False), path
    moved = await client.get("/tags/tee")
    assert (moved.status_code, moved.headers["location"]) == (301, "/tags/tea")
    assert (await client.get("/tags/tee/feed.xml")).headers["location"] == "/tags/tea/feed.xml"
    assert "/tags/tee" not in (await client.get("/sitemap.xml")).text


def _luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance (WCAG 2.2) of an OKLCH colour, cut to sRGB."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, part)) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _token(name: str) -> list[float]:
    """The luminances of a token in light and in dark."""
    found = re.search(rf"--{name}: light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\);", CSS)
    assert found is not None, name
    return [_luminance(*map(float, each.split())) for each in found.groups()]


@pytest.mark.parametrize("colour", COLOURS[1:])
def test_every_colour_of_the_palette_stands_out_on_every_surface(colour: str) -> None:
    assert f".tag-{colour} {{ --tag: var(--tag-{colour}); }}" in CSS
    for surface in SURFACES:
        for drawn, under in zip(_token(f"tag-{colour}"), _token(surface), strict=True):
            lighter, darker = max(drawn, under), min(drawn, under)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, surface


async def test_a_tag_with_many_posts_shows_the_newest_and_the_others_by_year(
    client: httpx.AsyncClient, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ON_LIST", 2)
    for number, day in enumerate(("2019-05-01", "2020-05-01", "2020-06-01", "2021-05-01")):
        at_us = clock.from_datetime(datetime.fromisoformat(f"{day}T00:00:00+00:00"))
        await publish(f"Number {number}", tags=("fog",), at_us=at_us)
    newest = (await client.get("/tags/fog")).text
    assert [f"Number {n}" in newest for n in range(4)] == [False, False, True, True]
    assert '<a href="/tags/fog/2019">2019</a>' in newest
    year = (await client.get("/tags/fog/2020")).text
    assert [f"Number {n}" in year for n in range(4)] == [False, True, True, False]
    assert '<a href="/tags/fog/2020" aria-current="page">2020</a>' in year
    assert '<link rel="canonical" href="http://localhost:8000/tags/fog/2020">' in year


async def test_a_few_posts_of_a_tag_need_no_years(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog", tags=("fog",))
    assert "By year" not in (await client.get("/tags/fog")).text


@pytest.mark.parametrize("year", ["1999", "20", "fog", "9999", "02026"])
async def test_a_year_without_a_tag_is_not_found(client: httpx.AsyncClient, publish: Publish, year: str) -> None:
    await publish("Fog", tags=("fog",))
    assert (await client.get(f"/tags/fog/{year}")).status_code == HTTPStatus.NOT_FOUND
