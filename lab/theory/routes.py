"""Which way from a node to each subnet, on small integers: a network of a thousand routers has a million such answers.

The rule: a breadth-first search from the node, with each node's links in the order written, and through routers only. A subnet is
reached when the nearest of its nodes is. Neighbouring subnets with one next hop then become as few aligned blocks as cover them.
A subnet of the node's own may lie inside a block, since the kernel takes its longer prefix first; one that is out of reach may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress, islice, pairwise
from operator import ne

OWN = -2
UNREACHED = -1

Adjacency = Sequence[Sequence[tuple[int, int]]]
"""For each node, by number, its (neighbour, subnet) pairs in the order in which the links are written."""


def first_hops(adjacency: Adjacency, untouched: Sequence[int], count: int, source: int) -> list[int]:
    """For each of `count` subnets, the neighbour of `source` by way of which to leave for it; OWN or UNREACHED where there is none.

    `untouched` says UNREACHED for each router and OWN for each host: a search never goes through a host.
    A node passes the hop that it was first reached by on to all that it is first to reach, so ties fall to the earlier link.
    """
    nodes = list(untouched)
    subnets = [UNREACHED] * count
    nodes[source] = OWN
    queue = []
    for neighbour, subnet in adjacency[source]:
        subnets[subnet] = OWN
        if nodes[neighbour] == UNREACHED:
            nodes[neighbour] = neighbour
            queue.append(neighbour)
    for node in queue:
        by = nodes[node]
        for neighbour, subnet in adjacency[node]:
            if subnets[subnet] == UNREACHED:
                subnets[subnet] = by
            if nodes[neighbour] == UNREACHED:
                nodes[neighbour] = by
                queue.append(neighbour)
    return subnets


def blocks(by: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """The routes that say what `by` (of first_hops) says: (hop, lowest subnet, how many, a power of two), lowest first."""
    for hop, low, high in _spans(by):
        for start, size in _aligned(low, high):
            needed = _trimmed(by, start, size)
            if needed:
                yield hop, *needed


def _spans(by: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Runs of one hop, as (hop, first subnet, last subnet), each widened by the node's own subnets beside and within it."""
    changes = compress(range(1, len(by)), map(ne, by, islice(by, 1, None)))
    starts = [0, *changes, len(by)]
    runs = [(by[low], low, high - 1) for low, high in pairwise(starts) if low < high]
    current, first, last = UNREACHED, 0, 0
    own = None  # where the run of own subnets that ends at `last` began
    for hop, low, high in runs:
        if hop == OWN:
            own = low
        elif hop != current:
            if current != UNREACHED:
                yield current, first, last
            current, first = hop, low if own is None else own
            own = None
        else:
            own = None
        last = high
    if current != UNREACHED:
        yield current, first, last


def _aligned(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The fewest aligned blocks of subnets that make up low to high, as (start, size)."""
    while low <= high:
        size = 1 << ((high - low + 1).bit_length() - 1)
        size = min(size, low & -low) if low else size
        yield low, size
        low += size


def _trimmed(by: Sequence[int], start: int, size: int) -> tuple[int, int] | None:
    """The block, halved for as long as one half is all the node's own; None where all of it is."""
    if OWN not in by[start : start + size]:
        return start, size
    while size > 1:
        half = size // 2
        if _all_own(by, start, half):
            start += half
        elif not _all_own(by, start + half, half):
            return start, size
        size = half
    return None if by[start] == OWN else (start, size)


def _all_own(by: Sequence[int], start: int, size: int) -> bool:
    return all(hop == OWN for hop in by[start : start + size])
