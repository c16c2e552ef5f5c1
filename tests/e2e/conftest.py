"""The running system for end-to-end tests: `sdc up`, a second S3 endpoint as the remote, Chromium."""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright
from sdc_core import clock
from sdc_core.objects import Endpoint

import e2e_site
import seaweed
from e2e_site import Site


@pytest.fixture(scope="session")
def remote() -> Generator[Endpoint]:
    """The second S3 endpoint: another store, another port, another folder."""
    with tempfile.TemporaryDirectory(prefix="sdc-remote-") as folder, seaweed.running(Path(folder)) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def site(remote: Endpoint) -> Generator[Site]:
    """`sdc up` in an empty folder, shared by the tests that need no new one."""
    with tempfile.TemporaryDirectory(prefix="sdc-e2e-") as folder, e2e_site.running(Path(folder), remote) as started:
        yield started


@pytest.fixture
def new_site(remote: Endpoint) -> Generator[Site]:
    """One more, that nobody has touched: its set-up link is still good."""
    with tempfile.TemporaryDirectory(prefix="sdc-e2e-") as folder, e2e_site.running(Path(folder), remote) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Debian's or anybody's Chromium, headless, that asks nothing of the world. Its driver holds the thread's event
    loop, so it must be gone before a test of another module wants one.
    """
    flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM_PATH"), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def signed_in(site: Site, browser: Browser) -> StorageState:
    """The cookies of an author of the shared site, let in by a link from the command line."""
    name = f"ada-{clock.new_id().lower()}"
    added = site.sdc("author", "add", name)
    assert added.returncode == 0, added.stderr
    linked = site.sdc("author", "login-link", name)
    assert linked.returncode == 0, linked.stderr
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(linked.stdout.strip())
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Hello").wait_for()
        return context.storage_state()
