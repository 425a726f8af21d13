"""What several kernels told, side by side: a row for each scenario, trait and feature, a column for each kernel.

The rule for a change: only a cell that tells something of its kernel counts (Value.tells). Between two kernels that tell, with none
between them that does, a row changes where they tell two things. So a guest that stopped, a lab that broke or an answer that is not
known neither makes a change nor hides one: it makes the place where it came less exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from lab.judge.guest import KernelRun, Outcome
from lab.judge.traits import Known
from lab.judge.verdict import Verdict
from lab.model.version import in_order, short_names, version_of


class Kind(Enum):
    """What a row is about."""

    TRAIT = "trait"
    FEATURE = "feature"
    SCENARIO = "scenario"


class Value(Enum):
    """What one kernel told of one row: a verdict of a scenario, an answer of a trait or feature, or neither."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    BROKEN = "broken"
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_RUN = "not run"

    @property
    def tells(self) -> bool:
        """Whether it is about the kernel. BROKEN is about the lab, and the last two are about nothing."""
        return self not in (Value.BROKEN, Value.UNKNOWN, Value.NOT_RUN)


@dataclass(frozen=True, slots=True)
class Cell:
    """One kernel and one row. `failed` are claims that failed, each with what was seen; `words` is a reason, or what was seen."""

    value: Value
    words: str = ""
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One kernel. `name` is short, and no other column's."""

    name: str
    run: KernelRun

    @property
    def verdict(self) -> Verdict:
        """As of KernelRun, but that what a kernel lacks counts only where it lacks all that was asked for."""
        verdicts = [outcome.verdict for outcome in self.run.outcomes]
        broken = [Verdict.BROKEN for known in (*self.run.traits, *self.run.features) if known.broken]
        stopped = [self.run.stopped] if self.run.stopped else []
        answers = [Verdict.PASS for known in (*self.run.traits, *self.run.features) if known.holds is not None]
        told = [verdict for verdict in (*verdicts, *broken, *stopped, *answers) if verdict is not Verdict.SKIP]
        return Verdict.worst(told or verdicts)


@dataclass(frozen=True, slots=True)
class Row:
    """One question, and what each kernel told, in the order of the columns.

    `group` is a scenario's, and empty of others. `says` is what a trait or feature states.
    """

    kind: Kind
    group: str
    name: str
    says: str
    cells: tuple[Cell, ...]

    @property
    def changes(self) -> tuple[tuple[int, int], ...]:
        """Each change, by the columns of the last kernel before it and of the first after it."""
        telling = [number for number, cell in enumerate(self.cells) if cell.value.tells]
        return tuple((a, b) for a, b in pairwise(telling) if self.cells[a].value is not self.cells[b].value)

    @property
    def differs(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Columns in the order of versions; rows: traits, features, then scenarios by group, as in the catalogue."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def groups(self) -> dict[str, str]:
        """Of each scenario, the group that it is in."""
        return {row.name: row.group for row in self.rows if row.kind is Kind.SCENARIO}

    def exact(self, before: int, after: int) -> bool:
        """Whether the second of two columns is the very next release after the first, so that what changed came with it."""
        first, second = (version_of(self.columns[number].run.kernel) for number in (before, after))
        return first is not None and second is not None and first.next_is(second)


def matrix(runs: Iterable[KernelRun], groups: Mapping[str, str]) -> Matrix:
    """The matrix of these kernels, put into the order of their versions.

    `groups` gives the group of each scenario, in the order of the catalogue (lab.find.group_of); what it does not name comes last,
    in the order in which it was run, and has no group. Of a scenario that a run names twice the last outcome counts.
    """
    ordered = sorted(runs, key=lambda run: in_order(run.kernel))
    columns = tuple(map(Column, short_names([run.kernel for run in ordered]), ordered))
    rows = (
        *_known(Kind.TRAIT, ordered, [run.traits for run in ordered]),
        *_known(Kind.FEATURE, ordered, [run.features for run in ordered]),
        *_scenarios(ordered, groups),
    )
    return Matrix(columns, rows)


def _known(kind: Kind, runs: Sequence[KernelRun], told: Sequence[Sequence[Known]]) -> Iterator[Row]:
    """A row for each name, in the order in which they were first told; its statement is the newest kernel's run's."""
    answers = [{known.name: known for known in knowns} for knowns in told]
    says = {known.name: known.says for knowns in told for known in knowns}
    for name in says:
        yield Row(kind, "", name, says[name], tuple(map(_answer, runs, (its.get(name) for its in answers))))


def _scenarios(runs: Sequence[KernelRun], groups: Mapping[str, str]) -> Iterator[Row]:
    outcomes = [{outcome.scenario: outcome for outcome in run.outcomes} for run in runs]
    ran = dict.fromkeys(name for its in outcomes for name in its)
    names = [*(name for name in groups if name in ran), *(name for name in ran if name not in groups)]
    # A group stands together, where its first scenario stands.
    places = {group: place for place, group in enumerate(dict.fromkeys(groups.get(name, "") for name in names))}
    for name in sorted(names, key=lambda name: places[groups.get(name, "")]):
        cells = tuple(_judged(run, its.get(name)) for run, its in zip(runs, outcomes, strict=True))
        yield Row(Kind.SCENARIO, groups.get(name, ""), name, "", cells)


def _answer(run: KernelRun, known: Known | None) -> Cell:
    if known is None:
        return _not_run(run)
    return Cell({True: Value.YES, False: Value.NO, None: Value.UNKNOWN}[known.holds], known.seen)


def _judged(run: KernelRun, outcome: Outcome | None) -> Cell:
    if outcome is None:
        return _not_run(run)
    return Cell(Value(outcome.verdict.value), outcome.reason, outcome.failed)


def _not_run(run: KernelRun) -> Cell:
    """`stopped` is what explains it only where there was one: a smaller selection is the other reason."""
    return Cell(Value.NOT_RUN, f"the guest stopped before: {run.reason}" if run.stopped else "not asked for")
