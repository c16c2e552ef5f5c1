"""Folders as owners of other sites give them: Hexo's, Eleventy's with data files, and sites of documents."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sdc_web.imports import Document, Source, hexo, markdown_files, markdown_folder
from sdc_web.posts.records import path_of

Site = Callable[[dict[str, str]], Source]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Writes the files and reads the folder that they make, named as somebody within it does."""

    def made(files: dict[str, str]) -> Source:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return markdown_folder.source(Path())

    return made


def read(source: Source) -> dict[str, Document]:
    return {name: source.read(name) for name in source.names if name not in source.refused}


def told(source: Source) -> dict[str, tuple[str, ...]]:
    """Where each text will be, and where it was."""
    return {name: (path_of(it.kind, it.draft.slug), *it.claimed) for name, it in read(source).items()}


def test_hexo_by_its_source_and_its_permalink(site: Site) -> None:
    source = site(
        {
            "_config.yml": "url: https://old.example/me\nroot: /me/\npermalink: :year/:month/:day/:title/\n",
            "scaffolds/post.md": "---\ntitle: {{ title }}\n---\n",
            "source/_posts/hello-world.md": "---\ntitle: Hello\ndate: 2024-05-01 10:00:00\n---\nHello.",
            "source/_posts/deep/2024-06-02-tea.md": "---\ndate: 2024-06-02\n---\nTea.",
            "source/_posts/undated.md": "Undated.",
            "source/_drafts/later.md": "Later.",
            "source/_data/words.md": "No.",
            "source/about/index.md": "---\ndate: 2020-01-01\n---\nMe.",
            "source/old/page.md": "Old.",
            "themes/x/README.md": "No.",
        }
    )
    assert not source.refused
    assert told(source) == {
        "source/_posts/hello-world.md": ("/posts/hello-world", "/me/2024/05/01/hello-world"),
        "source/_posts/deep/2024-06-02-tea.md": ("/posts/tea", "/me/2024/06/02/deep/tea"),
        "source/_posts/undated.md": ("/posts/undated",),
        "source/_drafts/later.md": ("/posts/later",),
        "source/about/index.md": ("/about", "/me/about"),
        "source/old/page.md": ("/page", "/me/old/page.html"),
    }
    texts = read(source)
    assert texts["source/_drafts/later.md"].is_draft
    assert texts["source/_posts/undated.md"].notes == (
        "it names no date: readers see it as written on the day of the import",
    )


def test_the_tags_of_hexo_become_markdown(site: Site) -> None:
    source = site(
        {
            "_config.yml": "post_asset_folder: true\n",
            "source/_posts/fog.md": "---\ndate: 2024-05-01\n---\n"
            "{% asset_img right fog.png 300 200 \"A 'thick' fog\" %}\n\n{% post_link lamp 'A lamp' %} "
            "{% post_link gone %}\n\n{% codeblock A name lang:js %}\nlet a = `x`;\n{% endcodeblock %}\n\n"
            "{% youtube abc-1 %}\n\n{% asset_img s.png %}",
            "source/_posts/fog/fog.png": "PNG",
            "source/_posts/lamp.md": "---\ndate: 2024-05-01\n---\nA lamp.",
        }
    )
    fog = source.read("source/_posts/fog.md")
    assert fog.draft.body == (
        "![A 'thick' fog](fog.png)\n\n[A lamp](/posts/lamp) {% post_link gone %}\n\n```js\nlet a = `x`;\n```\n\n\n"
        "\n\nhttps://www.youtube.com/watch?v=abc-1\n\n\n\n![](s.png)\n"
    )
    assert fog.notes == ("shortcode {% post_link gone %} stays as it is written",)
    assert source.located("source/_posts/fog.md", "fog.png") == Path("source/_posts/fog/fog.png").resolve()
    assert source.located("source/_posts/lamp.md", "fog.png") is None


def test_what_data_files_of_eleventy_say_of_texts_counts(site: Site) -> None:
    source = site(
        {
            ".eleventy.js": 'module.exports = () => ({ dir: { input: "." } });',
            "notes/notes.json": '{"tags": ["posts", "fog"], "draft": false}',
            "notes/a.md": "---\ntags: [tea]\n---\nA.",
            "notes/hidden/hidden.11tydata.json": '{"permalink": false}',
            "notes/hidden/b.md": "B.",
            "notes/c.md": "C.",
            "notes/c.11tydata.json": '{"title": "See", "tags": "lamp"}',
            "notes/d/d.json": "no JSON",
            "notes/d/e.json": '{"title": "\\ud800"}',
            "notes/notes.11tydata.json": '["no fields"]',
            "notes/d/e.md": "E.",
            "node_modules/x/x.json": '{"draft": true}',
            "other.md": "---\ndate: 2024-01-01\n---\nOther.",
        }
    )
    texts = read(source)
    assert {name: (it.kind, it.draft.title, it.draft.tags, it.is_draft) for name, it in texts.items()} == {
        "notes/a.md": ("post", "A", ("fog", "tea"), False),
        "notes/hidden/b.md": ("post", "B", ("fog",), True),
        "notes/c.md": ("post", "See", ("fog", "lamp"), False),
        "notes/d/e.md": ("post", "E", ("fog",), False),
        "other.md": ("page", "Other", (), False),
    }


