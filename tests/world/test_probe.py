"""`lab.probe` in networks whose truth is known: each verdict, over the kernel's own routers."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

import lab
from lab.model.packet import Packet, Protocol, UdpHeader
from lab.model.story import AddRoute
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology
from lab.model.wire import checksum, decode, encode_ip
from lab.probe import Lacking, probe, resolve
from lab.theory.probing.exchange import Means
from lab.theory.probing.found import (
    AnnouncedMss,
    BlackHole,
    Clamped,
    Lie,
    LostOnTheWayBack,
    LyingPtb,
    NarrowWayBack,
    NoAnswer,
    NotReachable,
    OtherWayBack,
    PathFound,
    SizesUnknown,
    Stale,
    Told,
)
from lab.world.change import add_route
from lab.world.net import Net
from lab.world.probing.options import Opener
from topologies import chain

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
DATAGRAMS = pytest.mark.parametrize("means", [Means.UDP, Means.ECHO], ids=str)
NAMES = ("client", "r1", "r2", "r3", "server")
BOTH = (IPV4, IPV6)
CLIENT, SERVER = "10.0.0.1", "10.0.3.2"


def opened(topology: Topology, *, every: int = 0) -> Net:
    """A network whose nodes do not limit their ICMP errors, so that a probe need not wait for them; or to one `every` ms."""
    net = lab.open(topology)
    for node in net:
        node.sysctl("net/ipv4/icmp_ratelimit", every)
        if IPV6 in topology.families:
            node.sysctl("net/ipv6/icmp/ratelimit", every)
    return net


def probed(net: Net, means: Means = Means.UDP, family: Family = IPV4, to: str = "server", **options: Any) -> PathFound:
    """A probe from the client, as fast as may be; of `to`, a node or an address."""
    address = net.address(to, family) if to in net.nodes else to
    settings: dict[str, Any] = {"opener": net["client"].socket, "rate": 100, "wait": 0.06, "pace": 0} | options
    port = settings.pop("port", 80)
    found, _ = probe(resolve(address, port=port), means, **settings)
    return found


@contextmanager
def filtering(net: Net, node: str, hook: str, rule: str) -> Iterator[None]:
    """A rule of nftables at this hook of a node, for as long as the block lasts."""
    chain = f"add table inet t; add chain inet t c {{ type filter hook {hook} priority 0; }}"
    net[node].run(["nft", f"{chain}; add rule inet t c {rule}"])
    try:
        yield
    finally:
        net[node].run(["nft", "delete", "table", "inet", "t"])


def told(hop: int, mtu: int, about: int, family: Family = IPV4) -> Told:
    """By router `hop` of a chain, from its address towards the client."""
    link = hop - 1
    return Told(f"10.0.{link}.2" if family == IPV4 else f"fd00:0:0:{link}::2" if link else "fd00::2", hop, mtu, about)


@pytest.fixture(scope="module")
def descending() -> Iterator[Net]:
    with opened(chain(*NAMES, mtus=(1500, 1450, 1400, 1300), families=BOTH)) as net:
        yield net


@pytest.fixture(scope="module")
def level() -> Iterator[Net]:
    with opened(chain(*NAMES, mtus=(1500, 1500, 1500, 1500), families=BOTH)) as net:
        yield net


@FAMILIES
@DATAGRAMS
def test_three_descents(descending: Net, family: Family, means: Means) -> None:
    found = probed(descending, means, family)
    assert (found.path_mtu, found.complete, found.first_link, found.faulty) == (1300, True, 1500, False)
    assert [hop.octets for hop in found.hops] == [1500, 1450, 1400, 1300]
    assert [each for hop in found.hops for each in hop.told] == [
        told(1, 1450, 1500, family),
        told(2, 1400, 1450, family),
        told(3, 1300, 1400, family),
    ]
    assert [(hop.address, hop.back) for hop in found.hops] == [
        (str(descending.plan.nodes[name].interfaces[0].addresses[family]), number) for number, name in enumerate(NAMES[1:], 1)
    ]


def test_what_the_last_probe_taught_the_kernel_hides_nothing(descending: Net) -> None:
    """The kernel holds the exception that PTBs of a probe before have made, and the next looks past it."""
    probed(descending)
    assert descending["client"].path_mtu("server", IPV4) == 1300
    assert [each.mtu for hop in probed(descending).hops for each in hop.told] == [1450, 1400, 1300]


@pytest.mark.parametrize(
    ("at", "means", "family"),
    [
        (1, Means.UDP, IPV4),
        (2, Means.UDP, IPV4),
        (3, Means.UDP, IPV4),
        (2, Means.UDP, IPV6),
        (3, Means.ECHO, IPV4),
        (3, Means.ECHO, IPV6),
    ],
    ids=str,
)
def test_a_black_hole_at_each_router(at: int, means: Means, family: Family) -> None:
    mtus = tuple(1400 if link == at else 1500 for link in range(4))
    with opened(chain(*NAMES, mtus=mtus, silent=(f"r{at}",), families=(family,))) as net:
        found = probed(net, means, family)
    assert found.verdicts == (BlackHole(at, at + 1, 1400, 1401),)
    assert (found.path_mtu, found.complete) == (1400, True)


def test_two_black_holes_and_a_ptb_between() -> None:
    with opened(chain("client", "r1", "r2", "r3", "server", mtus=(1500, 1400, 1300, 1200), silent=("r1", "r3"))) as net:
        found = probed(net)
    assert found.verdicts == (BlackHole(1, 2, 1400, 1401), BlackHole(3, 4, 1200, 1201))
    assert [each for hop in found.hops for each in hop.told] == [told(2, 1300, 1400)]


def test_a_black_hole_before_the_first_router() -> None:
    """A switch, with a port that takes less than both ends believe: less by a VLAN tag, which the kernel does not count."""
    with opened(chain("client", "b1", "r1", "server", mtus=(1500, (1400, 1500), 1500), bridges=("b1",))) as net:
        found = probed(net)
    (hole,) = found.verdicts
    assert isinstance(hole, BlackHole)
    assert (hole.after, hole.before, hole.exact) == (0, 1, True)
    assert 1400 <= hole.passes <= 1404


def test_routers_that_limit_their_errors_do_not_mislead() -> None:
    """The kernel's limit, of one error in 150 ms, all of its burst used up; and a pace of 100 ms."""
    with opened(chain(*NAMES, mtus=(1500, 1500, 1400, 1500), silent=("r2",)), every=150) as net:
        with net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as drain:
            drain.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 3)
            for port in range(20):
                drain.sendto(b"", (SERVER, 40000 + port))
        before = net["r3"].counters()["Icmp.OutRateLimitHost"]
        found = probed(net, pace=0.1)
        assert net["r3"].counters()["Icmp.OutRateLimitHost"] > before
    assert found.verdicts == (BlackHole(2, 3, 1400, 1401),)


