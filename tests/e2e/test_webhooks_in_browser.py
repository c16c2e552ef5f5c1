"""A program of the author's that hears what happens here: it is added, tried, breaks, is mended, paused and removed."""

import re
from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e_site import Site, served_apart, soon
from receiver import Receiver, answer
from seats import Seat, publish

pytestmark = pytest.mark.timeout(180)
OUT_OF_PAPER = answer("500 Internal Server Error", b"out of paper", "retry-after: 3600\r\n")
"""So the next attempt is not one that comes by itself meanwhile."""


@pytest.fixture
def program() -> Receiver:
    return Receiver()


@pytest.fixture
def address(program: Receiver) -> Generator[str]:
    """Where it listens."""
    with served_apart(program.serve) as there:
        yield f"{there}/hook"


def becomes(seat: Seat, page: Page, state: str) -> None:
    """The delivery that is shown comes to be so: by itself, or when the page is loaded again."""
    shown = page.locator(".delivery .facts .state")

    def is_so() -> bool:
        if not seat.has_script and shown.inner_text() != state:
            page.reload()
        return shown.inner_text() == state

    soon(page, is_so)


def shown_once(page: Page) -> str:
    """The secret."""
    secret = page.locator(".notice code").inner_text()
    assert secret.startswith("whsec_")
    return secret


def test_a_program_hears_of_a_publication_breaks_is_mended_and_paused(
    site: Site, seat: Seat, author: httpx.Client, program: Receiver, address: str
) -> None:
    name = f"Letter {seat.word}"
    page = seat.open(f"{site.url}/author/site")
    seat.press(page.get_by_role("link", name="Webhooks"))
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Address", exact=True).fill("http://user@nowhere")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("checkbox", name="post.published").check()
    seat.press(page.get_by_role("button", name="Add it"))
    expect(page.locator("#error-url")).to_be_visible()
    seat.look(page)
    page.get_by_label("Address", exact=True).fill(address)
    seat.press(page.get_by_role("button", name="Add it"))
    secret = shown_once(page)
    seat.look(page)
    seat.go(page.get_by_role("button", name="Send a test"))
    becomes(seat, page, "delivered")
    assert program.heard[-1].verified_by(secret)
    assert program.types == ["ping"]

    breaks_and_is_mended(seat, page, author, program)
    seat.press(page.get_by_role("link", name=name).last)
    is_paused(seat, page, author, program)
    gets_a_new_secret(seat, page, program, secret)
    seat.press(page.get_by_role("link", name=name).last)
    seat.press(page.get_by_text("Remove this endpoint"))
    seat.press(page.get_by_role("button", name=f"Remove {name}"))
    expect(page.locator(".flash-ok")).to_have_text("Deleted.")
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def breaks_and_is_mended(seat: Seat, page: Page, author: httpx.Client, program: Receiver) -> None:
    """What it did not take stands in the log with what it said, and is sent again by hand under its id."""
    program.answer = OUT_OF_PAPER
    publish(author, title=f"A letter {seat.word}", slug=f"a-letter-{seat.word}")
    soon(page, lambda: program.types[-1] == "post.published")
    seat.press(page.get_by_role("link", name=re.compile("^What was sent to")))
    expect(page.get_by_role("heading", level=1)).to_have_text("What was sent")
    seat.look(page)
    if page.get_by_label("State", exact=True).is_hidden():
        seat.press(page.get_by_text("Filters"))
    page.get_by_label("State", exact=True).select_option("waiting")
    if not seat.has_script:
        seat.press(page.get_by_role("button", name="Show"))
    rows = page.locator(".deliveries-table tbody tr")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("state=waiting"))
    seat.press(rows.get_by_role("link", name="post.published"))
    expect(page.locator(".attempts")).to_contain_text("500")
    seat.press(page.get_by_text("what it said"))
    expect(page.locator(".attempts pre")).to_have_text("out of paper")
    expect(page.locator(".delivery-sent")).to_contain_text(f"a-letter-{seat.word}")
    seat.look(page)
    program.answer = answer("204 No Content")
    seat.go(page.get_by_role("button", name="Try now"))
    becomes(seat, page, "delivered")
    assert program.ids[-1] == program.ids[-2]
    expect(page.locator(".attempts > li")).to_have_count(2)


def is_paused(seat: Seat, page: Page, author: httpx.Client, program: Receiver) -> None:
    """What happens meanwhile waits, and comes once it is turned on again."""
    seat.press(page.get_by_role("button", name="Pause"))
    expect(page.get_by_text("What happens meanwhile waits")).to_be_visible()
    heard = len(program.heard)
    publish(author, title=f"Second letter {seat.word}", slug=f"second-letter-{seat.word}")
    page.reload()
    expect(page.get_by_text("1 waiting", exact=True)).to_be_visible()
    seat.look(page)
    assert len(program.heard) == heard
    seat.press(page.get_by_role("button", name="Turn on again"))
    soon(page, lambda: len(program.heard) == heard + 1)


def gets_a_new_secret(seat: Seat, page: Page, program: Receiver, secret: str) -> None:
    """It is shown once, and signs beside the old one."""
    seat.press(page.get_by_role("button", name="Make a new secret"))
    newer = shown_once(page)
    assert newer != secret
    page.goto(page.url.removesuffix("/secret"))
    assert newer not in page.content()
    seat.go(page.get_by_role("button", name="Send a test"))
    becomes(seat, page, "delivered")
    assert program.heard[-1].verified_by(newer)
    assert program.heard[-1].verified_by(secret)
