"""Attributes in braces, names that `#name` leads to, and what those hear who cannot see that a part scrolls."""
# ruff: noqa: RUF001 - letters of many scripts

import re
import time

import pytest
from sdc_web.checks import parsed, words
from sdc_web.posts import Draft
from sdc_web.texts import attributes, names
from sdc_web.texts.markdown import anchors, lines, render

LIMIT_S = 8.0


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (".wide", {"class": "wide"}),
        (" .wide .small #a-b ", {"class": "wide small", "id": "a-b"}),
        ("lang=fr title=\"a 'b' c\" DIR='rtl'", {"lang": "fr", "title": "a 'b' c", "dir": "rtl"}),
        ("#a #b lang=fr lang=de", {"id": "a", "lang": "fr"}),
        ("#größe", {"id": "größe"}),
        ("", None),
        ("x", None),
        ("1,3-5", None),
        (".", None),
        ("#", None),
        (".a, .b", None),
        ('title="a', None),
        ("a=", None),
    ],
)
def test_what_stands_between_braces_is_a_list_of_attributes_or_words(typed: str, read: dict[str, str] | None) -> None:
    assert attributes.read(typed) == read


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("`x`{#y .small} z", '<p><code id="y" class="small">x</code> z</p>'),
        ("[a](/b){lang=fr}", '<p><a lang="fr" href="/b">a</a></p>'),
        ("[a *b*](/c){.small}[d](/e)", '<p><a class="small" href="/c">a <em>b</em></a><a href="/e">d</a></p>'),
        ("ü [mot juste]{lang=fr} ü", '<p>ü <span lang="fr">mot juste</span> ü</p>'),
        ("[a]{#x}[b]{#y}", '<p><span id="x">a</span><span id="y">b</span></p>'),
        ("![a [b]{.small} `c`{#x}](d){.wide}", '<p class="wide"><img src="d" alt="a [b]{.small} c{#x}"></p>'),
        ("a ![b](c){.narrow} d", '<p>a <img class="narrow" src="c" alt="b"> d</p>'),
        ("![b](c){.wide}", '<p class="wide"><img src="c" alt="b"></p>'),
        (
            '![*b*](c "D"){.wide #map}',
            '<figure class="wide" id="map"><img src="c" alt="b"><figcaption>D</figcaption></figure>',
        ),
        ("{.lead}\nA *b*", '<p class="lead">A <em>b</em></p>'),
        ("{.small #x}\n- a\n- b", '<ul class="small" id="x">\n<li>a</li>\n<li>b</li>\n</ul>'),
        ("{#x}\n> a", '<blockquote id="x">\n<p>a</p>\n</blockquote>'),
        ("> {.small}\n> a", '<blockquote>\n<p class="small">a</p>\n</blockquote>'),
        ("{#x}\n## A", '<h2 id="x">A</h2>'),
        ("{dir=rtl lang=ar}\nمرحبا", '<p dir="rtl" lang="ar">مرحبا</p>'),
        ("{.wide}\n<p>a</p>", '<p class="wide">a</p>'),
    ],
)
def test_attributes_belong_to_what_they_stand_behind_or_above(typed: str, shown: str) -> None:
    assert render(typed).html.strip() == shown


def test_code_tables_callouts_and_drawings_take_attributes() -> None:
    html = render('```python title="a.py" {#x .wide onclick=y} {2}\na = {"b": 1}\nc\n```').html
    assert '<figure class="code wide" id="x"><figcaption>a.py</figcaption><div class="highlight"><pre' in html
    assert [marked == "hll" for marked in re.findall(r'class="line ?(\w*)"', html)] == [False, True]
    assert '<div class="highlight" id="x"><pre' in render("```{#x}\na\n```").html
    assert '<div id="x" class="highlight"><pre' in render("{#x}\n```\na\n```").html
    assert '<table id="x" class="wide"><thead>' in render("{#x .wide}\n| a |\n|---|").html
    assert (
        '<blockquote class="small markdown-alert-tip">\n<p class="callout-title"'
        in render("{.small}\n> [!TIP]\n> a").html
    )
    for typed in ("{#x .wide}\n```mermaid\n{}\n```", "```mermaid {{#x .wide}}\n{}\n```"):
        html = render(typed.replace("{}", "flowchart LR\nA --> B").replace("{{", "{").replace("}}", "}")).html
        assert re.search(r'<figure(?=[^>]* id="x")(?=[^>]*\bwide\b)[^>]*><div class="drawing-scroll"', html)


@pytest.mark.parametrize(
    "typed",
    [
        "`x`\\{.small}",
        "`x {.small}`",
        "`x` {.small}",
        "x{.small}",
        "<b>x</b>{.small}",
        "{.small}",
        "{.small}\n\nx",
        "> {.small}\n\nx",
        "x\n{.small}",
        "- {.small}\n  x",
        "[x]\\{.small}",
        "[x]{small}",
        "![x](y){1}",
        "$x^{.small}$ [x] {.small}",
        "    [x]{.small}",
        "```\n[x]{.small}\n\n[x]{.small}\n```",
        "<pre>[x]{.small}</pre>",
    ],
)
def test_braces_elsewhere_stay_what_they_are(typed: str) -> None:
    html = re.sub(r"<[^>]*>", "", render(typed).html)
    assert "{" in html
    assert 'class="small"' not in render(typed).html