@pytest.mark.tools("nft")
@FAMILIES
def test_a_clamp_is_seen_in_what_routers_quote(family: Family) -> None:
    headers = 40 if family == IPV4 else 60
    with opened(chain(*NAMES, mtus=(1500, 1500, 1400, 1500), families=(family,))) as net:
        clamp = filtering(net, "r2", "forward", "tcp flags syn tcp option maxseg size set rt mtu")
        kind = socket.AF_INET if family == IPV4 else socket.AF_INET6
        with clamp, net["server"].socket(kind, socket.SOCK_STREAM) as listener:
            listener.bind((net.address("server", family), 443))
            listener.listen()
            open_port = probed(net, Means.SYN, family, port=443)
            net["client"].flush_route_cache()  # a SYN announces what is learned
            closed_port = probed(net, Means.SYN, family, port=80)
    clamped = Clamped(2, 3, 1500 - headers, 1400 - headers)
    assert closed_port.verdicts == (clamped,)
    assert open_port.verdicts == (clamped,)
    assert (open_port.path_mtu, closed_port.path_mtu, open_port.complete) == (1400, 1400, True)
    assert [hop.address for hop in open_port.hops] == [hop.address for hop in closed_port.hops]


@pytest.mark.tools("nft")
def test_a_syn_ack_that_announces_less_than_there_is_room_for(level: Net) -> None:
    clamp = filtering(level, "r3", "forward", "ip saddr 10.0.3.2 tcp flags syn tcp option maxseg size set 1000")
    with clamp, level["server"].socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((SERVER, 444))
        listener.listen()
        assert probed(level, Means.SYN, port=444).verdicts == (AnnouncedMss(1000, 1460),)


def test_a_ptb_below_the_minimum() -> None:
    with opened(chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1500))) as net:
        add_route(net, AddRoute("r1", "server", mtu=400))
        found = probed(net)
    assert found.verdicts == (LyingPtb(Lie.BELOW_MINIMUM, told(1, 400, 1500), 2, 400),)


@pytest.mark.tools("nft")
def test_a_ptb_that_says_more_than_passes() -> None:
    network = chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500))
    with opened(network) as net, filtering(net, "r1", "forward", "ip length > 1300 drop"):
        found = probed(net)
    assert found.verdicts == (LyingPtb(Lie.TOO_MUCH, told(1, 1400, 1500), 2, 1300),)


