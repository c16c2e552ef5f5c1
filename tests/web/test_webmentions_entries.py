"""What pages of others say of a text here: microformats as people write them, and pages that mean harm."""

import time

import msgspec
import pytest
from sdc_web.webmentions import entries
from sdc_web.webmentions.entries import Entry

TARGET = "https://ada.example/posts/fog"
AT = "https://example.org/2026/on-fog"
LINK = f'<a href="{TARGET}">Fog</a>'


def read(html: str, kind: str = "text/html; charset=utf-8", target: str = TARGET) -> Entry | None:
    return entries.read(html.encode(), kind, AT, target)


def entry(inside: str, *, around: str = "article") -> Entry:
    found = read(f"<html><head><title>On fog</title></head><{around} class='h-entry'>{inside}</{around}>")
    assert found is not None
    return found


def test_a_reply_with_its_author() -> None:
    found = entry(
        f'<h1 class="p-name">On fog</h1><a class="p-author h-card" href="/about">Grace <b>Hopper</b></a>'
        f'<p>In reply to <a class="u-in-reply-to" href="{TARGET}">Fog</a></p><div class="e-content"><p>I see.</p>'
        "<p>Or not.</p></div>"
    )
    assert found == Entry(
        kind="reply",
        author_name="Grace Hopper",
        author_url="https://example.org/about",
        title="On fog",
        words="I see. Or not.",
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("u-in-reply-to", "reply"),
        ("u-like-of", "like"),
        ("u-repost-of", "repost"),
        ("u-bookmark-of", "bookmark"),
        ("u-url", "mention"),
    ],
)
def test_the_kind_is_that_of_the_link_or_of_the_citation_that_holds_it(name: str, kind: str) -> None:
    assert entry(f'<a class="{name}" href="{TARGET}">Fog</a>').kind == kind
    cited = (
        f'<div class="{name} h-cite"><a class="u-url p-name" href="{TARGET}">Fog</a><p class="p-author">Ada</p></div>'
    )
    found = entry(f'{cited}<a class="p-author" href="/">Grace</a>')
    assert (found.kind, found.author_name) == (kind, "Grace")


def test_a_property_of_another_link_says_nothing_of_this_one() -> None:
    assert entry(f'<a class="u-like-of" href="https://other.example/">that</a> and {LINK}').kind == "mention"


def test_a_card_tells_its_name_and_address() -> None:
    found = entry(
        '<div class="p-author h-card"><img class="u-photo" src="/me.png"><a class="u-url" href="https://grace.example/">'
        f'me</a><span class="p-name">Grace</span></div><p class="p-summary">Short.</p>{LINK}'
    )
    assert (found.author_name, found.author_url, found.words) == ("Grace", "https://grace.example/", "Short.")


def test_an_entry_that_is_the_body_is_one() -> None:
    assert entry(f'<p class="p-author">Grace</p>{LINK}', around="body").author_name == "Grace"


def test_of_a_page_of_many_the_entry_that_leads_here_counts() -> None:
    found = read(
        "<div class='h-feed'><p class='p-author'>Grace</p>"
        "<article class='h-entry'><p class='e-content'>Other.</p></article>"
        f"<article class='h-entry'><div class='e-content'>This one: {LINK}</div></article></div>"
    )
    assert found is not None
    assert (found.words, found.author_name) == ("This one: Fog", "Grace")


def test_a_page_without_microformats_is_a_mention_with_its_title() -> None:
    assert read(f"<title>A page &amp; more</title><p>{LINK}") == Entry(title="A page & more")


def test_a_note_needs_no_title() -> None:
    assert entry(f"<p class='p-name e-content'>Only this: {LINK}</p>").title == ""


@pytest.mark.parametrize(
    "html",
    [
        LINK,
        f'<a href="{TARGET}/">x</a>',
        f'<a href="{TARGET}#part">x</a>',
        '<a href="http://ADA.example/posts/fog">x</a>',
        '<a href="//ada.example/posts/%66og">x</a>',
        f'<img src="{TARGET}">',
        f'<video src="{TARGET}"></video>',
        f'<base href="{TARGET}"><a href="">x</a>',
    ],
)
def test_a_link_is_one_however_it_is_written(html: str) -> None:
    """The first receiver test of webmention.rocks: an `a` whose address is the target's."""
    assert read(html) is not None


