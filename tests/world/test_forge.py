"""Forged PTBs and datagrams in pieces: octet for octet what was asked for, as tshark reads them, and sockets that are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import pytest

import lab
from lab.judge.observation import Observation
from lab.model.flow import DO, Echo, Flow, Tcp, Udp
from lab.model.packet import Icmp, Packet, Protocol, TcpFlag, TcpHeader, UdpHeader
from lab.model.story import ForgePtb, Quote, ReadCapture, ReadSocket, Send, SendPieces, Step, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from lab.world.drive import Driver
from lab.world.errors import Broken
from lab.world.net import Net
from topologies import chain

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
HEADER = {IPV4: 20, IPV6: 40}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Net, Driver]]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV4, IPV6))) as net:
        yield net, Driver(net)


@pytest.fixture
def net(shared: tuple[Net, Driver]) -> Iterator[Net]:
    yield shared[0]
    for node in shared[0]:
        node.flush_route_cache()


@pytest.fixture
def driver(shared: tuple[Net, Driver], net: Net) -> Driver:
    assert shared[0] is net
    return shared[1]


def shown(observation: Observation) -> list[list[str]]:
    """What the act's last program printed: its lines, cut at the tabs."""
    return [line.split("\t") for line in observation.ran[-1].out.splitlines()]


def ptb(observation: Observation) -> tuple[Packet, Icmp, Packet]:
    """The PTB that client heard: the packet, its ICMP, and what it quotes."""
    heard = [f.packet for f in observation.received_by("client") if f.packet and isinstance(f.packet.payload, Icmp)]
    (packet,) = [p for p in heard if isinstance(p.payload, Icmp) and p.payload.too_big]
    assert isinstance(packet.payload, Icmp)
    assert packet.payload.quoted
    return packet, packet.payload, packet.payload.quoted


def sent(observation: Observation, flow: Flow) -> list[Packet]:
    return [
        f.packet
        for f in observation.sent_by("client")
        if f.packet and f.packet.protocol == {Udp: Protocol.UDP, Tcp: Protocol.TCP}.get(type(flow), f.packet.protocol)
    ]


def forged(driver: Driver, mtu: int, quote: Quote, family: Family, *before: Step) -> Observation:
    return driver.play((*before, ForgePtb("r1", "client", mtu, quote, family)))


TSHARK = {
    IPV4: "tshark -n -r - -o ip.check_checksum:TRUE -Y icmp.type==3 -T fields -E occurrence=f -e icmp.code -e icmp.mtu"
    " -e icmp.checksum.status -e ip.checksum.status -e ip.src -e ip.dst",
    IPV6: "tshark -n -r - -Y icmpv6.type==2 -T fields -E occurrence=f -e icmpv6.code -e icmpv6.mtu"
    " -e icmpv6.checksum.status -e icmpv6.type -e ipv6.src -e ipv6.dst",
}


@pytest.mark.tools("tshark")
@FAMILIES
@pytest.mark.parametrize("mtu", [0, 68, 1300, 65535])
def test_tshark_reads_a_forged_ptb(net: Net, driver: Driver, family: Family, mtu: int) -> None:
    flow = Udp("client", "server", family=family)
    step = ForgePtb("r1", "client", mtu, Quote("server", flow=flow), family)
    observation = driver.play((Send(flow, 100), step, ReadCapture(TSHARK[family], end="client:r1")))
    r1 = str(net.plan.nodes["r1"].interface("client").addresses[family])
    good = "1"  # of a checksum
    assert shown(observation) == [
        ["4" if family == IPV4 else "0", str(mtu), good, good if family == IPV4 else "2", r1, net.address("client", family)]
    ]


@FAMILIES
@pytest.mark.parametrize("df", [True, False])
def test_a_quote_is_of_the_flows_own_packets(driver: Driver, family: Family, df: bool) -> None:
    flow = Udp("client", "server", family=family)
    observation = forged(driver, 1300, Quote("server", flow=flow, df=df), family, Send(flow, 100))
    (own,) = sent(observation, flow)
    packet, icmp, quoted = ptb(observation)
    assert (quoted.family, quoted.source, quoted.destination, quoted.protocol) == (family, own.source, own.destination, 17)
    assert isinstance(own.payload, UdpHeader)
    assert isinstance(quoted.payload, UdpHeader)
    assert (quoted.payload.source_port, quoted.payload.destination_port) == (own.payload.source_port, own.payload.destination_port)
    assert quoted.df == (df and family == IPV4)
    assert packet.octets == HEADER[family] + 8 + icmp.quoted_octets == HEADER[family] + 8 + quoted.octets