def forging(net: Net, by: str, mtu: int, above: int, *, hops: int = 0, quoted: int = 548, first: bool = False) -> Opener:
    """Opens the client's sockets. When one has sent a datagram of more than `above` octets, which may go further than `hops`, node
    `by` tells it that `mtu` would fit; or just before it has, so that the PTB comes before any answer (`first`).
    """

    class Heard(socket.socket):
        def send(self, octets: Any, flags: int = 0) -> int:
            further = self.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) > hops
            about = self.proto == socket.IPPROTO_UDP and len(octets) + 28 > above and further
            if about and first:
                self.tell(octets)
                self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # it leaves an error for the next send()
            sent = super().send(octets, flags)
            if about and not first:
                self.tell(octets)
            return sent

        def tell(self, octets: bytes) -> None:
            (server, port), own = self.getpeername(), self.getsockname()[1]
            packet = Packet(IPV4, CLIENT, server, 28 + len(octets), Protocol.UDP, UdpHeader(own, port, len(octets)), df=True)
            error = struct.pack("!BBHI", 3, 4, 0, mtu) + encode_ip(packet, octets)[:quoted]
            error = error[:2] + checksum(error).to_bytes(2, "big") + error[4:]
            with net[by].socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
                raw.sendto(error, (CLIENT, 0))

    return lambda family, kind, protocol: Heard(fileno=net["client"].socket(family, kind, protocol).detach())


@pytest.mark.tools("nft")
@pytest.mark.parametrize(("mtu", "lie"), [(0, Lie.ZERO), (1500, Lie.NO_LESS), (9000, Lie.NO_LESS)])
@pytest.mark.parametrize("quoted", [548, 28])
def test_a_router_whose_ptbs_are_no_use(mtu: int, lie: Lie, quoted: int) -> None:
    """r1's kernel drops them without a word, and a program there speaks for it. Routers of old quote no more than 28 octets."""
    network = chain("client", "r1", "server", mtus=(1500, 1500))
    with opened(network) as net, filtering(net, "r1", "forward", "ip length > 1400 drop"):
        found = probed(net, opener=forging(net, "r1", mtu, above=1400, hops=1, quoted=quoted))
    assert found.path_mtu == 1400
    assert found.verdicts == (LyingPtb(lie, told(1, mtu, 1500), 2, 1400),)


@pytest.mark.parametrize("first", [False, True])
def test_a_forged_ptb_from_beside_the_path(first: bool) -> None:
    """Whether it comes before the answer or after it: what arrives refutes it."""
    nodes = (Host("client"), Router("r1"), Router("r2"), Host("server"), Host("eve"))
    links = (Link("client", "r1"), Link("r1", "r2"), Link("r2", "server"), Link("r1", "eve"))
    with opened(Topology(nodes, links)) as net:
        found = probed(net, opener=forging(net, "eve", 600, above=600, first=first))
        eve = Told(net.address("eve"), None, 600, 1500)
    assert (found.path_mtu, found.complete) == (1500, True)
    (lie,) = found.verdicts
    assert isinstance(lie, LyingPtb)
    assert (lie.lie, lie.told, lie.passes) == (Lie.TOO_LITTLE, eve, 1500)


ANOTHER_WAY_BACK = (
    Link("client", "r1", 1500),
    Link("r1", "r2", 1400),
    Link("r2", "server", 1500),
    Link("r1", "r3", 1300),
    Link("r3", "r2", 1500),
)


@FAMILIES
@DATAGRAMS
def test_another_way_back_that_is_narrower(family: Family, means: Means) -> None:
    nodes = (Host("client"), Router("r1"), Router("r2"), Router("r3"), Host("server"))
    with opened(Topology(nodes, ANOTHER_WAY_BACK, (family,))) as net:
        add_route(net, AddRoute("r2", "client", via="r3", family=family))
        found = probed(net, means, family)
    # The largest fragment is of whole units of 8 octets, behind IPv6's header and fragment header: 48 + 1248.
    assert found.verdicts == (NarrowWayBack(1400, 1300 if family == IPV4 else 1296), OtherWayBack(3, 4))
    assert (found.path_mtu, found.faulty) == (1400, False)


@pytest.mark.tools("nft")
@DATAGRAMS
def test_a_black_hole_on_the_way_back_alone(level: Net, means: Means) -> None:
    with filtering(level, "r2", "forward", "ip daddr 10.0.0.1 ip length > 1300 drop"):
        found = probed(level, means)
    assert found.verdicts == (LostOnTheWayBack(1500),)
    assert (found.path_mtu, found.faulty) == (1500, True)


def test_what_the_kernel_believes_wrongly(level: Net) -> None:
    add_route(level, AddRoute("client", "server", mtu=900))
    assert probed(level).verdicts == (Stale(900, 1500),)
    add_route(level, AddRoute("client", "server"))
    assert probed(level).verdicts == ()


