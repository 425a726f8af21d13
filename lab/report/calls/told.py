"""A trace as it is told: blocks of lines, one block for the chains that are alike, and a table of the steps that there might be.

Everything here is words and numbers, so that a guest can hand it over as JSON and the host make a page of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.verdict import Verdict

CALL, IN, OUT = "call", "in", "out"
"""Kinds of lines: a call, a frame that came in, a frame that went out."""


@dataclass(frozen=True, slots=True)
class Line:
    """A call with its arguments, or a frame with what it is. `time` is ns since the act began, `frame` its number in the capture.

    `name` is the function, or the neighbour that the frame came from or went to. `octets` is the packet's size, or 0.
    `number` is how many alike came one after another, of which this is the first.
    """

    kind: str
    name: str
    words: str
    time: int
    octets: int = 0
    frame: int = 0
    number: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Chains that are alike: the lines of the first, how many there were, and the sizes that their packets had."""

    purpose: str
    node: str
    lines: tuple[Line, ...]
    number: int = 1
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class ToldAct:
    """One act."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A step that there might be, and whether there was.

    `then` is its name in Linux 4.14 and `now` that in the kernel that ran, empty where it is inlined; `article` says whether the
    article names it. `number` is how often it was called, `words` with what the first time, in the chain of frame `frame`.
    `why` says why it cannot be seen; empty where it can.
    """

    purpose: str
    family: str
    then: str
    now: str
    article: bool
    does: str
    number: int
    words: str
    frame: int
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """A trace, told. `means`, `promise` and `clock` are sentences: how it was traced, what is surely left out, how exact it is."""

    scenario: str
    title: str
    release: str
    means: str
    promise: str
    clock: str
    verdict: Verdict
    reason: str
    acts: tuple[ToldAct, ...]
    steps: tuple[Seen, ...]
