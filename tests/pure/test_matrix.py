"""Kernels side by side: which rows there are, what each cell says, where a row changes, and what an update has changed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lab.judge.guest import KernelRun, Outcome
from lab.judge.matrix import Cell, Kind, Matrix, Row, Value, matrix
from lab.judge.traits import Known
from lab.judge.update import update
from lab.judge.verdict import Verdict
from lab.model.kernel import Kernel
from lab.report.matrix.wording import change_words
from tests.kernel_runs import FAIL, GROUPS, MIDDLE, NEVER, NEXT, NO_GRE, OLDEST, PASS, RUNS, SKIP, all_of_them, runs


def row(of: Matrix, name: str, kind: Kind = Kind.SCENARIO) -> Row:
    (found,) = (row for row in of.rows if (row.kind, row.name) == (kind, name))
    return found


def versions(*values: Value, first: int = 1, step: int = 2) -> Matrix:
    """A matrix of one row `x`, its kernels 6.1.1, 6.1.3 and so on."""
    kernels = [Kernel("", f"6.1.{first + step * number}", "") for number in range(len(values))]
    answers = {Value.YES: True, Value.NO: False, Value.UNKNOWN: None}
    told = [() if value is Value.NOT_RUN else (Known("x", "", answers[value], ""),) for value in values]
    return matrix([KernelRun(kernel, traits=its) for kernel, its in zip(kernels, told, strict=True)], {})


Y, N, U, R = Value.YES, Value.NO, Value.UNKNOWN, Value.NOT_RUN


def test_columns_are_in_the_order_of_versions_however_they_came() -> None:
    assert all_of_them().names == ("5.10.251", "6.12.110", "6.12.111", "7.3-rc7")
    assert matrix(RUNS[::-1], GROUPS) == all_of_them()


def test_rows_are_traits_features_and_scenarios_by_group() -> None:
    rows = [(row.kind, row.group, row.name) for row in all_of_them().rows]
    assert rows[:4] == [
        *((Kind.TRAIT, "", name) for name in ("syn-mss", "locks")),
        *((Kind.FEATURE, "", name) for name in ("bridge", "gre")),
    ]
    assert [(group, name) for _, group, name in rows[4:]] == [
        *(("path", name) for name in ("1500", "flaps")),
        *(("tunnel", name) for name in ("gre", "gre-v6")),
        *(("nat", name) for name in ("dnat", "gro")),
    ]


def test_a_group_stands_together_and_what_is_in_none_comes_last() -> None:
    run = KernelRun(Kernel("", "6.1", ""), tuple(Outcome(name, PASS) for name in ("own", "b", "c", "a")))
    rows = matrix([run], {"a": "one", "b": "two", "c": "one", "never-run": "two"}).rows
    assert [(row.group, row.name) for row in rows] == [("one", "a"), ("one", "c"), ("two", "b"), ("", "own")]


def test_cells() -> None:
    made = all_of_them()
    assert row(made, "gre").cells[:2] == (Cell(Value.SKIP, NO_GRE), Cell(Value.PASS))
    assert [cell.value for cell in row(made, "flaps").cells] == [Value.PASS, Value.FAIL, Value.PASS, Value.NOT_RUN]
    assert row(made, "flaps").cells[1].failed[0] == ("client holds a path MTU of 1400 towards server", "mtu 1500")
    assert row(made, "gro").cells[2] == Cell(R, "the guest stopped before: it panicked: Fatal exception in interrupt")
    assert row(made, "syn-mss", Kind.TRAIT).cells[0] == Cell(Y, "a announces an MSS of 1260: it announces 1260")
    unknown = KernelRun(Kernel("", "6.1", ""), traits=(Known("locks", "", None, "ping is not installed"),))
    assert row(matrix([unknown], {}), "locks", Kind.TRAIT).cells == (Cell(U, "ping is not installed"),)


def test_what_was_not_asked_of_a_kernel_that_came_to_its_end_was_not_asked_for() -> None:
    made = matrix([replace(OLDEST, outcomes=OLDEST.outcomes[:1]), MIDDLE], GROUPS)
    assert row(made, "flaps").cells[0] == Cell(R, "not asked for")


def test_verdict_of_a_column() -> None:
    assert [column.verdict for column in all_of_them().columns] == [PASS, Verdict.BROKEN, FAIL, Verdict.BROKEN]
    one = OLDEST.kernel
    lacking = (Outcome("gre", SKIP, reason=NO_GRE),)
    broken = (Known("locks", "", None, "no veth", broken=True),)
    column = {
        SKIP: KernelRun(one, lacking),
        PASS: KernelRun(one, lacking, traits=OLDEST.traits),
        Verdict.BROKEN: KernelRun(one, OLDEST.outcomes, broken),
    }
    assert {made: matrix([run], {}).columns[0].verdict for made, run in column.items()} == {made: made for made in column}
    assert matrix([KernelRun(one)], {}).columns[0].verdict is Verdict.BROKEN  # silence is never a PASS


def test_a_change_is_exact_where_nothing_was_released_between() -> None:
    made = all_of_them()
    assert change_words(made, row(made, "syn-mss", Kind.TRAIT)) == "yes → no from 6.12.111 on"
    assert change_words(made, row(made, "gre", Kind.FEATURE)) == "no → yes between 5.10.251 and 6.12.110"
    assert change_words(made, row(made, "flaps")) == "ok → FAIL between 5.10.251 and 6.12.110; back to ok from 6.12.111 on"
    assert change_words(made, row(made, "locks", Kind.TRAIT)) == ""


def test_what_tells_nothing_makes_no_change_and_hides_none() -> None:
    for quiet in (U, R):
        made = versions(Y, quiet, N)
        assert change_words(made, made.rows[0]) == "yes → no between 6.1.1 and 6.1.5"
        assert versions(Y, quiet, Y).rows[0].changes == versions(quiet, Y, quiet).rows[0].changes == ()
    made = versions(Y, U, N, step=1)
    assert change_words(made, made.rows[0]) == "yes → no between 6.1.1 and 6.1.3"
    made = versions(N, Y, N, N, Y, step=1)
    assert change_words(made, made.rows[0]) == "no → yes from 6.1.2 on; back to no from 6.1.3 on; back to yes from 6.1.5 on"


def test_a_third_value_is_not_back_to_anything() -> None:
    verdicts = (PASS, SKIP, FAIL)
    kernels = [KernelRun(Kernel("", f"6.{n}", ""), (Outcome("x", verdict),)) for n, verdict in enumerate(verdicts)]
    made = matrix(kernels, {})
    assert change_words(made, made.rows[0]) == "ok → skip between 6.0 and 6.1; then FAIL between 6.1 and 6.2".replace(
        "6.0", made.names[0]
    )


@given(st.lists(st.sampled_from(Value), max_size=7))
def test_changes_are_what_a_slow_definition_says(values: list[Value]) -> None:
    """Of all pairs of kernels, those that tell two things, with only silence between them."""
    quiet = {Value.BROKEN, Value.UNKNOWN, Value.NOT_RUN}
    slow = []
    for after in range(len(values)):
        for before in range(after):
            told = {values[before], values[after]}
            silent = all(values[between] in quiet for between in range(before + 1, after))
            if len(told) == 2 and not told & quiet and silent:
                slow.append((before, after))
    found = Row(Kind.SCENARIO, "", "x", "", tuple(map(Cell, values)))
    assert found.changes == tuple(slow)
    assert found.differs == (len({value for value in values if value not in quiet}) > 1)


@given(st.lists(runs(), max_size=4))
def test_a_matrix_is_the_same_in_whatever_order_different_kernels_come(some: list[KernelRun]) -> None:
    once = {run.kernel.release: run for run in some}.values()
    assert matrix(once, {}).names == matrix(reversed([*once]), {}).names


def test_every_row_has_a_cell_for_each_column() -> None:
    assert {len(row.cells) for row in all_of_them().rows} == {len(RUNS)}


def test_an_update_is_compared_with_what_was_asked_for_by_the_same_name() -> None:
    before, after = matrix([OLDEST, MIDDLE], GROUPS), matrix([NEXT, NEVER], GROUPS)
    found = update(before, after)
    ((pair,), gone, new) = found.pairs, found.gone, found.new
    assert (pair.before, pair.after) == ("6.12.110", "6.12.111")  # debian:trixie
    assert (gone, new) == (("5.10.251",), ("7.3-rc7",))
    assert [(moved.name, moved.before, moved.after) for moved in pair.moved] == [
        ("syn-mss", Y, N),
        ("flaps", Value.FAIL, Value.PASS),
        *((name, Value.PASS, None) for name in ("gre", "gre-v6", "dnat")),
        ("gro", Value.BROKEN, None),
    ]
    assert pair.stopped == "it panicked: Fatal exception in interrupt"
    assert found.regressed


def test_two_kernels_alone_are_compared_whatever_they_are_called() -> None:
    found = update(matrix([OLDEST], GROUPS), matrix([MIDDLE], GROUPS))
    (pair,) = found.pairs
    assert [moved.name for moved in pair.regressions] == ["flaps"]
    assert found.regressed


def judged(verdict: Verdict | None) -> Matrix:
    return matrix([KernelRun(OLDEST.kernel, () if verdict is None else (Outcome("x", verdict),), OLDEST.traits)], {})


def test_a_regression_is_what_fails_and_did_not() -> None:
    for before in (None, *Verdict):
        for after in (None, *Verdict):
            found = update(judged(before), judged(after))
            assert found.regressed == (after is FAIL and before is not FAIL), (before, after)
            assert bool(found.pairs[0].moved) == (before is not after)


def test_a_trait_that_changes_is_no_regression() -> None:
    found = update(matrix([OLDEST], {}), matrix([replace(OLDEST, traits=NEXT.traits)], {}))
    assert [moved.name for moved in found.pairs[0].moved] == ["syn-mss"]
    assert not found.regressed


def test_nothing_has_changed_between_a_matrix_and_itself() -> None:
    found = update(all_of_them(), all_of_them())
    assert [(pair.before, pair.after, pair.moved, pair.stopped) for pair in found.pairs] == [
        (name, name, (), "") for name in all_of_them().names
    ]
    assert (found.gone, found.new, found.regressed) == ((), (), False)
