"""docs/writing-scenarios.md has every word that a scenario can be written in, as the code has it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from lab.judge import expect
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Flow, PmtuDisc
from lab.model.story import Quote, Step
from lab.model.topology import Link, Node, Topology
from lab.report.vocabulary import signature, vocabulary

PAGE = Path(__file__).parents[2] / "docs" / "writing-scenarios.md"
BELOW = "<!-- Made from the code, from here on; PMTULAB_GOLDEN=write before tests/pure/test_vocabulary.py makes it anew. -->\n"


def expectations() -> dict[str, list[type]]:
    """Every expectation, below what its module says that they are about."""
    kinds: dict[str, list[type]] = {}
    for kind in (getattr(expect, name) for name in expect.__all__ if name != "Expectation"):
        about = (sys.modules[kind.__module__].__doc__ or "").partition("\n")[0]
        kinds.setdefault(about.partition(":")[0].removesuffix("."), []).append(kind)
    return dict(sorted(kinds.items()))


KINDS: dict[str, list[type]] = {
    "Scenario and acts": [Scenario, Act],
    "Networks": [Topology, *get_args(Node), Link],
    "Flows": list(get_args(Flow)),
    "Steps": [*get_args(Step), Quote],
    **expectations(),
}


def test_the_page_has_every_word() -> None:
    by_hand, mark, below = PAGE.read_text(encoding="utf-8").partition(BELOW)
    assert mark
    words = vocabulary(KINDS)
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        PAGE.write_text(by_hand + mark + words, encoding="utf-8")
        below = words
    assert below == words, "PMTULAB_GOLDEN=write makes it anew"


def test_all_kinds_say_what_they_are() -> None:
    named = [kind.__name__ for kinds in KINDS.values() for kind in kinds]
    assert sorted(named) == sorted(set(named))
    # A dataclass without a docstring is given its signature for one.
    assert [kind for kinds in KINDS.values() for kind in kinds if (kind.__doc__ or "").startswith(f"{kind.__name__}(")] == []


@dataclass(frozen=True)
class Example:
    """One line.

    And `more`.
    """

    flow: Flow
    mode: PmtuDisc = WANT
    at: str | None = None
    seconds: float = 5.0


def test_a_word_is_told_as_it_is_written() -> None:
    assert signature(Example) == "Example(flow: Flow, mode: PmtuDisc = WANT, at: str | None = None, seconds: float = 5.0)"
    assert vocabulary({"Words": [Example]}) == (
        "\n### Words\n\n#### Example\n\n"
        "    Example(flow: Flow, mode: PmtuDisc = WANT, at: str | None = None, seconds: float = 5.0)\n\n"
        "One line.\n\nAnd `more`.\n"
    )
