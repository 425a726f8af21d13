"""Chains for tests of predictions, and short words for what those say."""

from __future__ import annotations

from lab.model.topology import IPV4, Family
from lab.theory.oracle import Prediction, Ptb
from lab.theory.plan import Plan, plan
from topologies import chain

Mtu = int | tuple[int, int]


def row(*mtus: Mtu, families: tuple[Family, ...] = (IPV4,), silent: tuple[str, ...] = ()) -> Plan:
    """client, r1, r2 ..., server, with these MTUs between them."""
    names = ("client", *(f"r{i}" for i in range(1, len(mtus))), "server")
    return plan(chain(*names, mtus=mtus, families=families, silent=silent))


def told(*pairs: tuple[str, int], to: str = "client") -> tuple[Ptb, ...]:
    """PTBs to one host: who sends them, and the MTU they say."""
    return tuple(Ptb(by, to, mtu) for by, mtu in pairs)


def cuts(prediction: Prediction, to: str = "server") -> dict[str, tuple[int, ...]]:
    """By the node that cuts, the sizes of the fragments on their way to `to`."""
    return {cut.at: cut.sizes for cut in prediction.fragments if cut.to == to}
