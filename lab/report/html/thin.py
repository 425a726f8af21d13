"""Which frames of a large run go on its page: a file that opens at once cannot hold a hundred thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import TypeVar

from lab.judge.verdict import Finding
from lab.report.html.crossings import Flight

T = TypeVar("T")

MOST_FRAMES = 10_000
MOST_CITED = MOST_FRAMES * 3 // 4


def thinned(findings: Sequence[Finding], acts: Sequence[Sequence[Flight]]) -> frozenset[int] | None:
    """The frames to show, None for all of them.

    They are those that claims cite, each claim's first ones first, and then the first and the last of each act; each packet with
    all of its way.
    """
    ways = {frame.number: flight for act in acts for flight in act for frame in flight.frames}
    if len(ways) <= MOST_FRAMES:
        return None
    shown: set[int] = set()
    cited = _in_turn(finding.frames for finding in findings)
    ends = _in_turn(_from_both_ends(act) for act in acts)
    for most, flights in ((MOST_CITED, (ways[number] for number in cited if number in ways)), (MOST_FRAMES, ends)):
        for flight in flights:
            numbers = {frame.number for frame in flight.frames}
            if len(shown | numbers) > most:
                break
            shown |= numbers
    return frozenset(shown)


def thinned_words(shown: frozenset[int], findings: Iterable[Finding], total: int) -> str:
    """What the page says of it."""
    all_cited = shown.issuperset(number for finding in findings for number in finding.frames)
    cited = "those that claims cite" if all_cited else "the first of those that claims cite"
    return f"{len(shown):,} of {total:,} frames are shown: {cited}, and the first and last of each act. All are in capture.pcapng."


def _from_both_ends(flights: Sequence[Flight]) -> Iterator[Flight]:
    half = (len(flights) + 1) // 2
    pairs = zip_longest(flights[:half], reversed(flights[half:]))
    return (flight for flight in chain.from_iterable(pairs) if flight)


def _in_turn(several: Iterable[Iterable[T]]) -> Iterator[T]:
    """One of each, then the next of each, until none is left."""
    left = [iter(each) for each in several]
    while left:
        for each in tuple(left):
            try:
                yield next(each)
            except StopIteration:
                left.remove(each)
