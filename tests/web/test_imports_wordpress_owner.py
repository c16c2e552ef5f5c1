"""What owners of a site of WordPress would miss: the shapes are those that WordPress 6.1 writes."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_web.imports import Source, html_text, wordpress, wordpress_text
from sdc_web.imports.records import Document

Export = Callable[..., Source]
UPLOADS = "http://old.example/wp-content/uploads"
CHANNEL = """<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="x" xmlns:excerpt="x" xmlns:dc="x"><channel>
<link>http://old.example</link><wp:wxr_version>1.2</wp:wxr_version>
<wp:category><wp:category_nicename>notes</wp:category_nicename><wp:category_parent></wp:category_parent></wp:category>
<wp:category><wp:category_nicename>sea</wp:category_nicename><wp:category_parent>notes</wp:category_parent></wp:category>
%s</channel></rss>"""


def item(number: int, content: str = "", kind: str = "post", terms: str = "", **fields: str) -> str:
    """An item as the exporter writes it; `fields` are named without their prefixes."""
    given = {"status": "publish", "post_name": f"text-{number}", "post_date_gmt": "2024-03-05 17:30:00", **fields}
    told = "".join(
        f"<{name}>{escape(given.pop(name, default))}</{name}>"
        for name, default in (("title", f"Text {number}"), ("link", f"http://old.example/{number}/"), ("pubDate", ""))
    )
    meta = "".join(
        f"<wp:postmeta><wp:meta_key>{name}</wp:meta_key>"
        f"<wp:meta_value>{escape(given.pop(name))}</wp:meta_value></wp:postmeta>"
        for name in ("_wp_attachment_image_alt", "footnotes")
        if name in given
    )
    told += "".join(f"<wp:{name}>{escape(value)}</wp:{name}>" for name, value in given.items())
    return (
        f"<item>{told}<wp:post_id>{number}</wp:post_id><wp:post_type>{kind}</wp:post_type>"
        f"<content:encoded>{escape(content)}</content:encoded>{terms}{meta}</item>"
    )


def test_a_text_without_a_date_of_greenwich_keeps_the_one_it_has(export: Export) -> None:
    zeros = "0000-00-00 00:00:00"
    texts = [
        item(1, "A.", post_date_gmt=zeros, post_date="2011-03-04 10:00:00"),
        item(2, "B.", post_date_gmt=zeros, post_date=zeros, pubDate="Fri, 04 Mar 2011 09:00:00 +0000"),
        item(3, "C.", post_date_gmt=zeros, post_date=zeros, pubDate="Mon, 30 Nov -0001 00:00:00 +0000"),
    ]
    source = export(*texts)
    told = [source.read(f"post {number}: Text {number}") for number in (1, 2, 3)]
    assert [(each.at_us, each.is_draft) for each in told] == [
        (clock.from_datetime(datetime(2011, 3, 4, 10, tzinfo=UTC)), False),
        (clock.from_datetime(datetime(2011, 3, 4, 9, tzinfo=UTC)), False),
        (None, True),
    ]
    assert told[0].notes == ("its date is that of the old site's clock, whose zone the export does not say",)
    assert told[2].notes == ("it has no date, so it is a draft here",)


def picture(number: int, name: str, parent: int = 0, order: int = 0, caption: str = "") -> str:
    return item(
        number,
        kind="attachment",
        status="inherit",
        link=f"http://old.example/{name}/",
        attachment_url=f"{UPLOADS}/2024/03/{name}.jpg",
        post_parent=str(parent),
        menu_order=str(order),
        _wp_attachment_image_alt=name.title(),
    ).replace("</item>", f"<excerpt:encoded>{escape(caption)}</excerpt:encoded></item>")


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """The source of an export with these items."""

    def made(*items: str) -> Source:
        (tmp_path / "site.xml").write_text(CHANNEL % "".join(items))
        return wordpress.source(tmp_path / "site.xml", tmp_path, tmp_path)

    return made


def only(source: Source) -> Document:
    (name,) = [each for each in source.names if each not in source.refused]
    return source.read(name)


def body(source: Source) -> str:
    return only(source).draft.body


def test_names_of_categories_and_titles_are_no_html(export: Export) -> None:
    terms = '<category domain="category" nicename="sea"><![CDATA[Fog &amp; sea]]></category>'
    source = export(item(1, "x", terms=terms, title="Fog <em>and</em> &amp; sea"))
    assert (only(source).draft.title, only(source).draft.tags) == ("Fog and & sea", ("fog & sea",))
    led = [path for path, target in source.redirects if target == "/tags/fog%20%26%20sea"]
    assert led == ["/category/sea", "/category/notes/sea"]


def test_links_by_number_lead_to_texts_and_pages_of_pictures_to_the_picture(export: Export) -> None:
    links = (
        '<a href="http://old.example/?p=2#end">a</a> <a href="/?page_id=3">b</a> '
        '<a href="http://old.example/?p=99">c</a> <a href="/list/?p=2">d</a> '
        f'<a href="http://old.example/lamp/"><img src="{UPLOADS}/2024/03/lamp-300x200.jpg" alt=""></a>'
    )
    source = export(item(1, links), item(2), item(3, kind="page"), picture(4, "lamp"))
    text = source.read("post 1: Text 1").draft.body
    assert "[a](/posts/text-2#end) [b](/text-3) [c](/) [d](/list/)" in text
    assert "(/wp-content/uploads/2024/03/lamp.jpg)" in text


def test_files_that_are_no_pictures_are_named_whole(export: Export) -> None:
    plan = f"{UPLOADS}/plan.pdf"
    blocks = (
        f'<!-- wp:file --><div class="wp-block-file"><a href="{plan}">The plan</a><a href="{plan}" '
        'class="wp-block-file__button wp-element-button" download>Download</a></div><!-- /wp:file -->'
    )
    read = only(export(item(1, blocks)))
    assert read.draft.body == f"[The plan]({plan})\n"
    assert read.notes == ()


def test_a_gallery_without_numbers_shows_what_was_uploaded_to_its_text(export: Export) -> None:
    pictures = (picture(8, "two", 1, 2), picture(9, "one", 1, 1, "First"), picture(7, "other"))
    source = export(item(1, "[gallery]"), *pictures)
    assert body(source) == (
        '![One](/wp-content/uploads/2024/03/one.jpg "First")\n\n![Two](/wp-content/uploads/2024/03/two.jpg)\n'
    )
    assert body(export(item(1, "[gallery]"))) == "\\[gallery\\]\n"


def test_the_caption_of_a_gallery_is_none_of_its_last_picture(export: Export) -> None:
    images = "".join(f'<figure><img src="{UPLOADS}/{name}.jpg" alt=""></figure>' for name in "ab")
    text = body(export(item(1, f"<!-- wp:gallery --><figure>{images}<figcaption>Both</figcaption></figure>")))
    assert text.endswith("b.jpg)\n\n*Both*\n")


def test_a_block_that_several_texts_share_stands_in_each(export: Export) -> None:
    shared = item(5, "<!-- wp:paragraph --><p>Ada keeps <b>the light</b>.</p><!-- /wp:paragraph -->", kind="wp_block")
    text = '<!-- wp:paragraph --><p>a</p><!-- /wp:paragraph --><!-- wp:block {"ref":5} /--><!-- wp:block {"ref":6} /-->'
    read = only(export(item(1, text), shared))
    assert read.draft.body == "a\n\nAda keeps **the light**.\n"
    assert read.notes == ("block block is left out: WordPress makes it anew each time",)


def test_blocks_that_share_each_other_grow_no_further_than_a_text() -> None:
    inside = '<!-- wp:block {"ref":1} /-->' * 10_000
    about = wordpress_text.About(attachment=lambda _: None, block=lambda _: inside)
    html, _ = wordpress_text.as_html(inside, about)
    assert len(html) <= html_text.MAX_CHARACTERS


def test_galleries_without_end_grow_no_further_than_a_text() -> None:
    picture = ("/a.jpg", "alt " * 100, "words " * 100)
    ids = tuple(str(number) for number in range(5_000))
    about = wordpress_text.About(attachment=lambda _: picture, block=lambda _: "", attached=ids)
    html, _ = wordpress_text.as_html("[gallery]\n" * 5_000, about)
    assert len(html) < 3 * html_text.MAX_CHARACTERS


def test_categories_within_categories_without_end_lead_from_no_endless_address(tmp_path: Path) -> None:
    chain = "".join(
        f"<wp:category><wp:category_nicename>{'c' * 150}{number}</wp:category_nicename>"
        f"<wp:category_parent>{'c' * 150}{number + 1}</wp:category_parent></wp:category>"
        for number in range(2_000)
    )
    terms = f'<category domain="category" nicename="{"c" * 150}0">A</category>'
    (tmp_path / "x.xml").write_text(CHANNEL % (chain + item(1, "x", terms=terms)))
    source = wordpress.source(tmp_path / "x.xml", tmp_path, tmp_path)
    assert max(len(path) for path, _ in source.redirects) < 2_500


def test_quotations_stay_two_with_who_said_them(export: Export) -> None:
    quote = "<!-- wp:quote --><blockquote><p>{}</p><cite>{}</cite></blockquote><!-- /wp:quote -->"
    text = body(export(item(1, quote.format("One.", "Ada") + quote.format("Two.", "Grace"))))
    assert text == "> One.\n>\n> — Ada\n\n> Two.\n>\n> — Grace\n"


def test_shortcodes_in_code_are_words(export: Export) -> None:
    blocks = '<!-- wp:code --><pre class="wp-block-code"><code>print("[caption]") [gallery ids="4"]</code></pre>'
    read = only(export(item(1, blocks), picture(4, "lamp")))
    assert (read.draft.body, read.notes) == ('```\nprint("[caption]") [gallery ids="4"]\n```\n', ())


def test_what_a_text_cannot_keep_is_told_of(export: Export) -> None:
    read = only(export(item(1, '<!-- wp:html --><form action="x"><label>Mail</label></form><script>x</script>')))
    assert (read.draft.body, read.notes) == ("Mail\n", ("<form> is left out", "<script> is left out"))


def test_words_are_escaped_no_more_than_they_need(export: Export) -> None:
    assert body(export(item(1, "a_b_c &amp; d &amp;amp; *e*"))) == "a_b_c & d \\&amp; \\*e\\*\n"


def test_a_text_without_a_title_is_called_by_its_first_words(export: Export) -> None:
    read = only(export(item(1, "A note, an aside.", title="")))
    assert (read.draft.title, read.is_draft, read.claimed) == ("A note, an aside.", False, ("/1", "/?p=1"))
    assert read.notes == ("it has no title: its first words stand for one",)
    empty = only(export(item(1, "", title="")))
    assert (empty.is_draft, empty.claimed, empty.notes) == (True, (), ("it is empty, so it is a draft here",))


def test_an_address_in_letters_that_none_here_can_have_is_none_of_their_bytes(export: Export) -> None:
    assert only(export(item(1, "x", post_name="%e9%9c%a7", title="\u9727"))).draft.slug == "post-1"
    assert only(export(item(1, "x", post_name="%c3%bcber-fog"))).draft.slug == "uber-fog"


def test_menus_are_told_of_and_what_is_in_the_trash_is_passed_over(export: Export) -> None:
    source = export(
        item(1, "x"),
        item(2, kind="nav_menu_item"),
        item(3, kind="wp_navigation"),
        item(4, "Thrown away.", status="trash"),
        item(5, "Begun.", status="auto-draft"),
        item(6, kind="wp_template"),
    )
    assert source.names == ("menus: 2 links", "post 1: Text 1")
    assert source.refused == {"menus: 2 links": "Navigation makes those of this site"}


def test_footnotes_come_along(export: Export) -> None:
    sign = '<sup data-fn="{0}" class="fn"><a href="#{0}" id="{0}-link">1</a></sup>'
    words = f"One{sign.format('b')}, two{sign.format('a')}, none{sign.format('c')}."
    text = f"<!-- wp:paragraph --><p>{words}</p><!-- wp:footnotes /-->"
    said = '[{"content":"The <em>first</em>.","id":"a"},{"content":"The second.","id":"b"}]'
    read = only(export(item(1, text, footnotes=said)))
    assert read.draft.body.endswith("\n\n[^1]: The second.\n[^2]: The *first*.\n")
    assert read.draft.body.startswith("One[^1], two[^2], none")
    assert read.notes == ()
    assert only(export(item(1, "x", footnotes="{"))).draft.body == "x\n"


def test_categories_that_lie_in_each_other_lead_nowhere_twice(tmp_path: Path) -> None:
    circle = "".join(
        f"<wp:category><wp:category_nicename>{name}</wp:category_nicename>"
        f"<wp:category_parent>{parent}</wp:category_parent></wp:category>"
        for name, parent in (("a", "b"), ("b", "a"))
    )
    terms = '<category domain="category" nicename="a">A</category>'
    (tmp_path / "x.xml").write_text(CHANNEL % (circle + item(1, "x", terms=terms)))
    source = wordpress.source(tmp_path / "x.xml", tmp_path, tmp_path)
    assert [path for path, _ in source.redirects] == ["/category/a", "/category/b/a", "/feed"]


def test_an_address_that_is_none_keeps_no_other_text_from_coming(export: Export) -> None:
    source = export(item(1, "A.", link="https://[::1"), item(2, kind="attachment", attachment_url="//["), item(3, "B."))
    assert [source.read(f"post {number}: Text {number}").draft.body for number in (1, 3)] == ["A.\n", "B.\n"]


def test_characters_that_xml_has_no_place_for_are_passed_over(export: Export) -> None:
    """WordPress writes them as they are, and so no program for XML reads what it wrote."""
    assert only(export(item(1, "A\x08 lamp\x0b\x1f."))).draft.body == "A lamp.\n"
