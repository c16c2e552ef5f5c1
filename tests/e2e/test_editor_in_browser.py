"""The editor in a real browser: formatting that undo takes back, pictures that go up, rich text that becomes Markdown,
a preview beside the text, and no script or style that the policy forbids.
"""

import base64
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, StorageState, expect

import photograph
from e2e_site import Site, soon

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000
CLIPBOARDS = Path(__file__).parent.parent / "clipboards"
"""What programs put on the clipboard, as they really write it, and the Markdown that it means."""
DESCRIBED = re.compile(
    r"Meanwhile\. !\[A \\\[bridge\\\]\]\(media:[0-9A-Z]{26}\)\n\n<!-- uploading words\.jpg \(2\) -->\n\n"
)
TAKE = """([kind, texts, files]) => {
    const data = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) data.setData(type, text);
    for (const [name, raw] of files) {
        const bytes = Uint8Array.from(atob(raw), (each) => each.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: "image/jpeg" }));
    }
    const options = { clipboardData: data, dataTransfer: data, bubbles: true, cancelable: true };
    const event = kind === "drop" ? new DragEvent("drop", options) : new ClipboardEvent("paste", options);
    return document.getElementById("field-body").dispatchEvent(event);
}"""
"""Pastes or drops; whether the browser may do the rest itself."""


