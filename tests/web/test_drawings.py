"""Mermaid diagrams: drawn in a child, by day and by night; harmless, or else code."""

import re
import sys
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.texts import drawing_svg, drawings
from sdc_web.texts.markdown import render

from signing_in import BROWSER, HTMX, come_in

Publish = Callable[..., Awaitable[Post]]
KINDS = {
    "flowchart": "flowchart TD\nA[One] -->|then| B(Two) --> C{Three} --> D[(store)]\nsubgraph s\nD --> E((End))\nend",
    "sequence": "sequenceDiagram\nAlice->>John: Hello\nloop each day\nJohn->>John: Think\nend\nNote right of John: Yes",
    "state": "stateDiagram-v2\n[*] --> Still\nStill --> Moving\nMoving --> Crash\nCrash --> [*]",
    "class": "classDiagram\nAnimal <|-- Duck\nclass Duck{\n+String beak\n+swim()\n}",
    "entities": "erDiagram\nCUSTOMER ||--o{ ORDER : places\nORDER {\nint number\n}",
    "gantt": "gantt\ntitle A plan\ndateFormat YYYY-MM-DD\nsection S\nOne :a, 2024-01-01, 30d\nTwo :after a, 20d",
    "pie": 'pie showData\ntitle Parts\n"a" : 42.9\n"b" : 50',
    "git": "gitGraph\ncommit\nbranch develop\ncommit\ncheckout main\nmerge develop",
    "mindmap": "mindmap\nroot\n  one\n  two",
    "timeline": "timeline\ntitle T\n2002 : one\n2004 : two",
    "front matter": "---\nconfig:\n  look: classic\n---\nflowchart LR\nA --> B",
}
SMALL = "flowchart LR\nA --> B"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 5">%s</svg>'


def fenced(source: str, more: str = "") -> str:
    return f"```mermaid{more}\n{source}\n```\n\n"


def svgs(html: str) -> list[str]:
    """Every drawing in a text, of the night before that of the day."""
    return [unquote(unescape(address)) for address in re.findall(r'="data:image/svg\+xml,([^"]*)"', html)]


def test_every_usual_kind_of_diagram_is_drawn() -> None:
    rendered = render("".join(fenced(source) for source in KINDS.values()))
    assert rendered.faults == ()
    assert rendered.html.count("<picture>") == len(KINDS)
    for svg in svgs(rendered.html):
        assert re.search(r"<(path|rect|circle)", svg)


def test_a_drawing_is_a_picture_by_day_and_by_night_with_its_words() -> None:
    said = "accTitle: Toast\naccDescr: Bread becomes\n"
    html = render(fenced(SMALL.replace("\n", f"\n{said}"), ' title="How & why"')).html
    night, day = svgs(html)
    assert "#006952" in day
    assert "#6ad9b6" in night
    assert 'media="screen and (prefers-color-scheme: dark)"' in html
    assert 'alt="Toast. Bread becomes"' in html
    assert re.search(r' width="\d+" height="\d+">', html)
    assert "<figcaption>How &amp; why<details>" in html
    assert 'role="group" aria-label="Drawing: How &amp; why" tabindex="0"' in html
    assert 'aria-label="Code: mermaid" tabindex="0"><code>flowchart LR\n' in html


def test_an_address_of_a_drawing_survives_a_srcset() -> None:
    html = render(fenced("flowchart LR\nA[\"9 %, # & 'q' é\"] --> B")).html
    addresses = re.findall(r'(?:srcset|src)="([^"]*)"', html)
    assert len(addresses) == 2
    assert not [each for each in addresses if re.search(r"[\s<>#]", each)]
    assert "9 %, # &amp; 'q' é" in svgs(html)[0]


def test_what_is_no_diagram_stays_code_and_says_why_while_the_others_are_drawn() -> None:
    rendered = render(fenced("nonsense <b>", ' title="T"') + fenced(SMALL) + fenced("flowchart LR\nA --"))
    assert rendered.html.count("<picture>") == 1
    assert len(rendered.faults) == 2
    assert "nonsense &lt;b&gt;\n</code></pre>" in rendered.html
    assert '<figure class="code"><figcaption>T</figcaption>' in rendered.html


def test_there_is_an_end_to_how_many_and_how_long() -> None:
    long = render(fenced(SMALL) + fenced("flowchart LR\n" + "%% x\n" * drawings.MAX_SOURCE))
    assert long.faults == ("A diagram stays code: A drawing may have 20,000 characters.",)
    assert long.html.count("<picture>") == 1
    many = render(fenced(SMALL) * (drawings.MAX_DRAWINGS + 1))
    assert many.html.count("<picture>") == drawings.MAX_DRAWINGS
    assert many.faults == ("A diagram stays code: A text may have 20 drawings.",)


@pytest.mark.parametrize(
    "source",
    [
        "flowchart TD\n" + "\n".join(f"A{i}-->A{i + 1}" for i in range(1_500)),
        "flowchart TD\n" + "\n".join(f"{i}-->{j}" for i in range(45) for j in range(45)),
        "flowchart TD\n" + "".join(f"subgraph {i}\n" for i in range(900)) + "A\n" + "end\n" * 900,
        "flowchart TD\nA" + "[" * 19_000,
    ],
    ids=["long", "dense", "nested", "open"],
)
def test_a_diagram_that_asks_for_too_much_stays_code(source: str) -> None:
    rendered = render(fenced(source))
    assert "<picture>" not in rendered.html
    assert len(rendered.faults) == 1


