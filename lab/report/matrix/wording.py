"""How a matrix is put into words: the phrases that all its forms share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lab.judge.guest import Outcome
from lab.judge.matrix import Cell, Column, Kind, Matrix, Row, Value
from lab.judge.verdict import Verdict
from lab.model.problem import printable
from lab.report.wording import count

WORDS = {
    Value.PASS: "ok",
    Value.FAIL: "FAIL",
    Value.SKIP: "skip",
    Value.BROKEN: "BROKEN",
    Value.YES: "yes",
    Value.NO: "no",
    Value.UNKNOWN: "unknown",
    Value.NOT_RUN: "not run",
}
ANSWERS = {True: WORDS[Value.YES], False: WORDS[Value.NO], None: WORDS[Value.UNKNOWN]}
"""Of what is known of a kernel (Known.holds)."""

HEADINGS = {Kind.TRAIT: "Traits", Kind.FEATURE: "Features", Kind.SCENARIO: "Scenarios"}


def change_words(matrix: Matrix, row: Row) -> str:
    """Each change and where it came: "no → yes between 6.1 and 6.12.118; back to no from 7.3.5 on". Empty where there is none.

    "from B on" is said only where B is the very next release after the last kernel that was otherwise.
    """
    told = []
    for number, (before, after) in enumerate(row.changes):
        first, second = WORDS[row.cells[before].value], WORDS[row.cells[after].value]
        seen_before = any(row.cells[earlier].value is row.cells[after].value for earlier in range(before))
        what = f"{first} → {second}" if not number else f"{'back to' if seen_before else 'then'} {second}"
        told.append(f"{what} {where(matrix, before, after)}")
    return "; ".join(told)


def where(matrix: Matrix, before: int, after: int) -> str:
    """Where a change came, as exactly as these kernels can tell."""
    exact = matrix.exact(before, after)
    return f"from {matrix.names[after]} on" if exact else f"between {matrix.names[before]} and {matrix.names[after]}"


def reasons(cell: Cell) -> tuple[str, ...]:
    """Why a cell says what it says: a line for each claim that failed, with what was seen, then a reason, or what was seen."""
    return _lines(cell.failed, cell.words)


def reasons_of(outcome: Outcome) -> tuple[str, ...]:
    """The same of an outcome."""
    return _lines(outcome.failed, outcome.reason)


def _lines(failed: Sequence[tuple[str, str]], words: str) -> tuple[str, ...]:
    claims = (printable(f"{claim}: {seen}" if seen else claim) for claim, seen in failed)
    return (*claims, *([printable(words)] if words else []))


def evidence(matrix: Matrix, row: Row) -> Iterator[tuple[str, list[str]]]:
    """What was said on either side of each change, and wherever a claim failed; each with the kernels that said it."""
    told = {number for change in row.changes for number in change}
    told |= {number for number, cell in enumerate(row.cells) if cell.value is Value.FAIL}
    return by_words(matrix, row, sorted(told))


def by_words(matrix: Matrix, row: Row, columns: Iterable[int]) -> Iterator[tuple[str, list[str]]]:
    """Each thing that was said, with the kernels on which it was; of claims that failed the first, and how many more."""
    said: dict[str, list[str]] = {}
    for number in columns:
        lines = reasons(row.cells[number])
        if lines:
            more = f", and {count(len(lines) - 1, 'more claim')}" if len(lines) > 1 else ""
            said.setdefault(f"{lines[0]}{more}", []).append(matrix.names[number])
    yield from said.items()


def counts(column: Column) -> str:
    """How many scenarios passed, failed and so on: "640 pass, 2 fail, 29 skip"."""
    numbers = Counter(outcome.verdict for outcome in column.run.outcomes)
    return ", ".join(f"{numbers[verdict]} {verdict.value}" for verdict in Verdict if numbers[verdict]) or "no scenario"


def figures(column: Column) -> tuple[str, ...]:
    """Four: boot, first verdict, wall and guest's seconds, empty where there were none."""
    run = column.run
    return tuple("" if value is None else f"{value:.1f}" for value in (run.boot, run.first_verdict, run.wall, run.guest_seconds))


def of_what(column: Column) -> str:
    """What a column is of, beyond its name: "debian:trixie, 6.12.118-1, Linux 6.12.118+deb13-amd64, tcg"."""
    kernel = column.run.kernel
    parts = (kernel.name, kernel.version, f"Linux {kernel.release}" if kernel.release else "", column.run.accelerator)
    return ", ".join(dict.fromkeys(printable(part) for part in parts if part))


def listed(names: Sequence[str]) -> str:
    """6.1, 6.12.118 and 7.3."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