@pytest.mark.parametrize(
    ("told_by", "below"),
    [("docusaurus.config.ts", "texts"), ("texts/mkdocs.yml", "docs"), ("docs/.vuepress/x", "docs")],
)
def test_documents_without_dates_are_pages_and_the_text_of_a_folder_is_its_readme(
    site: Site, told_by: str, below: str
) -> None:
    source = site(
        {
            told_by: "",
            "README.md": "How to build this.",
            f"{below}/guide/README.md": "The guide, with [a part](./oil.md).",
            f"{below}/guide/oil.md": "Oil, of [the guide](README.md) and [again](../guide/).",
            f"{below}/empty/README.md": "---\ntitle: Nothing\n---\n",
            f"{below}/de/README.md": "---\nhome: true\n---\nHome.",
            f"{below}/fr/index.md": "---\nlayout: home\n---\n",
            "blog/fog.md": "Fog.",
            "news/2024-01-02-tea.md": "Tea.",
        }
    )
    assert told(source) == {
        f"{below}/guide/README.md": ("/guide",),
        f"{below}/guide/oil.md": ("/oil",),
        "blog/fog.md": ("/posts/fog",),
        "news/2024-01-02-tea.md": ("/posts/tea",),
    }
    assert source.read(f"{below}/guide/README.md").draft.body == "The guide, with [a part](/oil).\n"
    assert source.read(f"{below}/guide/oil.md").draft.body == "Oil, of [the guide](/guide) and [again](/guide).\n"
    assert source.refused == {
        f"{below}/empty/README.md": "it holds no text: what readers saw there, a layout of the old site made",
        **dict.fromkeys((f"{below}/de/README.md", f"{below}/fr/index.md"), markdown_files.HOME),
    }


def test_a_folder_of_documents_is_told_by_its_name_too(tmp_path: Path) -> None:
    for name in ("docs", "texts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "oil.md").write_text("Oil.")
        source = markdown_folder.source(tmp_path / name)
        assert told(source) == {"oil.md": ("/oil" if name == "docs" else "/posts/oil",)}


def test_what_cannot_be_read_in_front_matter_is_told_with_its_line(site: Site) -> None:
    source = site({"a.md": "---\ntitle: A\ntags: {{ tags }}\n---\nA."})
    assert source.refused == {"a.md": "its front matter cannot be read: found unhashable key, in line 3"}


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "part",
    ["{% asset_img a ", "{% post_link a", "{% codeblock a ", "{% code %}", "{% youtube a ", "{% asset_img right "],
)
def test_tags_that_never_end_hold_nobody_up(part: str) -> None:
    text = part * (400_000 // len(part))
    assert hexo.as_markdown(text, str) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{% asset_img a.png "Don\'t panic" %}', "![Don't panic](a.png)"),
        ("{% asset_img a.png 300 'The \"best\" lamp' %}", '![The "best" lamp](a.png)'),
        ('{% post_link lamp "What is false" %}', "[What is false](lamp)"),
        ("{% post_link lamp What is it true %}", "[What is it](lamp)"),
        ("{% post_link lamp true %}", "[lamp](lamp)"),
        ("```\n{% codeblock %}\nx\n{% endcodeblock %}\n```\n", "```\n{% codeblock %}\nx\n{% endcodeblock %}\n```\n"),
        ("Write `{% code %}x{% endcode %}`.", "Write `{% code %}x{% endcode %}`."),
    ],
)
def test_tags_of_hexo_keep_words_and_code_as_they_are(text: str, expected: str) -> None:
    assert hexo.as_markdown(text, str) == expected


def test_a_name_of_any_length_is_read_beside_data_files_of_eleventy(site: Site) -> None:
    name = f"{'fog' * 81}.md"
    source = site(
        {".eleventy.js": "module.exports = {};", f"notes/{name}": "Fog.", "notes/notes.json": '{"tags": "tea"}'}
    )
    assert read(source)[f"notes/{name}"].draft.tags == ("tea",)
