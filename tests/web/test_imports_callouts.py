"""Notes, hints, warnings and what folds, of Hugo and Jekyll; what no template language reads; settings in parts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sdc_web.imports import callouts, markdown_folder, shortcodes

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a file into the folder of a site."""

    def made(name: str, content: str) -> None:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    return made


def read(body: str, *, liquid: bool = False) -> tuple[str, list[str]]:
    return shortcodes.as_markdown(body, lambda _: "", lambda _: "x", liquid=liquid, mdx=False)


@pytest.mark.parametrize(
    ("hugo", "markdown"),
    [
        ("{{% note %}}\nMind *this*.\n\nAnd that.\n{{% /note %}}", "> [!NOTE]\n> Mind *this*.\n>\n> And that."),
        ('{{% warning "Be careful" %}}x{{%/ warning %}}', "> [!WARNING]\n> **Be careful**\n>\n> x"),
        ('{{< alert type="danger" title="No" >}}x{{< /alert >}}', "> [!CAUTION]\n> **No**\n>\n> x"),
        ("{{< hint tip >}}x{{< /hint >}}", "> [!TIP]\n> x"),
        ("{{< callout >}}x{{< /callout >}}", "> [!NOTE]\n> x"),
        (
            '{{< details summary="More < less" >}}\nx\n{{< /details >}}',
            "<details><summary>More &lt; less</summary>\n\nx\n\n</details>",
        ),
        ('{{< code file="a.html" >}}\n<p>\n{{< /code >}}', "`a.html`\n\n```html\n<p>\n```"),
        ("{{< code-toggle >}}\na = 1\n{{</ code-toggle >}}", "```\na = 1\n```"),
        ("{{< code >}}\n```go\nx\n```\n{{< /code >}}", "```go\nx\n```"),
    ],
)
def test_what_hugo_sets_apart_is_set_apart_here(hugo: str, markdown: str) -> None:
    body, notes = read(f"a\n{hugo}\nb")
    assert body.strip() == f"a\n\n\n{markdown}\n\n\nb"
    assert notes == []


def test_a_beginning_without_an_end_stays_and_is_told_of_once() -> None:
    assert read("{{% note %}}\nx") == ("{{% note %}}\nx", ["shortcode {{% note %}} stays as it is written"])
    _, notes = read('{{< tabs "x" >}}a{{< /tabs >}}{{< /lost >}}')
    assert notes == [
        "shortcode {{< /lost >}} stays as it is written",
        'shortcode {{< tabs "x" >}} stays as it is written',
    ]


def test_a_link_to_a_heading_of_the_same_text_stays_one() -> None:
    assert read('[x]({{< relref "#options" >}})') == ("[x](#options)", [])


def test_what_is_raw_is_read_by_nobody() -> None:
    body, notes = read("<code>{% raw %}{{ site.url }}{% endraw %}</code> {{ site.title }}", liquid=True)
    assert (body, notes) == ("<code>{{ site.url }}</code> x", [])
    body, notes = read("{% highlight html %}{% raw %}{% for x in y %}{% endraw %}{% endhighlight %}", liquid=True)
    assert (body.strip(), notes) == ("```html\n{% for x in y %}\n```", [])
    assert read("\ue0097\ue009 {% raw %}a{% endraw %}", liquid=True)[0] == "\ue0097\ue009 a"


def test_a_prompt_of_jekyll_is_an_alert() -> None:
    body, notes = read("a\n\n> One\n> two\n{: .prompt-warning }\n\nb {: .x }", liquid=True)
    assert body.startswith("a\n\n> [!WARNING]\n> One\n> two\n\n\nb")
    assert notes == ["attributes such as {: .x }, 1 in all, are left out: Kramdown alone reads them"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "part",
    ["{{< note ", "{{< note >}}", "{{< /note >}}", "> a\n", "> a\n{: .prompt-tip }\n", "{% raw %}", "{% endraw %}"],
)
def test_a_text_of_nothing_but_beginnings_holds_nobody_up(part: str) -> None:
    text = part * (300_000 // len(part))
    callouts.as_markdown(text)
    callouts.of_prompts(text)
    read(text, liquid=True)


def test_hugo_may_keep_its_languages_and_permalinks_in_files_of_their_own(tmp_path: Path, write: Write) -> None:
    write("hugo.toml", 'defaultContentLanguage = "en"\n[permalinks]\nnotes = "/n/:slug/"')
    write("config/_default/languages.toml", '[en]\ncontentDir = "content/en"\n[de]\ncontentDir = "content/de"')
    write("config/_default/permalinks.yaml", "posts: /:year/:slug/")
    write("config/_default/params.toml", "x = 1")
    write("content/en/posts/fog.md", "---\ntitle: Fog\ndate: 2024-03-01\n---\nSee [other](/x).\n")
    write("content/de/posts/fog.md", "---\ntitle: Nebel\ndate: 2024-03-01\n---\nN.\n")
    write("content/en/notes/a.md", '---\ntitle: A\n---\n[x]({{< ref "posts/fog.md#end" >}})\n')
    source = markdown_folder.source(tmp_path)
    fog, nebel, note = (source.read(f"content/{each}.md") for each in ("en/posts/fog", "de/posts/fog", "en/notes/a"))
    assert (fog.claimed, nebel.draft.language, nebel.claimed) == (("/2024/fog",), "de", ("/de/2024/nebel",))
    assert (note.draft.body, note.claimed) == ("[x](/posts/fog#end)\n", ("/n/a",))