@FAMILIES
@pytest.mark.parametrize("off", [0, 1, -1, 1 << 31])
def test_a_tcp_quote_counts_from_the_next_octet(driver: Driver, family: Family, off: int) -> None:
    flow = Tcp("client", "server", family=family)
    observation = forged(driver, 1300, Quote("server", flow=flow, off=off), family, Send(flow, 1000))
    segments = [p.payload for p in sent(observation, flow) if isinstance(p.payload, TcpHeader)]
    (syn,) = [s for s in segments if TcpFlag.SYN in s.flags]
    _, _, quoted = ptb(observation)
    assert isinstance(quoted.payload, TcpHeader)
    assert quoted.payload.source_port == syn.source_port
    assert quoted.payload.sequence == (syn.sequence + 1 + 1000 + off) % (1 << 32)


@FAMILIES
@pytest.mark.parametrize("reply", [False, True])
def test_an_echo_may_be_quoted(driver: Driver, family: Family, reply: bool) -> None:
    flow = Echo("client", "server", family=family)
    observation = forged(driver, 1300, Quote("server", flow=flow, reply=reply), family, Send(flow, 100))
    request = next(p.payload for p in sent(observation, flow) if isinstance(p.payload, Icmp) and p.payload.echo_request)
    _, _, quoted = ptb(observation)
    assert isinstance(quoted.payload, Icmp)
    assert quoted.payload.identifier == request.identifier
    assert (quoted.payload.echo_reply, quoted.payload.echo_request) == (reply, not reply)


@FAMILIES
@pytest.mark.parametrize(("protocol", "port"), [(17, 4321), (6, 4321), (132, None)])
def test_what_nobody_sent_may_be_quoted(driver: Driver, net: Net, family: Family, protocol: int, port: int | None) -> None:
    _, _, quoted = ptb(forged(driver, 1300, Quote("server", protocol=protocol), family))
    assert (quoted.source, quoted.destination) == (net.address("client", family), net.address("server", family))
    assert quoted.protocol == protocol
    assert getattr(quoted.payload, "source_port", None) == port


@FAMILIES
@pytest.mark.parametrize("octets", [7, 8, 100])
def test_a_quote_may_be_short(driver: Driver, family: Family, octets: int) -> None:
    quote = Quote("server", octets=HEADER[family] + octets)
    observation = forged(driver, 1300, quote, family)
    packet, icmp, _ = ptb(observation)
    assert icmp.quoted_octets == HEADER[family] + octets
    assert packet.octets == 2 * HEADER[family] + 8 + octets


@FAMILIES
@pytest.mark.parametrize("kind", [(3, 0), (4, 2)])
def test_another_error_may_be_forged(driver: Driver, family: Family, kind: tuple[int, int]) -> None:
    """3/0 is an unreachable in IPv4 and time exceeded in IPv6; 4/2 quotes a packet in both."""
    flow = Udp("client", "server", family=family)
    step = ForgePtb("r1", "client", 0, Quote("server", flow=flow), family, kind)
    observation = driver.play((Send(flow, 100), step))
    (error,) = [p.payload for p in (f.packet for f in observation.received_by("client") if f.packet) if isinstance(p.payload, Icmp)]
    assert (error.type, error.code, error.too_big) == (*kind, False)
    assert error.quoted
    assert error.quoted.destination == sent(observation, flow)[0].destination


def test_a_quote_of_what_was_not_sent_is_the_labs_failure(driver: Driver) -> None:
    flow = Udp("client", "server")
    with pytest.raises(Broken, match=r"has sent nothing in this act, so there is nothing to quote"):
        forged(driver, 1300, Quote("server", flow=flow), IPV4)


def test_a_ptb_that_does_not_arrive_is_the_labs_failure(driver: Driver, net: Net) -> None:
    """Also where one just like it has arrived in the same act."""
    step = ForgePtb("server", "client", 1300, Quote("server"))
    with pytest.raises(Broken, match=r"a forged PTB from server did not reach client"):
        driver.play((step, Sysctl("r1", "net.ipv4.ip_forward", 0), step))
    net["r1"].sysctl("net/ipv4/ip_forward", 1)
    net.capture.take()
    ptb(driver.play((step,)))


