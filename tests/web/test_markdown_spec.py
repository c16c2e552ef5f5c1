"""CommonMark to the letter: every example of the specification, with all that SDC adds switched on."""

import re
from pathlib import Path

import msgspec
import pyromark
from sdc_web.texts.markdown import OPTIONS

EXAMPLES = Path(__file__).parents[1] / "examples" / "commonmark-0.31.2.json"


class Example(msgspec.Struct, frozen=True):
    """A text, its HTML, and the number under which the specification has both."""

    markdown: str
    html: str
    example: int


def plain(html: str) -> str:
    """HTML without what means nothing: how empty elements end, and line breaks beside tags."""
    html = html.replace(" />", ">").replace("&quot;", '"')
    return re.sub(r"\s*\n\s*|(?<=>)\n|\n(?=<)", "\n", html).replace("\n<", "<").replace(">\n", ">").strip()


def test_every_example_of_the_specification_reads_as_it_says() -> None:
    examples = msgspec.json.decode(EXAMPLES.read_bytes(), type=list[Example])
    assert len(examples) == 652
    wrong = [
        each.example for each in examples if plain(pyromark.html(each.markdown, options=OPTIONS)) != plain(each.html)
    ]
    assert wrong == []
