"""From a topology to everything its construction needs: addresses, interface names, routes, sysctls.

Stated once, here:

* An interface is named after the neighbour that it leads to: on client, the interface towards r1 is `r1`. A link end is written
  `client:r1`.
* The i-th link written, from 0, is 10.x.y.0/24 with x.y = i, and fd00:0:0:i::/64. Its `a` has .1 and ::1, its `b` .2 and ::2.
* A node's own address (what its name resolves to) is the one on the first link that names it.
* A route is the shortest in hops, through routers only; of equal ones, the one whose next link was written first.
* A router's routes are summarised: neighbouring subnets with one next hop become one prefix. It has no default route, so that an
  unknown address is unreachable there and does not go round in circles. A host with one link, to a router, has a default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from lab.model.topology import IPV4, Family, Router, Topology
from lab.theory.problems import BadTopology, problems
from lab.theory.routes import OWN, UNREACHED, blocks, first_links
from lab.theory.sysctls import sysctls

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The first interface index. Small ones are the loopback's (1) and those of tunnels that the kernel makes in every namespace.
FIRST_INDEX = 11

_BASE_IPV4 = int(IPv4Address("10.0.0.0"))
_BASE_IPV6 = int(IPv6Address("fd00::"))
_LINK_LOCAL = int(IPv6Address("fe80::"))
_DEFAULT_IPV4 = IPv4Network("0.0.0.0/0")
_DEFAULT_IPV6 = IPv6Network("::/0")


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a link: `node`'s interface towards `peer`.

    `index` is the interface index it will have, unique in the whole plan; `mac` is text, and locally administered; `addresses` has
    one for each of the topology's families.
    """

    node: str
    peer: str
    index: int
    mtu: int
    mac: str
    addresses: Mapping[Family, Address]

    @property
    def name(self) -> str:
        return self.peer

    @property
    def link_local(self) -> IPv6Address:
        """The link-local address, where the interface has IPv6: fe80:: and the index.

        A router needs one: for a packet that it forwards, it asks for the neighbour from a link-local address or not at all
        (ndisc_send_ns()).
        """
        return IPv6Address(_LINK_LOCAL + self.index)

    @property
    def end(self) -> str:
        """How people write this link end: `client:r1`."""
        return f"{self.node}:{self.peer}"


Ends = tuple[Interface, Interface]
"""Both ends of a link."""


@dataclass(frozen=True, slots=True)
class Route:
    """`to` by way of the neighbour's address `via`, out of the interface named `out`. A default route is to 0.0.0.0/0 or ::/0."""

    to: Network
    via: Address
    out: str


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node, ready to build. `sysctls`: paths below /proc/sys, in the order in which they are to be written."""

    name: str
    forwards: bool
    sends_ptb: bool
    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...]
    sysctls: Mapping[str, str]
    _by_peer: Mapping[str, Interface] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_peer", {i.peer: i for i in self.interfaces})

    def interface(self, peer: str) -> Interface:
        """The interface towards the neighbour `peer`. Raises KeyError where that is no neighbour."""
        return self._by_peer[peer]


@dataclass(frozen=True, slots=True)
class Plan:
    """A topology with everything worked out. `links` pairs the two ends of each link, in the order written."""

    topology: Topology
    nodes: Mapping[str, NodePlan]
    links: tuple[Ends, ...]
    _owners: Mapping[Address, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owners = {address: end.node for ends in self.links for end in ends for address in end.addresses.values()}
        object.__setattr__(self, "_owners", owners)

    def address(self, node: str, family: Family) -> Address:
        """The address that the node's name stands for. Raises KeyError for an unknown node or one without that family."""
        return self.nodes[node].interfaces[0].addresses[family]

    def owner(self, address: Address) -> str | None:
        """The node that has this address."""
        return self._owners.get(address)

    def path(self, source: str, to: str, family: Family) -> tuple[Interface, ...]:
        """The interfaces that a packet leaves by, from `source` to the owner of `to`'s address, as the planned routes send it.

        A node's own subnets first, then the longest prefix, as in the kernel (fib_lookup()). Raises KeyError as address() does, and
        LookupError where a node on the way has no route.
        """
        address = self.address(to, family)
        node = self.nodes[source]
        way: list[Interface] = []
        while node.name != self._owners[address]:
            way.append(self._egress(node, address, family))
            if len(way) > len(self.nodes):
                raise LookupError(f"the routes to {address} make a loop at {node.name}")
            node = self.nodes[way[-1].peer]
        return tuple(way)

    def _egress(self, node: NodePlan, address: Address, family: Family) -> Interface:
        neighbour = node._by_peer.get(self._owners[address])
        if neighbour is not None and self._beyond(neighbour).addresses[family] == address:
            return neighbour
        fitting = [r for r in node.routes if address in r.to]
        if not fitting:
            raise LookupError(f"{node.name} has no route to {address}")
        return node.interface(max(fitting, key=lambda r: r.to.prefixlen).out)

    def _beyond(self, interface: Interface) -> Interface:
        """The other end of the interface's link."""
        return self.nodes[interface.peer].interface(interface.node)


