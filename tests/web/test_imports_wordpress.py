"""An export of WordPress, blocks and classic texts, and files that mean harm."""

import tracemalloc
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.errors import Invalid, SdcError, TooLarge
from sdc_web.imports import Source, wordpress, wordpress_text, wxr

EXPORT = Path(__file__).parent.parent / "examples" / "wordpress-1.2.xml"
BLOCKS = """## A head

See [classic](/posts/classic#x) for \\$5\\.

[![A lamp](/wp-content/uploads/2020/01/lamp-300x200.jpg "Lamp cap")](/wp-content/uploads/2020/01/lamp.jpg)

![](/wp-content/uploads/2020/01/lamp.jpg)

```
if (a < b) { $x }

[gallery]
```

https://www.youtube.com/watch?v=abc

- one
"""
CLASSIC = """First line\x20\x20
second line.

[![A lamp](/wp-content/uploads/2020/01/lamp-300x200.jpg "The caption")](/wp-content/uploads/2020/01/lamp.jpg)

![A lamp](/wp-content/uploads/2020/01/lamp.jpg "The lamp")

> Quoted

After.

https://vimeo.com/123

```python
def f(x):

    return x < 1
```

\\[contact-form-7 id="1"\\] and \\[gallery\\]
"""
NOTHING = wordpress_text.About(attachment=lambda _: None, block=lambda _: "")
HEAD = '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>'


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """The export, beside no pictures."""
    return wordpress.source(EXPORT, tmp_path, tmp_path)


def test_blocks_are_markdown(source: Source) -> None:
    read = source.read("post 8: On & blocks")
    assert read.draft.body == BLOCKS
    assert (read.draft.title, read.draft.tags, read.author) == ("On & blocks", ("light", "fog & co"), "ada")
    assert read.claimed == ("/2020/01/02/on-blocks", "/?p=8")
    assert read.cover is not None
    assert (read.cover.file, read.cover.alt) == ("/wp-content/uploads/2020/01/lamp.jpg", "A lamp")
    assert read.at_us is not None
    assert clock.to_datetime(read.at_us).isoformat() == "2020-01-02T03:04:05+00:00"
    assert [(each.author, each.words) for each in read.comments] == [("Ben", "Nice")]
    assert read.notes[-2:] == (
        "block latest-posts is left out: WordPress makes it anew each time",
        "1 comment is kept in the report alone: texts have none here",
    )


def test_a_classic_text_is_markdown(source: Source) -> None:
    read = source.read("post 9: Classic")
    assert read.draft.body == CLASSIC
    assert read.notes == ('shortcode [contact-form-7 id="1"] stays as it is written',)


def test_kinds_states_and_old_addresses(source: Source) -> None:
    assert source.refused == {"product 12: Shop": "a product has no place here"}
    private, about = source.read("post 10: Private"), source.read("page 11: About")
    assert (private.is_draft, private.claimed, private.draft.slug) == (True, (), "private")
    assert (about.kind, about.draft.slug, about.is_draft) == ("page", "about", False)
    assert about.claimed[-2:] == ("/?p=11", "/?page_id=11")
    assert source.read("post 9: Classic").claimed[-1] == "/?p=9"
    assert source.redirects == (
        ("/category/light", "/tags/light"),
        ("/tag/fog-co", "/tags/fog%20%26%20co"),
        ("/feed", "/rss.xml"),
    )


def test_a_picture_is_found_by_its_original_wherever_the_uploads_lie(source: Source, tmp_path: Path) -> None:
    (tmp_path / "2020" / "01").mkdir(parents=True)
    (tmp_path / "2020" / "01" / "lamp.jpg").write_bytes(b"\xff\xd8\xff")
    found = {source.located("x", f"/wp-content/uploads/2020/01/lamp{size}.jpg") for size in ("", "-300x200")}
    assert found == {tmp_path / "2020" / "01" / "lamp.jpg"}
    assert source.located("x", "/wp-content/uploads/../../../etc/passwd") is None


