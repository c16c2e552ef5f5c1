"""Texts of other systems by somebody who wishes whoever imports them ill: small to send, and no more to read."""

from pathlib import Path

import msgspec
import pytest
from sdc_core.errors import Invalid
from sdc_web.imports import front_matter, ghost, ghost_cards, ghost_documents, html_text, markdown_folder, shortcodes

LETTERS = 100_000
KEYS = "".join(f"  x{number}: 1\n" for number in range(1_000))
REPEATED = "---\na: &a\n" + KEYS + "b:\n" + "- <<: *a\n" * 5_000 + "---\nFog."


def nothing(_: str) -> str:
    return ""


def merging(width: int, depth: int) -> str:
    """Fields that are made of others, each of so many of those before it."""
    levels = (f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * width)}]\n" for n in range(1, depth))
    return f"---\na0: &a0 {{x: 1}}\n{''.join(levels)}---\nFog."


def test_fields_that_are_made_of_others_are_read_as_long_as_they_stay_few() -> None:
    fields, _ = front_matter.parted("---\na: &a {draft: true}\nparams:\n  <<: [*a, {title: Fog}]\n---\nFog.")
    assert (fields["draft"], fields["title"]) == (True, "Fog")
    assert front_matter.parted(merging(3, 4))[1] == "Fog."


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", [merging(9, 12), REPEATED])
def test_fields_that_are_made_of_others_without_measure_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        front_matter.parted(text)


def test_what_no_template_reads_comes_back_once() -> None:
    text = f"{{% raw %}}{'x' * LETTERS}{{% endraw %}}" + "\ue0090\ue009" * 1_000
    body, _ = shortcodes.as_markdown(text, nothing, nothing, liquid=True, mdx=False)
    assert body.count("x") == LETTERS


def test_a_card_of_markdown_stands_in_a_text_once(tmp_path: Path) -> None:
    held = {"type": "markdown", "markdown": "x" * LETTERS}
    marks = {"type": "paragraph", "children": [{"type": "text", "text": "\ue0050\ue005 " * 1_000}]}
    lexical = msgspec.json.encode({"root": {"children": [marks, held]}}).decode()
    post = {"id": 1, "slug": "fog", "title": "Fog", "status": "published", "lexical": lexical}
    file = tmp_path / "ghost.json"
    file.write_bytes(msgspec.json.encode({"db": [{"data": {"posts": [post]}}]}))
    source = ghost.source(file, tmp_path, tmp_path)
    assert source.read("posts/fog").draft.body.count("x") == LETTERS


@pytest.mark.timeout(15)
def test_a_figure_of_nothing_but_captions_is_read_in_no_time() -> None:
    body, _ = html_text.as_markdown(f"<figure>{'<figcaption>a</figcaption>' * 40_000}</figure>")
    assert body.count("a") == 40_000


@pytest.mark.parametrize(
    ("sections", "tables"),
    [
        ([[10, 0]] * 100, {"cards": [["html", {"html": "x" * LETTERS}]]}),
        ([[10, 0]] * 100, {"cards": [["markdown", {"markdown": "x" * LETTERS}]]}),
        ([[1, "p", [[1, [], 0, 0]] * 100]], {"atoms": [["mention", "x" * LETTERS, {}]]}),
        ([[1, "p", [[0, [0], 1, "a"]] * 100]], {"markups": [["a", ["href", "x" * LETTERS]]]}),
    ],
)
def test_what_a_text_names_again_and_again_is_read_as_long_as_anybody_can_read_it(
    sections: list[object], tables: dict[str, object]
) -> None:
    given = msgspec.json.encode({"sections": sections, **tables}).decode()
    with pytest.raises(Invalid, match="longer than anybody"):
        ghost_documents.mobiledoc(given, ghost_cards.Cards())


def test_a_long_field_is_put_into_a_text_nowhere(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("")
    text = f"---\ntitle: Fog\nbig: {'x' * LETTERS}\n---\n{{{{ page.title }}}} {'{{ page.big }}' * 100}"
    (tmp_path / "fog.md").write_text(text)
    body = markdown_folder.source(tmp_path).read("fog.md").draft.body
    assert (body.startswith("Fog {{ page.big }}"), body.count("x")) == (True, 0)
