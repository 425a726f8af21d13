"""Every field of a frame with the octets that it is in, layer by layer, for people who point at octets.

`lab.model.wire` reads what a judge needs; this reads what a header has. A field goes by Wireshark's name for it, which its filters
understand, and a test has tshark find each where it is found here. What was cut off by the capture, or by the ICMP error that
quotes it, is left out. Nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.report.html import headers
from lab.report.html.headers import Row


@dataclass(frozen=True, slots=True)
class Field:
    """`name` for people, `key` for Wireshark ("ip.ttl"); the octets from `start` to before `stop`, in the frame."""

    name: str
    key: str
    value: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A header and its fields; or a payload, which has none."""

    title: str
    start: int
    stop: int
    fields: tuple[Field, ...] = ()


_ETHERNET_HEADER = 14
_EXTENSIONS = {0: "IPv6 hop-by-hop options", 43: "IPv6 routing", 60: "IPv6 destination options"}
_FRAGMENT_HEADER = 44
_ICMP4_ERRORS = (3, 4, 5, 11, 12)
_TUNNELS = {4789: ("VXLAN", headers.VXLAN), 6081: ("Geneve", headers.GENEVE)}


def dissect(octets: bytes) -> tuple[Layer, ...]:
    """The layers of an Ethernet frame, from the outside in, one behind the other; what no layer explains is a payload."""
    return tuple(_ethernet(octets, 0, len(octets), ""))


def _layer(octets: bytes, title: str, at: int, stop: int, rows: Sequence[Row]) -> Layer:
    fields = (
        Field(name, key, write(octets[at + first : at + last]), at + first, at + last)
        for name, key, first, last, write in rows
        if at + last <= stop
    )
    return Layer(title, at, stop, tuple(fields))


def _payload(at: int, stop: int) -> Iterator[Layer]:
    if at < stop:
        yield Layer("payload", at, stop)


# In the functions below `at` is where a header begins and `stop` where what it belongs to ends. `of` begins a title: "quoted "
# in an ICMP error, "inner " in a tunnel.


def _ethernet(octets: bytes, at: int, stop: int, of: str) -> Iterator[Layer]:
    body = min(at + _ETHERNET_HEADER, stop)
    yield _layer(octets, f"{of}Ethernet", at, body, headers.ETHERNET)
    kind = octets[at + 12 : body]
    if kind == b"\x08\x06":
        end = min(body + 28, stop)
        yield _layer(octets, f"{of}ARP", body, end, headers.ARP)
        yield from _payload(end, stop)
    else:
        yield from _network(octets, body, stop, kind, of)


def _network(octets: bytes, at: int, stop: int, kind: bytes, of: str) -> Iterator[Layer]:
    """What an EtherType announces."""
    if kind == b"\x08\x00" and stop - at >= 20:
        yield from _ipv4(octets, at, stop, of)
    elif kind == b"\x86\xdd" and stop - at >= 40:
        yield from _ipv6(octets, at, stop, of)
    else:
        yield from _payload(at, stop)


def _ipv4(octets: bytes, at: int, stop: int, of: str) -> Iterator[Layer]:
    body = min(at + max(20, (octets[at] & 15) * 4), stop)
    stop = max(body, min(stop, at + int.from_bytes(octets[at + 2 : at + 4], "big")))
    yield _layer(octets, f"{of}IPv4", at, body, headers.IPV4)
    if int.from_bytes(octets[at + 6 : at + 8], "big") & 0x1FFF:
        yield from _payload(body, stop)
    else:
        yield from _upper(octets, body, stop, octets[at + 9], of)


def _ipv6(octets: bytes, at: int, stop: int, of: str) -> Iterator[Layer]:
    body = at + 40
    stop = max(body, min(stop, body + int.from_bytes(octets[at + 4 : at + 6], "big")))
    yield _layer(octets, f"{of}IPv6", at, body, headers.IPV6)
    kind, first = octets[at + 6], True
    while kind in (*_EXTENSIONS, _FRAGMENT_HEADER) and stop - body >= 8:
        size = 8 if kind == _FRAGMENT_HEADER else (octets[body + 1] + 1) * 8
        title, rows = ("IPv6 fragment", headers.FRAGMENT) if kind == _FRAGMENT_HEADER else (_EXTENSIONS[kind], headers.EXTENSION)
        size = min(size, stop - body)
        yield _layer(octets, f"{of}{title}", body, body + size, rows)
        first = kind != _FRAGMENT_HEADER or not int.from_bytes(octets[body + 2 : body + 4], "big") & 0xFFF8
        kind, body = octets[body], body + size
        if not first:
            break
    yield from _upper(octets, body, stop, kind, of) if first else _payload(body, stop)


