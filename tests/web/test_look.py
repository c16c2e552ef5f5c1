"""The look: colours that can always be read, a stylesheet of nothing but tokens, and the page where it is chosen."""

import re
from itertools import product
from typing import get_args

import httpx
import pytest
from sdc_web import look, templating
from sdc_web.db import Databases
from sdc_web.look import Look, choices, colours, css
from sdc_web.look.colours import Oklch

from signing_in import BROWSER, HTMX, come_in, send

HERE = "/author/site/look"
CHOICES = {"accent": "#e2001a", "paper": "warm", "typeface": "sans", "size": "large", "measure": "wide"}
HUES = ["#e2001a", "#ffd400", "#00b050", "#0000ff", "#ff00ff", "#ffffff", "#000000", "#808080", "#006952"]
STYLESHEET = re.compile(r'href="(/look/[0-9a-f]{12}\.css)"')


def surfaces(paper: choices.Paper) -> list[tuple[Oklch, Oklch]]:
    return [css._surfaces(paper)[name] for name in ("paper", "raised", "sunk")]


@pytest.mark.parametrize(
    ("text", "lightness", "chroma", "hue"),
    # From the tables of CSS Color 4, section 18.
    [("#ff0000", 0.628, 0.2577, 29.23), ("#00ff00", 0.8664, 0.2948, 142.5), ("#ffffff", 1.0, 0.0, None)],
)
def test_a_colour_is_where_css_says_it_is(text: str, lightness: float, chroma: float, hue: float | None) -> None:
    colour = colours.from_hex(text)
    assert (colour.lightness, colour.chroma) == pytest.approx((lightness, chroma), abs=0.001)
    assert hue is None or colour.hue == pytest.approx(hue, abs=0.05)
    assert "#{:02x}{:02x}{:02x}".format(*colours.to_srgb(colour)) == text


def test_contrast_is_that_of_wcag() -> None:
    black, white, grey = (colours.from_hex(text) for text in ("#000000", "#ffffff", "#767676"))
    assert (colours.contrast(black, white), colours.contrast(white, grey)) == pytest.approx((21, 4.54), abs=0.01)


@pytest.mark.parametrize(("accent", "paper"), list(product(HUES, get_args(choices.Paper))))
def test_every_colour_can_be_read_on_every_paper_by_light_and_by_dark(accent: str, paper: choices.Paper) -> None:
    light, dark = css.accents(Look(accent=accent, paper=paper))
    assert min(colours.contrast(light, each) for each, _ in surfaces(paper)) >= colours.READABLE
    assert min(colours.contrast(dark, each) for _, each in surfaces(paper)) >= colours.EASY


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    light, _ = css.accents(Look(accent="#8b1a1a"))
    assert colours.to_srgb(light) == (0x8B, 0x1A, 0x1A)


def test_the_surfaces_are_those_of_the_stylesheet_that_everybody_has() -> None:
    written = templating.static_files()["css/site.css"].body.decode()
    for name, (light, dark) in css._SURFACES.items():
        assert f"--{name}: light-dark({light.css()}, {dark.css()});" in written


def test_the_look_as_it_comes_needs_no_stylesheet() -> None:
    assert (look.stylesheet(Look()).css, look.stylesheet(Look()).address) == ("", "")


def test_a_stylesheet_holds_tokens_alone() -> None:
    sheet = look.stylesheet(Look(**CHOICES))  # ty: ignore[invalid-argument-type]
    declared = re.fullmatch(r"@layer tokens\{:root\{((?:--[a-z-]+:[^;{}<]+;)+)\}\}", sheet.css)
    assert declared is not None
    names = set(re.findall(r"--([a-z-]+):", declared[1]))
    assert {"accent", "accent-soft", "paper", "serif", "size-m", "measure"} <= names


async def test_what_is_chosen_is_on_the_next_page_and_gone_when_it_is_reset(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    assert STYLESHEET.search((await client.get("/posts")).text) is None
    assert (await send(client, f"{HERE}?_method=PUT", {**CHOICES, "intent": "save"})).status_code == 303
    page = (await client.get("/posts")).text
    address = STYLESHEET.search(page)
    assert address is not None
    assert "literata-roman" not in page
    sheet = await client.get(address[1])
    assert (sheet.headers["content-type"], sheet.headers["cache-control"]) == (
        "text/css; charset=utf-8", "public, max-age=31536000, immutable",
    )  # fmt: skip
    assert "--measure:43rem" in sheet.text
    await send(client, f"{HERE}?_method=PUT", {**CHOICES, "intent": "reset"})
    assert STYLESHEET.search((await client.get("/posts")).text) is None
    assert (await client.get(address[1])).status_code == 404


async def test_a_sample_changes_nothing(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    shown = await send(client, f"{HERE}?_method=PUT", {**CHOICES, "intent": "show"})
    assert (shown.status_code, 'value="warm" checked' in shown.text) == (200, True)
    part = await client.put(HERE, data={**CHOICES, "intent": "show"}, headers=HTMX)
    address = re.search(r'href="(/author/site/look/sample\.css\?[^"]+)"', part.text)
    assert address is not None
    sample = await client.get(address[1].replace("&amp;", "&"), headers=BROWSER)
    assert sample.text.startswith("@layer tokens{.look-sample{")
    async with databases.site.read() as connection:
        assert await look.current(connection) == Look()


@pytest.mark.parametrize(
    "form",
    [
        {"accent": "red"},
        {"accent": "#12345"},
        {"accent": "#006952;}body{display:none"},
        {"accent": "#\uff10\uff10\uff16\uff19\uff15\uff12"},
    ],
)
async def test_what_is_no_colour_is_refused_beside_its_field(
    client: httpx.AsyncClient, databases: Databases, form: dict[str, str]
) -> None:
    await come_in(client, databases)
    answer = await send(client, f"{HERE}?_method=PUT", {**CHOICES, **form, "intent": "save"})
    assert (answer.status_code, 'id="error-accent"' in answer.text) == (422, True)
    assert 'value="sans" checked' in answer.text


@pytest.mark.parametrize("field", ["paper", "typeface", "size", "measure"])
async def test_a_choice_that_there_is_not_is_refused(
    client: httpx.AsyncClient, databases: Databases, field: str
) -> None:
    await come_in(client, databases)
    answer = await send(client, f"{HERE}?_method=PUT", {**CHOICES, field: "</style>", "intent": "save"})
    assert answer.status_code == 422
    assert (await client.get(f"{HERE}/sample.css?{field}=x", headers=BROWSER)).status_code == 422
