"""`sdc up --demo`, once: an empty site is filled through the same doors as a real one."""

import json
import re
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable

import pytest

from sdc_up import Up

pytestmark = pytest.mark.timeout(240)

LINK = r"https?://\S+/author/login/\S+"
VARIANTS_S = 60


class Demo:
    """What a reader and the operator see of a filled site."""

    def __init__(
        self,
        environment: dict[str, str],
        start: Callable[..., Up],
        sdc: Callable[..., subprocess.CompletedProcess[str]],
    ) -> None:
        self.url = f"http://localhost:{environment['SDC_WEB_PORT']}"
        up = start("--demo")
        up.wait_for(LINK)
        self.front = fetch(f"{self.url}/")
        self.post = self._with_picture(f"{self.url}/posts/moss-asks-for-nothing")
        self.authors = json.loads(sdc("author", "list", "--json").stdout)
        up.end(signal.SIGINT)
        self.printed = up.printed

    def _with_picture(self, address: str) -> str:
        give_up_s = time.monotonic() + VARIANTS_S
        while "480.avif" not in (page := fetch(address)) and time.monotonic() < give_up_s:
            threading.Event().wait(0.2)
        return page


@pytest.fixture(scope="module")
def demo(
    environment: dict[str, str], start: Callable[..., Up], sdc: Callable[..., subprocess.CompletedProcess[str]]
) -> Demo:
    return Demo(environment, start, sdc)


def test_the_front_page_shows_the_sample_posts(demo: Demo) -> None:
    assert demo.front.count("post-list-title") >= 3


def test_the_sample_pictures_get_their_variants(demo: Demo) -> None:
    assert re.search(r"/media/\w+/480\.avif", demo.post)


def test_the_demo_author_signs_in_by_the_printed_link_and_no_setup_link_is_offered(demo: Demo) -> None:
    assert [author["name"] for author in demo.authors] == ["demo"]
    assert len(re.findall(LINK, demo.printed)) == 1
    assert "/author/setup" not in demo.printed


def fetch(url: str) -> str:
    """A page."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()
