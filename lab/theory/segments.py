"""Which links belong together: joined at some nodes, and kept apart by the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab.model.topology import Link, Topology


def islands(links: Sequence[Link], apart: Collection[str]) -> list[int]:
    """For each link, the number of the first link of its island: links that nodes join, but for those named by `apart`."""
    joints: dict[str, list[int]] = {}
    for i, link in enumerate(links):
        for name in (link.a, link.b):
            if name not in apart:
                joints.setdefault(name, []).append(i)
    island = [-1] * len(links)
    for start in range(len(links)):
        waiting = [start] if island[start] < 0 else []
        while waiting:
            i = waiting.pop()
            if island[i] < 0:
                island[i] = start
                for name in (links[i].a, links[i].b):
                    waiting += joints.pop(name, ())
    return island


def segments(topology: Topology) -> Sequence[int]:
    """For each link, the number of its segment: of the first of the links that bridges make one subnet of."""
    bridges = {bridge.name for bridge in topology.bridges}
    if not bridges:
        return range(len(topology.links))
    return islands(topology.links, {node.name for node in topology.nodes} - bridges)
