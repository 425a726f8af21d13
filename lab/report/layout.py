"""Where the nodes of a network stand when it is drawn: `layout(topology)` gives each node's (x, y), in grid units.

The contract, which every drawing may rely on:

* x grows to the right and y downwards; the least of each is 0.
* Any two nodes are one unit or more apart in x or in y: a box of less than a unit each way at each node overlaps no other.
* The same topology has the same layout, whatever runs it. No topology fails, not even one that cannot be planned.
* What has few ways round (a chain, a dumbbell, a tree) has its spine, the first line of the picture, from left to right in one row.

What has many ways round has one of two other forms. Where each link leads one step nearer to the hosts or farther from them (a fat
tree), the nodes stand in rows: the hosts lowest, and the farther from hosts, the higher. Anything else (a mesh) is a ring: in it
what lies on ways round, and outside of it what hangs on that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import cos, pi, sin, sqrt

from lab.model.topology import Topology
from lab.report.picture import spine
from lab.report.spine_layout import Near, Spot, along_spine

WAYS_ROUND = 6
"""A network is drawn along its spine while it has no more than one way round (one link more than a tree) for so many nodes."""


def layout(topology: Topology) -> Mapping[str, Spot]:
    """Where each node stands; see above."""
    names = {node.name for node in topology.nodes}
    topology = replace(topology, links=tuple(link for link in topology.links if link.a != link.b and {link.a, link.b} <= names))
    near = _neighbours(topology)
    groups = list(_groups(near))
    links = sum(map(len, near.values())) // 2
    if links - len(near) + len(groups) <= max(1, len(near) // WAYS_ROUND):
        return _from_zero(along_spine(spine(topology), near))
    rank = _ranks(topology, near)
    if len(rank) == len(near) and all(abs(rank[a] - rank[b]) == 1 for a in near for b in near[a]):
        return _from_zero(_rows(rank))
    spots: dict[str, Spot] = {}
    for group in groups:
        # One group after another, from left to right, with a unit between them.
        right = max((x for x, _ in spots.values()), default=-1.0) + 1
        for name, (x, y) in _from_zero(_ring({name: near[name] for name in group})).items():
            spots[name] = right + x, y
    return _from_zero(spots)


def _neighbours(topology: Topology) -> Near:
    near: dict[str, dict[str, None]] = {node.name: {} for node in topology.nodes}
    for link in topology.links:
        near[link.a][link.b] = near[link.b][link.a] = None
    return {name: tuple(others) for name, others in near.items()}


def _groups(near: Near) -> Iterator[list[str]]:
    """The nodes that links join, group by group."""
    seen: set[str] = set()
    for name in near:
        if name not in seen:
            group = [name]
            seen.add(name)
            for member in group:
                group += (other for other in near[member] if other not in seen)
                seen.update(near[member])
            yield group


def _ranks(topology: Topology, near: Near) -> Mapping[str, int]:
    """How many links each node is from the nearest host."""
    rank = {host.name: 0 for host in topology.hosts}
    for name in (queue := list(rank)):
        for other in near[name]:
            if other not in rank:
                rank[other] = rank[name] + 1
                queue.append(other)
    return rank


def _rows(rank: Mapping[str, int]) -> dict[str, Spot]:
    """A row for each rank, each spread over the width of the longest."""
    rows: dict[int, list[str]] = {}
    for name, number in rank.items():
        rows.setdefault(number, []).append(name)
    width = max(map(len, rows.values()))
    return {name: ((i + 0.5) * width / len(row), -2.0 * number) for number, row in rows.items() for i, name in enumerate(row)}


def _ring(near: Near) -> dict[str, Spot]:
    """The nodes that lie on ways round on a circle, from the left and clockwise; the others outside, each near where it hangs."""
    hanging = _hanging(near)
    core = [name for name in near if name not in hanging]
    on: dict[str, list[str]] = {name: [] for name in near}
    leaves = dict.fromkeys(near, 0)
    for name, holder in hanging.items():  # what hangs on a node comes before the node
        on[holder].append(name)
        leaves[holder] += leaves[name] or 1
    turn = 2 * pi / max(sum(leaves[name] or 1 for name in core), 3)
    # From any node to the next one's ray, at whatever distance on it that stands: √2, and so a unit in x or in y.
    radius = sqrt(2) / sin(min(turn, pi / 2))
    spots: dict[str, Spot] = {}
    first = 0
    for heart in core:
        for name, start, out in (queue := [(heart, first, radius)]):
            angle = pi + turn * (start + ((leaves[name] or 1) - 1) / 2)
            spots[name] = out * cos(angle), out * sin(angle)
            for other in on[name]:
                queue.append((other, start, out + 1.5))
                start += leaves[other] or 1
        first += leaves[heart] or 1
    return spots


def _hanging(near: Near) -> Mapping[str, str]:
    """What each node hangs on that lies on no way round: those with one link, taken away again and again until there are none."""
    left = {name: set(others) for name, others in near.items()}
    hanging: dict[str, str] = {}
    for name in (ends := [name for name in near if len(near[name]) == 1]):
        if left[name]:  # else it is the last of a tree
            (holder,) = left[name]
            hanging[name] = holder
            left[holder].remove(name)
            if len(left[holder]) == 1:
                ends.append(holder)
    return hanging


def _from_zero(spots: Mapping[str, Spot]) -> dict[str, Spot]:
    """Moved so that the least x and the least y are 0; rounded, so that no computer's sine differs from another's."""
    left, top = (min((spot[axis] for spot in spots.values()), default=0) for axis in (0, 1))
    return {name: (round(x - left, 3), round(y - top, 3)) for name, (x, y) in spots.items()}
