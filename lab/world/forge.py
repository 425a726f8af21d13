"""What no honest node sends: PTBs about anything, and datagrams cut up by hand. Raw sockets at the node that is to send them."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Mapping

from lab.model.flow import Flow, Tcp
from lab.model.packet import Icmp4, Icmp6, Packet, Protocol, TcpFlag, TcpHeader, UdpHeader
from lab.model.story import ForgePtb, Quote, SendPieces
from lab.model.topology import IPV4, IPV6, Family
from lab.model.wire import Icmp, checksum, decode, encode_ip
from lab.world.datagrams import Datagrams
from lab.world.endpoints import Endpoint
from lab.world.errors import Broken
from lab.world.messages import AF, get_route
from lab.world.net import Net
from lab.world.sockets import Given, payload

NOBODYS_PORT = 4321
QUOTED_OCTETS = 500  # the quoted packet's own size: any that its sender could have sent will do
IPV6_HDRINCL = 36


def forge(net: Net, step: ForgePtb, endpoints: Mapping[Flow, Endpoint]) -> str:
    """Raises Broken where the quote's flow has not been sent over in this act."""
    packet = quoted_packet(net, step, endpoints)
    quoted = encode_ip(packet)
    head = struct.pack("!BBHI", *kind(step), 0, step.mtu)
    most = 548 if step.family == IPV4 else 1232
    error = head + quoted[: most if step.quote.octets is None else step.quote.octets]
    protocol = socket.IPPROTO_ICMP if step.family == IPV4 else socket.IPPROTO_ICMPV6
    since = time.time_ns()
    with net[step.by].socket(AF[step.family], socket.SOCK_RAW, protocol) as sock:
        if step.family == IPV4:  # of an ICMPv6 socket the kernel fills in the checksum (rawv6_push_pending_frames())
            error = error[:2] + checksum(error).to_bytes(2, "big") + error[4:]
        sock.sendto(error, (net.address(step.to, step.family), 0))
    about = f"{type(step.quote.flow).__name__} flow" if step.quote.flow else f"protocol {step.quote.protocol}"
    await_arrival(net, step, since)
    # The kernel lists an exception only once a route has been made of it, and that takes a look-up (fnhe_dump_bucket()).
    with contextlib.suppress(OSError):
        net[step.to].netlink.ask_raw(get_route(packet.destination, step.family))
    what = "forged PTB" if step.kind is None else f"forged ICMP error {step.kind[0]}/{step.kind[1]}"
    return f"{what} to {step.to}: MTU {step.mtu}, about a packet to {step.quote.to} ({about})"


def kind(step: ForgePtb) -> tuple[int, int]:
    """Type and code."""
    return step.kind or ((3, 4) if step.family == IPV4 else (2, 0))


def await_arrival(net: Net, step: ForgePtb, since: int) -> None:
    """Until its receiver's tap has seen it: ICMP is handled in the same softirq, so what it does is done a moment later."""
    to, until = net.address(step.to, step.family), time.monotonic() + 1
    while time.monotonic() < until:
        for frame in reversed(net.capture.seen()):
            if frame.interface.node == step.to and not frame.sent and frame.time >= since:
                packet = decode(frame.octets)
                icmp = packet.payload if packet else None
                if packet and packet.destination == to and isinstance(icmp, Icmp) and (icmp.type, icmp.code) == kind(step):
                    return
        time.sleep(0.001)
    raise Broken(f"a forged PTB from {step.by} did not reach {step.to}")


def quoted_packet(net: Net, step: ForgePtb, endpoints: Mapping[Flow, Endpoint]) -> Packet:
    """The packet that the receiver of the PTB is said to have sent."""
    quote, family = step.quote, step.family
    source = net.address(step.to, family)
    destination = quote.flow.address if quote.flow and quote.flow.address else net.address(quote.to, family)
    upper: UdpHeader | TcpHeader | Icmp | None = None
    protocol = quote.protocol
    if quote.flow is not None:
        if quote.flow not in endpoints:
            raise Broken(f"{quote.flow} has sent nothing in this act, so there is nothing to quote of it")
        protocol, upper = upper_of(net, quote, endpoints[quote.flow], family)
    elif protocol == Protocol.UDP:
        upper = UdpHeader(NOBODYS_PORT, 7, QUOTED_OCTETS - 28)
    elif protocol == Protocol.TCP:
        upper = tcp_header(NOBODYS_PORT, 7, 1 + quote.off, family)
    elif protocol in (Protocol.ICMP, Protocol.ICMPV6):
        upper = echo(quote.reply, NOBODYS_PORT, family)
    return Packet(family, source, destination, QUOTED_OCTETS, protocol, upper, df=quote.df and family == IPV4)


