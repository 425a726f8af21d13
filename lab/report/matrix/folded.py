"""Rows that tell the same of each kernel, put together: twenty tunnels that one kernel lacks are one piece of news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.judge.matrix import Kind, Matrix, Row, Value
from lab.model.problem import printable
from lab.report.matrix.wording import reasons


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows with the same cells, and the same reasons; one alone mostly. There is at least one."""

    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        return printable(self.rows[0].name) if len(self.rows) == 1 else f"{len(self.rows)} scenarios"


def folds(rows: Sequence[Row]) -> list[Fold]:
    """Differing rows, those on which a kernel fails first. Only scenarios that fail nowhere are put together."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        fails = any(cell.value is Value.FAIL for cell in row.cells)
        alone = fails or row.kind is not Kind.SCENARIO
        found.setdefault(row.name if alone else tuple((cell.value, reasons(cell)) for cell in row.cells), []).append(row)
    its = [Fold(tuple(members)) for members in found.values()]
    return sorted(its, key=lambda fold: all(cell.value is not Value.FAIL for cell in fold.rows[0].cells))


def same(matrix: Matrix, kind: Kind) -> dict[Value, dict[str, list[Row]]]:
    """Rows of a kind that do not differ, by what they tell, in the order of Value, and then by group.

    One that no kernel tells anything of is under what the first says.
    """
    found: dict[Value, dict[str, list[Row]]] = {value: {} for value in Value}
    for row in matrix.rows:
        if row.kind is kind and not row.differs:
            told = next((cell.value for cell in row.cells if cell.value.tells), row.cells[0].value)
            found[told].setdefault(row.group, []).append(row)
    return {value: groups for value, groups in found.items() if groups}
