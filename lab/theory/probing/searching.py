"""RFC 8899's search (`lab.theory.dplpmtud`), with a hop as the receiver: time exceeded stands for its acknowledgment."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from lab.theory.dplpmtud import Search, acked, begin, timed_out, told
from lab.theory.probing.asking import Asker
from lab.theory.probing.exchange import Ask, Expired, Heard, Reached, TooBig


@dataclass(frozen=True, slots=True)
class Searched:
    """`passes` is the largest size that arrives, `lost` the least that vanished; `ptbs` came, each with the size it is about."""

    passes: int
    lost: int
    ptbs: tuple[tuple[TooBig, int], ...]


def search(asker: Asker, limit: int, high: int) -> Generator[Ask, Heard, Searched]:
    """The search up to `high`; high + 1 is lost already. PTBs shorten it. Raises Speechless."""
    under_way, lost = begin(max(high, asker.small), 0.0, 1.0, asker.small), high + 1
    ptbs = []
    while not (under_way := caught_up(under_way, asker, limit)).over:
        size = under_way.size
        answer = yield from asker.ask_firmly(size, limit)
        if isinstance(answer, TooBig):
            ptbs.append((answer, size))
            fewer = told(under_way, answer.mtu, under_way.due)
            under_way = fewer if fewer is not under_way else without(under_way)
        elif not isinstance(answer, Reached | Expired):
            under_way, lost = without(under_way), size
    return Searched(under_way.plpmtu, lost, tuple(ptbs))


def search_despite(asker: Asker, limit: int, high: int) -> Generator[Ask, Heard, int]:
    """What arrives, where PTBs lied: one means no more than that its packet did not arrive, if it did not. Raises Speechless."""
    under_way = begin(max(high, asker.small), 0.0, 1.0, asker.small)
    while not (under_way := caught_up(under_way, asker, limit)).over:
        yield from asker.ask_despite(under_way.size, limit)
        if asker.got_to(limit) < under_way.size:
            under_way = without(under_way)
    return under_way.plpmtu


def caught_up(under_way: Search, asker: Asker, limit: int) -> Search:
    """The search, with all that is known to have arrived."""
    known = min(asker.got_to(limit), under_way.high)
    return acked(under_way, known, under_way.due) if known > under_way.plpmtu else under_way


def without(under_way: Search) -> Search:
    """The search, with the size that it is at given up at once."""
    size = under_way.size
    while not under_way.over and under_way.size == size:
        under_way = timed_out(under_way, under_way.due)
    return under_way