def _upper(octets: bytes, at: int, stop: int, kind: int, of: str) -> Iterator[Layer]:
    """What follows the IP header: `kind` is its protocol number."""
    match kind:
        case 1 | 58:
            yield from _icmp(octets, at, stop, kind, of)
        case 6:
            yield from _tcp(octets, at, stop, of)
        case 17:
            yield from _udp(octets, at, stop, of)
        # One level, as with what an ICMP error quotes: a frame of 64 KiB could hold tunnels in tunnels, three thousand deep.
        case 4 | 41 if not of:
            yield from _network(octets, at, stop, b"\x08\x00" if kind == 4 else b"\x86\xdd", "inner ")
        case 47 if not of:
            body = min(at + 4, stop)
            yield _layer(octets, "GRE", at, body, headers.GRE)
            if octets[at + 2 : at + 4] == b"\x65\x58":
                yield from _ethernet(octets, body, stop, "inner ")
            else:
                yield from _network(octets, body, stop, octets[at + 2 : at + 4], "inner ")
        case 50:
            yield _layer(octets, f"{of}ESP", at, min(at + 8, stop), headers.ESP)
            yield from _payload(at + 8, stop)
        case _:
            yield from _payload(at, stop)


def _udp(octets: bytes, at: int, stop: int, of: str) -> Iterator[Layer]:
    body = min(at + 8, stop)
    yield _layer(octets, f"{of}UDP", at, body, headers.UDP)
    tunnel = _TUNNELS.get(int.from_bytes(octets[at + 2 : at + 4], "big"))
    if tunnel is None or of or stop - body < 8:
        yield from _payload(body, stop)
        return
    title, rows = tunnel
    size = 8 + ((octets[body] & 0x3F) * 4 if title == "Geneve" else 0)
    yield _layer(octets, title, body, min(body + size, stop), rows)
    yield from _ethernet(octets, min(body + size, stop), stop, "inner ")


def _tcp(octets: bytes, at: int, stop: int, of: str) -> Iterator[Layer]:
    body = min(at + max(20, (octets[at + 12] >> 4) * 4 if stop - at > 12 else 20), stop)
    header = _layer(octets, f"{of}TCP", at, body, headers.TCP)
    yield Layer(header.title, at, body, (*header.fields, *_options(octets, at + 20, body)))
    yield from _payload(body, stop)


def _options(octets: bytes, at: int, stop: int) -> Iterator[Field]:
    """The fields of a TCP header's options. Stops at the end mark and at a length that cannot be."""
    while at < stop and octets[at] != 0:
        kind, size = octets[at], 1 if octets[at] == 1 else octets[at + 1] if at + 1 < stop else 0
        if size < 1 + (kind != 1) or at + size > stop:
            return
        if kind == 5:
            for block in range(at + 2, at + size - 7, 8):
                yield from _layer(octets, "", block, at + size, headers.SACK).fields
        elif kind == 4:
            yield Field("SACK permitted", "tcp.options.sack_perm", "yes", at, at + size)
        else:
            yield from _layer(octets, "", at, at + size, headers.TCP_OPTIONS.get(kind, ())).fields
        at += size


def _icmp(octets: bytes, at: int, stop: int, kind: int, of: str) -> Iterator[Layer]:
    body = min(at + 8, stop)
    if body - at < 8:
        yield from _payload(at, stop)
        return
    ipv4, said = kind == 1, octets[at]
    rows = headers.ICMP if ipv4 else headers.ICMPV6
    if said in ((0, 8) if ipv4 else (128, 129)):
        rows += headers.ICMP_ECHO if ipv4 else headers.ICMPV6_ECHO
    elif ipv4 and octets[at : at + 2] == b"\x03\x04":
        rows += headers.ICMP_MTU
    elif not ipv4 and said == 2:
        rows += headers.ICMPV6_MTU
    yield _layer(octets, f"{of}{'ICMP' if ipv4 else 'ICMPv6'}", at, body, rows)
    # An error quotes the packet that it is about. One level: what is quoted in a quote is a payload.
    if (said in _ICMP4_ERRORS if ipv4 else said < 128) and not of:
        yield from _network(octets, body, stop, b"\x08\x00" if ipv4 else b"\x86\xdd", "quoted ")
    else:
        yield from _payload(body, stop)
