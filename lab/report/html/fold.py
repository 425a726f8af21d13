"""What repeats is shown a few times, and then as one: a flight of packets that stands for all like it.

The rule: packets are alike where their kind, size, DF, ends, makers and fate are. Since the last piece of news (a Send, something
learned, something changed) the first SHOWN of them are shown each, the next stands for itself and all that follow. Sizes of TCP's
segments that are rare count as one size: they are what was left over when bursts were cut up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.report.html.narrative import pace
from lab.report.html.voyages import DELIVERED, Voyager

SHOWN = 5
FOR_MANY = 0.9  # of the usual time, for the one that stands for many
RARE = 3  # a size that fewer segments have is rare


@dataclass(slots=True)
class Shown:
    """A packet on the stage. `many` is how many it stands for, itself among them; `last` the number of the last frame of theirs.

    `times` is how many like it were shown before.
    """

    voyager: Voyager
    times: int
    many: int
    last: int

    @property
    def pace(self) -> float:
        """How long to show it, as a share of the usual time: one for many is to be seen."""
        return FOR_MANY if self.many > 1 else pace(self.times)


def fold(voyagers: Sequence[Voyager], news: Sequence[int], most: int) -> tuple[list[Shown], int]:
    """What to show, in the order of departure, and how many packets are left out for want of room: `most` are shown, no more.

    `news` are the times of news, in order.
    """
    sizes = Counter(_size(voyager) for voyager in voyagers)
    times: Counter[object] = Counter()
    by_likeness: dict[object, Shown] = {}
    shown: dict[int, Shown] = {}
    left_out = 0
    for voyager in voyagers:
        makers = [shown[number] for number in voyager.made_of if number in shown]
        if voyager.made_of and not makers:
            continue  # it belongs to one that another stands for
        rare = voyager.kind == "tcp" and voyager.fate == DELIVERED and sizes[_size(voyager)] < RARE
        likeness = _likeness(voyager, bisect_right(news, voyager.left), rare)
        before = times[likeness]
        times[likeness] += 1
        if before > SHOWN and likeness in by_likeness:
            one = by_likeness[likeness]
            one.many += 1
            one.last = max(one.last, *voyager.frames)
        elif len(shown) >= most:
            left_out += 1
        else:
            one = Shown(voyager, before, 1, max(voyager.frames))
            by_likeness[likeness] = shown[voyager.number] = one
    for one in shown.values():
        one.many = max([one.many, *(shown[number].many for number in one.voyager.made_of if number in shown)])
    return list(shown.values()), left_out


def _size(voyager: Voyager) -> object:
    return voyager.packet.source, voyager.packet.destination, voyager.kind, voyager.fate, voyager.packet.octets


def _likeness(voyager: Voyager, since: int, rare: bool) -> object:
    packet = voyager.packet
    what = voyager.kind, 0 if rare else packet.octets, packet.df, packet.source, packet.destination, voyager.mtu
    return *what, voyager.fate, voyager.why, voyager.hops[0].start, voyager.made_of, since
