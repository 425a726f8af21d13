"""What a trait is, and what is told of one."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation
from lab.model.rfc import Citation
from lab.model.story import Step
from lab.model.topology import Topology


@dataclass(frozen=True, slots=True)
class Trait:
    """`says` is the statement that is true or not. `cites` is the function that decides it, or the section that asks for it.

    `since` says in which versions it changed, for people; nothing depends on it. `needs` names features (lab.model.features)
    without which it cannot be tried.
    """

    name: str
    says: str
    topology: Topology
    story: tuple[Step, ...]
    yes: Expectation
    no: Expectation
    cites: Citation
    since: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """A trait that was tried: whether this kernel has it, and what was seen."""

    trait: Trait
    holds: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to one question about the kernel. `holds` is None where there is none, and then `seen` says why.

    `broken` is true where it was the lab that failed, and not that this machine lacks a program. Of a trait there are also `since`
    and, in words, what it `cites`.
    """

    name: str
    says: str
    holds: bool | None
    seen: str
    broken: bool = False
    since: str = ""
    cites: str = ""
