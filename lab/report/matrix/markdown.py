"""The page docs/kernels.md, from runs that are kept: every trait, its answer on each kernel, and where it changed.

What was seen before and after stands beside each change, so that it can be checked without a guest. Differences between scenarios
and features follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lab.judge.matrix import Kind, Matrix, Row, Value
from lab.judge.traits import Trait
from lab.model.problem import printable
from lab.model.rfc import Citation, Kernel
from lab.report.matrix.folded import folds
from lab.report.matrix.wording import WORDS, change_words, counts, evidence, figures, listed, of_what, reasons

HEAD = """# What kernels do

Each column is a kernel that was booted in a guest, and each row was tried on it: nothing here is taken from a version number.
`pmtulab traits` asks the same of the kernel that runs, and `pmtulab kernels matrix` shows it for any. A change is said to be
"between" two kernels where others were released between them, and "from" one where none was. The columns are in the order of
versions, not of days: what reached 6.12.118 need not be in a 6.16 that is older, and so a row may change back.

This page is made from the runs in `docs/kernels.json`, which `pmtulab kernels matrix --format json` has saved; a test keeps it so,
and `PMTULAB_GOLDEN=write` before that test makes it anew.
"""
_MEANS_SOMETHING = re.compile(r"([\\`*_<>|\[\]#])")


def kernels_page(matrix: Matrix, traits: Mapping[str, Trait]) -> str:
    """The page, in Markdown, with a newline at its end. Of `traits` come their sources and what is said of when they changed."""
    return "\n".join(_page(matrix, traits)) + "\n"


def _page(matrix: Matrix, traits: Mapping[str, Trait]) -> Iterator[str]:
    rows = {kind: [row for row in matrix.rows if row.kind is kind] for kind in Kind}
    yield HEAD
    yield from _kernels(matrix)
    yield "\n## Traits\n"
    yield from _table(matrix, rows[Kind.TRAIT], linked=True)
    for row in rows[Kind.TRAIT]:
        yield from _trait(matrix, row, traits.get(row.name))
    yield "\n## Scenarios that differ\n"
    yield from _scenarios(matrix, [row for row in rows[Kind.SCENARIO] if row.differs])
    yield "\n## Features\n"
    yield from _table(matrix, rows[Kind.FEATURE], linked=False)


def _kernels(matrix: Matrix) -> Iterator[str]:
    yield "| kernel | of | scenarios | boot, s | first verdict, s | all, s | guest, s |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: |"
    for column in matrix.columns:
        said = counts(column) + (f"; {column.run.reason}" if column.run.stopped else "")
        yield f"| {' | '.join((_text(column.name), _text(of_what(column)), _text(said), *figures(column)))} |"


def _table(matrix: Matrix, rows: Sequence[Row], *, linked: bool) -> Iterator[str]:
    yield f"| | {' | '.join(map(_text, matrix.names))} | changed |"
    yield f"| --- |{' --- |' * len(matrix.names)} --- |"
    for row in rows:
        name = f"[{row.name}](#{_anchor(row.name)})" if linked else f"`{row.name}`"
        yield f"| {name} | {' | '.join(WORDS[cell.value] for cell in row.cells)} | {_text(change_words(matrix, row))} |"


def _trait(matrix: Matrix, row: Row, trait: Trait | None) -> Iterator[str]:
    yield f"\n### {row.name}\n"
    yield f"{_sentence(row.says)}\n"
    for value in Value:
        on = [name for name, cell in zip(matrix.names, row.cells, strict=True) if cell.value is value]
        if on:
            yield f"* {WORDS[value]}: {_text(listed(on))}"
    if trait is not None:
        yield f"* Decided by: {_cited(trait.cites)}"
        if trait.since:
            yield f"* Changed, by what is written of it: {_text(trait.since)}"
    yield from _changed(matrix, row)


def _changed(matrix: Matrix, row: Row) -> Iterator[str]:
    if row.differs:
        yield f"* Changed, as seen: {_text(change_words(matrix, row))}"
        yield from (f"  * {_text(listed(columns))}: {_text(words)}" for words, columns in evidence(matrix, row))
        return
    telling = next((cell for cell in row.cells if cell.value.tells), row.cells[-1])
    yield from (f"* Seen: {_text(line)}" for line in reasons(telling))


def _scenarios(matrix: Matrix, differing: Sequence[Row]) -> Iterator[str]:
    if not differing:
        yield "None: each that ran tells the same on every kernel, as scenarios ask the traits first."
        return
    for fold in folds(differing):
        row = fold.rows[0]
        yield f"* {', '.join(f'`{each.name}`' for each in fold.rows)}: {_text(change_words(matrix, row))}"
        yield from (f"  * {_text(listed(columns))}: {_text(words)}" for words, columns in evidence(matrix, row))


def _cited(cites: Citation) -> str:
    return _text(f"{cites}, {cites.file}" if isinstance(cites, Kernel) else str(cites))


def _sentence(says: str) -> str:
    """A statement as a sentence, if it does not begin with a name: "net.ipv4.route.min_pmtu is …" stays as it is."""
    first = says.partition(" ")[0]
    return _text(says if "." in first else says[:1].upper() + says[1:]) + "."


def _text(words: str) -> str:
    """Any text, so that nothing in it means something to Markdown."""
    return _MEANS_SOMETHING.sub(r"\\\1", printable(words))


def _anchor(heading: str) -> str:
    """What a heading is called in a link: in lower case, without dots."""
    return heading.lower().replace(".", "")
