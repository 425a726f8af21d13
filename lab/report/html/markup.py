"""The few things that all pages share: escaping, the files of `assets`, and the frame that a page's body goes in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from lab.judge.verdict import Verdict
from lab.model.problem import printable

WORDS = {Verdict.PASS: "ok", Verdict.FAIL: "FAIL", Verdict.SKIP: "skip", Verdict.BROKEN: "BROKEN"}


@cache
def asset(name: str) -> str:
    """A file of `assets`, which is a part of this package as its code is."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def text(words: object) -> str:
    """Any text as HTML, on one line: what cannot be printed is written as an escape, what means something to HTML as an entity."""
    return escape(printable(str(words)))


def lines(words: str) -> str:
    """The same for text of several lines."""
    return "\n".join(text(line.expandtabs()) for line in words.splitlines())


def island(name: str, value: Any) -> str:
    """A value as JSON for the page's scripts. ASCII, and no `<`: nothing in it can end the element that it is in."""
    written = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{written}</script>'


def stamp(verdict: Verdict) -> str:
    """A verdict, large."""
    return f'<span class="stamp {verdict.value}">{verdict.name}</span>'


def document(title: str, body: Iterable[str], styles: Iterable[str], scripts: Iterable[str]) -> bytes:
    """A whole page. `styles` and `scripts` are names of assets; a script may count on those before it."""
    parts = {
        "title": text(title),
        "styles": "\n".join(f"<style>\n{asset(name)}</style>" for name in styles),
        "body": "\n".join(body),
        "scripts": "\n".join(f"<script>\n{asset(name)}</script>" for name in scripts),
    }
    page = asset("page.html")
    # Split, not replaced one by one: what a title or a program says may look like a placeholder.
    written = [parts[piece] if number % 2 else piece for number, piece in enumerate(page.split("@"))]
    return "".join(written).encode("utf-8", "replace")  # a lone surrogate becomes a question mark
