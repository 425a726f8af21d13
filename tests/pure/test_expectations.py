"""Every expectation holds where it should; it fails on silence, on a slip in its claim, and on what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from lab.judge import expect
from lab.judge.expect import Expectation
from lab.judge.verdict import Verdict
from tests import (
    rows_of_bridge,
    rows_of_cache,
    rows_of_delays,
    rows_of_frames,
    rows_of_hosts,
    rows_of_programs,
    rows_of_quotes,
    rows_of_reassembly,
    rows_of_segments,
    rows_of_timers,
    rows_of_untold,
)
from tests.observations import Change, silent
from tests.scenes import SCENES, Row

ROWS = (
    *rows_of_bridge.ROWS,
    *rows_of_cache.ROWS,
    *rows_of_delays.ROWS,
    *rows_of_frames.ROWS,
    *rows_of_hosts.ROWS,
    *rows_of_programs.ROWS,
    *rows_of_quotes.ROWS,
    *rows_of_reassembly.ROWS,
    *rows_of_segments.ROWS,
    *rows_of_timers.ROWS,
    *rows_of_untold.ROWS,
)
EACH = pytest.mark.parametrize("row", ROWS, ids=[str(row.claim) for row in ROWS])
WRONG = [(row, name, change) for row in ROWS for name, change in row.wrong.items()]


def near(value: Any) -> Iterator[Any]:
    """Values that are not quite `value`: numbers off by one or eight, other nodes, the other truth; of tuples, in each place."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value - 8, value - 1, value + 1, value + 8)
    elif isinstance(value, str):
        yield from {"client", "r1", "r2", "server", "nobody"} - {value}
    elif isinstance(value, tuple):
        yield from ((*value[:i], other, *value[i + 1 :]) for i, one in enumerate(value) for other in near(one))


def mistaken(claim: Any) -> Iterator[Expectation]:
    """The claim with a slip in one field, for every field that states anything: `page` only says what the claim rests on."""
    for one in (one for one in fields(claim) if one.name != "page"):
        yield from (replace(claim, **{one.name: value}) for value in near(getattr(claim, one.name)))


def test_every_expectation_has_a_row() -> None:
    exported = {getattr(expect, name) for name in expect.__all__} - {Expectation}
    assert {type(row.claim) for row in ROWS} == exported


def test_every_expectation_is_exported() -> None:
    assert {kind.__name__ for kind in Expectation.__subclasses__()} <= set(expect.__all__)


@EACH
def test_holds(row: Row) -> None:
    finding = row.claim.judge(row.good)
    assert finding.verdict == Verdict.PASS, finding.seen
    assert finding.claim
    assert finding.seen
    assert set(finding.frames) <= {frame.number for frame in row.good.frames}


@EACH
def test_silence_never_passes(row: Row) -> None:
    finding = row.claim.judge(silent(row.good))
    # A trait that nobody has probed is the lab's fault.
    assert finding.verdict == (Verdict.BROKEN if isinstance(row.claim, expect.IfTrait) else Verdict.FAIL)
    assert finding.seen
    assert not finding.frames


@EACH
def test_no_part_of_an_observation_is_taken_for_all_of_it(row: Row) -> None:
    """What a claim does not look at may be silent; what it looks at may not, so that at least one of the parts makes it fail."""
    parts: dict[str, Any] = {"frames": (), "events": (), "counters": {}, "exceptions": ()}
    assert any(not row.claim.see(replace(row.good, **{part: none})).holds for part, none in parts.items())


@EACH
def test_no_number_in_a_claim_is_idle(row: Row) -> None:
    wrongly_true = [claim for claim in mistaken(row.claim) if claim not in row.also and claim.see(row.good).holds]
    assert wrongly_true == []


@EACH
def test_a_claim_says_all_that_it_states(row: Row) -> None:
    """Two claims that differ read differently; there is no Send before the first."""
    alike = [other for other in mistaken(row.claim) if other.claim() == row.claim.claim()]
    assert [other for other in alike if getattr(other, "send", 1) > 0] == []


@EACH
def test_what_is_said_to_be_as_true_is(row: Row) -> None:
    assert [claim for claim in row.also if not claim.see(row.good).holds] == []


@pytest.mark.parametrize(
    ("row", "change"), [(row, change) for row, _, change in WRONG], ids=[f"{r.claim}, {n}" for r, n, _ in WRONG]
)
def test_fails_on_what_is_wrong(row: Row, change: Change) -> None:
    finding = row.claim.judge(change(row.good))
    assert finding.verdict == Verdict.FAIL, finding.seen
    assert finding.seen


@EACH
def test_sees_anything_without_raising(row: Row) -> None:
    for scene in SCENES:
        assert row.claim.see(scene).words
        for keep in range(len(scene.frames) + 1):
            assert row.claim.see(replace(scene, frames=scene.frames[keep:])).words
            assert row.claim.see(replace(scene, frames=scene.frames[:keep], events=scene.events[: keep % 3])).words
