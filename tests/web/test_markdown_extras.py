"""What a text has beyond CommonMark: code with a title and marks, formulas, figures, addresses, an outline."""

import re
from xml.etree import ElementTree as ET

import pytest
from sdc_web.texts import outline
from sdc_web.texts.code_blocks import Fence, read
from sdc_web.texts.markdown import render
from sdc_web.texts.mathematics import MAX_TEX


@pytest.mark.parametrize(
    ("info", "fence"),
    [
        ("", Fence()),
        ("python", Fence("python")),
        ('python title="a b.py" numbers {1,3-5}', Fence("python", "a b.py", True, frozenset({1, 3, 4, 5}))),  # noqa: FBT003
        ("python numbers=41 {42}", Fence("python", numbered=True, marks=frozenset({42}), first=41)),
        ("python linenos=041", Fence("python", numbered=True, first=41)),
        ("python numbers=x", Fence("python", numbered=True)),
        ('title="x"', Fence(title="x")),
        ("{2}", Fence(marks=frozenset({2}))),
        ("rust,no_run", Fence("rust")),
        ("js{1}", Fence("js", marks=frozenset({1}))),
        ('text title="{9} numbers"', Fence("text", "{9} numbers")),
        ("sh {x} {-} {3-1}", Fence("sh")),
    ],
)
def test_the_words_after_a_fence_are_understood_or_left_alone(info: str, fence: Fence) -> None:
    assert read(info) == fence


def test_a_code_block_has_a_title_numbers_and_marks() -> None:
    html = render('```python title="a & b.py" numbers {2}\nx = 1\ny = """2\n3"""\n```').html
    assert '<figure class="code"><figcaption>a &amp; b.py</figcaption><div class="highlight numbered">' in html
    assert [marked == "hll" for marked in re.findall(r'class="line ?(\w*)"', html)] == [False, True, False]


def test_each_block_keeps_its_own_words_whatever_stands_between() -> None:
    html = render('```\na\n```\n\n    b\n\n```nonsense\nc\n```\n\n> ```c title="d.c"\n> d\n> ```\n\n```js\ne\n```').html
    assert html.count("<figcaption>") == 1
    assert "<figcaption>d.c</figcaption>" in html


def test_numbers_of_lines_begin_where_the_author_says() -> None:
    html = render("```python numbers=9 {10}\nx = 1\ny = 2\n```").html
    assert re.findall(r'class="line( hll)?" data-line="(\d+)"', html) == [("", "9"), (" hll", "10")]
    assert "data-line" not in render("```python numbers\nx = 1\n```").html


@pytest.mark.parametrize(
    ("typed", "linked"),
    [
        ("Write to ada@example.org.", ["mailto:ada@example.org"]),
        ("a.b+c_d@mail.example.co.uk, x", ["mailto:a.b+c_d@mail.example.co.uk"]),
        ("(ada@example.org)", ["mailto:ada@example.org"]),
        ("@ada@social.example and ada@host and ada@example.org-", []),
        ("a@b@c.example", []),
        ("`ada@example.org` <kbd>x@y.example</kbd>", []),
        ("<ada@example.org>", ["mailto:ada@example.org"]),
        ("https://a.example/?to=ada@b.example", ["https://a.example/?to=ada@b.example"]),
        ("https://a.example/@ada", ["https://a.example/@ada"]),
        ("![ada@example.org](media:X)", []),
    ],
)
def test_an_address_of_mail_is_a_link(typed: str, linked: list[str]) -> None:
    assert re.findall(r'href="([^"]*)"', render(typed).html) == linked


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ([1, 2, 3], [2, 3, 4]),
        ([2, 5, 6, 5, 2, 3], [2, 3, 4, 3, 2, 3]),
        ([3, 2, 3], [2, 2, 3]),
        ([2, 4, 3], [2, 3, 3]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]),
    ],
)
def test_no_heading_is_more_than_a_level_below_the_one_it_stands_under(typed: list[int], shown: list[int]) -> None:
    html = render("\n\n".join(f"{'#' * level} A" for level in typed)).html
    assert [int(level) for level in re.findall(r"<h(\d)", html)] == shown


def test_code_without_colours_may_have_marks_and_stays_text() -> None:
    html = render("```{1}\n<script>\n```").html
    assert '<span class="line hll">&lt;script&gt;</span>' in html


