"""From true time to the time of the stage, in which people can follow what happens.

In a lab a packet crosses a link in microseconds, and a retransmission timer runs for seconds. On the stage time is counted in
*beats*: a beat is a second at normal speed. The rules:

* Order is kept, at every node: what was seen there later happens there later, or at the same moment, and a packet arrives after it
  left. So no effect comes before its cause (Lamport's clocks); a PTB leaves after the drop. Only of events at different nodes that
  cannot have influenced each other may the order differ: ten packets sent at once are a train on a link, and not ten waits.
* Each crossing of a link takes about as long as any other: a beat, and less for what was just seen before.
* What the lab itself does (a Send begins, an MTU changes, caches are flushed) parts before from after, at all nodes.
* Silence of more than IDLE does the same, and is a pause: its length grows with the logarithm of the true one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

IDLE = 5_000_000  # ns
PAUSE, LONGEST_PAUSE = 0.5, 3.0
CROSSING = 1.0
APART = 0.34  # from one packet of a train to the next, where they enter a link and where they leave it
QUICKEST = 0.4


@dataclass(slots=True)
class Moment:
    """Something that happens at `node`, or (None) everywhere, at `time` in ns since the epoch.

    It keeps its node busy for `takes` beats, and is to be seen for `seen` beats, in which the node may go on. `crossing` is the
    flight that begins here (`begins`) or ends here, on the link from the first of `way` to the second. `pace` is 1 for news and
    less for repetitions. `beat` is what narrate() fills in.
    """

    time: int
    node: str | None
    takes: float = 0.0
    seen: float = 0.0
    crossing: object = None
    begins: bool = False
    way: tuple[str, str] = ("", "")
    pace: float = 1.0
    beat: float = 0.0


def pace(times: int) -> float:
    """How long to show what was shown so many times before, as a share of the usual time."""
    return max(QUICKEST, 0.8**times)


def narrate(moments: Sequence[Moment]) -> float:
    """Fills in the beat of each moment; they come in the order of time. Returns the beat at which all is over."""
    at: defaultdict[str, float] = defaultdict(float)
    begun: dict[int, float] = {}
    free: defaultdict[tuple[tuple[str, str], bool], float] = defaultdict(float)  # each end of each link, in each direction
    floor = over = 0.0
    before: int | None = None
    for moment in moments:
        silence = moment.time - before if before is not None else 0
        before = moment.time
        if silence > IDLE:
            floor = over + min(LONGEST_PAUSE, PAUSE * (1 + log10(silence / IDLE)))
        if moment.node is None:
            moment.beat = max(floor, over)
            floor = over = moment.beat + moment.takes
            continue
        moment.beat = max(floor, at[moment.node])
        if moment.crossing is not None:
            end = moment.way, moment.begins
            moment.beat = max(moment.beat, free[end])
            if moment.begins:
                begun[id(moment.crossing)] = moment.beat
            elif id(moment.crossing) in begun:
                moment.beat = max(moment.beat, begun[id(moment.crossing)] + CROSSING * moment.pace)
            free[end] = moment.beat + APART * moment.pace
        at[moment.node] = moment.beat + moment.takes
        over = max(over, at[moment.node], moment.beat + moment.seen)
    return over


def clock(moments: Sequence[Moment], start: int) -> list[tuple[float, int]]:
    """True time against beats, as points to draw a line through: (beat, ns since `start`). Neither ever goes back."""
    points: list[tuple[float, int]] = []
    for moment in sorted(moments, key=lambda m: (m.beat, m.time)):
        beat, time = round(moment.beat, 3), moment.time - start
        time = max(time, points[-1][1]) if points else time
        if points and points[-1][0] == beat:
            points[-1] = beat, time
        else:
            points.append((beat, time))
    return points
