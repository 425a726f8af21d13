"""The page of several kernels: what differs between them, and below it every row, folded.

All of it is HTML: a cell that has more to say is a `<details>`, which needs no script. The script narrows the rows down, and keeps
one cell open at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from lab.judge.matrix import Cell, Column, Kind, Matrix, Row, Value
from lab.judge.verdict import Verdict
from lab.report.html.markup import document, stamp, text
from lab.report.matrix.folded import Fold, folds
from lab.report.matrix.wording import HEADINGS, WORDS, change_words, counts, evidence, figures, listed, of_what, reasons
from lab.report.wording import count

STYLES = ("page.css", "index.css", "matrix.css")
SCRIPTS = ("colours.js", "matrix.js")
HEADS = ("Kernel", "Verdict", "Scenarios", "Boot, s", "First verdict, s", "Wall, s", "Guest, s")


def matrix_page(matrix: Matrix) -> bytes:
    """The file. It links to nothing."""
    differing = [row for row in matrix.rows if row.differs]
    kernels = count(len(matrix.columns), "kernel")
    body = [
        '<a class="jump" href="#top">To the matrix</a><nav class="bar" aria-label="Parts of the page"><div class="links">',
        '<a class="name" href="#top">pmtulab</a><a href="#differs">What differs</a><a href="#all">Every row</a></div>',
        '<span class="tools"><button id="theme" type="button">Dark</button></span></nav><main id="top">',
        *_header(matrix, kernels, len(differing)),
        f'<section id="differs"><h2>What differs</h2>{_differing(matrix, differing)}</section>',
        '<section id="all"><h2>Every row</h2><p class="narrow">',
        '<input type="search" id="words" placeholder="narrow down" aria-label="Words that a row must have">',
        '<label><input type="checkbox" id="trouble"> only what failed or broke</label></p>',
        *_everything(matrix),
        "</section></main>",
    ]
    return document(f"{kernels}, {len(differing)} rows differ", body, STYLES, SCRIPTS)


def _header(matrix: Matrix, kernels: str, differing: int) -> Iterator[str]:
    rows = Counter(row.kind for row in matrix.rows)
    said = ", ".join(count(rows[kind], kind.value) for kind in Kind if rows[kind])
    verdict = Verdict.worst(column.verdict for column in matrix.columns if column.verdict is not Verdict.SKIP)
    yield f'<header><p class="run">{stamp(verdict)} <code>pmtulab kernels</code></p>'
    yield f'<h1>{kernels}: {count(differing, "row")} differ{"s" * (differing == 1)}</h1><p class="facts">{said}</p>'
    headings = "".join(f'<th scope="col">{heading}' for heading in HEADS)
    yield f'<table class="kernels"><thead><tr>{headings}</tr></thead><tbody>'
    for column in matrix.columns:
        yield from _kernel(column)
    yield "</tbody></table></header>"


def _kernel(column: Column) -> Iterator[str]:
    verdict, run = column.verdict, column.run
    yield f'<tr class="{verdict.value}"><th scope="row">{text(column.name)}<span class="of">{text(of_what(column))}</span></th>'
    yield f'<td class="word">{verdict.name}</td><td>{text(counts(column))}'
    if run.stopped:
        yield f'<span class="why">{text(run.reason)}</span>'
    if run.console:
        tail = "\n".join(map(text, run.console))
        yield f'<details class="console"><summary>its console\'s last lines</summary><pre class="program">{tail}</pre></details>'
    yield "</td>" + "".join(f"<td>{number}</td>" for number in figures(column)) + "</tr>"


def _differing(matrix: Matrix, rows: Sequence[Row]) -> str:
    if not rows:
        return "<p>Nothing: each row is the same on every kernel that tells something of it.</p>"
    written = [_head(matrix)]
    for kind, its in groupby(rows, lambda row: row.kind):
        written.append(
            f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{len(matrix.columns) + 1}">{HEADINGS[kind]}</th></tr>'
        )
        for fold in folds(list(its)):
            written += _fold(matrix, fold)
        written.append("</tbody>")
    return "".join([*written, "</table>"])


def _fold(matrix: Matrix, fold: Fold) -> Iterator[str]:
    """The cells, and below them, across all columns, what they mean."""
    row = fold.rows[0]
    yield f'<tr><th scope="row"><span class="what">{text(fold.title)}</span></th>{_cells(matrix, row)}</tr>'
    yield f'<tr class="why"><td colspan="{len(matrix.columns) + 1}">'
    says = row.says or (", ".join(each.name for each in fold.rows) if len(fold.rows) > 1 else "")
    if says:
        yield f'<span class="says">{text(says)}</span>'
    yield f'<span class="change">{text(change_words(matrix, row))}</span>'
    for words, columns in evidence(matrix, row):
        yield f'<span class="seen-on"><b>{text(listed(columns))}</b> {text(words)}</span>'
    yield "</td></tr>\n"


def _everything(matrix: Matrix) -> Iterator[str]:
    """A table for each kind, and of scenarios for each group. What one table has in common is said on its lid."""
    for (kind, group), rows in groupby(matrix.rows, lambda row: (row.kind, row.group)):
        its = list(rows)
        values = Counter(cell.value for row in its for cell in row.cells)
        lid = ", ".join(f"{values[value]} {WORDS[value]}" for value in Value if values[value])
        heading = group or HEADINGS[kind]
        yield f'<details class="rows"><summary><b>{text(heading)}</b> <span class="quiet">{len(its)} × {len(matrix.columns)}: {lid}'
        yield f"</span></summary>{_head(matrix)}<tbody>"
        for row in its:
            says = f'<span class="says">{text(row.says)}</span>' if row.says else ""
            trouble = any(cell.value in (Value.FAIL, Value.BROKEN) for cell in row.cells)
            yield f'<tr{" class=trouble" * trouble}><th scope="row">{text(row.name)}{says}</th>{_cells(matrix, row)}</tr>\n'
        yield "</tbody></table></details>"


def _head(matrix: Matrix) -> str:
    """The beginning of a table. On a narrow screen its rows are grids, which must be told of how many columns."""
    names = "".join(f'<th scope="col">{text(name)}</th>' for name in matrix.names)
    return f'<table class="cells" style="--kernels: {len(matrix.columns)}"><thead><tr><td></td>{names}</tr></thead>'


def _cells(matrix: Matrix, row: Row) -> str:
    turns = {after for _, after in row.changes}
    return "".join(_cell(matrix, number, cell, turn=number in turns) for number, cell in enumerate(row.cells))


def _cell(matrix: Matrix, number: int, cell: Cell, *, turn: bool) -> str:
    """`turn` marks the first kernel after a change. The panels of all but the first columns open to the left."""
    kind = cell.value.value.replace(" ", "-") + " turn" * turn
    word = WORDS[cell.value]
    said = reasons(cell)
    if not said:
        return f'<td class="{kind}">{word}</td>'
    side = " left" if 3 * number >= len(matrix.columns) else ""
    items = "".join(f"<li>{text(line)}</li>" for line in said)
    panel = f'<div class="said{side}"><b>{text(matrix.names[number])}: {word}</b><ul>{items}</ul></div>'
    return f'<td class="{kind}"><details><summary title="{text(said[0])}">{word}</summary>{panel}</details></td>'
