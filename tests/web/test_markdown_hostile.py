"""Texts that are made to take long, or all the memory there is: whoever may write a draft can send one."""

import time

import pytest
from sdc_web.checks import parsed, raw_html, words
from sdc_web.posts import Draft
from sdc_web.texts import markdown

BODY = 400_000
LIMIT_S = 8.0
"""Far more than any of them takes, far less than what grows with the square of its length."""
LONG = {
    "quotes in quotes": "> " * (BODY // 2) + "x",
    "lists in lists": "1. " * (BODY // 3),
    "open elements": "<div>" * (BODY // 5),
    "open headings": "<h1>" * (BODY // 4),
    "headings of one name": "# a\n\n" * (BODY // 5),
    "instructions without an end": "<?" * (BODY // 2),
    "comments without an end": "<!-- " * (BODY // 5),
    "a heading of such": "<h1>" + "<?" * (BODY // 2) + "</h1>",
    "styles": "<b " * (BODY // 3),
    "styles that end badly": "<b>x</b" * (BODY // 7),
    "half a tag": "<div" + ' a="b c"' * (BODY // 8) + "\n<",
    "brackets": "[" * BODY,
    "an address that ends in entities": "https://a.b/" + "&" * BODY,
    "an address that ends in signs": "https://a.b/" + "!" * BODY,
    "an address that ends in brackets": "https://a.b/" + ")" * BODY,
    "stars": "*a " * (BODY // 3),
}


@pytest.mark.parametrize("text", [*LONG.values()], ids=[*LONG])
def test_no_text_takes_longer_than_its_length_is_worth(text: str) -> None:
    began = time.process_time()
    markdown.render(text)
    markdown.anchors(text)
    markdown.lines(text)
    list(words.look(Draft(title="Fog", body=text), parsed.parse(text)))
    assert time.process_time() - began < LIMIT_S


def test_styles_left_open_are_not_opened_again_in_thousands_of_paragraphs() -> None:
    text = "<p>" + "".join(f"<b id={number}>" for number in range(1_000)) + "<p>x" * 5_000
    html = markdown.render(text).html
    assert len(html) < 10 * len(text)
    assert html.startswith("<p>This text is nested too deep")
    assert "&lt;b id=999&gt;" in html
    assert markdown.anchors(text) == frozenset()


def test_what_people_write_is_shown_as_it_is_meant() -> None:
    text = "> > > deep\n\n" + "Some <u>typed</u> <b>HTML</b>, <i>much of it</i>.\n\n" * 300 + "- a\n" * 3_000
    html = markdown.render(text).html
    assert html.count("<b>HTML</b>") == 300
    assert html.count("<li>") == 3_000


def test_headings_of_one_name_are_told_apart() -> None:
    html = markdown.render("# a\n\n# a-2\n\n# a\n\n# a\n\n## a <b>c</b>").html
    assert [part.partition('"')[0] for part in html.split('id="')[1:]] == ["a", "a-2", "a-3", "a-4", "a-c"]


def test_attributes_are_found_however_they_are_quoted() -> None:
    found = raw_html.dropped('<b onclick="a b" class=\'x\' data-x = 3 hidden/>\n<img src="a>b" onload=x>')
    assert found == {
        "onclick of <b>": 0,
        "class of <b>": 0,
        "data-x of <b>": 0,
        "hidden of <b>": 0,
        "onload of <img>": 1,
    }