def plan(topology: Topology) -> Plan:
    """Works everything out. Raises BadTopology, with every problem that there is, and nothing else."""
    found = problems(topology)
    if found:
        raise BadTopology(found)
    links = _links(topology)
    numbers = {node.name: i for i, node in enumerate(topology.nodes)}
    adjacency: list[list[tuple[int, int]]] = [[] for _ in topology.nodes]
    for i, link in enumerate(topology.links):
        a, b = numbers[link.a], numbers[link.b]
        adjacency[a].append((b, i))
        adjacency[b].append((a, i))
    untouched = [UNREACHED if isinstance(node, Router) else OWN for node in topology.nodes]
    nodes: dict[str, NodePlan] = {}
    for i, node in enumerate(topology.nodes):
        # Each of the node's links, with the node's own end first.
        ends = {link: links[link] if links[link][0].node == node.name else links[link][::-1] for _, link in adjacency[i]}
        router = isinstance(node, Router)
        if len(ends) == 1 and not router:
            ((neighbour, only),) = adjacency[i]
            # A default by way of another host would lead nowhere.
            routes = _default(ends[only][1]) if untouched[neighbour] == UNREACHED else ()
        else:
            routes = _summarised(first_links(adjacency, untouched, len(links), i), ends, topology.families)
        interfaces = tuple(own for own, _ in ends.values())
        # A host is never told to keep quiet.
        sends_ptb = not isinstance(node, Router) or node.sends_ptb
        nodes[node.name] = NodePlan(node.name, router, sends_ptb, interfaces, routes, sysctls(router, topology.families))
    return Plan(topology, nodes, links)


def _links(topology: Topology) -> tuple[Ends, ...]:
    """Both interfaces of each link: indexes 11 and 12 for the first, 13 and 14 for the next."""
    return tuple(
        (
            _interface(link.a, link.b, i, 0, link.mtus[0], topology.families),
            _interface(link.b, link.a, i, 1, link.mtus[1], topology.families),
        )
        for i, link in enumerate(topology.links)
    )


def _interface(node: str, peer: str, link: int, end: int, mtu: int, families: tuple[Family, ...]) -> Interface:
    # No two interfaces of a plan share an index: IFLA_LINK of a veth end is its peer's index, and must not be its own.
    index = FIRST_INDEX + 2 * link + end
    octets = index.to_bytes(5, "big")
    # 02 in the first octet is the bit "locally administered" (IEEE 802, §8.2).
    mac = f"02:{octets.hex(':')}"
    addresses: dict[Family, Address] = {}
    for family in families:
        if family == IPV4:
            addresses[family] = IPv4Address(_BASE_IPV4 + (link << 8) + 1 + end)
        else:
            addresses[family] = IPv6Address(_BASE_IPV6 + (link << 64) + 1 + end)
    return Interface(node, peer, index, mtu, mac, addresses)


def _default(neighbour: Interface) -> tuple[Route, ...]:
    return tuple(
        Route(_DEFAULT_IPV4 if family == IPV4 else _DEFAULT_IPV6, address, neighbour.node)
        for family, address in neighbour.addresses.items()
    )


def _summarised(by: Sequence[int], ends: Mapping[int, Ends], families: tuple[Family, ...]) -> tuple[Route, ...]:
    """Routes from what first_links() gave. A block of subnets is one prefix in each family, as both number them alike."""
    summary = list(blocks(by))
    routes: list[Route] = []
    for family in families:
        prefix = _ipv4_prefix if family == IPV4 else _ipv6_prefix
        hops = {link: (neighbour.addresses[family], neighbour.node) for link, (_, neighbour) in ends.items()}
        routes += [Route(prefix(low, size), *hops[link]) for link, low, size in summary]
    return tuple(routes)


# The routers of a chain share their prefixes: 1,000 of them have 12,600 routes to far fewer prefixes.
@lru_cache(maxsize=4096)
def _ipv4_prefix(low: int, size: int) -> Network:
    """`size` subnets, a power of two, from subnet `low` on."""
    return IPv4Network((_BASE_IPV4 + (low << 8), 25 - size.bit_length()))


@lru_cache(maxsize=4096)
def _ipv6_prefix(low: int, size: int) -> Network:
    return IPv6Network((_BASE_IPV6 + (low << 64), 65 - size.bit_length()))
