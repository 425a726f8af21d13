"""Reads citations out of sources: `Rfc(...)` and `Kernel(...)` in code, and sections in comments and docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[1]

# A section belongs to the document named last before it.
_MARK = re.compile(r"RFC\s+(?P<rfc>\d+)|(?P<other>IEEE \d+)|§(?P<section>\d+(?:\.\d+)*)")


def sources() -> list[Path]:
    """Every Python file of the three packages."""
    return [path for package in ("lab", "topologies", "scenarios") for path in sorted((TOP / package).rglob("*.py"))]


def cited(text: str) -> Iterator[tuple[int, str]]:
    """Every section of an RFC in `text`: "RFC 1191 §4 and §6.1" is two."""
    number = None
    for mark in _MARK.finditer(text):
        if mark["rfc"] or mark["other"]:
            number = int(mark["rfc"]) if mark["rfc"] else None
        elif number is not None:
            yield number, mark["section"]


def literals(path: Path) -> Iterator[tuple[str, tuple[int | str | None, ...]]]:
    """Every `Rfc(...)` and `Kernel(...)` in a file: its name and its arguments, None for one that is not a literal.

    The other Kernel, which can be booted (lab.model.kernel), is no citation.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    boots = any(isinstance(node, ast.ImportFrom) and node.module == "lab.model.kernel" for node in tree.body)
    names = ("Rfc",) if boots else ("Rfc", "Kernel")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            yield (
                node.func.id,
                tuple(a.value if isinstance(a, ast.Constant) and isinstance(a.value, int | str) else None for a in given),
            )
