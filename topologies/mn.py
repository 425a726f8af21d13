"""For Mininet's own command: `mn --custom topologies/mn.py --topo router576` opens the network of the scenario 576-router.

    client ──1500── r1 ──576── r2 ──1500── server

It is made from the same plan as in the lab, so names, MTUs, addresses, routes and sysctls are the same. Offloads stay on, as
Mininet leaves them.
"""

from __future__ import annotations

import sys
from pathlib import Path

# `mn` runs this file's text: without __file__, and where its Python does not find our packages.
sys.path.insert(0, str(Path((lambda: None).__code__.co_filename).resolve().parents[1]))

from lab.theory.plan import plan
from lab.world.mininet import PlannedTopo
from topologies.shapes import chain


def router576() -> PlannedTopo:
    return PlannedTopo(plan(chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500))))


topos = {"router576": router576}