def upper_of(net: Net, quote: Quote, endpoint: Endpoint, family: Family) -> tuple[int, UdpHeader | TcpHeader | Icmp]:
    flow = quote.flow
    port = endpoint.sender.getsockname()[1]
    if isinstance(endpoint, Datagrams):
        if endpoint.receiver is None:
            return int(Protocol.ICMP if family == IPV4 else Protocol.ICMPV6), echo(quote.reply, port, family)
        return int(Protocol.UDP), UdpHeader(port, endpoint.to[1], QUOTED_OCTETS - (28 if family == IPV4 else 48))
    assert isinstance(flow, Tcp)
    to = endpoint.sender.getpeername()[1]
    return int(Protocol.TCP), tcp_header(port, to, next_sequence(net, flow, port) + quote.off, family)


def tcp_header(port: int, to: int, sequence: int, family: Family) -> TcpHeader:
    octets = QUOTED_OCTETS - (20 if family == IPV4 else 40) - 20
    return TcpHeader(port, to, sequence % (1 << 32), 0, TcpFlag.ACK, 1000, octets)


def echo(reply: bool, identifier: int, family: Family) -> Icmp:
    if family == IPV4:
        return Icmp(Icmp4.ECHO_REPLY if reply else Icmp4.ECHO_REQUEST, 0, identifier=identifier, sequence=1)
    return Icmp(Icmp6.ECHO_REPLY if reply else Icmp6.ECHO_REQUEST, 0, identifier=identifier, sequence=1)


def next_sequence(net: Net, flow: Tcp, port: int) -> int:
    """snd_nxt of an idle connection, from what has left its sender."""
    last = None
    for frame in net.capture.seen():
        packet = decode(frame.octets) if frame.sent and frame.interface.node == flow.source else None
        tcp = packet.payload if packet else None
        if isinstance(tcp, TcpHeader) and tcp.source_port == port:
            last = tcp.sequence + tcp.octets + (TcpFlag.SYN in tcp.flags)
    if last is None:
        raise Broken(f"no segment of {flow} was seen")
    return last


def send_pieces(net: Net, step: SendPieces, endpoint: Endpoint) -> Given:
    """Sends the fragments of one datagram by a raw socket, and waits for it at the flow's receiver."""
    assert isinstance(endpoint, Datagrams)
    flow = step.flow
    endpoint.count += 1
    endpoint.errors = []
    content = payload(step.octets, endpoint.count)
    source, port = endpoint.sender.getsockname()[:2]
    destination, to = endpoint.to
    udp = UdpHeader(port, to, len(content))
    header = 20 if flow.family == IPV4 else 40
    whole = encode_ip(Packet(flow.family, source, destination, header + 8 + len(content), Protocol.UDP, udp), content)[header:]
    with net[flow.source].socket(AF[flow.family], socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        if flow.family == IPV6:
            raw.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        number = (to << 6 | endpoint.count) & 0xFFFF  # another for each datagram of a run: ports go up by one
        for offset, length in step.pieces:
            raw.sendto(piece(flow.family, source, destination, whole, offset, length, number), (destination, 0))
    return endpoint.await_delivery(content, step.within, lambda: False)


def piece(family: Family, source: str, destination: str, whole: bytes, offset: int, length: int, number: int) -> bytes:
    body = whole[offset : offset + length]
    more = offset + length < len(whole)
    if family == IPV4:
        # encode_ip() would sum a first fragment's header anew: here the checksum is the whole datagram's.
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), number, more << 13 | offset // 8, 64, Protocol.UDP, 0)
        head += socket.inet_aton(source) + socket.inet_aton(destination)
        return head + body
    head = struct.pack("!IHBB", 6 << 28, 8 + len(body), 44, 64)
    head += socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    return head + struct.pack("!BxHI", Protocol.UDP, offset | more, number) + body