@pytest.mark.tools("nft")
def test_a_port_that_is_filtered(level: Net) -> None:
    """UDP learns the path as far as the last router, and says so; the others reach the destination."""
    with filtering(level, "server", "input", "meta l4proto udp drop"):
        found = {means: probed(level, means) for means in Means}
    assert (found[Means.UDP].verdicts, found[Means.UDP].path_mtu, found[Means.UDP].measured) == ((NoAnswer(Means.UDP, 3),), 1500, 3)
    assert (found[Means.ECHO].verdicts, found[Means.ECHO].complete) == ((), True)
    assert (found[Means.SYN].verdicts, found[Means.SYN].measured) == ((SizesUnknown(3),), 3)


@pytest.mark.tools("nft")
@FAMILIES
def test_who_says_that_there_is_no_way(level: Net, family: Family) -> None:
    """r1 forbids it: to a packet that it would pass on, so that it is met as the first hop before."""
    r1 = str(told(1, 0, 0, family).source)
    with filtering(level, "r1", "forward", "meta l4proto udp reject with icmpx type admin-prohibited"):
        found = probed(level, family=family)
    assert found.verdicts == (NotReachable(r1, "administratively prohibited"),)
    assert [(hop.address, hop.octets) for hop in found.hops] == [(r1, 1500), (r1, None)]


def test_a_host_that_is_down(level: Net) -> None:
    found = probed(level, to="10.0.3.77")
    assert found.verdicts[0].fault
    assert (found.measured, found.complete) == (3, False)
    assert [hop.octets for hop in found.hops[:3]] == [1500] * 3


@pytest.mark.parametrize("means", Means, ids=str)
@pytest.mark.parametrize(("address", "mtu"), [("127.0.0.1", 65535), ("::1", 65536)])
def test_loopback(level: Net, means: Means, address: str, mtu: int) -> None:
    """IP_MTU's largest value; an IPv6 packet may have 40 octets more. Of this host itself, and of a node."""
    # This machine may not allow ping sockets to everybody.
    for opener in (level["client"].socket,) if means is Means.ECHO else (level["client"].socket, socket.socket):
        found = probed(level, means, to=address, opener=opener)
        assert (found.path_mtu, found.first_link, found.verdicts, len(found.hops)) == (mtu, mtu, (), 1)


def test_no_second_has_more_probes_than_the_rate() -> None:
    """By the times at which the tap at the client's link saw them leave; a black hole makes it many."""
    with opened(chain("client", "r1", "server", mtus=(1500, 1400), silent=("r1",))) as net:
        found = probed(net, rate=25, wait=0.05)
        sent = [
            (frame.time, packet.octets)
            for frame in net.capture.take()
            if frame.interface.end == "client:r1" and frame.sent and (packet := decode(frame.octets)) and packet.source == CLIENT
        ]
    # All of them but the first left, which the kernel refused.
    assert len(sent) == found.packets - 1 > 25
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(sent)]
    assert min(gaps) >= 1e9 / 25
    assert max(sum(start <= time < start + 10**9 for time, _ in sent) for start, _ in sent) <= 25
    assert max(octets for _, octets in sent) == 1500


@FAMILIES
def test_raw_sockets_do_where_ping_sockets_are_not_allowed(level: Net, family: Family) -> None:
    icmp = socket.IPPROTO_ICMP if family == IPV4 else socket.IPPROTO_ICMPV6
    kinds = []

    def opener(family: int, kind: int, protocol: int) -> socket.socket:
        if (kind, protocol) == (socket.SOCK_DGRAM, icmp):
            raise PermissionError(errno.EACCES, "Permission denied")
        kinds.append((kind, protocol))
        return level["client"].socket(family, kind, protocol)

    found = probed(level, Means.ECHO, family, opener=opener)
    assert (found.path_mtu, found.complete, found.verdicts) == (1500, True, ())
    assert (socket.SOCK_RAW, icmp) in kinds


def test_a_probe_ends_when_its_time_is_over(level: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.probe.LONGEST", 0.1)
    found = probed(level, rate=20)
    assert (found.first_link, found.complete, found.stopped) == (1500, False, "0.1 s are over")
    assert 1 < found.packets < 6


def test_a_platform_without_path_mtu_discovery_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Lacking, match=r"darwin has no IP_MTU_DISCOVER .* pmtulab probe needs Linux"):
        probe(resolve("127.0.0.1"))


def test_a_kernel_without_path_mtu_discovery_is_told() -> None:
    class Old(socket.socket):
        def setsockopt(self, *_: Any) -> None:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")

    with pytest.raises(Lacking, match=r"this kernel has no IP_MTU_DISCOVER"):
        probe(resolve("127.0.0.1"), opener=Old)
