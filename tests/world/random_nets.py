"""Random networks for the differential test: one seed and number give one network, on any machine.

    h1 ──9000── r1 ──1500── r2 ──1492── r3 ──4352── h2
    r2 ──576── h3

Chains and trees of two to six routers with two to four hosts on them, every third under IPv6. Their MTUs are ones that people meet,
or differ from another in the network by a few octets, or are anything from 552 to 9000.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from lab.model.topology import IPV4, IPV6, Family, Host, Link, Node, Router, Topology


class Kind(Enum):
    """UNEVEN: most links have an MTU at each end. SILENT: half of the routers send no PTB. LOW: IPv4, with MTUs below 552."""

    PLAIN = "plain"
    UNEVEN = "uneven"
    SILENT = "silent"
    LOW = "low"


PLAIN, UNEVEN, SILENT, LOW = Kind

MOST = 9000
LEAST = {IPV4: 552, IPV6: 1280}
USUAL = (552, 553, 576, 1006, 1280, 1400, 1492, 1500, 4352, 9000)
LARGE = (1500, 4352, 8999, 9000)
# Not below 96: an ACK with timestamps and three SACK blocks has 80 octets, and DF.
BELOW = (96, 128, 296, 300, 508, 551)
# A veth end takes in 4 octets more than its MTU: differences on both sides of that.
STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 40)


@dataclass(frozen=True, slots=True)
class Case:
    """A network, and who sends to whom in it. `timestamps` is TCP's option.

    `pieces` is into how many fragments the source is to cut a datagram, all of them full, and `over` how many octets it is larger.
    """

    name: str
    topology: Topology
    source: str
    to: str
    timestamps: bool
    pieces: int
    over: int

    @property
    def family(self) -> Family:
        return self.topology.families[0]


def case(seed: int, number: int, kind: Kind) -> Case:
    """Network `number` of a seed."""
    random = Random(f"{seed}/{number}/{kind.value}")
    family = IPV6 if number % 3 == 0 and kind != LOW else IPV4
    shape = random.choice(("chain", "tree"))
    routers = [f"r{i}" for i in range(1, random.randint(2, 6) + 1)]
    hosts = [f"h{i}" for i in range(1, random.randint(2, 4) + 1)]
    pairs = [(routers[i - 1] if shape == "chain" else random.choice(routers[:i]), routers[i]) for i in range(1, len(routers))]
    # The first two hosts are far apart, so that most flows have a path worth the name.
    pairs += [(hosts[0], routers[0]), (hosts[1], routers[-1])]
    pairs += [(host, random.choice(routers)) for host in hosts[2:]]
    links = _links(random, pairs, family, kind)
    silent = random.sample(routers, (len(routers) + 1) // 2) if kind == SILENT else []
    nodes: list[Node] = [*map(Host, hosts), *(Router(name, name not in silent) for name in routers)]
    # The order in which things are written decides addresses and how routes are summarised.
    random.shuffle(nodes)
    random.shuffle(links)
    source, to = random.sample(hosts if random.random() < 0.3 else hosts[:2], 2)
    name = f"{number:02}-{shape}-of-{len(routers)}-{family}-{kind.value}"
    topology = Topology(tuple(nodes), tuple(links), (family,))
    return Case(name, topology, source, to, random.random() < 0.7, random.randint(1, 4), random.randint(-8, 8))


def _links(random: Random, pairs: list[tuple[str, str]], family: Family, kind: Kind) -> list[Link]:
    mtus = [1500]
    for _ in pairs:
        below = kind == LOW and random.random() < 0.5
        mtus.append(random.choice(BELOW) if below else _mtu(random, family, mtus[-1]))
    del mtus[0]
    if random.random() < 0.4:
        mtus.sort(reverse=True)  # many descents on one path
    links = []
    for (a, b), drawn in zip(pairs, mtus, strict=True):
        # A host's own link is a large one, more often than not: else there is little to discover behind it.
        mtu = random.choice(LARGE) if a.startswith("h") and random.random() < 0.6 else drawn
        other = _bounded(mtu + random.choice((-1, 1)) * random.choice((*STEPS, 100, 1000)), family)
        ends = (a, b) if random.random() < 0.5 else (b, a)
        links.append(Link(*ends, mtu, other if kind == UNEVEN and random.random() < 0.7 else None))
    return links


def _mtu(random: Random, family: Family, last: int) -> int:
    """A usual MTU, or the last one give or take a few octets, or any."""
    usual = [mtu for mtu in USUAL if mtu >= LEAST[family]]
    near = _bounded(last + random.choice((-1, 1)) * random.choice(STEPS), family)
    return random.choice((random.choice(usual), random.choice(usual), near, random.randint(LEAST[family], MOST)))


def _bounded(mtu: int, family: Family) -> int:
    return min(max(mtu, LEAST[family]), MOST)
