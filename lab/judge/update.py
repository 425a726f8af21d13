"""Two matrices, before and after: what an update of a kernel, or of the lab, has changed.

A column is compared with that of the same version; else with the one that was asked for by the same name (Kernel.name:
`debian:trixie` before the update and after it); and where there is one column in each, with that. A regression is what FAILs now
and did not: also a scenario that is new, as nobody knew of it, and a guest that did not come to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.judge.matrix import Column, Kind, Matrix, Value
from lab.judge.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Moved:
    """A row that one pair of columns tells otherwise. None: the row is not there."""

    kind: Kind
    name: str
    before: Value | None
    after: Value | None
    words: str

    @property
    def regression(self) -> bool:
        return self.after is Value.FAIL


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns that belong together, by their names, and what moved between them.

    `stopped` says why the guest no longer comes to its end; empty where it does, or did not before either.
    """

    before: str
    after: str
    moved: tuple[Moved, ...]
    stopped: str = ""

    @property
    def regressions(self) -> tuple[Moved, ...]:
        return tuple(moved for moved in self.moved if moved.regression)


@dataclass(frozen=True, slots=True)
class Update:
    """`gone` and `new` are columns that have no partner, by name."""

    pairs: tuple[Pair, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        return any(pair.regressions or pair.stopped for pair in self.pairs)


def update(before: Matrix, after: Matrix) -> Update:
    partners = dict(_partners(before, after))
    pairs = tuple(_pair(before, old, after, new) for new, old in partners.items())
    gone = tuple(name for number, name in enumerate(before.names) if number not in partners.values())
    return Update(pairs, gone, tuple(name for number, name in enumerate(after.names) if number not in partners))


def _partners(before: Matrix, after: Matrix) -> Iterator[tuple[int, int]]:
    """Of each column after, the one before, by number."""
    if len(before.columns) == len(after.columns) == 1:
        yield 0, 0
        return
    # Of several that were asked for by one name the newest, which is the last, is meant.
    asked = {column.run.kernel.name: number for number, column in enumerate(before.columns)}
    called = {name: number for number, name in enumerate(before.names)}
    for number, column in enumerate(after.columns):
        partner = called.get(column.name, asked.get(column.run.kernel.name))
        if partner is not None:
            yield number, partner


def _pair(before: Matrix, old: int, after: Matrix, new: int) -> Pair:
    was, now = before.columns[old], after.columns[new]
    return Pair(was.name, now.name, tuple(_moved(before, old, after, new)), _stopped(was, now))


def _stopped(was: Column, now: Column) -> str:
    fails = now.run.stopped is Verdict.FAIL and was.run.stopped is not Verdict.FAIL
    return now.run.reason or "it did not come to its end" if fails else ""


def _moved(before: Matrix, old: int, after: Matrix, new: int) -> Iterator[Moved]:
    """Rows of `after` in their order, then those that are no longer there."""
    cells = {(row.kind, row.name): row.cells[old] for row in before.rows}
    for row in after.rows:
        was, now = cells.pop((row.kind, row.name), None), row.cells[new]
        if was is None and now.value is Value.NOT_RUN:
            continue
        if was is None or was.value is not now.value:
            first = next((f"{claim}: {seen}" for claim, seen in now.failed), now.words)
            yield Moved(row.kind, row.name, was.value if was else None, now.value, first)
    yield from (
        Moved(kind, name, cell.value, None, cell.words) for (kind, name), cell in cells.items() if cell.value is not Value.NOT_RUN
    )
