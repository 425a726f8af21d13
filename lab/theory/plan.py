"""From a topology to everything its construction needs: addresses, interface names, routes, sysctls.

Stated once, here:

* An interface is named after the neighbour that it leads to: on client, the interface towards r1 is `r1`. A link end is written
  `client:r1`. A bridge has such ports, and a device of its own name that they belong to.
* The i-th link written, from 0, is 10.x.y.0/24 with x.y = i, and fd00:0:0:i::/64. Its `a` has .1 and ::1, its `b` .2 and ::2.
  Links that bridges join are one subnet, the first one's; nodes have .1, .2, .3 in the order in which they are written there.
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

from lab.model.topology import IPV4, IPV6, Bridge, Family, Router, Topology
from lab.theory.problems import BadTopology, problems
from lab.theory.routes import OWN, UNREACHED, blocks, first_hops
from lab.theory.segments import segments
from lab.theory.sysctls import BRIDGE_SYSCTLS, sysctls

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The first interface index. Small ones are the loopback's (1) and those of tunnels that the kernel makes in every namespace.
FIRST_INDEX = 11

SUBNET = {IPV4: 24, IPV6: 64}
"""The prefix length of every link."""

BRIDGE_INDEX = FIRST_INDEX - 1
"""The interface index of a bridge's own device."""

_BASE_IPV4 = int(IPv4Address("10.0.0.0"))
_BASE_IPV6 = int(IPv6Address("fd00::"))
_LINK_LOCAL = int(IPv6Address("fe80::"))
_DEFAULT_IPV4 = IPv4Network("0.0.0.0/0")
_DEFAULT_IPV6 = IPv6Network("::/0")


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a link: `node`'s interface towards `peer`.

    `index` is the interface index it will have, unique in the whole plan; `mac` is text, and locally administered; `addresses` has
    one for each of the topology's families, and none where it is a bridge's port. `subnet` is the number that they are made of.
    `delay` is how many milliseconds what leaves by it takes to the other end.
    """

    node: str
    peer: str
    index: int
    mtu: int
    mac: str
    addresses: Mapping[Family, Address]
    subnet: int
    delay: int = 0

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
    """One node, ready to build. `sysctls`: paths below /proc/sys, in the order in which they are to be written.

    `forwards`: it passes on what is for others, as a router, or as the bridge that `bridge` then is, as it was written.
    """

    name: str
    forwards: bool
    sends_ptb: bool
    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...]
    sysctls: Mapping[str, str]
    bridge: Bridge | None = None
    _by_peer: Mapping[str, Interface] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_peer", {i.peer: i for i in self.interfaces})

    @property
    def least_mtu(self) -> int:
        """The least MTU of its interfaces, in octets: that of a bridge's own device, too."""
        return min(interface.mtu for interface in self.interfaces)

    def on(self, subnet: int) -> Interface | None:
        """The interface with an address of that subnet."""
        return next((i for i in self.interfaces if i.subnet == subnet and i.addresses), None)

    def interface(self, peer: str) -> Interface:
        """The interface towards the neighbour `peer`. Raises KeyError where that is no neighbour."""
        return self._by_peer[peer]


