"""Expectations about programs that a story runs: what they print, and how they end."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation, Seen, many, nothing
from lab.judge.observation import Observation, Ran
from lab.model.rfc import Citation, Manual
from lab.model.topology import Family

SHOWN = 200  # octets of a program's last words, where they are not those expected


@dataclass(frozen=True, slots=True)
class Prints(Expectation):
    """The act's n-th program (`run`, from 1) prints `text`, to either stream.

    Upper and lower case are alike, and so is any blank space: tools change theirs from version to version.
    """

    text: str
    page: str
    run: int = 1

    def claim(self) -> str:
        return f"program {self.run} prints “{self.text}”"

    def cites(self, family: Family) -> Citation:
        return Manual(self.page)

    def see(self, observation: Observation) -> Seen:
        ran = nth_program(observation, self.run)
        if ran is None:
            return nothing(f"program {self.run}")
        printed = plain(ran.out + ran.err)
        if plain(self.text) in printed:
            return Seen(True, next((line.strip() for line in lines(ran) if plain(self.text) in plain(line)), self.text))
        return Seen(False, f"it prints “{printed[-SHOWN:]}”" if printed else "it prints nothing")


@dataclass(frozen=True, slots=True)
class PrintsLines(Expectation):
    """The act's n-th program (`run`, from 1) writes so many lines to its standard output, and ends with status 0."""

    count: int
    page: str
    run: int = 1

    def claim(self) -> str:
        return f"program {self.run} prints {many(self.count, 'line')}"

    def cites(self, family: Family) -> Citation:
        return Manual(self.page)

    def see(self, observation: Observation) -> Seen:
        ran = nth_program(observation, self.run)
        if ran is None:
            return nothing(f"program {self.run}")
        printed = len(ran.out.splitlines())
        return Seen(printed == self.count and ran.status == 0, f"{many(printed, 'line')}, status {ran.status}")


@dataclass(frozen=True, slots=True)
class Exits(Expectation):
    """The act's n-th program (`run`, from 1) ends with this exit status, and `within` so many seconds where they are given.

    With `beyond`, the number of another program, they are counted from when this one would end if it took as long as the other: so
    a timer of the kernel's is told from a slow machine.
    """

    status: int
    page: str
    run: int = 1
    within: float | None = None
    beyond: int | None = None

    def claim(self) -> str:
        soon = f" within {self.within:g} s" if self.within else ""
        soon += f" beyond what program {self.beyond} takes" if self.beyond else ""
        return f"program {self.run} ends with status {self.status}{soon}"

    def cites(self, family: Family) -> Citation:
        return Manual(self.page)

    def see(self, observation: Observation) -> Seen:
        ran = nth_program(observation, self.run)
        if ran is None:
            return nothing(f"program {self.run}")
        if ran.status is None:
            return Seen(False, "it does not end")
        seconds = (ran.ended - ran.started) / 1e9
        said = "" if ran.status == self.status else f", saying “{plain(ran.out + ran.err)[-SHOWN:]}”"
        words = f"status {ran.status} after {seconds:.1f} s{said}"
        allowed = self.within
        if allowed is not None and self.beyond is not None:
            other = nth_program(observation, self.beyond) if self.beyond != self.run else None  # none is its own measure
            if other is None:
                return nothing(f"program {self.beyond}")
            took = (other.ended - other.started) / 1e9
            allowed, words = allowed + took, f"{words}; program {self.beyond} took {took:.1f} s"
        return Seen(ran.status == self.status and (allowed is None or seconds <= allowed), words)


def nth_program(observation: Observation, run: int) -> Ran | None:
    programs = observation.ran
    return programs[run - 1] if 0 < run <= len(programs) else None


def lines(ran: Ran) -> list[str]:
    return (ran.out + "\n" + ran.err).splitlines()


def plain(text: str) -> str:
    """In lower case, with one blank for any white space."""
    return " ".join(text.lower().split())