@pytest.mark.parametrize(
    "html",
    [
        "",
        TARGET,
        f"<p>See {TARGET}</p>",
        f"<!-- {LINK} -->",
        f"<!-- {LINK}",
        f"<template>{LINK}</template>",
        f"<script>'{LINK}'</script>",
        f"<noscript>{LINK}</noscript>",
        f"<textarea>{LINK}</textarea>",
        f"<title>{LINK}</title>",
        f'<pre>&lt;a href="{TARGET}"&gt;</pre>',
        f"<p data-href='{TARGET}'>",
        f'<link rel="canonical" href="{TARGET}">',
        f'<a href="{TARGET}-and-more">x</a>',
        '<a href="https://ada.example.evil.example/posts/fog">x</a>',
        '<a href="https://evil.example/?https://ada.example/posts/fog">x</a>',
        f'<a title="{TARGET}" href="/">x</a>',
        f"<iframe srcdoc='{LINK}'></iframe>",
    ],
)
def test_what_only_looks_like_a_link_is_none(html: str) -> None:
    """The second receiver test: a page that does not lead to the target, and others that only seem to."""
    assert read(f"<p>A page.</p>{html}") is None


def test_json_and_plain_text_lead_where_they_say() -> None:
    said = msgspec.json.encode({"content": {"links": ["https://other.example/", TARGET]}}).decode()
    assert read(said, "application/activity+json") == Entry()
    assert read(f"Look at {TARGET}.", "text/plain") == Entry()
    assert read('{"a": "other"}', "application/json") is None
    assert read("{" * 100_000, "application/json") is None
    assert read("[" * 100_000 + "]" * 100_000, "application/json") is None
    assert read(f"Look at {TARGET}-and-more", "text/plain") is None
    assert read(LINK, "image/svg+xml") is None
    assert read(LINK, "application/octet-stream") is None


def test_words_are_cut_cleaned_and_never_markup() -> None:
    found = entry(
        f"<p class='p-author'>{'Grace ' * 200}</p><div class='e-content'>&lt;script&gt;alert(1)&lt;/script&gt; "
        f"<b onclick='x'>b</b>\u202e\u200b {'word ' * 500}{LINK}</div>"
    )
    assert len(found.author_name) <= entries.MAX_NAME
    assert len(found.words) <= entries.MAX_WORDS
    assert found.words.startswith("<script>alert(1)</script> b word")
    assert found.words.endswith("word…")
    assert "\u202e" not in found.words + found.author_name


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "http://a:b@c/", "https://x/" + "a" * 600])
def test_an_address_of_an_author_that_is_none_is_left_out(href: str) -> None:
    assert entry(f'<a class="p-author h-card" href="{href}">Grace</a>{LINK}').author_url == ""


@pytest.mark.parametrize(
    "html",
    [
        f"<div class='h-entry'>{LINK}" * 900,
        f"<i class='u-like-of'>{LINK}" * 900,
        LINK * 20_000,
        "<p class='h-entry p-author e-content'>" * 200_000 + LINK,
        f"<div class='h-entry'><div class='u-like-of h-cite'>{'<i>x</i>' * 30_000}{LINK}",
        LINK + "<td>" * 250_000,
    ],
    ids=range(6),
)
def test_a_page_that_is_made_to_be_slow_is_read_in_seconds(html: str) -> None:
    begun_s = time.process_time()
    read(html[: 1024 * 1024])
    assert time.process_time() - begun_s < 8


@pytest.mark.parametrize(
    "kind", ["text/html; charset=iso-8859-1", "text/html; charset=nonsense", "text/html; charset=utf-16"]
)
def test_a_charset_is_used_or_does_no_harm(kind: str) -> None:
    entries.read(f"<p>\xe9{LINK}".encode("latin-1"), kind, AT, TARGET)
    if "iso" in kind:
        body = f"<div class=h-entry><p class=p-author>Andr\xe9</p>{LINK}".encode("latin-1")
        found = entries.read(body, kind, AT, TARGET)
        assert found is not None
        assert found.author_name == "André"


@pytest.mark.parametrize("charset", ["idna", "undefined", "utf-7", "unicode_escape", "punycode", "base64", "no-such"])
def test_a_charset_that_no_page_has_is_read_as_utf_8(charset: str) -> None:
    page = f"<title>Gr\u00fc\u00dfe \\ud800 +2AA-</title>{LINK}"
    found = read(page, f"text/html; charset={charset}")
    assert found == Entry(title="Gr\u00fc\u00dfe \\ud800 +2AA-")


@pytest.mark.parametrize(("charset", "title"), [("ks_c_5601-1987", "안개"), ("TIS-620", "หมอก"), ("sjis", "霧")])
def test_names_that_pages_give_their_charsets_are_known(charset: str, title: str) -> None:
    page = f"<title>{title}</title>{LINK}".encode(charset)
    assert entries.read(page, f"text/html; charset={charset}", AT, TARGET) == Entry(title=title)


def test_a_page_is_read_in_its_own_charset() -> None:
    page = f"<title>\u0422\u0443\u043c\u0430\u043d</title>{LINK}".encode("koi8-r")
    assert entries.read(page, 'text/html; charset="KOI8-R"', AT, TARGET) == Entry(
        title="\u0422\u0443\u043c\u0430\u043d"
    )
