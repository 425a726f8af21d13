"""The table of a benchmark: rows, notes, and both ways to print them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 132  # where there is no terminal to ask
HEADINGS = ("what", "lab", "beside", "ratio", "goal", "")
NOTES = (
    "[1] A chain, from topology to a network that stands, without taps: the plan, the start of the lab's own process and the wait"
    " until each link is up are in it. The yardstick is the same chain in hand-packed netlink messages, by one process. It does"
    " less: two routes a router, where the lab makes every router's addresses reachable; offloads stay on, and the lab has them off"
    " at each link end, and checks it; it waits for no link. After each build a datagram of 1400 octets, the MTU, went from end to"
    " end.",
    "[2] Nodes, links and addresses by Mininet's API; MTU, forwarding and the yardstick's routes by commands in its nodes.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `ratio` is ours over theirs."""

    what: str
    lab: str
    beside: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def held_to(self, goal: str, met: bool) -> Row:
        return dataclasses.replace(self, goal=goal, met=met)

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} ×"
        goal = f"≤ {self.goal}" if self.goal else ""
        return self.what, self.lab, self.beside, ratio, goal, {True: "ok", False: "over", None: ""}[self.met]


def show(rows: Sequence[Row], notes: Sequence[str], *, markdown: bool) -> None:
    print("\n".join(as_markdown(rows, notes))) if markdown else print_table(rows, notes)


def as_markdown(rows: Sequence[Row], notes: Sequence[str]) -> list[str]:
    lines = [HEADINGS, ("---", "---", "---", "---:", "---", "---"), *(row.cells() for row in rows)]
    return [f"| {' | '.join(cells)} |" for cells in lines] + [line for note in notes for line in ("", note)]


def print_table(rows: Sequence[Row], notes: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "ratio" else "left", no_wrap=heading in ("what", "lab"))
    for row in rows:
        *cells, verdict = row.cells()
        table.add_row(*cells, {"ok": "[green]ok", "over": "[red]over"}.get(verdict, ""))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(table)
    for note in notes:
        console.print(f"\n{note}", markup=False)
