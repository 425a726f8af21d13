"""What a kernel does and has, for people and for programs: each is a question with its answer, and with what was seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

import click

from lab.model.problem import printable

SCHEMA = 1
"""The version of what stands where in the JSON. It goes up when a key changes its meaning or goes away, not when one is added."""

_ANSWERS = {True: ("yes", "green"), False: ("no", "yellow"), None: ("unknown", "magenta")}


class Row(Protocol):
    """One question about the kernel. `holds` is None where it has no answer, and then `seen` says why.

    `since` says in which versions it changed, and `cites` where; both are "" where that is not known.
    """

    @property
    def name(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def holds(self) -> bool | None: ...
    @property
    def seen(self) -> str: ...
    @property
    def since(self) -> str: ...
    @property
    def cites(self) -> str: ...


def told(row: Row) -> str:
    """Lines, without a newline at the end: the answer and the name, what it says, what was seen or why there is no answer.

    Where it is known, a last one says in which versions that changed, and where.
    """
    word, colour = _ANSWERS[row.holds]
    why = "unknown: " if row.holds is None else "seen: "
    lines = [f"{click.style(f'{word:7}', fg=colour)}  {row.name}", row.says, why + printable(row.seen)]
    if row.since or row.cites:
        lines.append(f"changed: {row.since or 'not known when'}" + f" ({row.cites})" * bool(row.cites))
    return f"\n{'':9}".join(lines)


def traits_json(traits: Sequence[Row], features: Sequence[Row], kernel: str) -> str:
    """Both, with a newline at the end. `kernel` is the release that runs; `holds` is true, false, or null for unknown."""
    document = {"schema": SCHEMA, "kernel": kernel, "traits": [*map(_entry, traits)], "features": [*map(_entry, features)]}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _entry(row: Row) -> dict[str, Any]:
    return {"name": row.name, "says": row.says, "holds": row.holds, "seen": row.seen, "since": row.since, "cites": row.cites}
