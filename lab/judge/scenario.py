"""A scenario: a topology, and acts, each a story with what must be seen of it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect import Expectation
from lab.model.story import Step
from lab.model.topology import Topology


@dataclass(frozen=True, slots=True)
class Act:
    """A part of a scenario with its own expectations: they are judged on what was seen during it, and on nothing else.

    State lives on between acts (route exceptions, for one): a story that wants a clean start says FlushRouteCache().
    """

    title: str
    story: tuple[Step, ...]
    expect: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a scenario file defines, as `scenario` or, several at once, in the tuple `scenarios`. `title` is one line for lists."""

    name: str
    title: str
    topology: Topology
    acts: tuple[Act, ...]
