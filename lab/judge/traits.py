"""Traits: what Linux kernels do differently, each found out by trying it, and never taken from a version number.

Distributions carry fixes back and forth, so a version says little. A trait is a story in a small network, and two claims about it:
what is seen where the kernel has the trait, and what is seen where it has not.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation
from lab.judge.expect.sender import NothingLearned, PathMtu
from lab.judge.expect.wire import AdvertisedMss
from lab.model.flow import DO, WANT, Tcp, Udp
from lab.model.story import KIB, ForgePtb, Quote, Send, Step
from lab.model.topology import Host, Link, Router, Topology


@dataclass(frozen=True, slots=True)
class Trait:
    """`says` is the statement that is true or not. `since` says where it changed, for people; nothing depends on it."""

    name: str
    says: str
    topology: Topology
    story: tuple[Step, ...]
    yes: Expectation
    no: Expectation
    since: str = ""


@dataclass(frozen=True, slots=True)
class Probed:
    """A trait that was tried: whether this kernel has it, and what was seen."""

    trait: Trait
    holds: bool
    seen: str


def path(mtu: int) -> Topology:
    """a ──1500── r ──mtu── b"""
    return Topology((Host("a"), Router("r"), Host("b")), (Link("a", "r", 1500), Link("r", "b", mtu)))


TRAITS = {
    trait.name: trait
    for trait in (
        Trait(
            "exception-needs-socket",
            "a PTB about a UDP datagram makes a route exception only where a socket matches it",
            path(1500),
            (Send(Udp("a", "b"), 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b"))),
            yes=NothingLearned(at="a", to="b"),
            no=PathMtu(1300, at="a", to="b"),
            since="no longer so from 6.12.115",
        ),
        Trait(
            "syn-mss-follows-path-mtu",
            "a SYN announces what the learned path MTU leaves room for, and not what the interface does",
            path(1300),
            (Send(Udp("a", "b", discover=DO), 1472), Send(Tcp("a", "b"), KIB)),
            yes=AdvertisedMss(1260, by="a"),
            no=AdvertisedMss(1460, by="a"),
            since="no longer so from 6.12.111",
        ),
        Trait(
            "below-min-pmtu-locks",
            "a path MTU below net.ipv4.route.min_pmtu is held at that, and locked: DF is set no more",
            path(400),
            (Send(Udp("a", "b", discover=WANT), 1472),),
            yes=PathMtu(552, at="a", to="b", locked=True),
            no=PathMtu(552, at="a", to="b", locked=False),
            since="4.16, and 4.14.83",
        ),
    )
}
