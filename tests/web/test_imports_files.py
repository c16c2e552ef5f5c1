"""A Markdown file as it is read for an import: kind, address and title, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_web.imports import Document, generators, markdown_folder

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is to be imported."""
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a file below the folder."""

    def put(name: str, text: str) -> Path:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return put


def read(file: Path, folder: Path) -> Document:
    source = markdown_folder.source(folder)
    name = str(file.relative_to(folder))
    if name in source.refused:
        raise Invalid(source.refused[name])
    return source.read(name)


def files(folder: Path) -> list[Path]:
    return generators.files(generators.known(folder))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pages/about.md", "Me.", ("page", "about", "About", False)),
        ("x.md", "---\ntype: project\ntitle: 'A: b'\nslug: Own Slug\n---\n", ("project", "own-slug", "A: b", False)),
        ("_drafts/some_words.md", "No.", ("post", "some-words", "Some words", True)),
        ("q.md", "---\ndraft: 'True'\n---\n", ("post", "q", "Q", True)),
        ("r.md", "---\nstatus: draft\n---\n", ("post", "r", "R", True)),
        ("a.md", "---\npermalink: /blog/2020/deep.html\npublished: false\n---\n", ("post", "deep", "A", True)),
        ("p.md", "---\npassword: mistral\n---\n", ("post", "p", "P", True)),
        ("s.md", "---\nprivate: true\n---\n", ("post", "s", "S", True)),
        ("i.md", "---\npermalink: /about/index.html\n---\n", ("post", "about", "I", False)),
        ("j.md", '---\npermalink: "/{{ title | slug }}/index.html"\n---\n', ("post", "j", "J", False)),
        ("ä.md", "\ufeff---\ntitle: 2024\n---\r\nText", ("post", "a", "2024", False)),
    ],
)
def test_kind_address_and_title_come_from_what_there_is(
    folder: Path, write: Write, name: str, text: str, expected: tuple[str, str, str, bool]
) -> None:
    document = read(write(name, text), folder)
    assert (document.kind, document.draft.slug, document.draft.title, document.is_draft) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\n- a\n---\n", "holds no fields"),
        ("---\na: &a [*a, *a]\nb: !!python/object:os.system x\n---\n", "cannot be read"),
        ("+++\na = \n+++\n", "cannot be read"),
        ("---\ndate: 0001-01-01T00:00:00+14:00\n---\n", "out of reach"),
        ("---\ndate: 1969-12-31\n---\n", "before 1970"),
        ("---\ndate: yesterday\n---\n", "is none that can be read"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_in_words(
    folder: Path, write: Write, text: str, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        read(write("x.md", text), folder)


@pytest.mark.parametrize("value", [f"0x{'f' * 4_000}", ".inf", "-.inf", ".nan"])
def test_a_number_that_nobody_means_is_passed_over(folder: Path, write: Write, value: str) -> None:
    fields = "".join(f"{name}: {value}\n" for name in ("title", "tags", "series", "weight", "draft", "aliases", "lang"))
    document = read(write("fog.md", f"---\n{fields}---\nFog.\n"), folder)
    assert (document.draft.title, document.draft.tags, document.is_draft) == ("Fog", (), False)


def test_front_matter_that_unfolds_without_end_is_not_unfolded(folder: Path, write: Write) -> None:
    """Each level names the one before nine times: as text it would have 9 ** 9 words."""
    levels = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))]
    fields = (
        "\n".join(levels) + "\n" + "".join(f"{name}: *a9\n" for name in ("draft", "title", "tags", "date", "links"))
    )
    document = read(write("projects/fog.md", f"---\n{fields}---\nFog.\n"), folder)
    assert (document.draft.title, document.is_draft) == ("Fog", False)


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "x.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="not UTF-8"):
        read(folder / "x.md", folder)


def test_hidden_files_and_those_about_the_folder_are_no_posts(folder: Path, write: Write) -> None:
    for name in (".obsidian/x.md", "node_modules/y/z.md", "README.md", "posts/_index.md", "a.txt", "b.MD"):
        write(name, "x")
    assert [file.name for file in files(folder)] == ["b.MD"]


def test_fields_in_lines_without_fences_are_fields(folder: Path, write: Write) -> None:
    """As Pelican has them, and MultiMarkdown."""
    file = write(
        "fog.md",
        "Title: Fog: a lamp\nDate: 2012-10-31 10:14\nTags: sea, light\nStatus: Draft\nSummary:\n    In two\n    lines\n"
        "Slug: thick\n\nWord: this is text.\n",
    )
    document = read(file, folder)
    draft = document.draft
    assert (draft.title, draft.slug, draft.tags, draft.summary) == (
        "Fog: a lamp",
        "thick",
        ("sea", "light"),
        "In two lines",
    )
    assert (draft.body, document.is_draft) == ("Word: this is text.\n", True)
    assert clock.to_datetime(document.at_us or 0).isoformat() == "2012-10-31T10:14:00+00:00"


@pytest.mark.parametrize(
    "text",
    ["Dear: reader\n\nText.\n", "Title: of a text\nthat goes on.\n\nText.\n", "Title:\n\nText.\n", "Date: 1\n\nT.\n"],
)
def test_words_with_colons_are_words(folder: Path, write: Write, text: str) -> None:
    assert read(write("fog.md", text), folder).draft.body == text


def test_lines_of_fields_cost_no_time(folder: Path, write: Write) -> None:
    assert read(write("fog.md", "a: b\n    c\n" * 20_000), folder).draft.title == "Fog"
