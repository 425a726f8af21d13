"""The search of RFC 8899, played against paths that are only numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.theory.dplpmtud import BASE_PLPMTU, MAX_PROBES, Phase, Search, acked, begin, timed_out, told


def searched(path: int, high: int = 1472, tells: bool = False) -> tuple[Search, list[int]]:
    """The search over a path that takes `path` octets, and every probe that was sent; an answer takes no time, a silence one."""
    search, now = begin(high, 0.0, timer=1.0), 0.0
    probes = []
    while not search.over:
        probes.append(search.size)
        if search.size <= path:
            search = acked(search, search.size, now)
        elif tells and search.phase is Phase.SEARCHING:
            search = told(search, path, now)
        else:
            now += 1.0
            search = timed_out(search, now)
    return search, probes


def test_a_path_that_takes_all_takes_two_probes() -> None:
    search, probes = searched(1472)
    assert (search.phase, search.plpmtu, probes) == (Phase.COMPLETE, 1472, [1200, 1472])


def test_the_search_halves_what_is_left_and_asks_three_times() -> None:
    search, probes = searched(1372)
    assert (search.phase, search.plpmtu) == (Phase.COMPLETE, 1372)
    assert probes[:9] == [1200, 1472, 1472, 1472, 1336, 1404, 1404, 1404, 1370]


def test_a_ptb_saves_the_search() -> None:
    search, probes = searched(1372, tells=True)
    assert (search.plpmtu, probes) == (1372, [1200, 1472, 1372])


@pytest.mark.parametrize("size", [1473, 1472, 1199, 0])
def test_a_ptb_out_of_bounds_is_not_believed(size: int) -> None:
    search = acked(begin(1472, 0.0), 1200, 1.0)
    assert told(search, size, 2.0) == search


def test_a_ptb_before_the_base_is_confirmed_is_not_believed() -> None:
    search = begin(1472, 0.0)
    assert told(search, 600, 1.0) == search


def test_a_ptb_may_say_what_is_known() -> None:
    search = told(acked(begin(1472, 0.0), 1200, 1.0), 1200, 2.0)
    assert (search.phase, search.plpmtu) == (Phase.COMPLETE, 1200)


def test_a_path_below_the_base_is_an_error() -> None:
    search, probes = searched(1199)
    assert (search.phase, search.plpmtu, probes) == (Phase.ERROR, 0, [BASE_PLPMTU] * MAX_PROBES)


def test_an_answer_that_comes_late_still_counts() -> None:
    search = timed_out(begin(1472, 0.0, timer=1.0), 1.0)
    assert (search.count, search.due) == (1, 2.0)
    assert acked(search, 1200, 1.5).size == 1472


def test_nothing_is_lost_before_its_time() -> None:
    search = begin(1472, 0.0, timer=1.0)
    assert timed_out(search, 0.999) == search


def test_an_answer_to_nothing_is_none() -> None:
    search = begin(1472, 0.0)
    assert acked(search, 1473, 1.0) == search
    over, _ = searched(1472)
    assert (acked(over, 1473, 9.0), timed_out(over, 99.0), told(over, 1300, 9.0)) == (over, over, over)


def test_no_room_for_the_base_is_refused() -> None:
    with pytest.raises(ValueError, match="1200 octets, and there are 1199"):
        begin(1199, 0.0)
    assert begin(1200, 0.0).size == 1200


@given(high=st.integers(1200, 65507), less=st.integers(0, 64307), tells=st.booleans())
def test_it_ends_at_the_truth(high: int, less: int, tells: bool) -> None:
    path = max(high - less, BASE_PLPMTU)
    search, probes = searched(path, high, tells)
    assert (search.phase, search.plpmtu) == (Phase.COMPLETE, path)
    assert len(probes) <= 2 + MAX_PROBES * 17
