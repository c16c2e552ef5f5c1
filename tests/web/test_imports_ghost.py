"""An export that Ghost itself made, and documents of its editors that mean harm."""

import json
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.errors import Invalid, SdcError
from sdc_web.imports import Source, ghost, ghost_documents, html_text
from sdc_web.imports.ghost_cards import Cards

Json = dict[str, object]
EXPORT = Path(__file__).parent.parent / "examples" / "ghost-5.130.6.json"
LEXICAL = """## A heading

Plain **bold** and ***both*** and `code*x` costs \\$5 and \\$6\\. [About](/about-me)

![A lamp](/content/images/2026/11/lamp.jpg "The lamp")

![](/content/images/2026/11/g1.jpg)

![two](/content/images/2026/11/g2.jpg)

*Both*

```python
def f():
    return "$x"
```

- *mine*
- too

Raw *html*

> [Bookmarked](https://example.org/b)
>
> A site

[Film](https://www.youtube.com/watch?v=abc)

> 💡 Mind the **step**

<details><summary>More</summary><p>Inside</p></details>

[Go](https://example.org/go)

---

3. one
4. two

> A quote
"""
MOBILEDOC = """### Old head

**bold** then [link *both*](https://example.org/m)\x20\x20
after

![M](/content/images/2026/11/lamp.jpg "cap")

```js
x=1
```

**md**

---

- a
- b
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """The export, beside no pictures."""
    return ghost.source(EXPORT, tmp_path, tmp_path)


def test_a_text_of_lexical_is_markdown_with_all_that_has_a_place_there(source: Source) -> None:
    read = source.read("posts/all-of-lexical")
    assert read.draft.body == LEXICAL
    told = "card signup is left out: it belongs to the members of the old site"
    assert set(read.notes) == {told, "<script> is left out"}
    assert (read.draft.summary, read.draft.tags, read.author) == ("In short.", ("light", "fog & co"), "ada")
    assert read.cover is not None
    assert (read.cover.file, read.cover.alt) == ("/content/images/2026/11/feature.jpg", "Feature")
    assert read.at_us is not None
    assert clock.to_datetime(read.at_us).isoformat() == "2021-05-06T07:08:09+00:00"


def test_a_text_of_mobiledoc_is_markdown_too(source: Source) -> None:
    assert source.read("posts/all-of-mobiledoc").draft.body == MOBILEDOC


def test_links_and_addresses_of_the_old_site_lead_to_the_new_one(source: Source) -> None:
    read = source.read("posts/of-html")
    assert "It [leads](/posts/all-of-lexical#x) on." in read.draft.body
    assert (read.claimed, read.draft.canonical_url) == (("/of-html",), "https://elsewhere.example/x")
    assert source.redirects == (
        ("/tag/fog-co", "/tags/fog%20%26%20co"),
        ("/tag/light", "/tags/light"),
        ("/rss", "/rss.xml"),
    )


def test_what_was_not_for_everybody_is_a_draft(source: Source) -> None:
    read = {name: source.read(name) for name in source.names}
    assert {name for name, each in read.items() if each.is_draft} == {"posts/a-draft", "posts/members-only"}
    assert read["posts/members-only"].notes == ("it was for members of the old site alone, so it is a draft here",)
    assert not read["posts/members-only"].claimed
    later = read["posts/later"].at_us
    assert later is not None
    assert clock.day_of(later) == "2031-05-06"


def post(**fields: object) -> dict[str, object]:
    return {"id": 1, "slug": "fog", "title": "Fog", "status": "published", **fields}


def written(tmp_path: Path, content: object) -> Path:
    (tmp_path / "x.json").write_text(json.dumps(content))
    return tmp_path / "x.json"


def test_an_old_export_counts_milliseconds_and_pages(tmp_path: Path) -> None:
    fields = post(page=1, published_at=1_600_000_000_000, markdown="*Fog*", image="/content/images/a.jpg", author_id=3)
    data = {"posts": [fields], "users": [{"id": 3, "slug": "ada"}]}
    read = ghost.source(written(tmp_path, {"data": data}), tmp_path, tmp_path).read("pages/fog")
    assert (read.kind, read.draft.body, read.author, read.at_us) == ("page", "*Fog*\n", "ada", 1_600_000_000_000_000)


def test_a_card_that_is_not_known_makes_way_for_the_html(tmp_path: Path) -> None:
    lexical = json.dumps({"root": {"children": [{"type": "hologram"}]}})
    for html, expected in (("<p>As <b>seen</b>.</p>", "As **seen**.\n"), (None, None)):
        data = {"data": {"posts": [post(lexical=lexical, html=html)]}}
        source = ghost.source(written(tmp_path, data), tmp_path, tmp_path)
        if expected:
            assert source.read("posts/fog").draft.body == expected
        else:
            with pytest.raises(Invalid, match="a card hologram that is not known here"):
                source.read("posts/fog")


@pytest.mark.parametrize("content", [[], {}, {"db": []}, {"data": {"posts": 3}}, {"db": [{"data": {}}]}])
def test_what_is_no_export_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(Invalid, match=r"x\.json is no export of Ghost"):
        ghost.source(written(tmp_path, content), tmp_path, tmp_path)


@pytest.mark.parametrize("raw", [b"\xff\xfe{", b"{" * 100_000, b'{"data": {"posts": [' + b"[" * 50_000])
def test_what_is_no_json_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.json").write_bytes(raw)
    with pytest.raises(Invalid, match="no export of Ghost"):
        ghost.source(tmp_path / "x.json", tmp_path, tmp_path)


def nested(depth: int) -> str:
    return '{"root": {"children": [' + '{"type": "quote", "children": [' * depth + "]}" * depth + "]}}"


@pytest.mark.parametrize(
    "given", [nested(200), nested(5_000), "[]]", '{"sections": [[1, "p", [[0, [9], 0, "x"]]]], "markups": []}']
)
def test_documents_that_mean_harm_are_refused(given: str) -> None:
    read = ghost_documents.mobiledoc if "sections" in given else ghost_documents.lexical
    with pytest.raises(SdcError):
        read(given, Cards())


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>a <script>alert(1)</script>b</p><style>p{}</style>", "a b"),
        ("<p>1. no list</p><p># no head</p><p>a*b*c_d_</p>", "1\\. no list\n\n\\# no head\n\na\\*b\\*c_d\\_"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<img src="data:image/png;base64,AAAA" alt="x">', ""),
        ('<iframe src="//player.vimeo.com/video/12"></iframe>', "https://vimeo.com/12"),
        ('<video src="https://x.example/a.mp4"></video>', "[a.mp4](https://x.example/a.mp4)"),
        ("<table><tr><th>a</th></tr><tr><td>1|2</td></tr></table>", "| a |\n| --- |\n| 1\\|2 |"),
        ("<p>H<sub>2</sub>O <kbd>K</kbd></p>", "H<sub>2</sub>O <kbd>K</kbd>"),
        ("<figure><blockquote><p>q</p></blockquote><figcaption>who</figcaption></figure>", "> q\n\n*who*"),
    ],
)
def test_html_is_markdown_that_shows_the_same(html: str, markdown: str) -> None:
    assert html_text.as_markdown(html)[0] == markdown


@pytest.mark.parametrize("html", ["<div>" * 2_000, "x" * 4_000_001, "<b>" * 2_000 + "<p>" * 2_000])
def test_html_that_nobody_can_read_is_refused(html: str) -> None:
    with pytest.raises(Invalid):
        html_text.as_markdown(html)


def lexical(*children: Json) -> tuple[str, list[str]]:
    """The Markdown of a text of Ghost's newest editor, and what is said of it."""
    cards = Cards()
    text = json.dumps({"root": {"type": "root", "children": list(children)}})
    markdown, _ = html_text.as_markdown(ghost_documents.lexical(text, cards))
    return cards.filled(markdown), cards.notes


