"""What an import finds in a text: pictures and files, and how their names become those of assets."""

import pytest
from sdc_web.imports import markdown_folder, pictures, prose

THUMB, FILM = "0" * 26, "1" * 26


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "part",
    [
        "[a](b", "[a](b c ", "[a](<b ", "![a](<b ", "[![a](b", "[![a](b)](c", "[![a](<b ", "[a ", "![a ", "[[a]",
        "[![[a]", '<img src="a" ', "<img src=", "[a]: <b ", "![a][", "[a](\n", "[a](<b> ", '<img src="a" alt ',
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", "\n", "\n)>"])
def test_a_text_of_nothing_but_beginnings_holds_nobody_up(part: str, end: str) -> None:
    text = part * (400_000 // len(part)) + end
    assert len(list(pictures.of_text(text))) <= len(text)
    pictures.with_ids(text, {"none": THUMB})
    prose.found(markdown_folder.LINK, text)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["/media/", " /media/0123456789abcdef-", " /media/0123456789abcdef-" + "a." * 40])
def test_what_only_looks_like_a_file_of_an_export_holds_nobody_up(part: str) -> None:
    text = part * (400_000 // len(part))
    known = "/media/0123456789abcdef-b"
    assert [*pictures.of_text(text, verbatim=True, media={known})] == []
    assert pictures.with_ids(text, {known: THUMB}, verbatim=True) == text


def test_an_address_of_an_export_is_known_wherever_it_stands_but_in_code_and_on_another_site() -> None:
    short, long = "/media/0123456789abcdef-a.b", "/media/0123456789abcdef-a.b.pdf"
    text = f"{long}. <{short}> `{short}` https://e.example{short} [x]: {short}.zip"
    assert {each.file for each in pictures.of_text(text, verbatim=True, media={short, long})} == {short, long}
    becomes = f"media:{FILM}. <media:{THUMB}> `{short}` https://e.example{short} [x]: media:{THUMB}.zip"
    assert pictures.with_ids(text, {short: THUMB, long: FILM}, verbatim=True) == becomes


@pytest.mark.timeout(10)
@pytest.mark.parametrize("begun", ["[x](", "[x](<", "![x](<", "[![x](", "[![x](y)](", '<img src="'])
def test_one_beginning_before_a_long_line_holds_nobody_up(begun: str) -> None:
    assert [*pictures.of_text(begun + "a" * 400_000)] == [*pictures.of_text(begun + "a" * 400_000, verbatim=True)]
    assert pictures.with_ids(begun + "a b " * 100_000, {"none": THUMB}).startswith(begun)


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("[![A film](t.jpg)](film.mp4)", f"[![A film](media:{THUMB})](media:{FILM})"),
        ("[![A film](t.jpg 'T')](<film.mp4> 'F')", f"[![A film](media:{THUMB} 'T')](media:{FILM} 'F')"),
        ("[<img src='t.jpg'>](film.mp4)", f'[<img src="media:{THUMB}">](media:{FILM})'),
        ("[![Gone](gone.jpg)](film.mp4)", f"[![Gone](gone.jpg)](media:{FILM})"),
        ("[![Fog](t.jpg)](large.jpg)", f"![Fog](media:{FILM})"),
        ("[A film](film.mp4)", f"![A film](media:{FILM})"),
        (
            "See [the fog](large.jpg) and [it](<large.jpg> 'It').",
            f"See [the fog](media:{FILM}) and [it](media:{FILM} 'It').",
        ),
        ("See [the fog](https://other.example/large.jpg).", "See [the fog](https://other.example/large.jpg)."),
        ("See [a film](film.mp4#t=30).", f"See [a film](media:{FILM}#t=30)."),
        ("See [a film](<film.mp4#a b>).", f"See [a film](<media:{FILM}#a b>)."),
        ("[A film](film.mp4#t=30)", f"![A film](media:{FILM})"),
    ],
)
def test_a_picture_that_leads_to_a_file_stays_and_goes_on_leading_there(written: str, becomes: str) -> None:
    assets = {each.file: THUMB if each.file == "t.jpg" else FILM for each in pictures.of_text(written)}
    assets.pop("gone.jpg", None)
    assert pictures.with_ids(written, assets) == becomes
