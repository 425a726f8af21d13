"""A matrix for people at a terminal: the kernels, then what differs between them, then what does not, folded.

It fits any width. Where the columns of all kernels do not stand side by side, a row that differs is told in words instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab.judge.matrix import Column, Kind, Matrix, Row, Value
from lab.model.problem import printable
from lab.report.matrix.folded import Fold, folds, same
from lab.report.matrix.wording import HEADINGS, WORDS, by_words, change_words, counts, evidence, figures, listed, of_what
from lab.report.wording import count

COLOURS = {
    Value.PASS: "green",
    Value.FAIL: "bold red",
    Value.SKIP: "yellow",
    Value.BROKEN: "bold magenta",
    Value.YES: "green",
    Value.NO: "yellow",
    Value.UNKNOWN: "magenta",
    Value.NOT_RUN: "dim",
}
MOST_NAMED = 8
CONSOLE_LINES = 5
WIDE = 72
"""The least width, in characters, in which the figures of a kernel stand beside it."""


def render(matrix: Matrix, width: int, colour: bool) -> str:
    """The whole report, with a newline at its end, in lines of at most `width` characters (longer words are broken)."""
    written = StringIO()
    # Without a colour system rich writes no escape sequence at all, where no_color would leave it bold.
    console = Console(
        file=written,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
    )
    for part in _parts(matrix, width):
        console.print(part, markup=False)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def _parts(matrix: Matrix, width: int) -> Iterator[RenderableType]:
    yield from _kernels(matrix) if width >= WIDE else _kernels_narrow(matrix)
    for column in matrix.columns:
        yield from _stopped(column)
    if len(matrix.columns) > 1:
        differing = [row for row in matrix.rows if row.differs]
        yield Text(f"\nWhat differs: {len(differing)} of {count(len(matrix.rows), 'row')}", "bold")
        for kind in Kind:
            its = [row for row in differing if row.kind is kind]
            if its:
                yield Text(f"\n{HEADINGS[kind]}", "bold")
                yield from _differing(matrix, its, width)
    yield Text("\nWhat is the same on each kernel that tells" if len(matrix.columns) > 1 else "\nWhat it told", "bold")
    yield from _same(matrix)
    yield from _untold(matrix)


def _kernels(matrix: Matrix) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("kernel", no_wrap=True)
    table.add_column("")
    for heading in ("boot s", "verdict s", "wall s", "guest s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for column in matrix.columns:
        told = _judged(column).append(f"\n{of_what(column)}", "dim")
        table.add_row(Text(column.name, "bold"), told, *figures(column))
    yield table


def _kernels_narrow(matrix: Matrix) -> Iterator[RenderableType]:
    for column in matrix.columns:
        yield Text(f"{column.name}  ", "bold").append_text(_judged(column))
        its = zip(("boot", "first verdict", "all", "guest"), figures(column), strict=True)
        seconds = ", ".join(f"{name} {number} s" for name, number in its if number)
        yield Padding(Text(f"{of_what(column)}; {seconds}", "dim"), (0, 0, 0, 4))


def _judged(column: Column) -> Text:
    return Text.assemble((column.verdict.name, COLOURS[Value(column.verdict.value)]), f"  {counts(column)}")


def _stopped(column: Column) -> Iterator[RenderableType]:
    run = column.run
    if run.stopped is None:
        return
    yield Text(f"\n{column.name}: {run.stopped.name}: {printable(run.reason)}", COLOURS[Value(run.stopped.value)])
    for line in run.console[-CONSOLE_LINES:]:
        yield Padding(Text(printable(line), "dim"), (0, 0, 0, 4))


def _differing(matrix: Matrix, rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    found = folds(rows)
    names = max(len(fold.title) for fold in found)
    widths = [max(len(name), *(len(WORDS[fold.rows[0].cells[i].value]) for fold in found)) for i, name in enumerate(matrix.names)]
    side_by_side = names + sum(2 + each for each in widths) <= width
    if side_by_side:
        yield Text(" " * names).append("".join(f"  {name:{each}}" for name, each in zip(matrix.names, widths, strict=True)), "dim")
    for fold in found:
        line = Text(f"{fold.title:{names}}" if side_by_side else fold.title)
        if side_by_side:
            for cell, each in zip(fold.rows[0].cells, widths, strict=True):
                line.append("  ").append(f"{WORDS[cell.value]:{each}}", COLOURS[cell.value])
        yield line
        yield from (Padding(one, (0, 0, 0, 4)) for one in _why(matrix, fold))


def _why(matrix: Matrix, fold: Fold) -> Iterator[Text]:
    row = fold.rows[0]
    if row.says:
        yield Text(printable(row.says))
    if len(fold.rows) > 1:
        yield Text(_named([each.name for each in fold.rows]))
    yield Text(change_words(matrix, row), "bold")
    for words, columns in evidence(matrix, row):
        yield Text(f"{listed(columns)}: {words}", "dim")


def _same(matrix: Matrix) -> Iterator[RenderableType]:
    for kind in Kind:
        for value, groups in same(matrix, kind).items():
            said = ", ".join(
                f"{printable(group)} {len(rows)}" if group else _named([row.name for row in rows]) for group, rows in groups.items()
            )
            line = Text(f"{HEADINGS[kind].lower():10}").append(f"{WORDS[value]:8}", COLOURS[value])
            yield _hanging(line, said)
            if value is Value.FAIL:
                for row in (row for rows in groups.values() for row in rows):
                    yield from (
                        Padding(Text(f"{printable(row.name)}: {words} ({listed(its)})"), (0, 0, 0, 18))
                        for words, its in by_words(matrix, row, range(len(row.cells)))
                    )


def _untold(matrix: Matrix) -> Iterator[RenderableType]:
    """Where the lab broke, or had no answer: neither is a difference, and neither may be passed over."""
    heading = "\nWhat could not be told"
    for row in matrix.rows:
        columns = [number for number, cell in enumerate(row.cells) if cell.value in (Value.BROKEN, Value.UNKNOWN)]
        for words, its in by_words(matrix, row, columns):
            if heading:
                yield Text(heading, "bold")
                heading = ""
            yield Text(f"{printable(row.name)}: {words} ({listed(its)})")


def _hanging(head: Text, said: str) -> Table:
    """`said` beside `head`, folded in a column of its own."""
    table = Table.grid()
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row(head, Text(said))
    return table


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(map(printable, names[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")
