"""What `sdc up --demo` fills an empty site with: texts, what its pictures show, readers."""

from collections.abc import Iterator
from importlib.resources import files

import msgspec
from sdc_web.posts.records import Kind, Link, ProjectFacts

TITLE = "A demonstration"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A text to publish; `media:NAME` in it stands for the picture or the file of that name, as do the pictures and the
    cover of a project. `on_home` puts a project on the home page.
    """

    kind: Kind
    title: str
    summary: str
    parts: tuple[str, ...]
    tags: tuple[str, ...] = ()
    days_ago: int = 0
    cover: str = ""
    project: ProjectFacts | None = None
    on_home: bool = False
    language: str = ""
    translation_key: str = ""
    series: str = ""
    slug: str = ""


DUSK = "Hills one behind another at dusk, and the lake that shows them again"
MOSS = "Cushions of moss in the shade, with dew on them"
SERIES = "Colours of the day"
PICTURES = {
    "dusk": DUSK,
    "noon": "A sail on the sea at noon, under white clouds",
    "moss": MOSS,
    "brass": "Three barometers of brass on dark wood, each with its needle elsewhere",
}
"""What each of `demo_pictures.SCENES` shows, for those who do not see it."""
COLOURS = {"light": "yellow", "hardware": "blue", "garden": "green"}
"""Of tags; the others have none."""

CODE = """```python
from math import exp


def share_left(wavelength_nm: float, air: float) -> float:
    return exp(-air * 0.009 * (550 / wavelength_nm) ** 4)
```"""

SAMPLES = (
    Sample(
        kind="page",
        title="About",
        summary="Who writes here.",
        parts=("Nobody does yet: these texts came with `sdc up --demo`. Begin anew in an empty folder with `sdc up`.",),
        days_ago=60,
    ),
    Sample(
        kind="project",
        title="A lamp that follows the sun",
        summary="Eleven lines of arithmetic and a small motor.",
        parts=(
            "The lamp asks the clock where the sun is and turns its **colour** to it.",
            "| hour | colour |\n|---|---|\n| 6 | 2700 K |\n| 12 | 5600 K |\n| 20 | 2200 K |",
        ),
        tags=("light", "hardware"),
        days_ago=45,
        cover="dusk",
        project=ProjectFacts(
            status="in progress",
            section="electronics",
            repository="https://git.example.org/ada/lamp",
            links=(
                Link(label="Why the evening is orange", url="/posts/why-the-evening-is-orange"),
                Link(label="The motor", url="https://motors.example.com/small"),
            ),
            pictures=("noon", "brass"),
        ),
        on_home=True,
    ),
    Sample(
        kind="project",
        title="Sundial",
        summary="A command that tells the hour of the sun, wherever you are.",
        parts=(
            "It knows the year, the place and the equation of time, and nothing else.",
            "```console\n$ sundial --at 48.2,16.4\n11:47, and the shadow is short\n```",
        ),
        tags=("light",),
        days_ago=30,
        cover="noon",
        project=ProjectFacts(status="maintained", section="software", repository="https://git.example.org/ada/sundial"),
        on_home=True,
    ),
    Sample(
        kind="project",
        title="A case for three barometers",
        summary="Printed in one piece, overnight.",
        parts=(
            "Walls of two millimetres, a place for each of the three, and air between them.",
            "![The case, to print](media:case)",
        ),
        tags=("hardware",),
        days_ago=25,
        cover="brass",
        project=ProjectFacts(status="finished", section="printing", pictures=("noon", "moss")),
    ),
    Sample(
        kind="post",
        title="Why the evening is orange",
        summary="Blue light is scattered on its way, red light arrives.",
        parts=(
            "At noon sunlight crosses little air. In the evening it crosses **forty times** as much.",
            f"![{DUSK}](media:dusk)",
            "## How much is left\n\nThe share falls with the length of the way, and faster for short waves. In code:",
            CODE,
        ),
        tags=("light", "physics"),
        days_ago=21,
        series=SERIES,
    ),
    Sample(
        kind="post",
        title="Why shadows on snow are blue",
        summary="Where the sun does not reach, the sky does.",
        parts=(
            "What lies in shadow is lit by all but the sun. On a clear day that is the sky, which is blue.",
            "Under cloud the shadows are grey, since then the sky is.",
        ),
        tags=("light", "physics"),
        days_ago=18,
        series=SERIES,
    ),
    Sample(
        kind="post",
        title="The weight of the air",
        summary="Three barometers, and everything that a text can hold.",
        parts=(files("sdc_cli").joinpath("demo_everything.md").read_text(encoding="utf-8"),),
        tags=("physics", "hardware"),
        days_ago=15,
    ),
    Sample(
        kind="post",
        title="Moss asks for nothing",
        summary="A garden that waters itself.",
        parts=(
            "It has no roots. It drinks from the air, and waits.",
            f"![{MOSS}](media:moss)",
            "> It can be dry for years, and green in a day.",
            "![Six in the morning, below the gutter](media:drops)",
        ),
        tags=("garden",),
        days_ago=9,
        translation_key="moss",
    ),
    Sample(
        kind="post",
        title="Moos verlangt nichts",
        summary="Ein Garten, der sich selber gießt.",
        parts=(
            "Es hat keine Wurzeln. Es trinkt aus der Luft, und wartet.",
            "![Moospolster im Schatten, mit Tau darauf](media:moss)",
            "> Jahrelang kann es trocken sein, und in einem Tag grün.",
        ),
        tags=("garden",),
        days_ago=8,
        language="de",
        translation_key="moss",
    ),
    Sample(
        kind="post",
        title="الطحلب لا يطلب شيئًا",
        summary="حديقة تسقي نفسها.",
        parts=(
            "ليست له جذور. يشرب من الهواء، وينتظر.",
            "![وسائد من الطحلب في الظل، وعليها ندى](media:moss)",
            "> قد يبقى جافًا سنوات، ثم يخضرّ في يوم واحد.",
        ),
        tags=("garden",),
        days_ago=8,
        language="ar",
        translation_key="moss",
        slug="moss-in-arabic",
    ),
    Sample(
        kind="post",
        title="A list I keep",
        summary="Things that work without being looked at.",
        parts=("1. a well\n2. a compost heap\n3. a backup that was restored yesterday",),
        tags=("garden", "light"),
        days_ago=2,
    ),
)

_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/26.0 Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Version/26.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; examplebot/1.0; +https://bot.example.com)",
)
_REFERRERS = ("https://news.example.org/", "https://search.example.com/", "https://a-friend.example.net/links")


def readers() -> Iterator[tuple[str, str]]:
    """The browser of each reader and where they come from; all of them are this machine, so a browser is a visitor."""
    for number, browser in enumerate(_BROWSERS):
        yield browser, _REFERRERS[number % len(_REFERRERS)]
