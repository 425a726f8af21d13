"""What a test does to a network that runs, and claims of it: as the fixtures of `lab.pytest_plugin` give one, or `lab.open`.

    from lab.testing import black_hole, expect_path_mtu

    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400))) as net:
        net["client"].run(["ping", "-c1", "-Mdo", "-s1472", "server"], check=False)
        expect_path_mtu(net, "client", "server", 1400)
        with black_hole(net, "r1"):
            ...

What is changed is changed for the time of the `with` block. What hosts have learned stays learned, as on a real path: for 600 s
(net.ipv4.route.mtu_expires), or until `net[NODE].flush_route_cache()`. A name that the network does not have is a KeyError, what it
cannot do a ValueError; then nothing is changed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Protocol

from lab.judge.observation import Done, read_address
from lab.model.packet import Icmp
from lab.model.story import SetMtu
from lab.model.topology import Family, Link, Topology
from lab.report.wording import exception_words
from lab.theory.problems import BadTopology, problems
from lab.world.build import Builder
from lab.world.change import set_mtu
from lab.world.errors import Broken, Forbidden, Lacking
from lab.world.net import Net
from lab.world.netfilter import clamp_mss, delete_table, drop_own_ptbs, write_rules
from lab.world.netlink import Message

__all__ = [
    "Broken",
    "Forbidden",
    "Lacking",
    "Net",
    "OpenNet",
    "Written",
    "black_hole",
    "changing_mtu",
    "clamp",
    "expect_path_mtu",
]

LOOK_AGAIN = 0.005  # seconds
MOST_MSS = 65535
_numbers = count(1)

Written = Topology | str | Path
"""A topology, or what `lab.find.topology_of` finds one in: a scenario's name, or a .yaml or .py file, from the test's folder on."""


class OpenNet(Protocol):
    """What the fixture `open_net` gives: `lab.open`, with the test's end as the end of each network."""

    def __call__(self, topology: Written, *, taps: bool = True, builder: Builder = "netlink") -> Net: ...


def expect_path_mtu(net: Net, at: str, to: str, mtu: int, *, family: Family | None = None, within: float = 1.0) -> None:
    """Waits until node `at` holds a path MTU of `mtu` octets towards node `to`: its exception's, else its route's or interface's.

    `family` is the topology's first where it is not given. Raises AssertionError where that is not so after `within` seconds, 0 for
    one look: with what is held instead, every route exception of the node, and every PTB that has reached it.
    """
    __tracebackhide__ = True  # pytest shows the line that called
    node = net[at]
    if bridges := [name for name in (at, to) if net[name].planned.bridge]:
        raise ValueError(f"{bridges[0]} is a bridge: it has no address, and holds no path MTU")
    families = net.plan.topology.families
    family = family or families[0]
    if family not in families:
        raise ValueError(f"this network has no {family}: write families=(IPV4, IPV6) in its topology")
    until = time.monotonic() + within
    while (held := node.path_mtu(to, family)) != mtu:
        if time.monotonic() >= until:
            claim = f"{at} holds a path MTU of {held} towards {to} ({net.address(to, family)}), and not {mtu}"
            raise AssertionError("\n  ".join([claim, *evidence(net, at, family)]))
        time.sleep(LOOK_AGAIN)


def evidence(net: Net, at: str, family: Family) -> Iterator[str]:
    """What a node has learned, and from whom."""

    def named(address: str) -> str:
        return net.plan.owner(read_address(address)) or address

    exceptions = (e for e in net[at].exceptions(net.addressed) if read_address(e.to).version == family)
    yield f"its {family} route exceptions: {'; '.join(exception_words(e, named(e.to)) for e in exceptions) or 'none'}"
    if not net.taps:
        yield f"captured {family} PTBs that reached it: not known, as this network has no taps"
        return
    told: Counter[str] = Counter()
    for frame in net.capture.everything():
        packet = frame.packet if frame.interface.node == at and not frame.sent else None
        if packet and packet.family == family and isinstance(packet.payload, Icmp) and packet.payload.too_big:
            told[f"{named(packet.source)} says {packet.payload.mtu}"] += 1
    words = (f"{said} (×{times})" if times > 1 else said for said, times in told.items())
    yield f"captured {family} PTBs that reached it: {'; '.join(words) or 'none'}"


@contextmanager
def black_hole(net: Net, router: str) -> Iterator[None]:
    """`router` sends no PTB, of either family, and drops what is too big as before (RFC 2923 §2.1).

    Raises Broken where the kernel has no nftables.
    """
    with rules(net, router, "sends no PTB", "sends PTBs again", drop_own_ptbs):
        yield


@contextmanager
def clamp(net: Net, router: str, mss: int | None = None) -> Iterator[None]:
    """`router` lowers the MSS option of each SYN and SYN-ACK that it forwards to `mss` octets, in either direction and family.

    Without `mss` it is what the routes there and back take (`tcp option maxseg size set rt mtu`).
    Raises Broken as black_hole() does.
    """
    if mss is not None and not 1 <= mss <= MOST_MSS:
        raise ValueError(f"an MSS of {mss}: use 1 to {MOST_MSS}")
    to = "the path" if mss is None else str(mss)
    with rules(net, router, f"clamps the MSS to {to}", "clamps no more", lambda table: clamp_mss(table, mss)):
        yield


@contextmanager
def changing_mtu(net: Net, link: tuple[str, str], mtu: int | tuple[int, int]) -> Iterator[None]:
    """The link between two nodes has another MTU: at both ends, or one at each, in the order in which `link` names them.

    At the end each has again what it had before. With IPv6 it must be 1280 or more, as in a topology: Linux takes IPv6 off an
    interface for good that has less.
    """
    a, b = (net[name].name for name in link)
    at_a, at_b = mtu if isinstance(mtu, tuple) else (mtu, mtu)
    refuse(net.plan.topology, Link(a, b, at_a, at_b))
    before = SetMtu(a, b, net[a].mtu(b), net[b].mtu(a))
    try:
        change(net, SetMtu(a, b, at_a, at_b))
        yield
    finally:
        change(net, before)


def change(net: Net, step: SetMtu) -> None:
    (at_a, at_b), now = step.mtus, time.time_ns()
    words = set_mtu(net, step)
    net.events.append(Done(now, None, words, ((f"{step.a}:{step.b}", at_a), (f"{step.b}:{step.a}", at_b))))


def refuse(topology: Topology, changed: Link) -> None:
    """Raises ValueError where there is no such link, or where the topology could not be written with it."""
    ends = {changed.a, changed.b}
    links = [changed if {link.a, link.b} == ends else link for link in topology.links]
    if changed not in links:
        there = ", ".join(f"{link.a}–{link.b}" for link in topology.links)
        raise ValueError(f"no link joins {changed.a} and {changed.b}; there are {there}")
    if found := problems(replace(topology, links=tuple(links))):
        raise BadTopology(found)


@contextmanager
def rules(net: Net, router: str, does: str, undone: str, made: Callable[[str], list[Message]]) -> Iterator[None]:
    """Rules of a router's for a while. `made` gives them for the table of that name; `does` and `undone` say it in words."""
    routers = [each.name for each in net.plan.topology.routers]
    if net[router].name not in routers:
        raise ValueError(f"{router} is no router; routers of this network: {', '.join(routers) or 'none'}")
    table = f"pmtulab-{next(_numbers)}"
    write_rules(net.sandbox, router, made(table))
    net.events.append(Done(time.time_ns(), router, does))
    try:
        yield
    finally:
        write_rules(net.sandbox, router, delete_table(table))
        net.events.append(Done(time.time_ns(), router, undone))
