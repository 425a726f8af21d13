"""A browser for tests of reports: Debian's Chromium, without a network, and all that it complains of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

WIDE, NARROW = 1280, 400


def chromium() -> Iterator[Browser]:
    """One browser, closed at the end: what a fixture of a module yields from."""
    with sync_playwright() as playwright:
        # Its own sandbox needs privileges that containers lack; it opens our files, and nothing else.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Opened:
    """Pages in one window without a network, and all that they complained of or asked for."""

    def __init__(self, browser: Browser, folder: Path, **settings: Any) -> None:
        width = settings.pop("width", WIDE)
        self.context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **settings)
        self.page: Page = self.context.new_page()
        self.folder = folder
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def close(self) -> None:
        """The window is closed; no test may leave a word in the console."""
        self.context.close()
        assert self.complaints == []

    def open(self, name: str) -> Page:
        self.requests.clear()
        self.page.goto((self.folder / f"{name}.html").as_uri())
        return self.page