def test_formulas_become_mathml() -> None:
    html = render("Inline $a^2$, it costs $5 and $6.\n\n$$\\frac{1}{2}$$").html
    assert "<math><msup><mi>a</mi><mn>2</mn></msup></math>" in html
    assert "it costs $5 and $6." in html
    assert '<math display="block"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>' in html


@pytest.mark.parametrize("tex", [r"\nonsense{x}", r"\frac{1}", "x" * (MAX_TEX + 1), r"\def\a{\a\a}\a"])
def test_a_formula_that_cannot_be_drawn_is_shown_as_it_was_typed(tex: str) -> None:
    assert f'<code class="math">{tex}</code>' in render(f"${tex}$").html


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\href{javascript:alert(1)}{x}",
        r"\mathrm{<img src=x onerror=alert(1)>}",
        r"\begin{align} a&=b \end{align}",
        r"\color{red" + '" onclick="alert(1)' + "}x",
    ],
)
def test_a_formula_carries_no_markup_of_its_own(tex: str) -> None:
    html = render(f"$${tex}$$").html
    assert not re.search(r"<script|<img|<[^>]*( on\w+=| href| style)", html)
    ET.fromstring(f"<p>{html}</p>")


def test_a_picture_alone_with_a_title_is_a_figure_with_a_caption() -> None:
    html = render('![a](media:X "Fog & light")\n\nText ![b](media:Y "no") here.').html
    assert '<figure><img src="media:X" alt="a"><figcaption>Fog &amp; light</figcaption></figure>' in html
    assert html.count("<figure>") == 1


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("see https://a.example/b_(c).", "https://a.example/b_(c)", "."),
        ("(https://a.example/b)", "https://a.example/b", ")"),
        ("https://a.example/?x=1&y=2, and", "https://a.example/?x=1&amp;y=2", ", and"),
        ("https://a.example/&copy;x", "https://a.example/©x", ""),
        ("www.a.example!", "https://www.a.example", "!"),
    ],
)
def test_an_address_that_was_simply_typed_is_a_link(text: str, address: str, rest: str) -> None:
    html = render(text).html
    assert f'<a rel="external" href="{address}">' in html
    assert html.endswith(f"</a>{rest}</p>\n")


@pytest.mark.parametrize(
    "text", ["`https://a.example`", "    https://a.example", "x/www.a.example", "https://localhost"]
)
def test_what_is_code_or_no_address_is_no_link(text: str) -> None:
    assert "<a" not in render(text).html


def test_a_link_is_not_linked_again() -> None:
    assert render("[see https://a.example](https://b.example)").html.count("<a ") == 1


def test_a_link_within_the_site_is_not_external() -> None:
    assert 'rel="' not in render("[x](/posts/y) [z](#w)").html


def test_headings_may_bring_an_address_of_their_own() -> None:
    assert '<h2 id="own">A</h2>' in render("# A {#own .some}").html
    assert '<h2 id="main-2">A</h2>' in render("# A {#main}").html


def test_a_long_text_has_a_table_of_contents() -> None:
    html = render("## A\n\n### B *c*\n\n#### D\n\n## E & F").html
    assert [(entry.level, entry.id, entry.text) for entry in outline.of(html)] == [
        (2, "a", "A"),
        (3, "b-c", "B c"),
        (2, "e-f", "E & F"),
    ]


def test_a_short_text_has_none() -> None:
    assert outline.of(render("## A\n\n## B").html) == ()


def test_every_heading_links_to_itself() -> None:
    html = outline.with_anchors(render("## A “b” <i>").html)
    assert 'href="#a-b"' in html
    assert 'aria-label="Link to: A “b”"' in html


def test_definitions_have_terms() -> None:
    assert "<dt>Term</dt>\n<dd>Meaning</dd>" in render("Term\n: Meaning").html


def test_a_footnote_and_its_first_reference_lead_to_each_other() -> None:
    html = render('A[^1] b[^x"y] c[^1].\n\n[^1]: One.\n[^x"y]: Two.\n[^z]: Nobody asks.').html
    assert html.count('id="fnref-') == 2
    assert html.count('<a href="#fnref-') == 2
    for name in re.findall(r'href="#([^"]*)"', html):
        assert f'id="{name}"' in html