@pytest.mark.parametrize(
    "attack",
    [
        "onclick=alert(1)",
        'style="position:fixed"',
        ".shared-banner .site-header .heading-anchor",
        "#main",
        "#fn-1",
        "#fnref-1",
        "#1",
        '#x"onclick=alert(1)',
        "href=javascript:alert(1)",
        "src=//evil.example srcset=x",
        "hx-get=/author hx-trigger=load",
        "dir=sideways",
        "name=x form=y target=_top rel=opener",
        'title="&quot; onclick=alert(1) x=&quot;"',
    ],
)
@pytest.mark.parametrize("place", ["`x`{%}", "[x](/y){%}", "[x]{%}", "![x](y){%}", "{%}\nx", "``` {%}\nx\n```"])
def test_attributes_bring_nothing_that_is_not_allowed(attack: str, place: str) -> None:
    html = render(place.replace("%", attack)).html
    for tag in re.findall(r"<[^>]*>", html):
        named = dict(re.findall(r' ([a-z-]+)="([^"]*)"', tag))
        assert not set(named) & {"onclick", "style", "srcset", "hx-get", "hx-trigger", "name", "form", "target", "dir"}
        assert named.get("id", "") not in ("main", "fn-1", "fnref-1", "1")
        assert named.get("class", "highlight") in ("highlight", "")
        assert not re.search("script:|evil", named.get("href", "") + named.get("src", ""))


def test_no_name_is_there_twice_and_that_of_a_note_is_the_notes() -> None:
    html = render(
        '## Fog\n\n[x]{#fog} <b id="fog">y</b> [^1] <a id="fnref-1">z</a>\n\n<p id="fn-1">\n\n[^1]: Note.'
    ).html
    found = re.findall(r' id="([^"]*)"', html)
    assert sorted(found) == ["fn-1", "fnref-1", "fog"]
    assert '<sup class="footnote-reference"><a id="fnref-1"' in html
    assert 'id="x-2"' in render("[a]{#x}\n\n## X").html


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Über uns", "uber-uns"),
        ("你好，世界", "你好-世界"),
        ("Привет, мир!", "привет-мир"),
        ("हिन्दी में", "हिन्दी-में"),
        ("می\u200cخواهم", "میخواهم"),
        ("Işık 2", "işık-2"),
        ("它's ok", "它s-ok"),
        ("!!!", ""),
        ("字" * 100, "字" * names.MAX_LENGTH),
    ],
)
def test_a_heading_keeps_its_letters_in_its_name(heading: str, name: str) -> None:
    assert names.of_heading(heading) == name


def test_links_by_the_numbers_that_headings_had_go_on_leading_to_them() -> None:
    text = "## 你好\n\n## Section\n\n## 你好\n\n## Über {#über}\n\n[x](#你好) [y](#%E4%BD%A0%E5%A5%BD) [z](#section-3)"
    html = render(text).html
    assert re.findall(r'<h2 id="([^"]*)">(?:<span id="([^"]*)"></span>)?', html) == [
        ("你好", "section"),
        ("section-2", ""),
        ("你好-2", "section-3"),
        ("über", "uber"),
    ]
    assert anchors(text) == {"你好", "你好-2", "über", "section", "section-2", "section-3", "uber"}
    assert [
        each for each in words.look(Draft(title="Fog", body=text), parsed.parse(text)) if each.rule == "dead-fragment"
    ] == []


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("| a |\n|---|", "Table"),
        ("## Units & *more*\n\n| a |\n|---|", "Table: Units &amp; more"),
        ("## T\n\n<table><caption>The <b>cap</b></caption><tr><td>1</table>", "Table: The cap"),
        ("## T\n\n```python\nx\n```", "Code: python"),
        ("## T\n\n```python title='a' numbers\nx\n```", "Code: &#x27;a&#x27;"),
        ('## T\n\n```python title="a & b.py"\nx\n```', "Code: a &amp; b.py"),
        ("## T\n\n    x", "Code: T"),
        ("<pre>x</pre>", "Code"),
        ("## T\n\n$$x$$", "Formula: T"),
        (f"## {'a' * 100}\n\n$$x$$", f"Formula: {'a' * 79}…"),
    ],
)
def test_what_may_scroll_says_what_it_is(typed: str, name: str) -> None:
    assert re.findall(r'role="group" aria-label="([^"]*)" tabindex="0"', render(typed).html) == [name]


def test_the_second_of_a_name_has_a_number() -> None:
    html = render("## T\n\n| a |\n|---|\n\nb\n\n| a |\n|---|\n\n$$x$$").html
    assert re.findall(r'aria-label="([^"]*)"', html) == ["Table: T", "Table 2: T", "Formula: T"]


def test_the_lines_of_blocks_are_not_moved_by_attributes() -> None:
    assert lines("{.lead}\nA\n\n{#x}\n| a |\n|---|\n\n`b`{.small}") == [1, 4, 7]


@pytest.mark.parametrize(
    "text",
    [
        "{.x}\n\n" * 60_000,
        "{.x}\n" * 80_000,
        "`x`{.a}" * 57_000,
        "[a]{.b}" * 57_000,
        "[{.a}" * 80_000,
        "{.a " * 100_000,
    ],
)
def test_no_number_of_braces_takes_longer_than_its_length_is_worth(text: str) -> None:
    began = time.process_time()
    render(text)
    anchors(text)
    assert time.process_time() - began < LIMIT_S
