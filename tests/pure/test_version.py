"""Versions of kernels: their order, their short names, and which is the very next release."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.kernel import Kernel
from lab.model.version import in_order, short_names, version_of
from tests.kernel_runs import runs

IN_ORDER = (
    *("4.14.83", "5.10.0-46-amd64", "6.1", "6.9.12", "6.12.0-rc2", "6.12.0-rc10", "6.12.0-rc10-00002-gab", "6.12.0-rc10-00123-gab"),
    *("6.12", "6.12.1", "6.12.9", "6.12.110", "6.12.111", "6.18.44-fc-v657", "7.3-rc7", "v7.3.4+deb13-amd64", "next-20261125"),
)


def kernel(release: str, version: str = "", name: str = "K") -> Kernel:
    return Kernel(name, release, "bzImage", "", version)


@pytest.mark.parametrize(("first", "second"), [*pairwise(IN_ORDER)])
def test_order(first: str, second: str) -> None:
    assert in_order(kernel(first)) < in_order(kernel(second))


@pytest.mark.parametrize(
    ("release", "package", "name"),
    [
        ("6.1.0-56-amd64", "6.1.158-1", "6.1.158"),
        ("6.12.118+deb13-amd64", "6.12.118-1~bpo12+1", "6.12.118"),
        ("7.3-rc7-amd64", "7.3~rc7-1~exp1", "7.3-rc7"),
        ("7.3.0-rc7-00012-gabc", "", "7.3-rc7"),
        ("6.12.0+", "1:6.12-1", "6.12"),
        ("next-20261125", "", "next-20261125"),
        ("", "", "K"),
    ],
)
def test_a_kernel_alone_has_a_short_name(release: str, package: str, name: str) -> None:
    assert short_names([kernel(release, package)]) == [name]


def test_names_that_would_be_alike_are_told_apart_by_what_there_is() -> None:
    two = [kernel("6.12.0-rc3-00001-ga"), kernel("6.12.0-rc3-00002-gb"), kernel("6.1.2")]
    assert short_names(two) == ["6.12.0-rc3-00001-ga", "6.12.0-rc3-00002-gb", "6.1.2"]
    asked_for = [kernel("6.12.0", name="./a/bzImage"), kernel("6.12.0", name="./b/bzImage")]
    assert short_names(asked_for) == ["6.12.0 (./a/bzImage)", "6.12.0 (./b/bzImage)"]
    assert short_names([kernel("6.12.1"), kernel("6.12.1")]) == ["6.12.1 (K) [1]", "6.12.1 (K) [2]"]


@given(st.lists(runs().map(lambda run: run.kernel), max_size=5))
def test_no_two_names_are_alike(kernels: list[Kernel]) -> None:
    names = short_names(kernels)
    assert len(set(names)) == len(names) == len(kernels)


@pytest.mark.parametrize(
    ("first", "second", "is_next"),
    [
        ("6.12.110", "6.12.111", True),
        ("6.12", "6.12.1", True),
        ("6.12-rc1", "6.12-rc2", True),
        ("6.12.110", "6.12.112", False),
        ("6.12.111", "6.12.110", False),
        ("6.12.110", "6.13.111", False),
        ("6.12.110", "6.12.110", False),
        ("6.12-rc1", "6.12", False),
        ("6.12-rc7", "6.12.1", False),
        ("6.12", "6.12.1-rc1", False),
    ],
)
def test_the_very_next_release(first: str, second: str, is_next: bool) -> None:
    before, after = version_of(kernel(first)), version_of(kernel(second))
    assert before is not None
    assert after is not None
    assert before.next_is(after) is is_next
