"""Whether a story fits another network than its own: everything that keeps it from that, and nothing that can be set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.model.topology import IPV4, IPV6, Bridge, Host, Link, Router, Topology
from lab.theory.differences import differences, mtus_told
from topologies import chain

WANTED = chain("client", "r1", "server", mtus=(1500, 1400))
BRIDGED = replace(WANTED, nodes=(WANTED.nodes[0], Bridge("r1", calls_iptables=True), WANTED.nodes[2]))


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (WANTED, ()),
        (chain("client", "r1", "server", mtus=(9000, 576)), ()),
        (chain("client", "r1", "server", mtus=(1500, 1400), silent=("r1",)), ()),
        (replace(WANTED, families=(IPV4, IPV6)), ("it has IPv4 and IPv6, and not IPv4",)),
        (replace(WANTED, offloads=True), ("its offloads are on",)),
        (chain("client", "r1", "server", mtus=(9000, 576), delays=(0, 20)), ("r1–server has a delay of 20 ms, and not 0",)),
        (BRIDGED, ("r1 is a bridge that calls iptables, and not a router",)),
        (replace(WANTED, nodes=WANTED.nodes[:2]), ("there is no node server",)),
        (replace(WANTED, nodes=(*WANTED.nodes, Router("r9"))), ("there is a node r9 more",)),
        (
            replace(WANTED, links=(WANTED.links[0], Link("client", "server"))),
            ("there is no link r1–server", "there is a link client–server more"),
        ),
        (replace(WANTED, links=WANTED.links[::-1]), ("nodes or links are written in another order, which their addresses follow",)),
        (
            replace(WANTED, links=(Link("r1", "client"), WANTED.links[1])),
            ("nodes or links are written in another order, which their addresses follow",),
        ),
    ],
)
def test_differences(there: Topology, told: tuple[str, ...]) -> None:
    assert differences(WANTED, there) == told


def test_all_are_told() -> None:
    assert len(differences(WANTED, Topology((Host("a"), Host("b")), (Link("a", "b"),), (IPV6,), True))) == 3 + 2 + 2 + 1 + 2


def test_mtus_that_were_changed() -> None:
    changed = {"client:r1": 1300, "r1:client": 1300, "r1:server": 1280}
    assert list(mtus_told(WANTED, changed)) == ["client–r1 has MTU 1300", "r1:server has MTU 1280"]
    assert list(mtus_told(WANTED, {"client:r1": 1300, "r1:client": 1290})) == ["client:r1 has MTU 1300", "r1:client has MTU 1290"]
    assert list(mtus_told(WANTED, {})) == []