@pytest.mark.parametrize(
    "end", ["import os; os.abort()", "import sys; sys.exit('x')", "print('no JSON')", "print('[]')"]
)
def test_a_child_that_dies_or_talks_nonsense_leaves_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str
) -> None:
    (tmp_path / "child.py").write_text(end)
    monkeypatch.setattr(drawings, "_CHILD", tmp_path / "child.py")
    rendered = render(fenced(SMALL))
    assert "<pre" in rendered.html
    assert "<picture>" not in rendered.html
    assert rendered.faults


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text("import threading; threading.Event().wait()")
    monkeypatch.setattr(drawings, "_CHILD", tmp_path / "child.py")
    monkeypatch.setattr(drawings, "DRAW_S", 0.05)
    why = "A diagram stays code: The drawings of this text take too long, or too much memory."
    assert render(fenced(SMALL)).faults == (why,)


def test_markup_in_a_diagram_is_words_or_nothing() -> None:
    html = render(
        fenced(
            'flowchart TD\nA["<script>x</script><img src=x onerror=alert(1)>"] --> B["</text><script>y</script>"]\n'
            'click A "javascript:alert(1)" "x"\nclick B href "https://evil.example" _blank\n'
            "style A fill:url(https://evil.example/x)\nclassDef c fill:red,background:url(//evil.example)\nclass B c"
        )
    ).html
    for svg in svgs(html):
        assert not re.search(r"<(script|img|a|foreignObject|image)\b|\son\w+=|javascript:|evil\.example", svg)
    assert "<script" not in html


def test_what_the_author_says_of_the_looks_reaches_nothing_outside() -> None:
    css = '@import url(https://evil.example/a.css); .node{background:url("https://evil.example/b")}'
    init = '%%{init: {"themeCSS": "' + css.replace('"', "'") + '"}}%%\n'
    html = render(fenced(init + SMALL)).html
    assert svgs(html)
    assert not [svg for svg in svgs(html) if "evil.example" in svg]


@pytest.mark.parametrize(
    "inside",
    [
        "<script>x</script>",
        "<foreignObject><p>x</p></foreignObject>",
        '<image href="https://evil.example/x.png"/>',
        '<a href="javascript:alert(1)"><rect/></a>',
        '<rect onclick="x()"/>',
        '<use xlink:href="https://evil.example/x.svg#y"/><use href="https://evil.example/x.svg#y"/>',
        '<rect fill="url(https://evil.example/x)" style="fill:url( \'//evil.example\')"/>',
        "<style>a{fill:red}@import 'https://evil.example';rect{fill:url(//evil.example)}</style>",
        "<style>rect{fill:u\\72l(//evil.example)}</style>",
        '<animate attributeName="href" to="javascript:alert(1)"/><set attributeName="onload" to="x"/>',
        '<g xmlns="http://www.w3.org/1999/xhtml"><script>x</script></g>',
    ],
)
def test_a_drawing_keeps_only_shapes_and_words(inside: str) -> None:
    svg = drawing_svg.clean(SVG % f'<rect width="1" height="1"/>{inside}', "#fff").text
    assert "<rect" in svg
    assert not re.search(r"script|evil|javascript|onclick|foreign|animate|image|<set|\\", svg)


@pytest.mark.parametrize(
    "svg",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG % "&a;",
        SVG % f"<text>{'x' * drawing_svg.MAX_SVG}</text>",
        SVG.replace("10 5", "10 1e9") % "",
        SVG.replace("10 5", "NaN 5") % "",
        SVG.replace('viewBox="0 0 10 5"', "") % "",
        "<html/>",
    ],
)
def test_what_is_no_small_drawing_is_refused(svg: str) -> None:
    with pytest.raises(ValueError, match=r"^it "):
        drawing_svg.clean(svg, "#fff")


def test_nothing_that_draws_is_loaded_into_web(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mmdr", raising=False)  # other tests look at the child's own code
    render(fenced(SMALL))
    assert "mmdr" not in sys.modules


async def test_feeds_carry_the_source_of_a_drawing(client: httpx.AsyncClient, publish: Publish) -> None:
    drawing = fenced(SMALL, ' title="How"')
    await publish("A drawing", f"Before.\n\n{drawing}After.\n\n<details>More</details>")
    assert "data:image/svg" in (await client.get("/posts/a-drawing")).text
    feed = (await client.get("/feed.json")).json()["items"][0]["content_html"]
    assert "flowchart LR" in feed
    assert "<figcaption>How</figcaption></figure>\n<p>After.</p>" in feed
    assert "data:" not in feed


async def test_the_preview_says_why_a_diagram_stays_code(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    made = await client.post("/author/posts", data={"kind": "post"}, headers=HTMX)
    post = made.headers.get("location") or made.headers["hx-redirect"]
    form = {"title": "T", "slug": "t", "body_markdown": fenced("nonsense"), "base_revision": "1"}
    answer = await client.post(f"{post}/preview", data=form, headers=BROWSER | {"Accept": "application/json"})
    assert "No Mermaid diagram type detected" in answer.json()["faults"][0]


def test_a_picture_of_many_letters_is_too_large() -> None:
    rendered = render(fenced('flowchart TD\nA["$$' + "\\frac{1}{" * 2_000 + '$$"]'))
    assert "<picture>" not in rendered.html
    assert "too large" in rendered.faults[0]
