"""What a probe found, for people: a line a hop as it comes, then the path MTU, what is wrong, how that is known, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import click

from lab.model.problem import printable
from lab.model.topology import IPV4, IPV6
from lab.report.probing.words import NAMES, in_words, place, short, teller
from lab.report.wording import count
from lab.theory.linux import IP_HEADER, UDP_HEADER
from lab.theory.probing.found import BlackHole, Clamped, Hop, Lie, LyingPtb, NotReachable, PathFound

WIDTH = {IPV4: len("255.255.255.255"), IPV6: len("2001:db8:1111:2222::1234")}
COLUMNS = 110
LIES = {
    Lie.NO_LESS: "NO LESS THAN WAS SENT",
    Lie.ZERO: "NO MTU AT ALL",
    Lie.BELOW_MINIMUM: "BELOW THE MINIMUM",
    Lie.TOO_MUCH: "TOO MUCH",
    Lie.TOO_LITTLE: "TOO LITTLE",
}


class Hops:
    """The lines of one probe's hops, each as soon as nothing more will be learned of it."""

    def __init__(self, name: str, address: str, source: str, colour: bool) -> None:
        self._name = printable(name) if name == address else f"{printable(name)} ({address})"
        self.source, self._colour = source, colour
        self._given = -1  # the last hop whose line was given; 0 is this host

    def head(self, found: PathFound, rate: float) -> str:
        width = WIDTH[found.family]
        title = f"pmtulab probe {self._name}: {NAMES[found.means]} from {self.source}, at most {rate:g} packets a second"
        return f"{title}\n\n" + self._dim(f"hop  {'address':{width}}  {'RTT':>10}  octets")

    def lines(self, found: PathFound, over: bool = False) -> Iterator[str]:
        """Those that were not given yet. Hops that do not answer wait for one that does, or for the end."""
        if self._given < 0 and found.first_link:
            self._given = 0
            yield self._line(found, Hop(0, self.source, octets=found.first_link), ["the first link"])
        ready = list((found.hops if over else found.hops[:-1])[max(self._given, 0) :])
        silent = []
        while ready and ready[-1].address is None:
            silent.append(ready.pop().number)
        for hop in ready:
            self._given = hop.number
            yield self._line(found, hop, list(self._notes(found, hop)))
        if over and silent:
            yield f"{silent[-1]:3}  " + self._dim(
                f"* no answer{f', nor from hops {silent[-2]} to {silent[0]}' if silent[1:] else ''}"
            )

    def _line(self, found: PathFound, hop: Hop, notes: list[str]) -> str:
        rtt = "" if hop.rtt is None else f"{hop.rtt * 1000:.2f} ms"
        line = f"{hop.number:3}  {hop.address or '*':{WIDTH[found.family]}}  {rtt:>10}  {hop.octets or '':>6}  {'; '.join(notes)}"
        return line.rstrip()

    def _notes(self, found: PathFound, hop: Hop) -> Iterator[str]:
        lies = []
        for verdict in found.verdicts:
            if isinstance(verdict, BlackHole) and verdict.before == hop.number:
                yield self._red(f"BLACK HOLE between {short(verdict.after)} and here")
            if isinstance(verdict, LyingPtb) and verdict.before == hop.number:
                lies.append(verdict.told)
                yield self._red(f"MTU {verdict.told.mtu} told by {teller(verdict.told)}: {LIES[verdict.lie]}")
            if isinstance(verdict, Clamped) and verdict.before == hop.number:
                yield f"MSS {verdict.sent} arrives as {verdict.arrived}"
            if isinstance(verdict, NotReachable) and verdict.source == hop.address and hop is found.hops[-1]:
                yield self._red(f"says {verdict.words}")
        yield from (f"MTU {told.mtu} told by {teller(told)}" for told in hop.told if told not in lies)
        if hop.back is not None and hop.back != hop.number and hop.octets:
            yield f"{count(hop.back, 'hop')} back"
        if hop.destination:
            yield "the destination"

    def _dim(self, text: str) -> str:
        return click.style(text, dim=True) if self._colour else text

    def _red(self, text: str) -> str:
        return click.style(text, fg="red", bold=True) if self._colour else text


def summary(found: PathFound, seconds: float, colour: bool) -> Iterator[str]:
    """The path MTU, each verdict, and one line that says it all."""
    yield ""
    if found.path_mtu is None:
        yield "path MTU unknown"
    else:
        datagram = found.path_mtu - IP_HEADER[found.family] - UDP_HEADER
        where = "" if found.complete else f" as far as {place(found, found.measured)}"
        yield f"path MTU {found.path_mtu}{where}: UDP payload {datagram}, TCP MSS {found.mss}"
    for verdict in sorted(found.verdicts, key=lambda verdict: not verdict.fault):
        words = in_words(verdict, found)
        mark = "FAULT" if verdict.fault else "note"
        styled = click.style(f"{mark:5}", fg="red" if verdict.fault else "yellow", bold=verdict.fault) if colour else f"{mark:5}"
        yield ""
        yield f"{styled}  {printable(words.what)}"
        for text in (words.evidence, words.advice and f"do: {words.advice}"):
            yield from wrap(printable(text), COLUMNS, initial_indent=" " * 7, subsequent_indent=" " * 7)
    yield ""
    faults = sum(verdict.fault for verdict in found.verdicts)
    stopped = f"{found.stopped}: " if found.stopped else ""
    verdict_ = f"{count(faults, 'fault')} found" if faults or not found.stopped else "no fault so far"
    yield f"{stopped}{verdict_}: {count(found.packets, 'probe')} in {seconds:.1f} s"
