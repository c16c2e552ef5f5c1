"""axe over every kind of page that the site leads to, on a phone and on a desk, light and dark."""

import httpx
import page_checks
import pytest
from playwright.sync_api import Browser

from e2e_site import Site

pytestmark = pytest.mark.timeout(240)


def test_axe_finds_nothing_on_any_public_page(site: Site, browser: Browser) -> None:
    with httpx.Client(base_url=site.url) as visitor:
        paths = page_checks.public(visitor)
        assert len(paths) > 10
        assert list(page_checks.accessibility(browser, site.url, paths, visitor.cookies)) == []
