"""What a text is told before it goes out: a corpus of texts with something in them, and of texts without."""

import time
from collections.abc import Awaitable, Callable

import pytest
from sdc_core.sqlite import execute
from sdc_core.variants import FIRST_RECIPE, Manifest, StoredVariant
from sdc_web import checks, media, posts
from sdc_web.checks.findings import MAX_OF_RULE, RULES
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, ProjectFacts

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
READY, PENDING, FAILED, HEAVY, NAMELESS = (
    f"{name:0<26}" for name in ("READY", "PENDING", "FAILED", "HEAVY", "NAMELESS")
)
SITE = "https://example.org"
SQL_ASSET = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us)
VALUES (:id, :id, :name, 'image/jpeg', 9, :alt, 'pending', 1)
"""
GOOD = Draft(title="Fog", slug="fog-today", summary="Of fog.", body="Some fog.", cover_asset_id=READY)


@pytest.fixture
async def library(databases: Databases) -> None:
    """A picture in every state."""
    sizes = {READY: 90_000, HEAVY: 2_000_000, NAMELESS: 90_000}
    for asset_id in (READY, PENDING, FAILED, HEAVY, NAMELESS):
        name, alt = f"{asset_id.rstrip('0').lower()}.jpg", "" if asset_id == NAMELESS else "Fog."
        async with databases.site.transaction() as connection:
            await execute(connection, SQL_ASSET, {"id": asset_id, "name": name, "alt": alt})
        if size := sizes.get(asset_id):
            variants = tuple(
                StoredVariant(
                    name=f"{width}.webp", width=width, height=9, format="webp", size_bytes=size * width // 960
                )
                for width in (480, 960)
            )
            manifest = Manifest(recipe="r1", width=960, height=9, placeholder="", color="#000000", variants=variants)
            await media.ready(databases.site, asset_id, manifest)
    await media.failed(databases.site, FAILED, "It is no picture.")


@pytest.fixture
async def post(databases: Databases, library: None, publish: Publish, author_id: str) -> Post:
    """The text that is looked at, on a site that has others; nobody but its author sees it."""
    await publish("Published", "A text.", slug="published")
    await publish("A page", "A text.", kind="page", slug="about")
    await publish("Tagged", "A text.", slug="old", tags=("weather",))
    old = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, old.id, Draft(title="Draft", slug="draft"), 1)
    moved = await publish("Moved", "A text.", slug="before")
    await posts.revisions.save(databases.site, OWNER, moved.id, Draft(title="Moved", slug="after"), 2)
    await posts.publish(databases.site, OWNER, moved.id)
    made = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, made.id, GOOD, 1)
    async with databases.site.read() as connection:
        return await posts.find(connection, OWNER, made.id)


async def told(databases: Databases, post: Post, body: str, **fields: object) -> list[tuple[str, int | None]]:
    """Rules and lines of what is found in a text that is well otherwise."""
    draft = Draft(**{"title": "Fog", "summary": "Of fog.", "cover_asset_id": READY, **fields}, body=body)  # ty: ignore[invalid-argument-type]
    return [(each.rule, each.line) for each in await checks.look(databases.site, post, draft, SITE)]


WELL = [
    "Plain words, 100% of them: a todo list, tk's, a <b>bold</b> word & so on.",
    "## One\n\n### Two\n\n## Three\n\n#### five\n".replace("####", "###"),
    "### Only deep headings\n\n#### and one deeper",
    "[a](/posts/published) [b](/about) [c](/tags/weather) [d](/posts) [e](/) [f](/feed.xml) [g](/search?q=fog)",
    "[a](https://example.org/posts/published#x) [b](//example.org/about) [c](published) [d](./published?x=1)",
    "[away](https://other.example/nowhere) [mail](mailto:ada@example.org) [tel](tel:+411234)",
    "[to itself](/posts/fog-today) [up](#fog) [own](#mine)\n\n# Fog\n\n## Mine {#mine}",
    "[note](#fn-1)\n\nA note[^1].\n\n[^1]: Words.",
    "[reference][r] and <https://auto.example>\n\n[r]: /posts/published",
    f"![Fog over the river](media:{READY}) [![Fog](media:{READY})](/posts/published)",
    f'![Fog](media:{READY} "A caption")',
    f"![Fog](/media/{READY}/960.webp?r=r1) [large](https://example.org/media/{READY}/960.webp)",
    '<a href="/posts/published">words</a> <a href="#x">own</a> <a>here</a> and </a> </h2>',
    f'<a href="/about"><img src="media:{READY}" alt="Fog"></a>\n\n<div>\n\n## Two\n\n</div>\n\n<h3>Three</h3>',
    "<!-- <a href='/nowhere'><h5> -->\n\n<h2>Two <b>words</b></h2>",
    "```python\n# TODO: http://insecure.example <script>\n```\n\n`TODO` and `[x](/nowhere)`",
    "<!-- of\n\n<script>\n\nmine -->\n\nWords.",
    "    TODO in code\n\n<!-- TODO: of the author's own --> Words.",
    "<details open><summary>More</summary>\n\nWords.\n\n</details>\n\n<kbd>Ctrl</kbd> H<sub>2</sub>O",
    "<abbr title='x'>y</abbr>",
    '<aside class="callout callout-warning">\n<p class="callout-title">Mind</p>\n\nWords.\n\n</aside>',
    "<h1>A heading</h1>\n\n<td>a cell</td>",
    "$a < b$ and 3 < 4 and a <- b, and `x<y>z`",
    "- [ ] to do\n- [x] done\n\n| a | b |\n|---|---|\n| [x](/posts/published) | y |",
    "Ünïcödé wörds, 中文, [日本](/posts/published) 🌫️",
    "[empty path is the page itself](#)",
]


async def test_a_text_that_is_well_is_told_nothing(databases: Databases, post: Post) -> None:
    for body in WELL:
        assert await told(databases, post, body) == [], body


ILL = [
    ("", "no-text", None),
    (" \n\n ", "no-text", None),
    ("One\n\n[a](/posts/nowhere)", "dead-link", 3),
    ("[a](/nowhere)", "dead-link", 1),
    ("[a](/projects/published)", "dead-link", 1),
    ("[a](/tags/nothing)", "dead-link", 1),
    ("[a](https://example.org/posts/nowhere)", "dead-link", 1),
    ("[a](nowhere.html)", "dead-link", 1),
    ("[a][r]\n\n[r]: /posts/nowhere", "dead-link", 1),
    ("[a](/posts/draft)", "draft-link", 1),
    ("[a](/posts/before)", "moved-link", 1),
    ("[a](#nowhere)\n\n## Here", "dead-fragment", 1),
    ("[a](javascript:alert(1))", "dropped-address", 1),
    ("[a](ftp://example.org/x)", "dropped-address", 1),
    ("[](/posts/published)", "empty-link", 1),
    ("é\né [ ](/posts/published)", "empty-link", 2),
    ("[a](http://other.example/)", "insecure-link", 1),
    ("See http://other.example/ for it", "insecure-link", 1),
    (f"Words\n\n![](media:{READY})", "no-alt", 3),
    (f"![IMG_2041.jpg](media:{READY})", "alt-is-file-name", 1),
    (f"![DSC0001](media:{READY})", "alt-is-file-name", 1),
    ("![Fog](media:01ARZ3NDEKTSV4RRFFQ69G5FAV)", "picture-missing", 1),
    (f"![Fog](media:{PENDING})", "picture-pending", 1),
    (f"![Fog](media:{FAILED})", "picture-failed", 1),
    (f"![Fog](media:{HEAVY})", "heavy-picture", 1),
    ("![Fog](https://other.example/fog.jpg)", "picture-elsewhere", 1),
    ('Words\n\n<p>\n<img src="media:01ARZ3NDEKTSV4RRFFQ69G5FAV" alt="Fog"></p>', "picture-missing", 4),
    ('Fog <img src="https://other.example/fog.jpg" alt="Fog"> here', "picture-elsewhere", 1),
    (f'<figure>\n<img src="media:{READY}">\n</figure>', "no-alt", 2),
    (f'<img src="media:{READY}" alt="IMG_2041.jpg">', "alt-is-file-name", 1),
    ('One\n\n<p>A <a href="/posts/nowhere">link</a></p>', "dead-link", 3),
    ('A <a href="/posts/draft">draft</a>', "draft-link", 1),
    ('A <a href="http://other.example/">plain one</a>', "insecure-link", 1),
    ('<a href="/posts/published"> </a>', "empty-link", 1),
    ('[in <a href="/posts/nowhere">another](/posts/published)', "dead-link", 1),
    ("<h2>Two</h2>\n<h4>Four</h4>", "heading-order", 2),
    ("## Two\n\n<h4>Four</h4>", "heading-order", 3),
    ("<h2></h2>\n\nWords", "empty-heading", 1),
    ("Words\n\n![Fog](/media/01ARZ3NDEKTSV4RRFFQ69G5FAV/480.webp?r=r1)", "picture-missing", 3),
    ("[large](https://example.org/media/01ARZ3NDEKTSV4RRFFQ69G5FAV/480.webp)", "dead-link", 1),
    ("## One\n\n#### Three", "heading-order", 3),
    ("### Deep\n\n## Higher", "heading-order", 1),
    ("## \n\nWords", "empty-heading", 1),
    ("Words\n\nTODO: more", "unfinished", 3),
    ("A number, TK.", "unfinished", 1),
    ("## FIXME", "unfinished", 1),
    ("Lorem ipsum dolor sit amet.", "unfinished", 1),
    ("Words\n\n<script>alert(1)</script>", "dropped-html", 3),
    ("<div>\n<!-- of\nmine -->\n<blink>x</blink>\n</div>", "dropped-html", 4),
    ('<iframe src="https://other.example"></iframe>', "dropped-html", 1),
    ("Words <b onclick='x()'>bold</b>", "dropped-html", 1),
    ('<p style="color: red">Words</p>', "dropped-html", 1),
    ('<div class="mine">Words</div>', "dropped-html", 1),
    ("<video src=x></video>", "dropped-html", 1),
    ("Fog.\n\n<!-- uploading IMG 1.jpg (3) -->", "picture-not-sent", 3),
    ("Fog and <!-- uploading fog.png (12) --> mist.", "picture-not-sent", 1),
    ("A list<str> it is", "dropped-html", 1),
]  # fmt: skip


async def test_a_text_is_told_what_is_in_it_and_where(databases: Databases, post: Post) -> None:
    for body, rule, line in ILL:
        assert await told(databases, post, body) == [(rule, line)], body


BESIDE = [
    ({"title": ""}, "no-title"),
    ({"title": "Fog " * 20}, "long-title"),
    ({"title": "published"}, "same-title"),
    ({"title": "TODO"}, "unfinished"),
    ({"summary": ""}, "no-summary"),
    ({"summary": "Fog. " * 50}, "long-summary"),
    ({"slug": "published"}, "address-taken"),
    ({"slug": "before"}, "address-had"),
    ({"cover_asset_id": None}, "no-cover"),
    ({"cover_asset_id": FAILED}, "cover-missing"),
    ({"cover_asset_id": PENDING}, "picture-pending"),
    ({"cover_asset_id": NAMELESS}, "no-alt"),
    ({"project": ProjectFacts(pictures=(NAMELESS,))}, "no-alt"),
]


async def test_what_stands_beside_the_text_is_looked_at_too(databases: Databases, post: Post) -> None:
    for fields, rule in BESIDE:
        assert await told(databases, post, "Some fog.", **fields) == [(rule, None)], fields


async def test_every_rule_is_tried_here() -> None:
    elsewhere = {"gone-link", "gone-on-link"}  # by test_link_checks.py, with the site that they lead to
    assert {rule for _, rule, _ in ILL} | {rule for _, rule in BESIDE} | elsewhere == set(RULES)


async def test_the_worst_comes_first_and_one_rule_does_not_hide_the_others(databases: Databases, post: Post) -> None:
    body = "TODO\n\n" * 50 + "[a](/nowhere)\n\n## x\n\n#### y"
    found = await told(databases, post, body)
    assert found[0] == ("dead-link", 101)
    assert found[-1] == ("heading-order", 105)
    assert [rule for rule, _ in found].count("unfinished") == MAX_OF_RULE


async def test_a_picture_in_its_first_size_is_one_that_readers_see(databases: Databases, post: Post) -> None:
    size = StoredVariant(name="480.webp", width=480, height=9, format="webp", size_bytes=40_000)
    first = Manifest(recipe=FIRST_RECIPE, width=960, height=9, placeholder="", color="#000000", variants=(size,))
    assert await told(databases, post, f"![Fog](media:{PENDING})") == [("picture-pending", 1)]
    await media.ready(databases.site, PENDING, first)
    assert await told(databases, post, f"![Fog](media:{PENDING})", cover_asset_id=PENDING) == []


async def test_hints_alone_are_no_reason_to_ask(databases: Databases, post: Post) -> None:
    draft = Draft(title="Fog", body="Some fog.")
    assert not checks.must_be_seen(await checks.look(databases.site, post, draft, SITE))
    assert checks.must_be_seen(await checks.look(databases.site, post, Draft(title="Fog", body="TODO"), SITE))


MEAN = [
    "[" * 5_000, "![](" * 2_000, "<" * 20_000, "<a " * 5_000, "# " * 5_000, "`" * 9_999, "http://" * 3_000,
    "<a x=" * 4_000, "<!--" * 5_000, "<b x='" * 4_000, "<b" + " x" * 20_000, "IMG" * 9_000, "lorem " * 9_000,
    "<div>\n" + "<a href=/x><b></h2>" * 4_000, "<div>\n" + "<![" * 5_000,
]  # fmt: skip


async def test_a_text_made_to_be_slow_is_not(databases: Databases, post: Post) -> None:
    for body in MEAN:
        started = time.process_time()
        await told(databases, post, body)
        assert time.process_time() - started < 1, body[:20]


async def test_a_long_text_with_many_links_takes_little_time(databases: Databases, post: Post) -> None:
    paragraph = "Some **words** about [fog](/posts/published) and [light](/tags/weather) on a `river`. " * 9
    body = "".join(f"## Part {number}\n\n{paragraph}[up](#part-{number})\n\n" for number in range(60))
    assert len(body.split()) > 5_000
    taken = []
    for _ in range(5):
        started = time.process_time()
        assert await told(databases, post, body) == []
        taken.append(time.process_time() - started)
    assert min(taken) < 0.2
