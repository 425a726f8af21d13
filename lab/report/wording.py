"""How packets, flows and lists of numbers are put into words: the phrases that all reports share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lab.judge.observation import RouteException
from lab.model.flow import Echo, Flow, Raw, Tcp
from lab.model.packet import Icmp, Packet, TcpFlag, TcpHeader, UdpHeader
from lab.model.problem import printable
from lab.model.topology import IPV4

MOST_FRAGMENTS = 4


def protocol(flow: Flow) -> str:
    """What a flow's packets are called."""
    if isinstance(flow, Tcp):
        return "TCP"
    if isinstance(flow, Echo):
        return "ICMP echo"
    return "raw UDP" if isinstance(flow, Raw) else "UDP"


def piece(flow: Flow) -> str:
    """What one packet of a flow is called (RFC 1122 §1.3.3)."""
    if isinstance(flow, Tcp):
        return "segment"
    return "echo request" if isinstance(flow, Echo) else "datagram"


def count(number: int, noun: str) -> str:
    """1 datagram, 2 datagrams, no datagram."""
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"


def packet_words(packet: Packet, octets: int) -> str:
    """What a packet is. `octets` is what follows the IP header; with the first fragment of a datagram, of the whole datagram."""
    match packet.payload:
        case UdpHeader() as udp:
            return f"UDP, {udp.octets} octets of payload"
        case TcpHeader() as tcp:
            return _tcp_words(tcp)
        case Icmp() as icmp:
            return _icmp_words(icmp, "ICMP" if packet.family is IPV4 else "ICMPv6", octets)
    return f"IP protocol {packet.protocol}, {octets} octets"


def _tcp_words(tcp: TcpHeader) -> str:
    """Control segments by name. One with payload is `segments_words()` of one."""
    if tcp.octets and not tcp.flags & (TcpFlag.SYN | TcpFlag.RST):
        return segments_words(1, tcp.octets, ())
    control = TcpFlag.SYN | TcpFlag.ACK if tcp.flags & TcpFlag.SYN else TcpFlag.RST | TcpFlag.FIN
    names = "-".join(str(flag.name) for flag in (TcpFlag.SYN, TcpFlag.FIN, TcpFlag.RST, TcpFlag.ACK) if flag & tcp.flags & control)
    return f"TCP {names or 'ACK'}" + (f", MSS {tcp.mss}" if tcp.mss is not None else "")


def rewriting_words(came: Packet, left: Packet) -> str:
    """What a router changed in a packet that it passed on: "rewrites MSS 1460 to 1360"."""
    changes = _changes(came, left)
    if isinstance(came.payload, Icmp) and isinstance(left.payload, Icmp) and came.payload.quoted and left.payload.quoted:
        changes += [f"quoted {change}" for change in _changes(came.payload.quoted, left.payload.quoted)]
    return f"rewrites {', '.join(changes) or 'options'}"


def _changes(came: Packet, left: Packet) -> list[str]:
    before, after = _rewritable(came), _rewritable(left)
    return [f"{name} {before[name]} to {after[name]}" for name in before if name in after and before[name] != after[name]]


def _rewritable(packet: Packet) -> dict[str, object]:
    payload = packet.payload
    named: dict[str, object] = {"source": packet.source, "destination": packet.destination, "DF": int(packet.df)}
    if isinstance(payload, UdpHeader | TcpHeader):
        named |= {"source port": payload.source_port, "destination port": payload.destination_port}
    if isinstance(payload, TcpHeader):
        named |= {"MSS": payload.mss}
    if isinstance(payload, Icmp):
        named |= {"identifier": payload.identifier}
    return named


def _icmp_words(icmp: Icmp, name: str, octets: int) -> str:
    if icmp.too_big:
        return f"ICMP frag-needed, next-hop MTU {icmp.mtu}" if name == "ICMP" else f"{name} packet too big, MTU {icmp.mtu}"
    if icmp.echo_request or icmp.echo_reply:
        # Type, code, checksum, identifier and sequence number: 1 + 1 + 2 + 2 + 2 octets come before the payload.
        return f"{name} echo {'request' if icmp.echo_request else 'reply'}, {octets - 8} octets of payload"
    return f"{name} type {icmp.type} code {icmp.code}"


def segments_words(number: int, octets: int, smaller: Sequence[int]) -> str:
    """So many segments of one size, and a few smaller ones."""
    words = f"TCP, {f'{number} segments' if number > 1 else 'one segment'} of {octets} octets"
    if len(smaller) == 1:
        return f"{words} and one of {smaller[0]}"
    return f"{words} and {len(smaller)} smaller" if smaller else words


def fragments_words(sizes: Sequence[int], offsets: Sequence[int]) -> str:
    """The IP packets that a datagram, or a fragment of one, was cut into: each, or how many of each size."""
    words = count(len(sizes), "fragment")
    if len(sizes) <= MOST_FRAGMENTS:
        return f"{words}: {', '.join(map(str, sizes))} octets at {', '.join(map(str, offsets))}"
    return f"{words}: {', '.join(f'{number} of {size}' for size, number in Counter(sizes).items())} octets"


def exception_words(exception: RouteException, to: str) -> str:
    """What a node has learned of the path to `to`: "server mtu lock 552, expires in 600 s"."""
    return f"{to} mtu {'lock ' * exception.locked}{exception.mtu}, expires in {exception.expires:.0f} s"


def seen_lines(seen: str) -> list[str]:
    """What was seen in a claim's place, line by line."""
    return [printable(line) for line in seen.splitlines()] or ["nothing"]


def frames_words(frames: Sequence[int], most: int | None = None) -> str:
    """The frames that a finding cites: "frame 5", "frames 2, 14-23"; nothing where there are none."""
    if not frames:
        return ""
    return f"frame{'s' if len(set(frames)) > 1 else ''} {runs(frames, most)}"


def runs(numbers: Iterable[int], most: int | None = None) -> str:
    """Numbers as runs: 2, 14-23. After `most` runs an ellipsis says that there are more."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    texts = [f"{low}" if low == high else f"{low}-{high}" for low, high in found]
    if most is not None and len(texts) > most:
        texts[most:] = ["…"]
    return ", ".join(texts)
