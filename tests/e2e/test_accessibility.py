"""axe over every kind of page that the site and its CMS lead to, on a phone and on a desk, light and dark."""

import httpx
import page_checks
import pytest
from playwright.sync_api import Browser

from cms_walk import Walk
from e2e_site import Site

pytestmark = pytest.mark.timeout(240)


def test_axe_finds_nothing_on_any_public_page(site: Site, browser: Browser) -> None:
    with httpx.Client(base_url=site.url) as visitor:
        paths = page_checks.public(visitor)
        assert len(paths) > 10
        assert list(page_checks.accessibility(browser, site.url, paths, visitor.cookies)) == []


def test_axe_finds_nothing_on_any_page_of_the_cms(site: Site, browser: Browser, walks: list[Walk]) -> None:
    found = [
        finding for walk in walks for finding in page_checks.accessibility(browser, site.url, walk.paths, walk.cookies)
    ]
    assert found == []
