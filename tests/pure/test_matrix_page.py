"""The HTML page of several kernels, as a file. What a browser makes of it is in tests/world/test_matrix_browser.py."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.judge.guest import KernelRun
from lab.judge.matrix import matrix
from lab.report.html.matrix import matrix_page
from tests.kernel_runs import GROUPS, MIDDLE, NEXT, OLDEST, RUNS, all_of_them, runs
from tests.pure.test_report_page import HOSTILE, Reading


def test_what_differs_comes_first_with_where_and_why() -> None:
    text = Reading(matrix_page(all_of_them())).text
    differs, _, everything = text.rpartition("What differs")[2].partition("Every row")
    for words in (
        "yes → no from 6.12.111 on",
        "6.12.110 a announces an MSS of 1260: it announces 1260",
        "ok → FAIL between 5.10.251 and 6.12.110; back to ok from 6.12.111 on",
        "2 scenarios",
        "gre, gre-v6",
    ):
        assert words in differs
    assert "locks" not in differs
    assert all(row.name in everything for row in all_of_them().rows)


def test_a_cell_tells_all_that_was_seen() -> None:
    written = matrix_page(all_of_them()).decode()
    panel = re.search(r'<td class="fail turn"><details>.*?</details></td>', written)
    assert panel is not None
    assert "<li>client holds a path MTU of 1400 towards server: mtu 1500</li>" in panel[0]
    assert "<li>nothing larger than 1400 octets crosses r1–r2</li>" in panel[0]
    assert '<td class="pass">ok</td>' in written  # and what has no more to say is no button


def test_guests_that_did_not_end_are_told_with_their_consoles() -> None:
    text = Reading(matrix_page(all_of_them())).text
    assert NEXT.reason in text
    assert "ip_do_fragment+0x1a/0x8b0" in text
    assert "not syncing: \\x1b[31mFatal" in text


def test_a_page_asks_for_nothing_but_itself() -> None:
    hostile = replace(
        MIDDLE,
        kernel=replace(MIDDLE.kernel, name=HOSTILE, version="", release=HOSTILE),
        outcomes=tuple(
            replace(one, scenario=one.scenario + HOSTILE, reason=HOSTILE, failed=((HOSTILE, HOSTILE),)) for one in MIDDLE.outcomes
        ),
        traits=tuple(replace(one, name=HOSTILE, says=HOSTILE, seen=HOSTILE) for one in MIDDLE.traits),
        reason=HOSTILE,
        console=(HOSTILE,),
        stopped=NEXT.stopped,
    )
    written = matrix_page(matrix([OLDEST, hostile], dict.fromkeys(GROUPS, HOSTILE)))
    reading = Reading(written)
    assert (reading.count("script"), reading.count("img"), reading.count("link")) == (2, 0, 0)
    assert not [of for _, of in reading.elements if any(name.startswith("on") for name in of)]
    assert {of["href"] for tag, of in reading.elements if tag == "a"} == {"#top", "#differs", "#all"}
    assert b"http" not in written.replace(b"http-equiv", b"").replace(b"http://www.w3.org", b"")
    assert "alert(1)" in reading.text


@given(st.lists(runs(), min_size=1, max_size=3))
@settings(max_examples=30)
def test_any_page_is_closed_as_it_was_opened(some: list[KernelRun]) -> None:
    written = matrix_page(matrix(some, GROUPS)).decode()
    for tag in ("table", "tbody", "tr", "details", "summary", "div", "section", "ul", "span"):
        assert len(re.findall(rf"<{tag}[ >]", written)) == written.count(f"</{tag}>"), tag


def test_a_page_is_the_same_each_time_it_is_made() -> None:
    assert matrix_page(all_of_them()) == matrix_page(matrix(RUNS[::-1], GROUPS))


def test_kernels_that_are_alike_differ_in_nothing() -> None:
    text = Reading(matrix_page(matrix([OLDEST, replace(OLDEST, kernel=MIDDLE.kernel)], GROUPS))).text
    assert "Nothing: each row is the same on every kernel" in text
