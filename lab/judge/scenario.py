"""A scenario: a topology, and acts, each a story with what must be seen of it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect import Expectation, IfTrait
from lab.model.story import LONG, Step
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
    """What a scenario file defines, as `scenario` or, several at once, in the tuple `scenarios`. `title` is one line for lists.

    `needs` names features of the kernel (lab.model.features), and traits, without which it is a SKIP. `covers` names the cases of
    public test suites whose assertion it makes: "pmtu.sh/pmtu_ipv4_exception" (docs/coverage.md). `lasts` is for how many seconds,
    about, it waits for timers of the kernel's; 0 for moments.
    """

    name: str
    title: str
    topology: Topology
    acts: tuple[Act, ...]
    needs: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    lasts: float = 0.0

    @property
    def is_long(self) -> bool:
        return self.lasts > LONG

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits of the kernel that its expectations ask for."""
        asked = (expectation.trait for act in self.acts for expectation in act.expect if isinstance(expectation, IfTrait))
        return tuple(dict.fromkeys(asked))
