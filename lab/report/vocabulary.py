"""The words that a scenario is written in, for the page docs/writing-scenarios.md: dataclasses, by their fields and docstrings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from enum import Enum
from inspect import cleandoc
from typing import Any


def vocabulary(kinds: Mapping[str, Sequence[type]]) -> str:
    """Sections in Markdown, one for each heading of `kinds`, with what is said of each kind. A newline ends it."""
    return "\n".join(line for heading, these in kinds.items() for line in _section(heading, these)) + "\n"


def signature(kind: type) -> str:
    """How a value of the kind is written: `Send(flow: Flow, octets: int, within: float = 5.0)`."""
    return f"{kind.__name__}({', '.join(_written(field) for field in fields(kind))})"


def _section(heading: str, kinds: Sequence[type]) -> Iterator[str]:
    yield f"\n### {heading}"
    for kind in kinds:
        yield f"\n#### {kind.__name__}\n\n    {signature(kind)}\n\n{cleandoc(kind.__doc__ or '')}"


def _written(field: Field[Any]) -> str:
    default = field.default.name if isinstance(field.default, Enum) else repr(field.default)
    return f"{field.name}: {field.type}" + (f" = {default}" if field.default is not MISSING else "")
