"""An act as it is played: each packet's flights, each mark and each caption at its beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lab.model.topology import IPV4
from lab.report.html.crossings import Hop
from lab.report.html.fold import Shown
from lab.report.html.marks import Mark
from lab.report.html.narrative import CROSSING, Moment, clock, narrate
from lab.report.html.voyages import DELIVERED, DROPPED, GONE, Voyager
from lab.theory.plan import Plan

HIT = 1.2  # beats for which a packet is seen where it ends
READ = 0.7  # beats that a mark takes: to read what it says
LAST = 1 << 62  # the number that a mark has among frames of its moment: it tells what they brought about
WHOLE_ACT = frozenset({"send", "mtu", "flushed"})
"""Marks that part before from after at every node."""
KEYS = frozenset({"learned", "forgotten", "refused", "mtu", "joined", "silent"})
"""Marks that are worth to stop at."""


class Score:
    """What is shown, in the narrative's time. `start` is the true time that counts as 0."""

    def __init__(self, plan: Plan, shown: Sequence[Shown], marks: Sequence[Mark], start: int) -> None:
        self._shown, self._marks, self._start = shown, marks, start
        self._links = {frozenset((a.node, b.node)): number for number, (a, b) in enumerate(plan.links)}
        self._of: dict[int, tuple[Moment, Moment | None]] = {}
        self._of_mark: dict[int, Moment] = {}
        timed: list[tuple[int, int, Moment]] = []
        for one in shown:
            for hop in one.voyager.hops:
                left, came = self._of[id(hop)] = _moments(one, hop)
                timed.append((left.time, hop.numbers[0], left))
                timed += [(came.time, hop.numbers[-1], came)] if came else []
        for mark in marks:
            node = None if mark.kind in WHOLE_ACT or mark.at not in plan.nodes else mark.at
            self._of_mark[id(mark)] = moment = Moment(mark.time, node, READ, READ)
            timed.append((mark.time, LAST, moment))
        timed.sort(key=lambda entry: entry[:2])
        self._all = [moment for *_, moment in timed]
        self.over = narrate(self._all)

    def clock(self) -> list[list[float]]:
        return [list(point) for point in clock(self._all, self._start)]

    def packets(self) -> list[dict[str, Any]]:
        """Each with its flights: by which link, and the beats of departure and arrival (null where it never arrives)."""
        return [self._packet(one) for one in self._shown]

    def _packet(self, one: Shown) -> dict[str, Any]:
        voyager = one.voyager
        return {
            "id": voyager.number,
            "kind": voyager.kind,
            "octets": voyager.packet.octets,
            "df": voyager.packet.df,
            "mtu": voyager.mtu,
            "words": voyager.words,
            "many": one.many,
            "pace": round(one.pace, 2),
            "made_of": list(voyager.made_of),
            "fate": voyager.fate,
            "why": voyager.why,
            "at": list(voyager.at) if voyager.at else None,
            "limit": voyager.limit,
            "frames": [*voyager.frames],
            "last": one.last,
            "flights": [self._flight(hop) for hop in voyager.hops],
        }

    def _flight(self, hop: Hop) -> dict[str, Any]:
        left, came = self._of[id(hop)]
        link = self._links[frozenset((hop.start, hop.end))]
        beats = {"left": round(left.beat, 3), "came": round(came.beat, 3) if came else None}
        return {"link": link, "from": hop.start, "to": hop.end, **beats, "t": hop.left - self._start}

    def marks(self) -> list[dict[str, Any]]:
        return [self._mark(mark) for mark in self._marks]

    def _mark(self, mark: Mark) -> dict[str, Any]:
        when = {"beat": self._beat(mark), "t": mark.time - self._start}
        return when | {"kind": mark.kind, "at": mark.at, "words": mark.words} | mark.more

    def _beat(self, mark: Mark) -> float:
        return round(self._of_mark[id(mark)].beat, 3)

    def captions(self) -> list[dict[str, Any]]:
        """What to say, in the order of the beats. What is repeated is said once."""
        said = [*self._of_marks(), *(caption for one in self._shown for caption in self._of_packet(one))]
        return sorted(said, key=lambda caption: float(caption["beat"]))

    def _of_marks(self) -> Iterator[dict[str, Any]]:
        seen_tcp = False
        for mark in self._marks:
            told_alone = mark.kind in ("send", "tcp", "joined", "forgotten")
            words = mark.words if told_alone or mark.at is None else f"{mark.at}: {mark.words}"
            key = mark.kind in KEYS or (mark.kind == "tcp" and seen_tcp)
            seen_tcp = seen_tcp or mark.kind == "tcp"
            yield {"beat": self._beat(mark), "words": words, "frames": [], "key": key}

    def _of_packet(self, one: Shown) -> Iterator[dict[str, Any]]:
        """Its departure, and its end where that is news."""
        voyager, first, last = one.voyager, one.voyager.hops[0], one.voyager.hops[-1]
        left, came = self._of[id(first)][0], self._of[id(last)][1]
        news = not one.times
        if voyager.made:
            verb = "cuts it into" if voyager.kind == "fragment" else "makes of it"
            yield _caption(left, f"{first.start} {verb} {voyager.made}", voyager, key=True)
        elif one.many > 1 and one.times:
            like = f"PTBs, MTU {voyager.mtu}" if voyager.kind == "ptb" else f"of {_sizes(voyager)}: {voyager.fate}"
            yield _caption(left, f"{one.many} more {like}", voyager)
        elif news and not voyager.made_of:
            yield _caption(left, _departure(voyager), voyager, key=voyager.kind == "ptb")
        if voyager.fate == DROPPED and came and news:
            yield _caption(came, f"{last.end}: {voyager.why}", voyager, key=True)
        elif voyager.fate == GONE and news:
            begun = self._of[id(last)][0]
            yield _caption(begun, f"{last.start} ✗ {last.end}: {voyager.why}", voyager, key=True, after=CROSSING * begun.pace)
        elif voyager.fate == DELIVERED and came and news and voyager.kind == "udp":
            yield _caption(came, f"{last.end} receives {voyager.packet.octets} octets", voyager)


def _departure(voyager: Voyager) -> str:
    start, to = voyager.hops[0].start, voyager.to
    if voyager.kind == "ptb":
        return f"{start} tells {to}: {'next-hop ' * (voyager.packet.family == IPV4)}MTU {voyager.mtu}"
    return f"{start} → {to}: {voyager.words} ({_sizes(voyager)})"


def _moments(one: Shown, hop: Hop) -> tuple[Moment, Moment | None]:
    """Of one flight: it leaves a node, and comes to the next."""
    speed, way = one.pace, (hop.start, hop.end)
    left = Moment(hop.left, hop.start, 0, (CROSSING + HIT) * speed, hop, True, way, speed)
    if hop.received is None:
        return left, None
    ends = one.voyager.fate == DROPPED and hop is one.voyager.hops[-1]
    return left, Moment(hop.received.time, hop.end, HIT * speed * ends, HIT * speed, hop, False, way, speed)


def _sizes(voyager: Voyager) -> str:
    packet = voyager.packet
    return f"{packet.octets} octets{', DF' * packet.df}"


def _caption(moment: Moment, words: str, voyager: Voyager, *, key: bool = False, after: float = 0.0) -> dict[str, Any]:
    return {"beat": round(moment.beat + after, 3), "words": words, "frames": [*voyager.frames][:4], "key": key}
