"""Every link of the README and of docs/ leads somewhere: to a file that is there, and to a heading that is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def targets(page: str) -> Iterator[str]:
    """What the page's links lead to, but for those in code."""
    for link in _LINK.finditer(_CODE.sub("`", _FENCED.sub("", page))):
        yield link[1]


def anchors(page: str) -> set[str]:
    """What its headings are called in links, as GitHub makes it: a second heading of one name has -1 behind it."""
    found: dict[str, int] = {}
    for heading in _HEADING.findall(_FENCED.sub("", page)):
        name = re.sub(r"[^\w -]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        found[name] = found.get(name, 0) + 1
    return {name if not number else f"{name}-{number}" for name, times in found.items() for number in range(times)}


def dead(page: Path) -> list[str]:
    """The links that lead nowhere. Those to other sites are not followed."""
    found = []
    for target in targets(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_no_link_is_dead(page: Path) -> None:
    assert dead(page) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    left = [TOP / "README.md"]
    while left:
        page = left.pop().resolve()
        if page not in reached and page.suffix == ".md" and page.exists():
            reached.add(page)
            paths = (target.partition("#")[0] for target in targets(page.read_text(encoding="utf-8")) if ":" not in target)
            left += [page.parent / path for path in paths if path]
    assert [page for page in PAGES if page not in reached] == []


def test_dead_links_are_found(tmp_path: Path) -> None:
    other, page = tmp_path / "other.md", tmp_path / "page.md"
    other.write_text("# One, two `three()`\n## Same\n## Same\n")
    page.write_text(
        "# Here\n[a](other.md) [b](other.md#one-two-three) [c](#here) [d](other.md#same-1) [e](x:y)\n"
        "[f](none.md) [g](other.md#none) [h](#none) [i](other.md#same-2) `[j](code.md)`\n```\n[k](fenced.md)\n# no heading\n```\n"
        "[l](#no-heading)\n"
    )
    assert dead(page) == ["none.md", "other.md#none", "#none", "other.md#same-2", "#no-heading"]
