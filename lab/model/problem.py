"""What is wrong with what somebody wrote: at which place, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where something stands in the form of exchange: ("nodes", "r1"), ("links", 0, "mtu"); () is the whole."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a topology, as people are told of it ("link 3 (r1–r2)") and as the form of exchange has it (("links", 2))."""

    words: str
    path: Path = ()

    def __str__(self) -> str:
        return self.words


TOPOLOGY = Place("topology")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a topology, and what to do about it."""

    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        return printable(f"{self.place}: {self.what}; {self.remedy}")


def printable(text: str) -> str:
    """One line for any text: what cannot be printed, newlines among it, is written as an escape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