@dataclass(frozen=True, slots=True)
class Plan:
    """A topology with everything worked out. `links` pairs the two ends of each link, in the order written."""

    topology: Topology
    nodes: Mapping[str, NodePlan]
    links: tuple[Ends, ...]
    _ends: Mapping[Address, Interface] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ends = {address: end for pair in self.links for end in pair for address in end.addresses.values()}
        object.__setattr__(self, "_ends", ends)

    def address(self, node: str, family: Family) -> Address:
        """The address that the node's name stands for. Raises KeyError for an unknown node or one without that family."""
        return self.nodes[node].interfaces[0].addresses[family]

    def owner(self, address: Address) -> str | None:
        """The node that has this address."""
        end = self._ends.get(address)
        return end.node if end else None

    def path(self, source: str, to: str, family: Family) -> tuple[Interface, ...]:
        """The interfaces that a packet leaves by, from `source` to the owner of `to`'s address, as the planned routes send it;
        ports of the bridges that it passes among them.

        A node's own subnets first, then the longest prefix, as in the kernel (fib_lookup()). Raises KeyError as address() does, and
        LookupError where a node on the way has no route.
        """
        address = self.address(to, family)
        node, hops = source, 0
        way: list[Interface] = []
        while node != self._ends[address].node:
            out, via = self.next_hop(node, to, family)
            way += self._across(out, self._ends[via])
            node, hops = self._ends[via].node, hops + 1
            if hops > len(self.nodes):
                raise LookupError(f"the routes to {address} make a loop at {node}")
        return tuple(way)

    def next_hop(self, at: str, to: str, family: Family) -> tuple[Interface, Address]:
        """By which interface, and by way of whose address, `at` sends to `to`'s. Raises as path() does."""
        address, node = self.address(to, family), self.nodes[at]
        neighbour = node.on(self._ends[address].subnet)
        if neighbour:
            return neighbour, address
        fitting = [r for r in node.routes if address in r.to]
        if not fitting:
            raise LookupError(f"{at} has no route to {address}")
        route = max(fitting, key=lambda r: r.to.prefixlen)
        return node.interface(route.out), route.via

    def neighbour(self, at: str, via: str) -> tuple[Interface, Interface]:
        """Both ends of the subnet that two nodes share: `at`'s and `via`'s. Raises LookupError where they share none."""
        for own in self.nodes[at].interfaces:
            other = self.nodes[via].on(own.subnet)
            if other:
                return own, other
        raise LookupError(f"{at} and {via} are no neighbours")

    def _across(self, out: Interface, to: Interface) -> tuple[Interface, ...]:
        """`out`, and the ports by which bridges then pass a frame on, until it comes to `to`; nothing where it does not."""
        if out.peer == to.node:
            return (out,)
        node = self.nodes[out.peer]
        ports = node.interfaces if node.bridge else ()
        return next(((out, *rest) for port in ports if port.peer != out.node and (rest := self._across(port, to))), ())


def plan(topology: Topology) -> Plan:
    """Works everything out. Raises BadTopology, with every problem that there is, and nothing else."""
    found = problems(topology)
    if found:
        raise BadTopology(found)
    links = _links(topology)
    near = _neighbours(topology, links)
    numbers = {node.name: i for i, node in enumerate(topology.nodes)}
    adjacency = [[(numbers[name], own.subnet) for name, (own, _) in near[node.name].items()] for node in topology.nodes]
    untouched = [UNREACHED if isinstance(node, Router) else OWN for node in topology.nodes]
    ends: dict[str, list[Interface]] = {node.name: [] for node in topology.nodes}
    for pair in links:
        for end in pair:
            ends[end.node].append(end)
    nodes: dict[str, NodePlan] = {}
    for i, node in enumerate(topology.nodes):
        interfaces, routes = tuple(ends[node.name]), tuple[Route, ...]()
        if isinstance(node, Bridge):
            nodes[node.name] = NodePlan(node.name, True, True, interfaces, routes, BRIDGE_SYSCTLS, node)
            continue
        router = isinstance(node, Router)
        routers = [number for number, _ in adjacency[i] if untouched[number] == UNREACHED]
        if router or len(interfaces) > 1 or len(routers) > 1:
            by_number = {numbers[name]: pair for name, pair in near[node.name].items()}
            routes = _summarised(first_hops(adjacency, untouched, len(links), i), by_number, topology.families)
        elif routers:  # a default by way of another host would lead nowhere
            routes = _default(*near[node.name][topology.nodes[routers[0]].name])
        # A host is never told to keep quiet.
        sends_ptb = not isinstance(node, Router) or node.sends_ptb
        nodes[node.name] = NodePlan(node.name, router, sends_ptb, interfaces, routes, sysctls(router, topology.families))
    return Plan(topology, nodes, links)


