"""The search of Datagram PLPMTUD (RFC 8899 §5): what size to probe next, as a value. Time and answers are arguments.

1. BASE: probes of BASE_PLPMTU octets, which every sensible path takes. MAX_PROBES lost in a row: ERROR, there is no such path.
2. SEARCHING: first the largest size there could be, then halves of what is left between the largest size confirmed and the
   smallest lost. A size counts as lost when MAX_PROBES probes of it have met PROBE_TIMER without an answer.
3. COMPLETE: nothing is left between the two.
A PTB, where one comes, is believed only within those bounds (§4.6.2): it lowers what is searched, and confirms nothing.

Sizes are octets of the packetization layer: of UDP's payload here. Times are seconds, from any start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

BASE_PLPMTU = 1200
MAX_PROBES = 3
PROBE_TIMER = 15.0  # "SHOULD be larger than 15 seconds", and at least 1 (RFC 8899 §5.1.1)


class Phase(Enum):
    """States of RFC 8899 §5.2, without DISABLED, which is no search at all."""

    BASE = "base"
    SEARCHING = "searching"
    COMPLETE = "complete"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Search:
    """A search under way. `plpmtu` is the largest size confirmed (0: none yet), `high` the largest that may still be confirmed.

    A probe of `size` octets is on its way or due; `count` probes of that size are lost, and the last one will be at `due`.
    """

    phase: Phase
    plpmtu: int
    high: int
    size: int
    count: int
    due: float
    timer: float

    @property
    def over(self) -> bool:
        return self.phase in (Phase.COMPLETE, Phase.ERROR)


def begin(high: int, now: float, timer: float = PROBE_TIMER, base: int = BASE_PLPMTU) -> Search:
    """A search up to `high`, what the first link takes. Its first probe is to be sent at `now`. Raises ValueError below `base`."""
    if high < base:
        raise ValueError(f"a search needs room for {base} octets, and there are {high}")
    return Search(Phase.BASE, 0, high, base, 0, now + timer, timer)


def acked(search: Search, size: int, now: float) -> Search:
    """A probe of `size` has been answered; also a late one, of another size than the one now out, counts."""
    if search.over or not search.plpmtu < size <= search.high:
        return search
    return _next(replace(search, plpmtu=size), now, search.high if search.phase is Phase.BASE else None)


def timed_out(search: Search, now: float) -> Search:
    """Nothing came until `now`. Before `due` that says nothing; after it the probe is lost, and is to be sent again or given up."""
    if search.over or now < search.due:
        return search
    count = search.count + 1
    if count < MAX_PROBES:
        return replace(search, count=count, due=now + search.timer)
    if search.phase is Phase.BASE:
        return replace(search, phase=Phase.ERROR, count=count)
    return _next(replace(search, high=search.size - 1), now)


def told(search: Search, size: int, now: float) -> Search:
    """A PTB leaves room for `size`. Believed where it is less than was probed and no less than is confirmed (RFC 8899 §4.6.2)."""
    if search.phase is not Phase.SEARCHING or not search.plpmtu <= size < search.size:
        return search
    return _next(replace(search, high=size), now, size)


def _next(search: Search, now: float, size: int | None = None) -> Search:
    """What is to be probed now: `size`, or half of what is left."""
    if search.high == search.plpmtu:
        return replace(search, phase=Phase.COMPLETE, size=search.plpmtu, count=0)
    size = size or (search.plpmtu + search.high + 1) // 2
    return replace(search, phase=Phase.SEARCHING, size=size, count=0, due=now + search.timer)
