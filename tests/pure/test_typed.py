"""Values held against their annotations; and results of which one part is spoilt: read back or told, and no traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.judge.verdict import Verdict
from lab.model.pcapng import load
from lab.report.evidence import capture
from lab.report.html.page import page
from lab.report.json import result_json
from lab.report.reread import Unreadable, reread
from lab.report.typed import misfits
from tests.results import failed


@dataclass(frozen=True)
class Inner:
    """A part."""

    number: int
    share: float = 0.0


@dataclass(frozen=True)
class Outer:
    """What has all kinds of fields."""

    name: str
    verdict: Verdict
    maybe: int | None
    runs: tuple[Inner, ...]
    pair: tuple[str, int]
    counted: Mapping[str, int]


GOOD: dict[str, Any] = {
    "name": "a",
    "verdict": Verdict.PASS,
    "maybe": None,
    "runs": (Inner(1), Inner(2, 3)),
    "pair": ("a", 1),
    "counted": {"x": 1},
}


def test_what_fits() -> None:
    assert list(misfits(Outer(**GOOD), Outer, "it")) == []
    assert list(misfits(Outer(**GOOD | {"maybe": 7, "runs": ()}), Outer, "it")) == []


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", 5, "it.name is 5, and no str"),
        ("name", None, "it.name is None, and no str"),
        ("verdict", "pass", "it.verdict is 'pass', and no Verdict"),
        ("maybe", "x", "it.maybe is 'x', and no int | None"),
        ("maybe", True, "it.maybe is True, and no int | None"),
        ("runs", 3, "it.runs is 3, and no tuple"),
        ("runs", (Inner(1), 2), "it.runs[1] is 2, and no Inner"),
        ("runs", (Inner(1.5),), "it.runs[0].number is 1.5, and no int"),  # type: ignore[arg-type]  # the point
        ("pair", ("a",), "it.pair has 1 values, and not 2"),
        ("pair", ("a", "b"), "it.pair[1] is 'b', and no int"),
        ("counted", {1: 1}, "a key of it.counted is 1, and no str"),
        ("counted", {"x": []}, "it.counted['x'] is [], and no int"),
        ("counted", [], "it.counted is [], and no Mapping"),
    ],
)
def test_what_does_not(field: str, value: Any, says: str) -> None:
    assert list(misfits(Outer(**GOOD | {field: value}), Outer, "it")) == [says]
    assert list(misfits(Outer(**GOOD | {field: value}), Outer, "it", field)) == []


DOCUMENT = json.loads(result_json(failed(), "6.18"))
CAPTURE = load(capture(failed(), {}))


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*way, key)
        yield from places(part, (*way, key))


PLACES = list(places(DOCUMENT))
GONE = object()
SPOILT = st.sampled_from([GONE, None, 0, -1, 10**40, 1.5, True, "", "x", "client", [], [1], [[]], {}, {"a": 1}])


@example(("acts", 0, "events", 0, "exceptions", 0, "node"), "")
@example(("acts", 0, "events", 2, "exceptions", 0, "to"), "")
@given(st.sampled_from(PLACES), SPOILT)
def test_a_result_with_one_part_spoilt_makes_a_page_or_is_told(way: tuple[Any, ...], spoilt: Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    *above, last = way
    part = document
    for key in above:
        part = part[key]
    if spoilt is GONE:
        del part[last]
    else:
        part[last] = spoilt
    try:
        result = reread(document, CAPTURE)
    except Unreadable:
        return
    assert page(result).startswith(b"<!doctype html>")
