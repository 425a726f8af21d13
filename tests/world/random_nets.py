"""Random networks for the differential test: the same seed and number give the same network on any machine.

    h1 ──9000── r1 ──1500── r2 ──1492── r3 ──4352── h2
    r2 ──576── h3

Chains and trees of two to six routers with two to four hosts on them. MTUs that people meet, their neighbours by a few octets, and
any others; IPv6 in every third network.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lab.model.topology import IPV4, IPV6, Family, Host, Link, Node, Router, Topology

PLAIN, UNEVEN, SILENT, LOW = "plain", "uneven", "silent", "low"

MOST = 9000
LEAST = {IPV4: 552, IPV6: 1280}
USUAL = (552, 553, 576, 1006, 1280, 1400, 1492, 1500, 4352, 9000)
JUMBO = (1500, 4352, 8999, 9000)
# Below what Linux believes (552). Not below 96: an ACK of ours with timestamps and three SACK blocks has 80 octets, and DF.
LOW_MTUS = (96, 128, 296, 300, 508, 551)
# A veth end takes in 4 octets more than its MTU: differences on both sides of that.
STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 40)


@dataclass(frozen=True, slots=True)
class Case:
    """A network, and who sends to whom in it. `timestamps` is the TCP option's; `octets` a datagram's payload, of any size."""

    name: str
    topology: Topology
    source: str
    to: str
    timestamps: bool
    octets: int

    @property
    def family(self) -> Family:
        return self.topology.families[0]


def case(seed: int, number: int, kind: str) -> Case:
    """Network `number` of a seed.

    PLAIN; UNEVEN: some links have different MTUs at their ends; SILENT: some routers send no PTB; LOW: IPv4 with MTUs below 552.
    """
    random = Random(f"{seed}/{number}/{kind}")
    family = IPV6 if number % 3 == 0 and kind != LOW else IPV4
    shape = random.choice(("chain", "tree"))
    routers = [f"r{i}" for i in range(1, random.randint(2, 6) + 1)]
    hosts = [f"h{i}" for i in range(1, random.randint(2, 4) + 1)]
    pairs = [(routers[i - 1] if shape == "chain" else random.choice(routers[:i]), routers[i]) for i in range(1, len(routers))]
    # The first two hosts sit far apart, so that most flows have a path worth the name.
    pairs += [(hosts[0], routers[0]), (hosts[1], routers[-1])]
    pairs += [(host, random.choice(routers)) for host in hosts[2:]]
    random.shuffle(pairs)
    links = _links(random, pairs, family, kind)
    mute = random.sample(routers, random.randint(1, 2)) if kind == SILENT else []
    nodes: list[Node] = [*map(Host, hosts), *(Router(name, name not in mute) for name in routers)]
    random.shuffle(nodes)
    source, to = random.sample(hosts, 2) if random.random() < 0.3 else random.sample(hosts[:2], 2)
    name = f"{number:02}-{shape}-of-{len(routers)}-{family}-{kind}"
    return Case(name, Topology(tuple(nodes), links, (family,)), source, to, random.random() < 0.7, random.randint(1, 3 * MOST))


def _links(random: Random, pairs: list[tuple[str, str]], family: Family, kind: str) -> tuple[Link, ...]:
    links, last = [], 1500
    for a, b in pairs:
        ends = (a, b) if random.random() < 0.5 else (b, a)
        # A host's own link is a large one, more often than not: else there is little to discover behind it.
        large = a.startswith("h") and random.random() < 0.6
        last = random.choice(JUMBO) if large else _mtu(random, family, last)
        if kind == LOW and not large and random.random() < 0.4:
            last = random.choice(LOW_MTUS)
        other = _bounded(last + random.choice((-1, 1)) * random.choice((*STEPS, *STEPS, 1000)), family)
        links.append(Link(*ends, last, other if kind == UNEVEN and random.random() < 0.4 else None))
    return tuple(links)


def _mtu(random: Random, family: Family, last: int) -> int:
    """A usual MTU, or the last one give or take a few octets, or any."""
    return random.choice(
        (
            random.choice([mtu for mtu in USUAL if mtu >= LEAST[family]]),
            random.choice([mtu for mtu in USUAL if mtu >= LEAST[family]]),
            _bounded(last + random.choice((-1, 1)) * random.choice(STEPS), family),
            random.randint(LEAST[family], MOST),
        )
    )


def _bounded(mtu: int, family: Family) -> int:
    return min(max(mtu, LEAST[family]), MOST)
