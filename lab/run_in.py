"""What is to be known before a scenario runs in a standing lab: whether it fits, and what is not as it was written."""

from __future__ import annotations

from lab.model.topology import Topology
from lab.standing import attached, connected
from lab.theory.differences import differences, mtus_told
from lab.theory.plan import plan
from lab.world.silence import is_silent


def misfits(lab: str | None, topology: Topology) -> tuple[str, ...]:
    """Why what was written for this topology cannot be run in a lab; empty where it can. Raises NoLab."""
    with connected(lab) as (found, _):
        return differences(topology, found.topology)


def altered(lab: str | None, topology: Topology) -> str:
    """What in a lab that fits is not as in the topology, in one line: MTUs, and routers' silence. Raises NoLab."""
    with attached(lab, plan(topology)) as net:
        told = [*mtus_told(topology, net.changed_mtus())]
        for router in topology.routers:
            if is_silent(net.sandbox, router.name) == router.sends_ptb:
                told.append(f"{router.name} sends {'no PTB' if router.sends_ptb else 'PTBs'}")
        return ", ".join(told)
