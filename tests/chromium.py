"""How Chromium is started by the tests: headless, asking nothing of the world, and one for all that need no other."""

import os
from contextlib import ExitStack

from playwright.sync_api import Browser, Playwright, sync_playwright

FLAGS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


class Driver:
    """Playwright and one Chromium, each started when it is first asked for: a second of work that tests share."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def playwright(self) -> Playwright:
        if self._playwright is None:
            self._playwright = self._running.enter_context(sync_playwright())
        return self._playwright

    def browser(self) -> Browser:
        if self._browser is None:
            path = os.environ.get("CHROMIUM_PATH")
            self._browser = self._running.enter_context(
                self.playwright().chromium.launch(executable_path=path, args=FLAGS)
            )
        return self._browser

    def close(self) -> None:
        """End both; they are started again for whoever asks again."""
        self._running.close()
        self._playwright = self._browser = None
