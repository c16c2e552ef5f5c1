"""`sdc up --demo`: an empty site is filled through the same doors as a real one."""

import json
import re

import httpx
import pytest

from e2e_site import LINK, Site
from living_site import eventually

pytestmark = pytest.mark.timeout(180)


def test_the_front_page_shows_the_sample_posts(site: Site) -> None:
    assert httpx.get(site.url).text.count("post-list-title") >= 3


def test_the_sample_pictures_get_their_variants(site: Site) -> None:
    post = f"{site.url}/posts/moss-asks-for-nothing"
    # The last of several pictures, each of which takes seconds of a processor that others want as well.
    eventually(lambda: re.search(r"/media/\w+/480\.avif", httpx.get(post).text), within_s=120)


def test_the_demo_author_comes_in_by_the_one_printed_link_and_no_setup_link_is_offered(site: Site) -> None:
    authors = json.loads(site.sdc("author", "list", "--json").stdout)
    assert "demo" in [author["name"] for author in authors]  # other tests of this site add their own
    assert re.findall(LINK, site.up.printed) == [site.link]
    assert "/author/login/" in site.link
