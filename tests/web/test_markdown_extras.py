"""What a text has beyond CommonMark: code with a title and marks, formulas, figures, addresses, an outline."""

import re
from xml.etree import ElementTree as ET

import pytest
from sdc_web.texts import outline
from sdc_web.texts.code_blocks import Fence, read
from sdc_web.texts.markdown import anchors, lines, render
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


def test_a_footnote_and_each_of_its_references_lead_to_each_other() -> None:
    html = render('A[^1] b[^x"y] c[^1] d[^1].\n\n[^1]: One.\n[^x"y]: - a list\n').html
    assert html.count('id="fnref-') == html.count('href="#fnref-') == 4
    for name in re.findall(r'href="#([^"]*)"', html):
        assert f'id="{name}"' in html
    assert '<p>One. <a href="#fnref-1-2" aria-label="1, back to place 2">' in html


def numbers(html: str) -> tuple[list[str], list[str]]:
    """Those of the references, and the words of each footnote as it is listed, its number first."""
    text, _, notes = html.partition('<div class="footnotes"')
    listed = (each.partition(">")[2] for each in notes.split('<div class="footnote-definition"')[1:])
    listed = (re.sub(r"<[^>]*>|↩\ufe0e\d", " ", each) for each in listed)
    return re.findall(r'href="#fn-[^"]*">(\d+)<', text), [" ".join(each.split()) for each in listed]


@pytest.mark.parametrize(
    ("text", "references", "notes"),
    [
        ("A[^1] b.\n\n[^1]: The note.\n\nSecond[^2] c.\n\n[^2]: More.", ["1", "2"], ["1 The note.", "2 More."]),
        ("[^b]: B\n\n[^a]: A\n\nText[^a] and[^b].", ["1", "2"], ["1 A", "2 B"]),
        ("A[^z] b[^y]\n\n[^y]: Y\n\n[^x]: Nobody asks.\n\n[^z]: Z", ["1", "2"], ["1 Z", "2 Y"]),
        ("A[^Note] b[^note]\n\n[^NOTE]: Once.\n\n[^note]: Twice.", ["1", "1"], ["1 Once."]),
        ("A[^1] b[^3]\n\n[^1]: One[^2]\n\n[^2]: Two[^1]\n\n[^3]: Three", ["1", "2"], ["1 One 3", "2 Three", "3 Two 1"]),
        ("> a[^1]\n>\n> [^1]: quoted\n\n- b\n\n    [^2]: within\n\n[^2]", ["1", "2"], ["1 quoted", "2 within"]),
        ("<div>\n\na[^1]\n\n[^1]: <div>in</div>\n\n</div>\n\nb", ["1"], ["1 in"]),
        ("a[^none]\n\n[^1]: Nobody asks.", [], []),
    ],
)
def test_footnotes_stand_at_the_end_in_the_order_in_which_the_text_names_them(
    text: str, references: list[str], notes: list[str]
) -> None:
    html = render(text).html
    assert numbers(html) == (references, notes)
    assert html.count("<div") == html.count("</div>")
    assert "Nobody" not in html


def test_a_footnote_holds_whatever_a_text_may() -> None:
    html = render("a[^1]\n\n[^1]: b\n\n    ```py\n    x\n    ```\n\n    | t |\n    |---|\n    | u |\n\nBehind.").html
    text, _, notes = html.partition('<div class="footnotes"')
    assert "Behind." in text
    assert all(part in notes for part in ('<div class="highlight">', '<div class="table-scroll"', "<td>u</td>"))
    assert notes.endswith("</table></div>\n</div>\n</div>\n")


def test_the_lines_of_blocks_are_those_of_what_does_not_move() -> None:
    text = "A[^1]\n\n[^1]: Note.\n\n[^1] again\n\n<!-- x -->\n\n## B"
    assert lines(text) == [0, 4, 8]


@pytest.mark.parametrize("kind", ["Note", "Tip", "Important", "Warning", "Caution"])
def test_a_callout_says_in_words_what_it_is(kind: str) -> None:
    html = render(f"> [!{kind.upper()}]\n> Do not.").html
    title = f'<p class="callout-title" lang="en">{kind}</p>'
    assert html == f'<blockquote class="markdown-alert-{kind.lower()}">\n{title}\n<p>Do not.</p>\n</blockquote>\n'


@pytest.mark.parametrize("tag", ["p", "div"])
def test_a_callout_whose_author_gave_it_a_title_has_that_one(tag: str) -> None:
    html = render(f'> [!TIP]\n> <{tag} class="callout-title">By the way</{tag}>\n>\n> Do.').html
    assert html.count("callout-title") == 1


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ('<h1 align="center">Title</h1>', '<h2 id="title">Title</h2>'),
        ('<h5 align="center">A</h5>\n\n## B', '<h2 id="a">A</h2>\n<h2 id="b">B</h2>'),
        ('<H2 class="x" ID="own">A</H2>', '<h2 id="own">A</h2>'),
        ('<h3 lang="de">Ä</h3>', '<h2 id="a" lang="de">Ä</h2>'),
        ("<h1><div>a <h2>B</h2></div></h1>", '<div>a <h2 id="b">B</h2></div>'),
    ],
)
def test_a_heading_typed_as_html_is_one_like_others(typed: str, shown: str) -> None:
    assert render(typed).html.strip() == shown
    assert anchors(typed) == frozenset(re.findall(r'id="([^"]*)"', shown))


def test_headings_typed_as_html_are_in_the_table_of_contents() -> None:
    html = render('<h2 lang="de">A</h2>\n\n<h2 class="x">B</h2>\n\n## C').html
    assert [entry.id for entry in outline.of(html)] == ["a", "b", "c"]
    assert '<h2 id="a" lang="de">A <a class="heading-anchor"' in outline.with_anchors(html)


def test_a_table_typed_as_html_scrolls_and_stays_where_it_was_put() -> None:
    group = '<div class="table-scroll" role="group" aria-label="Table" tabindex="0">'
    row = "<tbody><tr><td>{}</td></tr></tbody></table></div>"
    typed = '<div><table border="1"><tr><td>x</td></tr></table><p>still inside</p></div>'
    assert render(typed).html == f"<div>{group}<table>{row.format('x')}<p>still inside</p></div>"
    typed = '<details><TABLE lang="de"><tr><td><table><tr><td>y</td></tr></table></td></tr></TABLE></details>'
    inner = f"{group.replace('Table', 'Table 2')}<table>{row.format('y')}"
    assert render(typed).html == f'<details>{group}<table lang="de">{row.format(inner)}</details>'


def test_a_link_typed_as_html_that_leads_away_says_so() -> None:
    html = render('<a title="x href" href="https://a.example">a</a> <a title="https://b" href="/c">c</a>').html
    assert html.count('rel="external"') == 1
    assert html.startswith('<p><a rel="external" title=')


def test_a_heading_does_not_take_the_address_of_a_note() -> None:
    html = render("## Fn 1\n\nA word.[^1]\n\n## Fn 2\n\n[^1]: The note.\n").html
    ids = re.findall(r' id="([^"]*)"', html)
    assert sorted(ids) == sorted({"fn-1-2", "fn-2", "fn-1", "fnref-1"})
    assert 'href="#fn-1"' in html
