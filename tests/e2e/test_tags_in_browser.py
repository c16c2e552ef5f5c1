"""The author orders texts: a tag gets a colour and another name and goes into another one, parts of a series their
order; readers find all of it at once, by the old addresses too.
"""

import re

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from e2e_site import Site
from seats import Seat, publish, read

pytestmark = pytest.mark.timeout(180)


def save(seat: Seat, page: Page) -> None:
    seat.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".flash-ok")).to_have_text("Saved.")


def titles(url: str) -> list[str]:
    """Those of the texts that a reader sees in a list, in order."""
    (main,) = re.findall(r"<main.*</main>", read(url), re.DOTALL)
    return re.findall(r'href="/posts/[\w-]+"[^>]*>([^<]+)</a>', main)


def test_a_tag_gets_a_colour_and_another_name_and_goes_into_another_one(
    site: Site, seat: Seat, author: httpx.Client
) -> None:
    rowing, paddling, canoes = (f"{each}-{seat.word}" for each in ("rowing", "paddling", "canoes"))
    publish(author, title="By oar", slug=f"by-oar-{seat.word}", tags=rowing)
    publish(author, title="By canoe", slug=f"by-canoe-{seat.word}", tags=canoes)
    tags = f"{site.url}/tags"
    page = seat.open(f"{site.url}/author/tags")
    seat.press(page.get_by_role("link", name=rowing, exact=True))
    page.get_by_label("Name").fill(canoes)
    seat.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("#error-name")).to_contain_text("Another tag has this name already")
    seat.look(page)
    page.get_by_label("Name").fill(paddling)
    page.get_by_role("radio", name="teal").check()
    page.get_by_label("Description").fill("Over quiet water.")
    save(seat, page)
    expect(page.get_by_role("row").filter(has_text=paddling)).to_contain_text("Over quiet water.")
    seat.look(page)
    assert read(f"{tags}/{rowing}", 301) == f"/tags/{paddling}"
    assert "Over quiet water." in read(f"{tags}/{paddling}")
    assert re.search(rf'tag-teal [^>]*href="/tags/{paddling}"', read(f"{site.url}/posts/by-oar-{seat.word}"))

    seat.press(page.get_by_role("link", name=paddling, exact=True))
    expect(page.get_by_text(f"Set free {rowing}")).to_be_visible()
    page.get_by_label("Into which tag").select_option(canoes)
    seat.press(page.get_by_role("button", name="Merge"))
    expect(page.locator(".flash-ok")).to_have_text("Saved.")
    expect(page.get_by_role("link", name=paddling, exact=True)).to_have_count(0)
    assert sorted(titles(f"{tags}/{canoes}")) == ["By canoe", "By oar"]
    for former in (rowing, paddling):
        assert read(f"{tags}/{former}", 301) == f"/tags/{canoes}"

    seat.press(page.get_by_role("link", name=canoes, exact=True))
    seat.press(page.get_by_role("button", name=f"Set free {rowing}"))
    expect(page.get_by_role("button", name=f"Set free {rowing}")).to_have_count(0)
    read(f"{tags}/{rowing}", 404)
    seat.press(page.get_by_text("Delete", exact=True))
    seat.look(page)
    seat.press(page.get_by_role("button", name="Delete the tag"))
    expect(page.locator(".flash-ok")).to_have_text("Deleted.")
    read(f"{tags}/{canoes}", 404)
    assert canoes not in read(f"{site.url}/posts/by-oar-{seat.word}")


def test_parts_of_a_series_are_put_in_order_and_its_address_moves(site: Site, seat: Seat, author: httpx.Client) -> None:
    voyage, slug = f"Voyage {seat.word}", f"voyage-{seat.word}"
    for part in ("Harbour", "Open sea", "Island"):
        publish(author, title=part, slug=f"{part.lower().replace(' ', '-')}-{seat.word}", series=voyage)
    series = f"{site.url}/series/{slug}"
    assert titles(series) == ["Harbour", "Open sea", "Island"]
    page = seat.open(f"{site.url}/author/series")
    seat.press(page.get_by_role("link", name=voyage, exact=True))
    parts = page.get_by_role("heading", name="Published parts").locator("..").get_by_role("listitem")
    expect(parts).to_have_count(3)
    seat.press(parts.get_by_role("link", name="Island"))
    page.get_by_label("Part of the series").fill("1")
    seat.press(page.locator(".editor-bar .button-main"))
    page.wait_for_url("**said=published")
    assert titles(series) == ["Island", "Harbour", "Open sea"]
    assert "Harbour" in read(f"{site.url}/posts/island-{seat.word}"), "it leads to the next part"

    seat.press(page.get_by_role("link", name="Posts", exact=True).first)
    seat.press(page.get_by_role("navigation", name="Posts and what orders them").get_by_role("link", name="Series"))
    seat.press(page.get_by_role("link", name=voyage, exact=True))
    expect(parts.first).to_contain_text("Island")
    page.get_by_label("Slug").fill("No slug")
    seat.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("#error-slug")).to_be_visible()
    seat.look(page)
    page.get_by_label("Title").fill(f"Crossing {seat.word}")
    page.get_by_label("Slug").fill(f"crossing-{seat.word}")
    page.get_by_label("Description").fill("Three days under sail.")
    save(seat, page)
    assert read(series, 301) == f"/series/crossing-{seat.word}"
    assert "Three days under sail." in read(f"{site.url}/series/crossing-{seat.word}")

    seat.press(page.get_by_text("Delete", exact=True))
    seat.press(page.get_by_role("button", name="Delete the series"))
    expect(page.locator(".flash-ok")).to_have_text("Deleted.")
    read(f"{site.url}/series/crossing-{seat.word}", 404)
    assert "Crossing" not in read(f"{site.url}/posts/island-{seat.word}")


def test_a_tag_that_the_page_does_not_tell_is_asked_for_while_it_is_typed(
    site: Site, seat: Seat, author: httpx.Client
) -> None:
    rare = f"seldom-{seat.word}"
    publish(author, title="Seldom", slug=f"seldom-{seat.word}", tags=rare)
    text = author.post("/author/posts", data={"kind": "post"}).headers["location"]

    def of_a_site_with_thousands(route: Route) -> None:
        whole = route.fetch()
        none = re.sub(r'(<datalist id="known-tags">).*?(</datalist>)', r"\1\2", whole.text(), flags=re.DOTALL)
        route.fulfill(response=whole, body=none)

    page = seat.context.new_page()
    page.route(f"{site.url}{text}", of_a_site_with_thousands)
    page.goto(site.url + text)
    field = page.get_by_label("Tags", exact=True)
    seat.press(field)
    field.press_sequentially("fog, ldom")
    if not seat.has_script:
        return
    expect(page.get_by_role("option", name=rare)).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    assert re.fullmatch(r"fog, seldom-.*", field.input_value())
