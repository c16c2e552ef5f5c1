"""Folders as Hugo, Jekyll, Astro and Eleventy keep them: what their texts are, and where readers found them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_web.exports import contents
from sdc_web.imports import Document, Source, markdown_folder, own_export
from sdc_web.posts.records import path_of

Site = Callable[[dict[str, str]], Source]
OTHER = "it is no Markdown, and is not read: bring it as Markdown or as HTML with front matter"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Writes the files and reads the folder that they make."""

    def made(files: dict[str, str]) -> Source:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return markdown_folder.source(tmp_path)

    return made


def told(source: Source) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Where each text will be, and where it was."""
    read = {name: source.read(name) for name in source.names if name not in source.refused}
    return {name: (path_of(each.kind, each.draft.slug), each.claimed) for name, each in read.items()}


def one(site: Site, body: str, name: str = "_posts/2024-01-02-fog.md", **others: str) -> Document:
    return site({"_config.yml": "", name: body, **others}).read(name)


def test_hugo_by_its_sections_and_its_permalinks(site: Site) -> None:
    source = site(
        {
            "hugo.toml": 'baseURL = "https://example.org/me/"\n[permalinks]\nblog = "/:year/:month/:slug/"\n',
            "content/_index.md": "Home.",
            "content/about.md": "Me.",
            "content/blog/Some Fog.md": "---\ntitle: On fog\ndate: 2024-05-01\n---\nFog.",
            "content/notes/Lamp Oil.md": "Oil.",
            "content/notes/deep/index.md": "Deep.",
            "content/notes/deep/part.md": "A part of it.",
            "content/notes/said.md": "---\nurl: /other/way/\n---\nSaid.",
            "themes/x/README.md": "No.",
            "themes/x/content/a.md": "No.",
        }
    )
    assert told(source) == {
        "content/about.md": ("/about", ("/me/about",)),
        "content/blog/Some Fog.md": ("/posts/some-fog", ("/me/2024/05/on-fog",)),
        "content/notes/Lamp Oil.md": ("/lamp-oil", ("/me/notes/lamp-oil",)),
        "content/notes/deep/index.md": ("/deep", ("/me/notes/deep",)),
        "content/notes/said.md": ("/way", ("/me/other/way",)),
    }
    assert source.refused == {
        "content/notes/deep/part.md": "it is a part of content/notes/deep/index.md, which shows it as Hugo does",
        "content/_index.md": "it is the text of a section, whose page this site makes itself",
    }


def test_what_leads_out_of_the_folder_is_not_read(site: Site, tmp_path: Path) -> None:
    folder, key = tmp_path / "theirs", tmp_path / "key"
    key.write_text("SECRET")
    (folder / "content" / "posts").mkdir(parents=True)
    (folder / "content" / "posts" / "leak.md").symlink_to(key)
    (folder / "content" / "posts" / "same.md").symlink_to("fog.md")
    site({"theirs/hugo.toml": "", "theirs/content/posts/fog.md": "Fog."})
    source = markdown_folder.source(folder)
    assert source.refused == {"content/posts/leak.md": "leak.md is a link that leads out of the folder"}
    assert source.read("content/posts/same.md").draft.body == "Fog.\n"
    (folder / "hugo.toml").unlink()
    (folder / "hugo.toml").symlink_to(key)
    with pytest.raises(Invalid, match=r"hugo\.toml is a link that leads out of the folder"):
        markdown_folder.source(folder)


def test_an_export_that_leads_out_of_its_folder_is_not_read(site: Site, tmp_path: Path) -> None:
    folder, key = tmp_path / "theirs", tmp_path / "key"
    site({"key": "---\ntitle: Key\n---\nSECRET", "theirs/content/posts/fog.md": "Fog."})
    (folder / "content" / "posts" / "leak.md").symlink_to(key)
    source = own_export.source(folder)
    assert source.read("content/posts/fog.md").draft.body == "Fog."
    with pytest.raises(Invalid, match="leads out of the folder"):
        source.read("content/posts/leak.md")
    (folder / contents.SITE).parent.mkdir(exist_ok=True)
    (folder / contents.SITE).symlink_to(key)
    with pytest.raises(Invalid, match="leads out of the folder"):
        own_export.told(folder)


def test_hugo_in_several_languages(site: Site) -> None:
    source = site(
        {
            "config/_default/hugo.yaml": "languages: {en: {}, de: {}, fr: {contentDir: inhalt}}\n",
            "content/posts/fog.md": "Fog.",
            "content/posts/fog.de.md": "Nebel.",
            "inhalt/posts/fog.md": "Brume.",
        }
    )
    read = {name: source.read(name) for name in source.names}
    assert {name: (each.draft.language, each.draft.slug, *each.claimed) for name, each in read.items()} == {
        "content/posts/fog.md": ("", "fog", "/posts/fog"),
        "content/posts/fog.de.md": ("de", "fog-de", "/de/posts/fog"),
        "inhalt/posts/fog.md": ("fr", "fog-fr", "/fr/posts/fog"),
    }
    assert {each.draft.translation_key for each in read.values()} == {"posts/fog"}


def test_what_hugo_holds_back_readers_do_not_see(site: Site) -> None:
    source = site(
        {
            "hugo.toml": '[[cascade]]\ndraft = true\n[cascade._target]\npath = "/secret/**"\n',
            "content/posts/_index.md": "---\ncascade: {tags: [fog]}\n---\n",
            "content/posts/later.md": "---\ndate: 2024-01-01\npublishDate: 2130-01-01\n---\nLater.",
            "content/posts/out.md": "---\ndate: 2024-01-01\npublishDate: 2024-02-01\n---\nOut.",
            "content/posts/off/_index.md": "---\ncascade:\n- draft: true\n- {_target: {kind: section}, x: 1}\n---\n",
            "content/posts/off/deep/a.md": "A.",
            "content/posts/off/said.md": "---\ndraft: false\n---\nSaid.",
            "content/posts/part/index.md": "---\nheadless: true\n---\nPart.",
            "content/posts/never.md": "---\nbuild: {render: never}\n---\nNever.",
            "content/secret/b.md": "B.",
            "content/posts/false.md": "---\n_build: {render: false}\n---\nFalse.",
            "content/Secret/Leaf/index.md": "Leaf.",
            "content/first/_index.md": "---\ncascade: [{draft: true}, {draft: false}]\n---\n",
            "content/first/c.md": "C.",
            "content/lang/_index.md": "---\ncascade: {draft: true, tags: [x], _target: {environment: live}}\n---\n",
            "content/lang/d.md": "D.",
        }
    )
    read = {name.removeprefix("content/"): source.read(name) for name in source.names}
    assert {name for name, each in read.items() if each.is_draft} == {
        "posts/off/deep/a.md", "posts/part/index.md", "posts/never.md", "secret/b.md", "posts/false.md",
        "Secret/Leaf/index.md", "first/c.md", "lang/d.md",
    }  # fmt: skip
    assert read["lang/d.md"].draft.tags == ()
    later, out = read["posts/later.md"], read["posts/out.md"]
    assert (later.at_us, later.draft.dated_at_us) == (clock.from_datetime(datetime(2130, 1, 1, tzinfo=UTC)), out.at_us)
    assert out.at_us == clock.from_datetime(datetime(2024, 1, 1, tzinfo=UTC))
    assert (out.draft.dated_at_us, out.draft.tags, read["posts/off/said.md"].draft.tags) == (None, ("fog",), ("fog",))
    assert read["posts/never.md"].notes == ("it was never rendered, so it is a draft here",)


def test_no_text_is_passed_over_without_a_word(site: Site) -> None:
    source = site(
        {
            "_config.yml": "",
            "_posts/2019-01-01-a.html": "---\ntitle: A\n---\n<p>Some <em>fog</em>.</p>",
            "_posts/2019-01-02-b.mkdn": "B.",
            "_posts/2019-01-03-c.textile": "h1. C",
            "_posts/2019-01-04-d.html": "\ufeff---\ntitle: D\n---\n<img src='{{ site.baseurl }}/i.png'>",
            "list.html": "---\n---\n{% for post in site.posts %}{{ post.title }}{% endfor %}",
            "bare.html": "<p>As it is.</p>",
            "_layouts/post.html": "---\n---\n{{ content }}",
        }
    )
    assert told(source) == {
        "_posts/2019-01-01-a.html": ("/posts/a", ("/2019/01/01/a.html",)),
        "_posts/2019-01-02-b.mkdn": ("/posts/b", ("/2019/01/02/b.html",)),
    }
    assert source.read("_posts/2019-01-01-a.html").draft.body == "Some *fog*.\n"
    assert source.refused == {
        "_posts/2019-01-03-c.textile": OTHER,
        "_posts/2019-01-04-d.html": "a template of the old site makes what readers saw there",
        "list.html": "a template of the old site makes what readers saw there",
    }


def test_aliases_of_hugo_lie_beside_the_page(site: Site) -> None:
    aliases = "aliases: [old-name, ../older/, /oldest, 'https://old.example/x']"
    source = site({"hugo.toml": "", "content/posts/x.md": f"---\n{aliases}\n---\nX."})
    assert source.read("content/posts/x.md").aliases == ("/posts/old-name", "/older", "/oldest", "/x")


def test_an_export_is_looked_through_once_for_changes(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site({f"content/posts/{n}.md": f"---\ntitle: T\n---\n{n}" for n in range(50)})
    site({f"changes/posts/{n}.{n % 2}.md": f"---\ntitle: T\n---\nNew {n}" for n in range(50)})
    looked: list[str] = []
    glob = Path.glob

    def counted(folder: Path, pattern: str) -> Iterator[Path]:
        looked.append(folder.name)
        return glob(folder, pattern)

    monkeypatch.setattr(Path, "glob", counted)
    source = own_export.source(tmp_path)
    read = [source.read(name) for name in source.names]
    assert {each.changes[0].draft.body for each in read} == {f"New {n}" for n in range(50)}
    assert len(looked) == 6


def test_jekyll_by_its_settings(site: Site) -> None:
    source = site(
        {
            "_config.yml": (
                "permalink: /news/:year/:month/:day/:title/\n"
                "collections: {recipes: {output: true, permalink: /eat/:path}}\n"
                "defaults:\n- {scope: {path: '', type: drafts}, values: {tags: [raw]}}\n"
            ),
            "_posts/2024-01-02-fog.md": "---\ndate: 2024-01-02 23:30:00 -0700\n---\nFog.",
            "tea/_posts/2024-01-03-cup.md": "---\ncategories: hot drinks\npermalink: date\n---\nA cup.",
            "_recipes/soup.md": "Soup.",
            "_drafts/rain.md": "Rain.",
            "_layouts/post.md": "No.",
            "docs/posts.md": "On posts.",
            "docs/home.md": "Welcome.",
            "index.md": "Home.",
            "archive.md": "---\nlayout: archive\n---\n",
        }
    )
    assert told(source) == {
        "_posts/2024-01-02-fog.md": ("/posts/fog", ("/news/2024/01/02/fog",)),
        "tea/_posts/2024-01-03-cup.md": ("/posts/cup", ("/tea/hot/drinks/2024/01/03/cup.html",)),
        "_recipes/soup.md": ("/soup", ("/eat/soup",)),
        "_drafts/rain.md": ("/posts/rain", ()),
        "docs/posts.md": ("/docs-posts", ("/docs/posts",)),
        "docs/home.md": ("/docs-home", ("/docs/home",)),
    }
    fog = source.read("_posts/2024-01-02-fog.md")
    assert fog.at_us is not None
    assert clock.day_of(fog.at_us) == "2024-01-03"
    assert source.read("_drafts/rain.md").draft.tags == ("raw",)
    assert source.read("tea/_posts/2024-01-03-cup.md").draft.tags == ("hot", "drinks")
    assert source.refused == {
        "index.md": "this site makes its own home page and its own page for addresses that are not found",
        "archive.md": "it holds no text: what readers saw there, a layout of the old site made",
    }


def test_astro_and_its_collections(site: Site) -> None:
    source = site(
        {
            "astro.config.mjs": "export default {}",
            "src/content/blog/first.md": "---\npubDate: 'Jul 08 2022'\nheroImage: '../../assets/a.jpg'\n---\nFirst.",
            "src/content/blog/_hidden.md": "No.",
            "src/pages/about.mdx": "import A from '../a.astro'\n\n# Me\n\n<A />\n",
            "src/pages/uses.astro": "---\n---\n<p>A lamp.</p>",
            "src/pages/blog/[...slug].astro": "<Layout><slot /></Layout>",
            "src/layouts/Layout.astro": "<slot />",
        }
    )
    assert told(source) == {
        "src/content/blog/first.md": ("/posts/first", ("/blog/first",)),
        "src/pages/about.mdx": ("/about", ("/about",)),
    }
    first, about = source.read("src/content/blog/first.md"), source.read("src/pages/about.mdx")
    assert first.at_us is not None
    assert clock.day_of(first.at_us) == "2022-07-08"
    assert (about.draft.title, source.refused) == ("Me", {"src/pages/uses.astro": OTHER})
    assert about.notes == (
        "lines that import or export modules are left out, 1 in all",
        "component <A> stays as it is written",
    )


def test_eleventy_and_its_input(site: Site) -> None:
    source = site(
        {
            "eleventy.config.js": 'export default () => ({ dir: { input: "content" } });',
            "content/blog/2024-01-02-fog.md": "---\ntags: [posts, Weather]\n---\nFog.",
            "content/about/index.md": "---\ndate: Last Modified\n---\nMe.",
            "content/off.md": "---\npermalink: false\n---\nOff.",
            "content/odd.md": "---\npermalink: '/{{ title | slugify }}/'\n---\nOdd.",
            "content/_includes/a.md": "No.",
            "content/uses.njk": "---\n---\n<p>A lamp.</p>",
            "content/now.11ty.js": "export const render = () => 'Fog.';",
            "content/_includes/base.njk": "{{ content }}",
            "notes.md": "No.",
        }
    )
    assert told(source) == {
        "content/blog/2024-01-02-fog.md": ("/posts/fog", ("/blog/fog",)),
        "content/about/index.md": ("/about", ("/about",)),
        "content/off.md": ("/off", ()),
        "content/odd.md": ("/odd", ()),
    }
    assert source.read("content/blog/2024-01-02-fog.md").draft.tags == ("weather",)
    assert source.read("content/off.md").is_draft
    assert source.refused == dict.fromkeys(("content/now.11ty.js", "content/uses.njk"), OTHER)


def test_texts_that_lead_to_one_another_go_on_doing_so(site: Site) -> None:
    source = site(
        {
            "hugo.toml": "cascade = { date = 2024-01-02 }",
            "content/posts/fog.md": (
                'See {{< ref "lamp.md#oil" >}}, [it](lamp.md), [again](../posts/lamp/#oil), [not](/lamp), '
                '`[code](lamp.md)`, [me](/about.md), {{% relref "/posts/lamp" %}} and {{< ref "gone.md" >}}.'
            ),
            "content/posts/lamp.md": "---\nslug: a-lamp\n---\nOil.",
            "content/about.md": "Me.",
        }
    )
    fog = source.read("content/posts/fog.md")
    assert fog.draft.body == (
        "See /posts/a-lamp#oil, [it](/posts/a-lamp), [again](/posts/a-lamp#oil), [not](/lamp), `[code](lamp.md)`, "
        '[me](/about), /posts/a-lamp and {{< ref "gone.md" >}}.\n'
    )
    assert fog.notes == ('shortcode {{< ref "gone.md" >}} stays as it is written',)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{{< figure src="a b.jpg" alt="Fog" caption="Some \\"fog\\"" >}}', "![Fog](<a b.jpg> \"Some 'fog'\")"),
        ("{{< highlight go >}}\nfunc\n{{< /highlight >}}", "```go\nfunc\n```"),
        ("{% highlight c linenos %}\n```\nint\n{% endhighlight %}", "````c\n```\nint\n````"),
        ("{{< youtube dQw4 >}}", "https://www.youtube.com/watch?v=dQw4"),
        ("{{< gist ann 12 >}}", "https://gist.github.com/ann/12"),
        ("```\n{{</* figure */>}}\n```", "```\n{{< figure >}}\n```"),
        ("![a]({{ site.baseurl }}/a.jpg) {{ '/b' | relative_url }}", "![a](/a.jpg) /b"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{% comment %}\nno\n{% endcomment %}yes", "yes"),
        ("## Oil\n{: #oil .x}\nOil{: .y}", "## Oil {#oil}\nOil"),
        ("{{ page.title }} of {{ site.owner.name }}", "Fog of Ann"),
        ("{% post_url 2024-01-02-fog %}", "/posts/fog"),
        ("`{{ page.title }}`", "`{{ page.title }}`"),
    ],
)
def test_what_a_template_language_says_is_said_in_markdown(site: Site, written: str, read: str) -> None:
    source = site(
        {"_config.yml": "owner: {name: Ann}\n", "_posts/2024-01-02-fog.md": f"---\ntitle: Fog\n---\n{written}"}
    )
    assert source.read("_posts/2024-01-02-fog.md").draft.body.strip() == read


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2024-01-02 10:00:00 -0500", "2024-01-02"),
        ("2024-01-02 23:00 -05:00", "2024-01-03"),
        ("2024-01-02T10:00:00Z", "2024-01-02"),
        ("January 2, 2024", "2024-01-02"),
        ("2 Jan 2024", "2024-01-02"),
        ("Tue, 02 Jan 2024 10:00:00 GMT", "2024-01-02"),
        ("2024/01/02", "2024-01-02"),
    ],
)
def test_dates_as_people_write_them(site: Site, given: str, day: str) -> None:
    read = one(site, f"---\ndate: {given}\n---\nFog.", "fog.md")
    assert read.at_us is not None
    assert clock.day_of(read.at_us) == day


@pytest.mark.parametrize(
    "text",
    [
        '{\n"title": "Fog", "tags": ["Tea"]\n}\nFog.',
        "---\ntitle: Fog\ntags: Tea\n...\nFog.",
        "+++\ntitle = 'Fog'\n[taxonomies]\ntags = ['Tea']\n+++\nFog.",
    ],
)
def test_front_matter_in_each_of_its_forms(site: Site, text: str) -> None:
    read = one(site, text, "fog.md")
    assert (read.draft.title, read.draft.tags, read.draft.body) == ("Fog", ("tea",), "Fog.\n")


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "part",
    [
        "{% highlight a %}", "{{< a", "{{<" + " " * 99, "{: #", "# a {", "{{ '", "import a from '", "<img src=", "![a",
        "[![a](b)](", "{% comment %}", " ", "(#", "[a]: ", "`", "](",
    ],
)  # fmt: skip
def test_a_text_of_nothing_but_beginnings_holds_nobody_up(site: Site, part: str) -> None:
    text = (part * (300_000 // len(part))) + "\n{% endhighlight %}"
    document = one(site, f"---\ntitle: Fog\n---\n.{text}", "fog.mdx")
    assert document.draft.body.startswith(".")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\na: " + "[" * 50_000 + "\n---\nFog.", "cannot be read"),
        ("---\na:\n" + "- " * 3_000 + "x\n---\nFog.", "cannot be read"),
        ("a" * 400_001, "400001 characters"),
        ("---\ndate: " + "1" * 5_000 + "x\n---\nFog.", "none that can be read"),
    ],
)
def test_what_would_bring_a_parser_down_is_refused(site: Site, text: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        _taken(site, text)


def _taken(site: Site, text: str) -> None:
    source = site({"fog.md": text})
    if said := source.refused.get("fog.md"):
        raise Invalid(said)
    source.read("fog.md")