MADE = [
    (("Heading", "Heading"), "fog", "### fog"),
    (("Numbered list",), "a\nb", "1. a\n2. b"),
    (("Task list",), "- a\n- b", "- [ ] a\n- [ ] b"),
    (("List", "List"), "a\n\nb", "a\n\nb"),
    (("Quote",), "a\nb", "> a\n> b"),
    (("Callout",), "a\nb", "> [!NOTE]\n> a\n> b"),
    (("Block of code",), "a```b", "````\na```b\n````"),
    (("Table",), "fog", "fog\n\n| Heading | Heading |\n| --- | --- |\n|  |  |"),
    (("Footnote",), "fog", "fog[^1]\n\n[^1]: "),
    (("Code", "Code"), "fog", "fog"),
]
"""Buttons, the text that is chosen, and what they make of it."""
ALONE = [
    ("Look:", "", "Look:\n\nPICTURE\n\nx"),
    ("| a | b |\n| --- | --- |\n| 1 | 2 |", "", "| a | b |\n| --- | --- |\n| 1 | 2 |\n\nPICTURE\n\nx"),
    ("| a | b |\n| --- | --- |\n| 1 | ", " |", "| a | b |\n| --- | --- |\n| 1 | PICTUREx |"),
    ("- one ", "", "- one PICTUREx"),
]
"""The text before a pasted picture, after it, and what becomes of them when one types on."""
SCROLLED = """([part]) => new Promise((done) => {
    const area = document.getElementById("field-body");
    const view = document.querySelector("iframe").contentDocument.scrollingElement;
    if (part) area.scrollTo(0, area.scrollHeight);
    const at = (element) => element.scrollTop / (element.scrollHeight - element.clientHeight);
    const look = () => Math.abs(at(area) - part) + Math.abs(at(view) - part) < 0.01 ? done() : setTimeout(look, 20);
    look();
})"""
"""Waits until text and preview are both at the top (0) or at the end (1), where the text is brought first."""


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in."""
    with browser.new_context(storage_state=signed_in, viewport={"width": 1440, "height": 900}) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def page(desk: BrowserContext, site: Site, author: httpx.Client) -> Generator[Page]:
    """The editor of a new draft, in which nothing may break the policy."""
    opened = desk.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    opened.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    draft = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    opened.goto(site.url + draft)
    opened.locator("[data-toolbar]").wait_for()
    yield opened
    assert broken == []


def text_of(page: Page) -> str:
    return page.locator("#field-body").input_value()


def coded(content: bytes) -> str:
    """A file as the script in `TAKE` can make it again."""
    return base64.b64encode(content).decode()


def press(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def write(page: Page, text: str, start: int, end: int) -> None:
    """The text with this part of it chosen."""
    page.locator("#field-body").fill(text)
    page.locator("#field-body").evaluate("(area, [start, end]) => area.setSelectionRange(start, end)", [start, end])


def paste(page: Page, html: str = "", plain: str = "words") -> bool:
    return page.evaluate(TAKE, ["paste", {"text/plain": plain, **({"text/html": html} if html else {})}, []])


def test_buttons_and_keys_format_and_undo_takes_it_back(page: Page) -> None:
    write(page, "fog and rain", 0, 3)
    press(page, "Bold", "Italic", "Italic")
    assert text_of(page) == "**fog** and rain"
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert text_of(page) == "fog and rain"
    page.keyboard.press("Control+Shift+X")
    page.keyboard.press("Control+Shift+Digit8")
    assert text_of(page) == "- ~~fog~~ and rain"


def test_every_button_makes_what_it_says(page: Page) -> None:
    for buttons, text, made in MADE:
        write(page, text, 0, len(text))
        press(page, *buttons)
        assert text_of(page) == made


def test_enter_goes_on_with_a_list_and_ends_it_on_an_empty_item(page: Page) -> None:
    page.locator("#field-body").focus()
    keys = page.keyboard
    for words in ("1. one", "two"):
        keys.type(words)
        keys.press("Enter")
    keys.press("Enter")
    keys.type("> - [x] in a quote")
    keys.press("Enter")
    assert text_of(page) == "1. one\n2. two\n\n> - [x] in a quote\n> - [ ] "
    for _ in range(2):
        keys.press("Enter")
    keys.type("After it.")
    assert text_of(page) == "1. one\n2. two\n\n> - [x] in a quote\n>\nAfter it."
    write(page, "```\n- code", 10, 10)
    keys.press("Enter")
    assert text_of(page) == "```\n- code\n"


def test_tab_leaves_the_text_until_the_author_says_otherwise(page: Page) -> None:
    write(page, "- a", 3, 3)
    keys = page.keyboard
    keys.press("Control+BracketRight")
    assert text_of(page) == "    - a"
    keys.press("Control+/")
    page.get_by_label("Tab moves the line").check()
    keys.press("Escape")
    page.locator("#field-body").focus()
    keys.press("Shift+Tab")
    assert text_of(page) == "- a"
    keys.press("Escape")
    keys.press("Tab")
    expect(page.locator("#field-body")).not_to_be_focused()


def test_enter_leads_from_the_title_to_the_text_and_saves_in_other_fields(page: Page) -> None:
    page.locator("#field-title").focus()
    page.keyboard.type("On fog")
    page.keyboard.press("Enter")
    expect(page.locator("#field-body")).to_be_focused()
    page.get_by_label("Slug").fill("on-fog")
    page.get_by_label("Slug").press("Enter")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    assert page.locator("#field-title").input_value() == "On fog"


def test_the_toolbar_is_one_stop_in_which_arrows_move(page: Page) -> None:
    page.locator("#field-title").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Heading")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Keys")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#field-body")).to_be_focused()


def test_an_address_pasted_on_words_makes_them_a_link(page: Page) -> None:
    write(page, "see fog now", 4, 7)
    assert not paste(page, plain="https://weather.example/fog")
    assert text_of(page) == "see [fog](https://weather.example/fog) now"
    assert paste(page, plain="words")


def test_rich_text_becomes_markdown(page: Page) -> None:
    for name in ("google-docs", "word", "spreadsheet", "page"):
        html, made = ((CLIPBOARDS / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
        write(page, "", 0, 0)
        assert not paste(page, html)
        made = made.rstrip("\n")
        expect(page.locator("#field-body")).to_have_value(f"{made}\n\n" if made.endswith("|") else made)
        page.keyboard.press("Control+z")
        assert text_of(page) == ""


def test_rich_text_is_left_plain_in_code_and_with_shift(page: Page) -> None:
    write(page, "```\n", 4, 4)
    assert paste(page, "<b>bold</b>")
    write(page, "", 0, 0)
    for key in ("Control", "Shift", "V"):
        page.keyboard.down(key)
    assert paste(page, "<b>bold</b>")
    for key in ("V", "Shift", "Control"):
        page.keyboard.up(key)
    write(page, "", 0, 0)
    assert not paste(page, plain="a\tb\n1\t2")
    assert text_of(page) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n"


def test_what_is_typed_after_a_pasted_table_is_no_row_of_it(page: Page) -> None:
    write(page, "Before", 6, 6)
    assert not paste(page, plain="a\tb\n1\t2")
    page.keyboard.type("After")
    assert text_of(page) == "Before\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nAfter"


def test_a_picture_gets_a_paragraph_of_its_own_but_stays_in_a_cell_or_a_list(page: Page) -> None:
    page.route("**/author/media", lambda _: None)
    place = "<!-- uploading bridge.jpg (%d) -->"
    for count, (before, after, made) in enumerate(ALONE, start=1):
        write(page, before + after, len(before), len(before))
        page.evaluate(TAKE, ["paste", {}, [["bridge.jpg", coded(b"held")]]])
        page.keyboard.type("x")
        assert text_of(page) == made.replace("PICTURE", place % count)
    page.unroute_all(behavior="ignoreErrors")


def test_pictures_go_up_while_one_types_and_a_broken_one_can_be_tried_again(page: Page, tmp_path: Path) -> None:
    photo = photograph.take(tmp_path / "bridge.jpg").read_bytes()
    held: list[Route] = []
    page.route("**/author/media", lambda route: route.continue_() if held else held.append(route))
    files = [["bridge.jpg", coded(photo)], ["words.jpg", coded(b"no picture")]]
    with page.expect_request("**/author/media"):
        page.evaluate(TAKE, ["drop", {}, files])
    page.locator("#field-body").press("Control+Home")
    page.keyboard.type("Meanwhile. ")
    held[0].continue_()
    page.get_by_role("textbox", name="What does bridge.jpg show?").fill("A [bridge]")
    assert text_of(page).startswith("Meanwhile. ![](media:")
    page.keyboard.press("Enter")
    expect(page.locator("#field-body")).to_have_value(DESCRIBED)
    expect(page.locator(".attachment")).to_contain_text("words.jpg was not uploaded. This file is no picture")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Leave it out").click()
    expect(page.locator(".attachment")).to_have_count(0)
    assert "words.jpg" not in text_of(page)


def test_an_upload_that_is_cancelled_leaves_nothing(page: Page, tmp_path: Path) -> None:
    photo = photograph.take(tmp_path / "bridge.jpg").read_bytes()
    page.route("**/author/media", lambda _: None)
    page.evaluate(TAKE, ["paste", {}, [["bridge.jpg", coded(photo)]]])
    assert text_of(page) == "<!-- uploading bridge.jpg (1) -->\n\n"
    page.get_by_role("button", name="Cancel bridge.jpg").click()
    expect(page.locator("#field-body")).to_have_value("")
    page.unroute_all(behavior="ignoreErrors")


def test_pictures_of_the_library_are_found_and_put_in_the_text_and_above_it(page: Page) -> None:
    press(page, "Picture or file")
    page.get_by_placeholder("Search by name").fill("moss")
    choice = page.locator(".picture-choice")
    expect(choice).to_have_count(1)
    choice.click()
    soon(page, lambda: text_of(page).startswith("![Cushions of moss"))
    page.get_by_role("button", name="Choose…").click()
    page.locator(".picture-choice").nth(1).click()
    expect(page.locator("[data-cover-shown] .asset-frame")).to_be_visible()
    expect(page.locator("[data-saved]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-cover-shown] .asset-frame")).to_be_visible()
    page.get_by_role("button", name="No cover").click()
    expect(page.locator("#field-cover")).to_have_value("")


def test_tags_are_suggested_while_they_are_typed(page: Page) -> None:
    tags = page.get_by_role("combobox", name="Tags")
    tags.press_sequentially("new, phys")
    expect(page.get_by_role("option", name="physics")).to_be_visible()
    tags.press("ArrowDown")
    tags.press("Enter")
    expect(tags).to_have_value("new, physics")


def test_the_preview_follows_the_text_and_keeps_what_did_not_change(page: Page) -> None:
    text = "".join(
        f"## Part {part}\n\n{'Words and more words. ' * 30}\n\n```python\nx = {part}\n```\n\n" for part in range(12)
    )
    page.locator("#field-body").fill(text)
    page.get_by_role("button", name="Preview").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator(".highlight")).to_have_count(12)
    last = frame.locator(".highlight").last
    last.evaluate("(block) => { block.kept = true; }")
    page.locator("#field-body").press("Control+Home")
    page.keyboard.type("A new beginning.\n\n")
    expect(frame.locator(".post-body p").first).to_have_text("A new beginning.")
    assert last.evaluate("(block) => block.kept")

    page.evaluate(SCROLLED, [1])
    frame.locator("main").press("Control+Home")
    page.evaluate(SCROLLED, [0])
    frame.locator(".site-title").click()
    expect(frame.locator(".post-body p").first).to_have_text("A new beginning.")


def test_the_place_in_a_text_and_the_open_preview_are_there_after_a_reload(page: Page) -> None:
    write(page, "Words.\n" * 200, 700, 700)
    page.get_by_role("button", name="Preview").click()
    page.locator("#field-body").focus()
    page.locator("#field-body").evaluate("(area) => { area.scrollTop = 900; }")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.reload()
    expect(page.locator("#field-body")).to_be_focused()
    body = page.locator("#field-body")
    soon(page, lambda: body.evaluate("(area) => [area.selectionStart, area.scrollTop]") == [700, 900])
    expect(page.locator("iframe")).to_be_visible()


def test_the_code_editor_with_the_keys_of_vim_takes_the_place_of_the_text(page: Page) -> None:
    press(page, "Keys")
    page.get_by_label("Write in").select_option("vim")
    page.keyboard.press("Escape")
    page.reload()
    editor = page.locator("[data-code-editor]")
    editor.click()
    page.keyboard.type("i- fog\nrain")
    page.keyboard.press("Escape")
    assert text_of(page) == "- fog\n- rain"
    page.keyboard.type("ggdd")
    assert text_of(page) == "- rain"
    page.keyboard.type("u$")
    press(page, "Table")
    assert text_of(page) == "- fog\n\n| Heading | Heading |\n| --- | --- |\n|  |  |\n\n- rain"
    page.keyboard.press("Escape")
    page.keyboard.type(":w\n")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.reload()
    expect(editor.get_by_text("Heading | Heading")).to_be_visible()


def test_length_is_told_where_it_matters(page: Page) -> None:
    page.locator("#field-body").fill("Two words")
    expect(page.locator("[data-counts]")).to_have_text("2 words, 1 min")
    page.locator("#field-title").fill("Short")
    expect(page.locator("[data-fit=title]")).to_be_hidden()
    page.locator("#field-title").fill("A title " * 10)
    expect(page.locator("[data-fit=title]")).to_have_text("79 characters: search engines show about the first 60.")


def test_on_a_phone_the_preview_takes_the_place_of_the_text(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator("#field-body").fill("On the way.")
    page.get_by_role("button", name="Preview").click()
    expect(page.frame_locator("iframe").get_by_text("On the way.")).to_be_visible()
    expect(page.locator("#field-body")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#field-body")).to_be_focused()
