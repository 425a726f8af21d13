"""How long packets are under way: the sum of the delays of the links that they cross, in milliseconds.

It is the least that is possible: a node takes its own time, too, and the first packet to a neighbour waits until that has said who
it is.
"""

from __future__ import annotations

from lab.model.topology import Family, Topology
from lab.theory.plan import Plan


def one_way(plan: Plan, source: str, to: str, family: Family) -> int:
    """From `source` to the address of `to`. Raises as Plan.path() does."""
    return sum(out.delay for out in plan.path(source, to, family))


def round_trip(plan: Plan, source: str, to: str, family: Family) -> int:
    """There and back, which need not be the same way. Raises as Plan.path() does."""
    return one_way(plan, source, to, family) + one_way(plan, to, source, family)


def longest_round_trip(topology: Topology) -> int:
    """No way there and back that crosses no link twice takes longer, whatever routes a story writes."""
    return 2 * sum(link.delay for link in topology.links)
