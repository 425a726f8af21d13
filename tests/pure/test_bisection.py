"""A bisection against its definition: a look at every one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.judge.bisection import Bisection


@st.composite
def sequences(draw: st.DrawFn, untold: bool = False) -> list[bool | None]:
    """Good up to some place, then bad; and in between, some that cannot be told."""
    good, bad = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    shown: list[bool | None] = [number < good for number in range(good + bad)]
    for number in draw(st.sets(st.integers(1, len(shown) - 1))) if untold else ():
        if number != len(shown) - 1:
            shown[number] = None
    return shown


def tried(search: Bisection, shown: Sequence[bool | None]) -> list[int]:
    """Asks until there is nothing to ask, and gives what was asked for."""
    asked = []
    while (number := search.next()) is not None:
        assert search.good < number < search.bad
        asked.append(number)
        search.tell(number, shown[number])
    assert len(set(asked)) == len(asked)
    return asked


@given(sequences())
def test_the_first_bad_one_is_found_by_as_many_tries_as_its_number_has_bits(shown: list[bool | None]) -> None:
    search = Bisection(len(shown))
    asked = tried(search, shown)
    assert (search.good, search.bad) == (shown.index(False) - 1, shown.index(False))
    assert search.left == 1
    assert len(asked) <= (len(shown) - 2).bit_length()


@given(sequences(untold=True))
def test_around_those_that_cannot_be_told_the_nearest_two_that_can_are_found(shown: list[bool | None]) -> None:
    search = Bisection(len(shown))
    tried(search, shown)
    assert search.good == max(number for number, good in enumerate(shown) if good)
    assert search.bad == min(number for number, good in enumerate(shown) if good is False)
    assert search.left == search.bad - search.good
    assert {*range(search.good + 1, search.bad)} <= search.untold


def test_what_is_told_twice_takes_nothing_back() -> None:
    search = Bisection(10)
    for number, good in ((5, True), (3, True), (7, False), (8, False)):
        search.tell(number, good)
    assert (search.good, search.bad, search.left, search.next()) == (5, 7, 2, 6)


@pytest.mark.parametrize("length", [0, 1])
def test_between_fewer_than_two_nothing_changes(length: int) -> None:
    with pytest.raises(ValueError, match="two"):
        Bisection(length)


def test_two_are_told_without_a_try() -> None:
    assert Bisection(2).next() is None
