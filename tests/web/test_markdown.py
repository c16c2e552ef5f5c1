import re

import pytest
from sdc_web.texts.code_blocks import MAX_HIGHLIGHTED
from sdc_web.texts.markdown import render

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[a](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "![a](javascript:alert(1))",
    '![a](x "onerror=alert(1)")',
    '![a" onerror="alert(1)](x)',
    '<a href="javascript:alert(1)">a</a>',
    '<a href=" javascript:alert(1)">a</a>',
    '<a href="x" onclick="alert(1)">a</a>',
    '<a title="<h2>x</h2> onclick=alert(1) x=">a</a>',
    '<a title="<table>" onmouseover=alert(1)>a</a>',
    "<h2 onclick=alert(1)>x</h2>",
    "<h2>x<script>alert(1)</script></h2>",
    "# x <img src=x onerror=alert(1)>",
    '# x" onclick="alert(1)',
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<input onfocus=alert(1) autofocus type=image src=x>",
    "<details ontoggle=alert(1) open>x</details>",
    "<body onload=alert(1)><base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    '```python" onclick="alert(1)\nx\n```',
    "```html\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "[^1]\n\n[^1]: <script>alert(1)</script>",
    '[x]: javascript:alert(1) "t"\n\n[x]',
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<div id='x' hx-get='/author' hx-trigger='load'>x</div>",
    '<a href="&#x6A;avascript&colon;alert(1)">x</a>',
    "<img src='media:x' srcset='javascript:alert(1)'>",
]
_TAG = re.compile(r"<[^>]*>")
_EVIL_TAG = re.compile(
    r"<\s*/?\s*(script|style|iframe|object|embed|form|svg|math|base|link|meta|body|button|video|audio|source|textarea"
    r"|noscript|template)\b",
    re.IGNORECASE,
)
_EVIL_ATTRIBUTE = re.compile(r"[\s\"'/](on\w+|style|srcdoc|srcset|hx-[\w-]+|formaction)\s*=", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_ADDRESS = re.compile(r'(?:href|src)="([^"]*)"')


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_becomes_inert(attack: str) -> None:
    html = render(f"Before\n\n{attack}\n\nAfter").html
    for tag in _TAG.findall(html):
        assert not _EVIL_TAG.match(tag)
        assert not _EVIL_ATTRIBUTE.search(_QUOTED.sub('""', tag))
    for address in _ADDRESS.findall(html):
        assert re.match(r"(https?:|mailto:|tel:|media:|/|#|[\w.]*$)", address), address


def test_the_highest_heading_comes_below_the_title_of_the_page() -> None:
    assert render("# One\n\n## Two\n\n###### Six").html == (
        '<h2 id="one">One</h2>\n<h3 id="two">Two</h3>\n<h4 id="six">Six</h4>\n'
    )


def test_headings_that_begin_at_the_third_level_leave_no_gap() -> None:
    assert '<h2 id="one">' in render("### One\n\n#### Two").html


def test_two_headings_of_one_text_have_two_addresses() -> None:
    html = render("# Same\n\n# Same").html
    assert 'id="same"' in html
    assert 'id="same-2"' in html


def test_a_heading_never_takes_an_id_of_the_layout() -> None:
    assert 'id="main-2"' in render("# Main").html


def test_a_heading_without_ascii_letters_still_has_an_address() -> None:
    assert 'id="section"' in render("# 你好").html


def test_code_has_its_tokens_in_classes() -> None:
    html = render("```python\nx = 1\n```").html
    assert (
        '<div class="highlight"><pre role="group" aria-label="Code: python" tabindex="0"><code><span class="n">x</span>'
        in html
    )


def test_code_in_an_unknown_language_stays_plain() -> None:
    assert (
        'aria-label="Code: nonesuch" tabindex="0"><code>x = 1\n</code></pre>' in render("```nonesuch\nx = 1\n```").html
    )


def test_a_very_long_block_of_code_stays_plain() -> None:
    assert "<span" not in render("```python\n" + "x = 1\n" * (MAX_HIGHLIGHTED // 6 + 1) + "```").html


def test_a_picture_of_ours_survives_until_the_page_is_put_together() -> None:
    html = render('![A "cat" & dog](media:01ARZ3NDEKTSV4RRFFQ69G5FAV)').html
    assert '<img src="media:01ARZ3NDEKTSV4RRFFQ69G5FAV" alt="A &quot;cat&quot; &amp; dog">' in html


def test_a_table_scrolls_by_itself_and_is_aligned_without_style() -> None:
    html = render("| a |\n|--:|\n| 1 |").html
    assert '<div class="table-scroll" role="group" aria-label="Table" tabindex="0"><table>' in html
    assert '<td class="align-right">1</td>' in html


def test_a_task_list_cannot_be_ticked() -> None:
    box = '<input aria-label="done" checked="" disabled="" type="checkbox">'
    assert box in render("- [x] done").html
    assert box in render("<input disabled=no name=a type=text checked>").html
    box = '<input aria-label="to do" title="checked" disabled="" type="checkbox">'
    assert box in render('<input type=text value="a" title="checked">').html


def test_footnotes_strikethrough_and_alerts_are_understood() -> None:
    html = render("~~no~~ yes[^n]\n\n[^n]: why\n\n> [!NOTE]\n> hey").html
    assert "<del>no</del>" in html
    assert 'href="#fn-n"' in html
    assert 'id="fn-n"' in html
    assert 'class="markdown-alert-note"' in html


def test_a_link_to_another_page_of_ours_stays_as_it_is() -> None:
    assert '<a href="/posts/x">x</a>' in render("[x](/posts/x)").html


def test_reading_time_counts_words_and_is_at_least_a_minute() -> None:
    assert render("").reading_minutes == 1
    assert render("word " * 2_200).reading_minutes == 10


def test_a_deep_nest_of_quotes_does_not_break_it() -> None:
    assert "x" in render(">" * 5_000 + "x").html


def test_an_entity_never_brings_a_character_that_feeds_cannot_carry() -> None:
    assert render("a&#2;b&#x0b;c&#0;").html == "<p>abc\ufffd</p>\n"
