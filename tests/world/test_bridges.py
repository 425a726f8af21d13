"""Bridges, built for real: every prediction of what passes their ports is held against what was seen."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from lab.fuzz.generate import Case
from lab.fuzz.play import Player
from lab.model.flow import DO, DONT, PROBE, WANT, Echo, Tcp, Udp
from lab.model.story import FlushRouteCache, Send, Step
from lab.model.topology import IPV4, IPV6, Bridge, Host, Link, Node, Router, Topology
from lab.report.picture import picture
from lab.world.counters import moved, parse
from lab.world.net import Net
from topologies import chain

SEED = 23
MTUS = (1280, 1300, 1400, 1404, 1405, 1500, 9000)


def network(chance: random.Random) -> Topology:
    """client – r1 – server, with bridges in some places, ports of any size, and r2 with another host on the first bridge."""
    families = chance.choice(((IPV4,), (IPV6,), (IPV4, IPV6)))
    row = [
        "client",
        *chance.choice((["sw"], ["sw", "sw2"], ["sw", "r1"], ["sw", "r1", "sw2"], ["r1", "sw"], ["sw", "r1", "r3"])),
        "server",
    ]
    calls = chance.random() < 0.4
    nodes: list[Node] = [Host(n) if n in ("client", "server") else Bridge(n, calls) if n[0] == "s" else Router(n) for n in row]
    links = [Link(a, b, chance.choice(MTUS), chance.choice(MTUS) if chance.random() < 0.4 else None) for a, b in pairwise(row)]
    if chance.random() < 0.5:
        nodes += [Router("r2"), Host("other")]
        links += [Link("sw", "r2", chance.choice(MTUS)), Link("r2", "other", chance.choice(MTUS))]
    chance.shuffle(links)
    return Topology(tuple(nodes), tuple(links), families)


def acts(chance: random.Random, topology: Topology) -> Iterator[tuple[Step, ...]]:
    hosts = [host.name for host in topology.hosts]
    for family in topology.families:
        source, to = chance.sample(hosts, 2)
        for mode in (DO, DONT, WANT, PROBE):
            flow = Udp(source, to, mode, family)
            yield (FlushRouteCache(), *(Send(flow, chance.choice(MTUS) + chance.choice((0, 1, 4, 5)) - 48) for _ in range(3)))
        yield FlushRouteCache(), Send(Echo(source, to, DO, family), chance.choice(MTUS) - 48)
        yield FlushRouteCache(), Send(Tcp(source, to, family=family), 20000)


@pytest.mark.parametrize("number", range(30))
def test_the_kernel_does_what_is_predicted(number: int) -> None:
    chance = random.Random(f"{SEED} {number}")
    topology = network(chance)
    with Player() as player:
        found = player.play(Case(topology, tuple(acts(chance, topology))))
    assert found == [], "\n" + picture(topology) + "\n" + "\n".join(map(str, found))
    assert player.sends > 0


def test_the_mtu_of_the_bridge_itself_is_the_least_of_its_ports() -> None:
    with Net(chain("client", "sw", "server", mtus=(1500, 1400), bridges={"sw"})) as net:
        (device,) = json.loads(net["sw"].run(["ip", "-j", "link", "show", "dev", "sw"]).stdout)
        assert (device["mtu"], device["ifindex"], device["operstate"]) == (1400, 10, "UP")
        assert net["sw"].sysctl("net/bridge/bridge-nf-call-iptables") == "0"
        assert net["sw"].sysctl("net/bridge/bridge-nf-call-ip6tables") == "0"


def test_what_a_link_end_drops_is_counted_at_both_ends() -> None:
    with Net(chain("client", "server", mtus=((9000, 1500),))) as net:
        before = [net[name].counters() for name in ("client", "server")]
        net["client"].run(["ping", "-c1", "-W5", "server"])
        net["client"].run(["ping", "-c1", "-W0.1", "-s", "1477", "server"], check=False)  # 1477 + 28 = 1505
        after = [net[name].counters() for name in ("client", "server")]
        assert [moved(*pair).get("Dev.TxDropped") for pair in zip(before, after, strict=True)] == [1, None]
        assert [moved(*pair).get("Dev.RxDropped") for pair in zip(before, after, strict=True)] == [None, 1]
        shown = net["client"].run(["cat", "/proc/net/dev"]).stdout
        assert parse(shown) == {name: value for name, value in after[0].items() if name.startswith("Dev.")}


def test_a_bridge_says_nothing_of_its_own() -> None:
    with Net(chain("client", "sw", "server", mtus=(1500, 1500), bridges={"sw"}, families=(IPV4, IPV6))) as net:
        net["client"].run(["ping", "-c1", "-W5", "server"])
        macs = {interface.mac for name in ("client", "server") for interface in net.plan.nodes[name].interfaces}
        sources = {frame.octets[6:12].hex(":") for frame in net.capture.take()}
    assert sources == macs
