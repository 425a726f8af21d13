"""Kernels side by side as text, KTAP, JUnit and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lab.judge.guest import KernelRun, Outcome
from lab.judge.matrix import matrix
from lab.judge.traits import TRAITS
from lab.judge.update import update
from lab.report.matrix.junit import junit
from lab.report.matrix.ktap import ktap
from lab.report.matrix.markdown import kernels_page
from lab.report.matrix.terminal import render
from lab.report.matrix.update import update_text
from lab.report.matrix.wording import listed
from tests import golden_files
from tests.kernel_runs import GROUPS, MIDDLE, NEVER, NEXT, OLDEST, PASS, all_of_them, runs
from tests.ktap import read

MADE = all_of_them()


@pytest.mark.parametrize("width", [80, 100, 40])
def test_the_terminal(width: int) -> None:
    golden_files.check(f"kernels/terminal-{width}.txt", render(MADE, width, False))


@given(st.lists(runs(), min_size=1, max_size=4), st.integers(20, 140))
@settings(max_examples=30)
def test_no_line_is_wider_than_the_terminal(some: Sequence[KernelRun], width: int) -> None:
    text = render(matrix(some, {}), width, False)
    assert max(map(cell_len, text.splitlines())) <= width


def test_colour_changes_nothing_but_colour() -> None:
    coloured = render(MADE, 80, True)
    plain = "".join(f"{line.rstrip()}\n" for line in click.unstyle(coloured).splitlines())
    assert plain == render(MADE, 80, False)
    assert "\x1b[1;31mFAIL" in coloured
    assert "\x1b" not in render(MADE, 80, False)


def test_no_kernel_can_write_to_the_terminal_what_it_likes() -> None:
    assert "\\x1b[31mFatal" in render(MADE, 80, False)


def test_what_broke_is_never_passed_over() -> None:
    assert "What could not be told\ngro: the tap at r1:r2 dropped 5 of 10 frames (6.12.110)\n" in render(MADE, 80, False)


def test_one_kernel_differs_from_none() -> None:
    text = render(matrix([OLDEST], GROUPS), 80, False)
    assert "What differs" not in text
    assert "What it told" in text


def test_what_fails_everywhere_is_told_with_its_claims() -> None:
    text = render(matrix([MIDDLE, replace(MIDDLE, kernel=NEXT.kernel)], GROUPS), 100, False)
    assert "flaps: client holds a path MTU of 1400 towards server: mtu 1500, and 1 more claim" in text


def test_ktap() -> None:
    golden_files.check("kernels/matrix.ktap", ktap(MADE))


def test_ktap_reads_back() -> None:
    oldest, middle, panicked, never = read(ktap(MADE))
    assert [test.name for test in (oldest, middle, panicked, never)] == [*MADE.names]
    assert [(test.ok, test.directive) for test in (oldest, middle, panicked, never)] == [
        (True, None),
        (False, "ERROR"),
        (False, None),
        (False, "ERROR"),
    ]
    assert [(test.name, test.ok, test.directive) for test in oldest.within] == [
        ("the guest", True, None),
        *((name, True, None) for name in ("1500", "flaps")),
        *((name, True, "SKIP") for name in ("gre", "gre-v6")),
        *((name, True, None) for name in ("dnat", "gro")),
    ]
    assert [(test.ok, test.directive) for test in middle.within if test.name in ("flaps", "gro")] == [
        (False, None),
        (False, "ERROR"),
    ]
    assert [test.said for test in middle.within if test.name == "flaps"] == [
        ["FAIL: client holds a path MTU of 1400 towards server: mtu 1500", "FAIL: nothing larger than 1400 octets crosses r1–r2"]
    ]
    guest, *others = panicked.within
    assert not guest.ok
    assert "console: [   12.2] Kernel panic - not syncing: \\x1b[31mFatal exception in interrupt" in guest.said
    assert [(test.name, test.directive) for test in others if not test.ok] == [
        (name, "ERROR") for name in ("gre", "gre-v6", "dnat", "gro")
    ]
    assert never.within[0].why == NEVER.reason


def test_ktap_leaves_out_what_a_kernel_was_not_asked() -> None:
    less = replace(OLDEST, outcomes=OLDEST.outcomes[:1])
    asked, _ = read(ktap(matrix([less, MIDDLE], GROUPS)))
    assert [test.name for test in asked.within] == ["the guest", "dnat"]


@given(st.lists(runs(), max_size=3))
def test_ktap_of_any_runs_can_be_read(some: list[KernelRun]) -> None:
    made = matrix(some, {})
    tests = read(ktap(made))
    assert len(tests) == len(some)
    for test, column in zip(tests, made.columns, strict=True):
        assert len(test.within) > len(column.run.outcomes)


def test_a_reader_of_ktap_that_can_say_no() -> None:
    text = ktap(MADE)
    for wrong in (
        text.replace("1..4", "1..5", 1),
        text.replace("\n1..4", "", 1),
        text.replace("  ok 3 ", "  ok 4 ", 1),
        text.replace("\n  KTAP version 1", "", 1),
        text.replace("\nok 1 ", "\nokay 1 ", 1),
        text + "more\n",
    ):
        assert wrong != text
        with pytest.raises(ValueError, match="line"):
            read(wrong)


def test_junit() -> None:
    golden_files.check("kernels/matrix.xml", junit(MADE))


def test_junit_reads_back() -> None:
    suites = fromstring(junit(MADE).encode())
    numbers = ("tests", "failures", "errors", "skipped")
    assert [tuple(suite.get(number) for number in numbers) for suite in suites] == [
        ("7", "0", "0", "2"),
        ("7", "1", "1", "0"),
        ("3", "1", "0", "0"),
        ("1", "0", "1", "0"),
    ]
    panicked = suites[2].find("testcase")
    assert panicked is not None
    assert panicked.get("name") == "the guest"
    assert [one.tag for one in panicked] == ["failure", "system-err"]
    assert panicked[0].get("message") == NEXT.reason
    assert (panicked[1].text or "").endswith("not syncing: \\x1b[31mFatal exception in interrupt")
    never = suites[3].find("testcase/error")
    assert never is not None
    assert never.get("message") == NEVER.reason
    flaps = suites[1].find("testcase[@name='flaps']/failure")
    assert flaps is not None
    assert (flaps.text or "").splitlines() == [
        "client holds a path MTU of 1400 towards server: mtu 1500",
        "nothing larger than 1400 octets crosses r1–r2",
    ]
    assert suites[0].find("properties/property[@name='trait syn-mss'][@value='yes']") is not None


@given(st.lists(runs(), max_size=3))
def test_junit_of_any_runs_is_xml_and_counts_right(some: list[KernelRun]) -> None:
    suites = fromstring(junit(matrix(some, {})).encode("utf-8"))
    assert len(suites) == len(some)
    assert sum(int(suite.get("tests", "")) for suite in suites) == sum(len(run.outcomes) + 1 for run in some)


def test_markdown() -> None:
    golden_files.check("kernels/matrix.md", kernels_page(MADE, TRAITS))


def test_markdown_says_what_a_trait_rests_on_and_what_was_seen_before_and_after() -> None:
    name, trait = next(iter(TRAITS.items()))
    before, after = (
        replace(run, traits=(replace(run.traits[0], name=name, says=trait.says, holds=holds, seen=seen),))
        for run, holds, seen in ((OLDEST, True, "nothing | at *all*"), (MIDDLE, False, "mtu 1300"))
    )
    page = kernels_page(matrix([before, after], GROUPS), TRAITS)
    entry = page.partition(f"\n### {name}\n")[2].partition("\n#")[0]
    assert f"* Decided by: {trait.cites}".replace("_", "\\_") in entry
    assert f"* Changed, by what is written of it: {trait.since}" in entry
    assert "* Changed, as seen: yes → no between 5.10.251 and 6.12.110" in entry
    assert "  * 5.10.251: nothing \\| at \\*all\\*\n  * 6.12.110: mtu 1300" in entry


def test_an_update_in_words() -> None:
    before = matrix([OLDEST, MIDDLE], GROUPS)
    after = matrix([replace(OLDEST, outcomes=(*OLDEST.outcomes, Outcome("own", PASS))), NEXT, NEVER], GROUPS)
    text = (
        update_text(update(before, after), 80) + "\n" + update_text(update(matrix([OLDEST], GROUPS), matrix([MIDDLE], GROUPS)), 60)
    )
    golden_files.check("kernels/update.txt", text)


def test_lists_of_names() -> None:
    assert [listed(["a", "b", "c"][:number]) for number in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
