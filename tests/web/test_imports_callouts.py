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


@pytest.mark.parametrize(
    ("written", "markdown"),
    [
        (":::tip[My *tip*]\nUse it.\n:::", "> [!TIP]\n> **My *tip***\n>\n> Use it."),
        ("::: warning Mind the step\nx\n:::", "> [!WARNING]\n> **Mind the step**\n>\n> x"),
        (":::note{icon='heart'}\nx\n:::", "> [!NOTE]\n> x"),
        ("::::danger\n:::info\nx\n:::\n::::", "> [!CAUTION]\n> > [!NOTE]\n> > x"),
        ("::: details More < less\nx\n:::", "<details><summary>More &lt; less</summary>\n\nx\n\n</details>"),
        ("```md\n:::tip\nx\n:::\n```", "```md\n:::tip\nx\n:::\n```"),
        (":::tip\nno end", ":::tip\nno end"),
    ],
)
def test_what_stands_between_lines_of_colons_is_set_apart_here(written: str, markdown: str) -> None:
    body, _ = read(f"a\n\n{written}\n\nb")
    assert [line for line in body.split("\n") if line.strip()] == [
        line for line in f"a\n{markdown}\nb".split("\n") if line.strip()
    ]


def test_colons_of_other_kinds_stay_and_are_told_of() -> None:
    body, notes = read(":::tabs\nx\n:::\n\n:::tip\nno end")
    assert (body, notes) == (
        ":::tabs\nx\n:::\n\n:::tip\nno end",
        ["what :::tabs sets apart stays as it is written", "what :::tip sets apart stays as it is written"],
    )


def test_colons_with_a_mark_of_their_own_are_told_of_too() -> None:
    tabs = "::: code-tabs#shell\n@tab npm\n:::\n"
    assert callouts.of_directives(tabs) == (tabs, ["what :::code-tabs sets apart stays as it is written"])
    assert callouts.of_directives("::: tip#a\nx\n:::\n")[0].strip() == "> [!TIP]\n> x"


def test_lines_of_colons_cost_no_time() -> None:
    text = ":::tip\n" * 50_000
    assert read(text)[0] == text


def test_an_alert_may_hold_its_words_itself() -> None:
    body, notes = read(
        '{{< alert icon="\U0001f4a1" text="Mind <b>this</b>." />}} {{< callout type="danger" content="x" >}}'
    )
    assert notes == []
    assert "> [!NOTE]\n> Mind <b>this</b>." in body
    assert "> [!CAUTION]\n> x" in body


def test_comments_of_components_are_no_words_and_headings_keep_their_names() -> None:
    body, notes = shortcodes.without_modules("## Ways {/* #my-ways */}\n\n{/* truncate */}\n\n`{/* code */}`\n")
    assert (body, notes) == ("## Ways {#my-ways}\n\n\n\n`{/* code */}`\n", [])


def test_a_bare_name_means_the_text_in_the_same_language(write: Write, tmp_path: Path) -> None:
    write("hugo.toml", 'defaultContentLanguage = "en"\n[languages.en]\ncontentDir = "content/en"\n'
          '[languages.nl]\ncontentDir = "content/nl"\n')  # fmt: skip
    for language in ("en", "nl"):
        write(f"content/{language}/docs/help/update.md", f"---\ntitle: Update\ndate: 2024-01-01\n---\n{language}.")
        write(f"content/{language}/docs/start.md", '---\ntitle: Start\n---\n[on]({{< relref "update" >}})')
    source = markdown_folder.source(tmp_path)
    assert "(/posts/update)" in source.read("content/en/docs/start.md").draft.body
    assert "(/posts/update-nl)" in source.read("content/nl/docs/start.md").draft.body
