"""docs/coverage.md is what the scenarios say that they cover; and what they name exists."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from lab.judge.scenario import Scenario
from lab.report.coverage import Case, Suite, census, coverage, misfits
from tests.catalogue import CATALOGUE
from topologies import chain

DOCS = Path(__file__).parents[2] / "docs"
TOPOLOGY = chain("client", "r1", "server", mtus=(1500, 1400))
SUITES = (
    Suite("a.sh", "", (Case("a.sh", "one", "1 = 1"), Case("a.sh", "two", "2 = 2", "too hard"), Case("a.sh", "three", "3 = 3"))),
    Suite("b", "", (Case("b", "one", "1 is not 2"),)),
)


def covers(name: str, *cases: str, needs: tuple[str, ...] = ()) -> Scenario:
    return Scenario(name, "", TOPOLOGY, (), needs, cases)


def test_the_page_is_what_the_scenarios_say() -> None:
    suites = census(tomllib.loads((DOCS / "census.toml").read_text()))
    page = coverage(suites, tuple(CATALOGUE.values()))
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        (DOCS / "coverage.md").write_text(page)
    assert (DOCS / "coverage.md").read_text() == page, "PMTULAB_GOLDEN=write makes it anew"


def test_scenarios_and_census_fit_together() -> None:
    assert misfits(census(tomllib.loads((DOCS / "census.toml").read_text())), tuple(CATALOGUE.values())) == []


def test_every_kind_of_row() -> None:
    page = coverage(SUITES, (covers("x", "a.sh/one", "b/one"), covers("y", "a.sh/one", needs=("gre", "sit"))))
    assert "| `one` | 1 = 1 | `x`, `y` (where the kernel has gre, sit) |" in page
    assert "| `two` | 2 = 2 | not: too hard |" in page
    assert "| `three` | 3 = 3 | *open* |" in page
    assert "| `one` | 1 is not 2 | `x` |" in page


def test_totals() -> None:
    page = coverage(SUITES, (covers("x", "a.sh/one", "b/one"), covers("y", "a.sh/one")))
    assert "| [a.sh](#ash) | 3 | 1 | 1 | 1 |\n| [b](#b) | 1 | 1 | 0 | 0 |\n| **all** | 4 | 2 | 1 | 1 |\n" in page


def test_of_many_scenarios_a_few_are_named() -> None:
    page = coverage(SUITES, tuple(covers(f"sweep-{i}", "b/one") for i in range(5)))
    assert "| `sweep-0`, `sweep-1`, `sweep-2` and 2 more |" in page


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("a.sh/tow", "x covers a.sh/tow, which is no case of the census"),
        ("one", "x covers one, which is no case of the census"),
        ("a.sh/two", "x covers a.sh/two, which says why not"),
    ],
)
def test_what_does_not_fit_is_named(case: str, fault: str) -> None:
    assert misfits(SUITES, (covers("x", case), covers("y", "a.sh/one"))) == [fault]


def test_a_case_that_is_written_twice_is_named() -> None:
    assert misfits((*SUITES, SUITES[1]), ()) == ["b/one is written twice"]


def test_a_key_that_is_misspelt_is_not_passed_over() -> None:
    with pytest.raises(TypeError):
        census({"suite": [{"name": "a", "of": "b", "cases": [{"name": "c", "asserts": "d", "whynot": "e"}]}]})