def _links(topology: Topology) -> tuple[Ends, ...]:
    """Both interfaces of each link: indexes 11 and 12 for the first, 13 and 14 for the next."""
    bridges = {bridge.name for bridge in topology.bridges}
    used: dict[int, int] = {}  # how many addresses of each subnet
    interfaces: list[Interface] = []
    for i, (link, subnet) in enumerate(zip(topology.links, segments(topology), strict=True)):
        for end, (node, peer, mtu) in enumerate(((link.a, link.b, link.mtus[0]), (link.b, link.a, link.mtus[1]))):
            host = 0 if node in bridges else used.get(subnet, 0) + 1
            used[subnet] = host or used.get(subnet, 0)
            # No two interfaces of a plan share an index: IFLA_LINK of a veth end is its peer's index, and must not be its own.
            index = FIRST_INDEX + 2 * i + end
            interfaces.append(_interface(node, peer, index, mtu, topology.families, subnet, host, link.delay))
    return tuple(zip(interfaces[::2], interfaces[1::2], strict=True))


def _interface(
    node: str, peer: str, index: int, mtu: int, families: tuple[Family, ...], subnet: int, host: int, delay: int
) -> Interface:
    octets = index.to_bytes(5, "big")
    # 02 in the first octet is the bit "locally administered" (IEEE 802, §8.2).
    mac = f"02:{octets.hex(':')}"
    addresses: dict[Family, Address] = {}
    if host and IPV4 in families:
        addresses[IPV4] = IPv4Address(_BASE_IPV4 + (subnet << 8) + host)
    if host and IPV6 in families:
        addresses[IPV6] = IPv6Address(_BASE_IPV6 + (subnet << 64) + host)
    return Interface(node, peer, index, mtu, mac, addresses, subnet, delay)


def _neighbours(topology: Topology, links: tuple[Ends, ...]) -> Mapping[str, Mapping[str, Ends]]:
    """For each node, each other that shares a subnet with it, and the ends of both, the node's own first; bridges have none."""
    members: dict[int, list[Interface]] = {}
    for end in (end for ends in links for end in ends if end.addresses):
        members.setdefault(end.subnet, []).append(end)
    near: dict[str, dict[str, Ends]] = {node.name: {} for node in topology.nodes}
    for end in (end for ends in links for end in ends if end.addresses):
        near[end.node].update({other.node: (end, other) for other in members[end.subnet] if other is not end})
    return near


def _default(own: Interface, router: Interface) -> tuple[Route, ...]:
    return tuple(
        Route(_DEFAULT_IPV4 if family == IPV4 else _DEFAULT_IPV6, address, own.name) for family, address in router.addresses.items()
    )


def _summarised(by: Sequence[int], ends: Mapping[int, Ends], families: tuple[Family, ...]) -> tuple[Route, ...]:
    """Routes from what first_hops() gave. A block of subnets is one prefix in each family, as both number them alike."""
    summary = list(blocks(by))
    routes: list[Route] = []
    for family in families:
        prefix = _ipv4_prefix if family == IPV4 else _ipv6_prefix
        hops = {number: (neighbour.addresses[family], own.name) for number, (own, neighbour) in ends.items()}
        routes += [Route(prefix(low, size), *hops[hop]) for hop, low, size in summary]
    return tuple(routes)


def subnet(number: int, family: Family) -> Network:
    """The addresses of the subnet of that number."""
    return _ipv4_prefix(number, 1) if family == IPV4 else _ipv6_prefix(number, 1)


# The routers of a chain share their prefixes: 1,000 of them have 12,600 routes to far fewer prefixes.
@lru_cache(maxsize=4096)
def _ipv4_prefix(low: int, size: int) -> Network:
    """`size` subnets, a power of two, from subnet `low` on."""
    return IPv4Network((_BASE_IPV4 + (low << 8), 25 - size.bit_length()))


@lru_cache(maxsize=4096)
def _ipv6_prefix(low: int, size: int) -> Network:
    return IPv6Network((_BASE_IPV6 + (low << 64), 65 - size.bit_length()))