def test_a_list_within_a_list_belongs_to_the_item_before_it() -> None:
    def item(*children: Json) -> Json:
        return {"type": "listitem", "children": list(children)}

    def listed(*items: Json) -> Json:
        return {"type": "list", "listType": "bullet", "children": list(items)}

    one, half, two = (Json(type="extended-text", text=words) for words in ("one", "half", "two"))
    assert lexical(listed(item(one), item(listed(item(half))), item(two)))[0] == "- one\n  - half\n- two"
    assert lexical(listed(item(listed(item(half)))))[0] == "- - half"


def test_headers_and_calls_to_action_are_words_with_where_they_lead() -> None:
    header: Json = {
        "type": "header",
        "header": "<span>Big &amp; small</span>",
        "subheader": "Less",
        "buttonEnabled": True,
    }
    call: Json = {
        "type": "call-to-action",
        "textValue": "<p>Act <b>now</b></p>",
        "showButton": False,
        "imageUrl": "/a.jpg",
    }
    url: Json = {"buttonUrl": "https://example.org/h", "buttonText": "Go"}
    markdown, notes = lexical(header | url, call | url)
    assert markdown == "## Big & small\n\nLess\n\n[Go](https://example.org/h)\n\n![](/a.jpg)\n\nAct **now**"
    assert notes == []


def test_a_file_is_a_link_to_what_comes_along() -> None:
    file: Json = {"type": "file", "src": "__GHOST_URL__/content/files/plan.pdf", "fileTitle": "The plan"}
    assert lexical(file) == ("[The plan](__GHOST_URL__/content/files/plan.pdf)", [])


def test_links_to_the_window_of_members_are_words() -> None:
    text = "[Subscribe](#/portal/signup), [share](__GHOST_URL__/#/share), [there](#portal) `[a](#/portal)`"
    body, notes = ghost._without_portal(text)
    assert body == "Subscribe, share, [there](#portal) `[a](#/portal)`"
    assert notes == ["links to the window of members are words here"]
    assert ghost._without_portal("[a](/b)") == ("[a](/b)", [])