@pytest.mark.parametrize(
    ("classic", "html"),
    [
        ("a\nb\n\nc", "<p>a<br>\nb</p>\n<p>c</p>"),
        ("<h2>a</h2>\nb", "<h2>a</h2>\n<p>b</p>"),
        ("<pre>a\n\nb\n\nc</pre>\n\nd", "<pre>a\n\nb\n\nc</pre>\n<p>d</p>"),
        ("<ul>\n<li>a</li>\n\n<li>b</li>\n</ul>", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("<blockquote>a\n\nb</blockquote>", "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>"),
        ("[[gallery]] [unknown]", "<p>[gallery] [unknown]</p>"),
        ("[audio mp3='https://x.example/a.mp3'][/audio]", '<audio src="https://x.example/a.mp3"></audio>'),
        ("[embed]https://x.example/?a=1&amp;b[/embed]", '<p><a href="https://x.example/?a=1&amp;b">'),
        ('[php]echo "x";[/php]', '<pre><code class="language-php">echo'),
    ],
)
def test_a_classic_text_has_the_paragraphs_that_wordpress_gave_it(classic: str, html: str) -> None:
    assert wordpress_text.as_html(classic, NOTHING)[0].strip().startswith(html)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["[caption]", "[code]", "[a ", "<!-- wp:x ", "[gallery a=", "<pre>\n\n", "\n\n", "[["])
def test_a_text_of_nothing_but_beginnings_holds_nobody_up(part: str) -> None:
    wordpress_text.as_html(part * (300_000 // len(part)), NOTHING)


def refusal(tmp_path: Path, content: bytes) -> SdcError:
    (tmp_path / "x.xml").write_bytes(content)
    with pytest.raises(SdcError) as caught:
        wordpress.source(tmp_path / "x.xml", tmp_path, tmp_path)
    return caught.value


def test_a_document_type_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{laughs}]>{HEAD}<item><title>&l9;</title></item>'
    error = refusal(tmp_path, bomb.encode())
    assert isinstance(error, Invalid)
    assert "holds a document type" in str(error)
    reading = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    assert "holds a document type" in str(refusal(tmp_path, f"{reading}{HEAD}<item><title>&x;</title></item>".encode()))


@pytest.mark.parametrize("part", ["<!-- %s -->", "<?x %s?>", '<item x="%s">'])
def test_what_has_no_end_in_sight_is_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(wxr, "MAX_FIELD", 1024 * 1024)
    assert isinstance(refusal(tmp_path, (HEAD + part % ("fog " * 512 * 1024)).encode()), TooLarge)


def test_a_field_without_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wxr, "MAX_FIELD", 1024 * 1024)
    long = f"{HEAD}<item><wp:post_type>post</wp:post_type><title>{'x' * 1024 * 1024}y".encode()
    assert isinstance(refusal(tmp_path, long), TooLarge)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"<rss><channel></channel></rss>", "is no export of WordPress"),
        (f"{HEAD}<item>".encode(), "cannot be read"),
        (f"{HEAD}<item><title>".encode() + b"\xff\xfe", "cannot be read"),
        (b'<?xml version="1.0" encoding="made-up"?><rss/>', "cannot be read"),
        (f'<?xml version="1.0" encoding="utf-16"?>{HEAD}'.encode(), "cannot be read"),
        ((HEAD + "<a>" * 5_000).encode(), "nests deeper"),
    ],
)
def test_what_is_no_export_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in str(refusal(tmp_path, content))


def test_what_is_kept_of_an_item_is_short_however_long_its_fields_are(tmp_path: Path) -> None:
    long = "x" * 500_000
    named = ("wp:post_name", "wp:attachment_url", "link", "dc:creator")
    kinds = ("post", "attachment", "other")
    fields = [
        {**dict.fromkeys(named, f"{long}{number}"), "wp:post_type": kinds[number % 3], "wp:post_id": f"{number}{long}"}
        for number in range(12)
    ]
    items = (
        "".join(f"<{name}>{value}</{name}>" for name, value in {**each, "wp:status": "publish"}.items())
        + f'<category domain="category" nicename="{long}{number}">{long}{number}</category>'
        for number, each in enumerate(fields)
    )
    (tmp_path / "site.xml").write_text(f"{HEAD}{''.join(f'<item>{each}</item>' for each in items)}</channel></rss>")
    tracemalloc.start()
    source = wordpress.source(tmp_path / "site.xml", tmp_path, tmp_path)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(source.names) == 8
    assert held < 2_000_000


def test_an_export_of_items_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wxr, "MAX_ITEMS", 2)
    assert isinstance(refusal(tmp_path, f"{HEAD}{'<item></item>' * 3}</channel></rss>".encode()), TooLarge)
