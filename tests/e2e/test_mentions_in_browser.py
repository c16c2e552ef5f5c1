"""What other sites say of a text: the author hears of it, lets readers see the one and not the other, and wants no more
from a host.
"""

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from sdc_core.settings import Settings
from sdc_web.db import open_databases
from sdc_web.webmentions import looking, taking

from e2e_site import Site, run_apart, served_apart
from mention_peer import Peer
from seats import Seat, publish, read

pytestmark = pytest.mark.timeout(180)
REPLY = """<article class="h-entry"><p class="p-author h-card">Grace</p>
<p><a class="u-in-reply-to" href="{target}">Of harbours</a></p><p class="e-content">A fine harbour.</p></article>"""
MENTION = '<article class="h-entry"><p class="e-content">Buy <a href="{target}">boats</a> of us.</p></article>'


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def there(peer: Peer) -> Generator[str]:
    """Another site."""
    with served_apart(peer.serve) as address:
        yield address


def tell(site: Site, target: str, *sources: str) -> None:
    """As `POST /webmention` and the loop do on a site that has a public address, to which loopback is not outside."""

    async def told() -> None:
        settings = Settings(DATA_DIR=Path(site.environment["SDC_DATA_DIR"]), SITE_URL=site.url, _env_file=None)
        async with open_databases(settings) as databases:
            for each in sources:
                await taking.take(databases.site, settings, each, target)
            assert await looking.look(databases.site, site.url, private=True, pace_s=0) == len(sources)

    run_apart(told())


def test_what_others_say_is_shown_once_it_is_accepted_and_a_host_is_blocked(
    site: Site, seat: Seat, author: httpx.Client, peer: Peer, there: str
) -> None:
    slug = f"quay-{seat.word}"
    public = f"{site.url}/posts/{slug}"
    publish(author, title=f"Quay {seat.word}", slug=slug)
    page = seat.open(f"{site.url}/author/site/webmentions")
    page.get_by_label("Let other sites tell when they lead to a post").check()
    seat.press(page.get_by_role("button", name="Save"))
    expect(page.locator(".flash-ok")).to_have_text("Saved.")
    seat.look(page)
    peer.page("/reply", REPLY.format(target=public))
    peer.page("/boats", MENTION.format(target=public))
    tell(site, public, f"{there}/reply", f"{there}/boats")
    assert "A fine harbour." not in read(public)

    page.goto(f"{site.url}/author")
    seat.press(page.locator(".matters").get_by_role("link", name="webmention"))
    mentions = page.locator(".mention:has(input[name=mention])")
    expect(mentions).to_have_count(2)
    seat.look(page)
    seat.press(page.get_by_role("button", name="Accept what is ticked"))
    expect(page.locator(".flash-warning")).to_contain_text("Tick some first")
    seat.press(mentions.filter(has_text="A fine harbour.").get_by_role("checkbox"))
    seat.press(page.get_by_role("button", name="Accept what is ticked"))
    expect(page.locator(".flash-ok")).to_have_text("Accepted. Readers see it below the text.")
    seen = read(public)
    assert "A fine harbour." in seen
    assert "Grace" in seen
    assert f'href="{there}/reply" rel="ugc nofollow external"' in seen
    seat.press(mentions.filter(has_text="boats").get_by_role("checkbox"))
    seat.press(page.get_by_role("button", name="Refuse what is ticked"))
    expect(mentions).to_have_count(0)
    assert "boats" not in read(public)

    blocked(seat, page, there.removeprefix("http://"), public)


def blocked(seat: Seat, page: Page, at: str, public: str) -> None:
    """From the list of what was accepted; then it may tell again."""
    seat.press(page.get_by_role("link", name="Accepted"))
    expect(page.locator(".mention:has(input[name=mention])", has_text=at)).to_have_count(1)
    page.get_by_label("Host", exact=True).fill(at)
    seat.press(page.get_by_role("button", name="Block it"))
    expect(page.locator("#error-host")).to_be_visible()
    seat.look(page)
    host = at.partition(":")[0]
    page.get_by_label("Host", exact=True).fill(host)
    seat.press(page.get_by_role("button", name="Block it"))
    expect(page.locator(".flash-ok")).to_have_text("Saved.")
    assert "A fine harbour." not in read(public)
    allow = page.locator(".mention", has_text=host).get_by_role("button", name="Allow again")
    seat.press(allow)
    expect(allow).to_have_count(0)
