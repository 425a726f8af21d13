"""A network as it is written: hosts, routers, bridges, and links with an MTU at each end.

    client ──1500── r1 ──576── r2 ──1500── server

A Topology says nothing of addresses, routes or interface names: `lab.theory.plan` works those out. Building one never fails; what
is wrong with it is found by `lab.theory.problems`, all of it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Family(IntEnum):
    """An IP version."""

    IPV4 = 4
    IPV6 = 6

    def __str__(self) -> str:
        return f"IPv{self.value}"


IPV4, IPV6 = Family.IPV4, Family.IPV6


@dataclass(frozen=True, slots=True)
class Host:
    """A node that sends and receives, and never forwards."""

    name: str


@dataclass(frozen=True, slots=True)
class Router:
    """A node that forwards.

    `sends_ptb=False` makes it a black hole: it drops what is too big and tells nobody (RFC 2923 §2.1).
    """

    name: str
    sends_ptb: bool = True


@dataclass(frozen=True, slots=True)
class Bridge:
    """A node that forwards frames by their MAC address, and has no address of its own: all that it joins is one subnet.

    Each link to it is a port. What is too large for the port that it should leave by is dropped, and nobody is told.
    `calls_iptables` is net.bridge.bridge-nf-call-iptables, and -ip6tables: the bridge then hands packets to netfilter, and cuts up
    what comes back too large, as a router would. Linux does so by default where it can; here it is off, as in a plain switch.
    """

    name: str
    calls_iptables: bool = False


Node = Host | Router | Bridge


@dataclass(frozen=True, slots=True)
class Link:
    """A point-to-point link between nodes `a` and `b`.

    `mtu` is the MTU in octets of the whole IP packet, at both ends, or at `a`'s end only where `mtu_b` gives another for `b`'s.
    `delay` is how many milliseconds a packet takes from one end to the other, either way; to cross it and be answered takes two.
    """

    a: str
    b: str
    mtu: int = 1500
    mtu_b: int | None = None
    delay: int = 0

    @property
    def mtus(self) -> tuple[int, int]:
        """The MTU at `a`'s end and the MTU at `b`'s."""
        return self.mtu, self.mtu if self.mtu_b is None else self.mtu_b


@dataclass(frozen=True, slots=True)
class Topology:
    """Nodes and links, in the order in which they were written: the order decides addresses and breaks ties between paths.

    `offloads=True` leaves segmentation and checksum offload on: taps then show super-packets larger than any MTU.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    families: tuple[Family, ...] = (IPV4,)
    offloads: bool = False

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(n for n in self.nodes if isinstance(n, Host))

    @property
    def routers(self) -> tuple[Router, ...]:
        return tuple(n for n in self.nodes if isinstance(n, Router))

    @property
    def bridges(self) -> tuple[Bridge, ...]:
        return tuple(n for n in self.nodes if isinstance(n, Bridge))
