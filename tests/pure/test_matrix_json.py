"""Runs of kernels as JSON: what is kept comes back the same, and what is damaged is refused in words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.judge.guest import KernelRun
from lab.judge.matrix import matrix
from lab.report.matrix.json import SCHEMA, Unreadable, matrix_json, run_json, runs_of
from tests.kernel_runs import GROUPS, MIDDLE, NEVER, NEXT, OLDEST, RUNS, all_of_them, runs


@given(runs())
def test_a_run_comes_back_as_it_was(run: KernelRun) -> None:
    text = run_json(run)
    assert runs_of(text) == ((run,), {})
    assert runs_of(text.encode()) == ((run,), {})


@given(st.lists(runs(), min_size=1, max_size=4), st.dictionaries(st.sampled_from("abcde"), st.sampled_from("xy")))
def test_a_matrix_comes_back_as_it_was(some: list[KernelRun], groups: dict[str, str]) -> None:
    made = matrix(some, groups)
    assert matrix(*runs_of(matrix_json(made))) == made


def test_a_saved_matrix_says_what_differs_for_programs() -> None:
    document = json.loads(matrix_json(all_of_them()))
    assert (document["schema"], document["names"][1]) == (SCHEMA, "6.12.110")
    differing = {(row["kind"], row["name"]): row for row in document["differing"]}
    assert [*differing] == [
        ("trait", "syn-mss"),
        ("feature", "gre"),
        *(("scenario", name) for name in ("flaps", "gre", "gre-v6")),
    ]
    assert differing["trait", "syn-mss"]["changes"] == "yes → no from 6.12.111 on"
    assert differing["scenario", "flaps"]["cells"] == {
        "5.10.251": "pass",
        "6.12.110": "fail",
        "6.12.111": "pass",
        "7.3-rc7": "not run",
    }
    assert document["groups"] == {"path": ["1500", "flaps"], "tunnel": ["gre", "gre-v6"], "nat": ["dnat", "gro"]}


def test_what_is_as_usual_is_left_out_and_lines_can_be_compared() -> None:
    lines = run_json(NEXT).splitlines()
    assert '    {"scenario": "1500", "verdict": "pass", "claims": 12},' in lines
    assert any('"stopped": "fail"' in line for line in lines)
    assert not any(" null" in line or '""' in line for line in lines)
    assert "features" not in json.loads(run_json(NEVER))["kernels"][0]


def test_what_a_later_version_adds_is_passed_over() -> None:
    document = json.loads(run_json(MIDDLE))
    document["more"] = 1
    document["kernels"][0] |= {"more": 1}
    document["kernels"][0]["kernel"] |= {"more": 1}
    document["kernels"][0]["outcomes"][0] |= {"more": 1}
    assert runs_of(json.dumps(document)) == ((MIDDLE,), {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this is not JSON: "),
        ("{", "this is not JSON: "),
        (b"\xff\xfe\xff", "this is not JSON: "),
        ("[" * 200_000, "this is not JSON: "),
        ("[]", "these are no runs of kernels"),
        ('{"schema": 1, "acts": []}', "these are no runs of kernels"),
        ('{"schema": 1, "kernels": "all"}', "these are no runs of kernels"),
        ('{"kernels": []}', f"its schema is None, and this pmtulab reads {SCHEMA}"),
        ('{"schema": 99, "kernels": []}', "its schema is 99"),
        ('{"schema": 1, "kernels": []}', "there is no kernel in it"),
        ('{"schema": 1, "kernels": [7]}', "it is not as it was written: "),
        ('{"schema": 1, "kernels": [{}]}', "it is not as it was written: KeyError: 'outcomes'"),
        ('{"schema": 1, "kernels": [{"outcomes": []}]}', "it is not as it was written: KeyError: 'kernel'"),
        ('{"schema": 1, "kernels": [{"outcomes": [], "kernel": {"name": "K"}}]}', "it is not as it was written: TypeError: "),
    ],
)
def test_what_is_no_document_is_refused_in_words(text: str | bytes, words: str) -> None:
    with pytest.raises(Unreadable) as raised:
        runs_of(text)
    assert str(raised.value).startswith(words)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("wall",), "long", "kernel 1.wall is 'long', and no float"),
        (("wall",), None, "kernel 1.wall is None, and no float"),
        (("boot",), True, "kernel 1.boot is True"),
        (("console",), [1], "kernel 1.console[0] is 1, and no str"),
        (("stopped",), "maybe", "ValueError: 'maybe' is not a valid Verdict"),
        (("kernel", "release"), 6, "kernel 1.kernel.release is 6, and no str"),
        (("outcomes", 0, "verdict"), "good", "ValueError: 'good' is not a valid Verdict"),
        (("outcomes", 0, "claims"), 1.5, "kernel 1.outcomes[0].claims is 1.5, and no int"),
        (("outcomes", 0, "failed"), [["a"]], "ValueError: "),
        (("outcomes", 0, "failed"), 3, "TypeError: "),
        (("traits", 0, "holds"), "yes", "kernel 1.traits[0].holds is 'yes'"),
        (("traits",), {"a": 1}, "AttributeError: "),
        (("features",), 1, "TypeError: "),
    ],
)
def test_a_damaged_value_is_named(path: tuple[str | int, ...], value: object, words: str) -> None:
    document: Any = json.loads(run_json(OLDEST))
    place = document["kernels"][0]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(Unreadable) as raised:
        runs_of(json.dumps(document))
    assert str(raised.value).startswith("it is not as it was written: ")
    assert words in str(raised.value)


@pytest.mark.parametrize("groups", [["path"], {"path": 3}, {"path": [1]}, {"path": [["a"]]}, "path"])
def test_damaged_groups_are_named(groups: object) -> None:
    document = json.loads(matrix_json(all_of_them())) | {"groups": groups}
    with pytest.raises(Unreadable):
        runs_of(json.dumps(document))


def test_seconds_are_numbers() -> None:
    with pytest.raises(Unreadable, match="NaN is no number of JSON"):
        runs_of(run_json(OLDEST).replace('"wall": 60.0', '"wall": NaN'))


@given(st.data())
def test_nothing_that_is_cut_off_or_overwritten_raises_anything_else(data: st.DataObject) -> None:
    octets = bytearray(matrix_json(matrix(RUNS, GROUPS)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    del octets[data.draw(st.integers(0, len(octets))) :]
    with suppress(Unreadable):
        read, groups = runs_of(bytes(octets))
        assert matrix_json(matrix(read, groups))
