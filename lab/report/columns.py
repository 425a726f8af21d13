"""The rows of timelines as lines of text, in columns that are as wide as the widest needs."""

from __future__ import annotations

from collections.abc import Sequence

from lab.model.problem import printable
from lab.report.timeline import Row

HEADINGS = f"{'octets':>6}  DF  {'ms':>7}  {'frame':>5}"
INDENT = 4


class Columns:
    """The columns of these rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._who = max((len(row.who) for row in rows), default=0)
        # A row that is no packet leaves the columns on its right empty, and may run into them.
        self._what = max((len(row.what) for row in rows if row.octets is not None or row.note), default=0)

    def gap(self, title: str) -> str:
        """What to put between a title and HEADINGS, so that these stand over their columns."""
        column = INDENT + self._who + 2 + self._what + 2
        return " " * max(2, column - len(title))

    def line(self, row: Row) -> str:
        line = f"{' ' * INDENT}{row.who:{self._who}}  {printable(row.what):{self._what}}  "
        if row.octets is None and not row.note:
            return line
        octets = "" if row.octets is None else row.octets
        frame = row.frames[0] if row.frames else ""
        return f"{line}{octets:>6}  {'DF' if row.df else '  '}  {row.time / 1e6:7.2f}  {frame:>5}  {row.note}"