ORDERS = [((0, 800), (800, 600)), ((800, 600), (0, 800)), ((0, 8), (8, 792), (0, 8), (800, 600))]
PUT_TOGETHER = "tshark -n -r - -o ip.defragment:TRUE -o ipv6.defragment:TRUE -o udp.check_checksum:TRUE -Y udp -T fields"


@pytest.mark.tools("tshark")
@FAMILIES
@pytest.mark.parametrize("pieces", ORDERS)
def test_tshark_puts_the_pieces_together(driver: Driver, family: Family, pieces: tuple[tuple[int, int], ...]) -> None:
    flow = Udp("client", "server", family=family)
    read = ReadCapture(f"{PUT_TOGETHER} -e udp.length -e udp.checksum.status", end="client:r1")
    observation = driver.play((SendPieces(flow, 1392, pieces), read))
    assert shown(observation) == [["1400", "1"]]
    (outcome,) = observation.outcomes
    assert (outcome.delivered, outcome.intact) == (1392, True)


@FAMILIES
def test_pieces_leave_as_they_were_given(driver: Driver, family: Family) -> None:
    lengths = (8, 400, 1000, 800)
    pieces = tuple(zip(accumulate(lengths[:-1], initial=0), lengths, strict=True))[::-1]
    observation = driver.play((SendPieces(Udp("client", "server", family=family), 2200, pieces),))
    packets = [f.packet for f in observation.sent_by("client") if f.packet and f.packet.is_fragment]
    header = HEADER[family] + (0 if family == IPV4 else 8)
    assert [(p.fragment_offset, p.octets - header) for p in packets] == list(pieces)
    assert [p.more_fragments for p in packets] == [False, True, True, True]
    assert len({p.identification for p in packets}) == 1
    assert not any(p.df for p in packets)


@FAMILIES
def test_each_datagram_in_pieces_has_a_number_of_its_own(driver: Driver, family: Family) -> None:
    """Else pieces of two, of which each lacks one, would make a third."""
    flows = [Udp("client", "server", family=family, number=number) for number in (1, 2)]
    firsts = [SendPieces(flow, 1392, ((0, 800),), within=0.02) for flow in (*flows, flows[0])]
    observation = driver.play((Send(flows[0], 10), *firsts))  # so that it is known by then where to send them
    pieces = [f.packet for f in observation.sent_by("client") if f.packet and f.packet.is_fragment]
    assert len({piece.identification for piece in pieces}) == len(pieces) == 3


def test_a_piece_that_is_lost_is_not_made_up(driver: Driver) -> None:
    observation = driver.play((SendPieces(Udp("client", "server"), 1392, ((0, 800),), within=0.05),))
    assert observation.outcomes[0].delivered == 0


@FAMILIES
def test_a_socket_is_read_and_sends_nothing(driver: Driver, family: Family) -> None:
    flow = Udp("client", "server", DO, family)
    told = ForgePtb("r1", "client", 1300, Quote("server", flow=flow), family)
    observation = driver.play((Send(flow, 100), ReadSocket(flow), told, ReadSocket(flow), ReadSocket(flow), Send(flow, 100)))
    assert [outcome.mtu for outcome in observation.outcomes] == [1500, 1500, 1300, 1300, 1300]
    assert [[error.info for error in outcome.errors] for outcome in observation.outcomes] == [[], [], [1300], [], []]
    assert [outcome.delivered for outcome in observation.outcomes] == [100, 0, 0, 0, 100]
    assert len(sent(observation, flow)) == 2


def test_a_connection_is_read(driver: Driver) -> None:
    flow = Tcp("client", "server")
    told = ForgePtb("r1", "client", 1300, Quote("server", flow=flow))
    observation = driver.play((Send(flow, 100), told, ReadSocket(flow)))
    assert [outcome.sender.mss for outcome in observation.outcomes if outcome.sender] == [1448, 1248]


def test_a_socket_that_is_not_there_is_the_labs_failure(driver: Driver) -> None:
    with pytest.raises(Broken, match=r"has sent nothing in this act, so there is no socket to read"):
        driver.play((ReadSocket(Udp("client", "server")),))
