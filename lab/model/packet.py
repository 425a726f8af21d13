"""What a packet says, as values: IPv4 and IPv6 headers, and the UDP, TCP and ICMP headers that follow them.

`lab.model.wire` reads these from a frame and writes them into one. All sizes are octets, all addresses canonical text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from lab.model.topology import Family


class Protocol(IntEnum):
    """Protocol numbers of the upper layers that we read (IANA "Assigned Internet Protocol Numbers")."""

    ICMP = 1
    TCP = 6
    UDP = 17
    ICMPV6 = 58


class Icmp4(IntEnum):
    """ICMPv4 types (RFC 792) that we use or that quote a packet."""

    ECHO_REPLY = 0
    UNREACHABLE = 3
    SOURCE_QUENCH = 4
    REDIRECT = 5
    ECHO_REQUEST = 8
    TIME_EXCEEDED = 11
    PARAMETER_PROBLEM = 12


class Icmp6(IntEnum):
    """ICMPv6 types (RFC 4443). Types below 128 are errors and quote a packet (§2.1)."""

    UNREACHABLE = 1
    TOO_BIG = 2
    TIME_EXCEEDED = 3
    PARAMETER_PROBLEM = 4
    ECHO_REQUEST = 128
    ECHO_REPLY = 129


FRAGMENTATION_NEEDED = 4
"""Code of ICMPv4 type 3: the packet was too big and its DF bit set (RFC 792; its next-hop MTU is RFC 1191 §4)."""


class TcpFlag(IntFlag):
    """The control bits of a TCP header (RFC 9293 §3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


@dataclass(frozen=True, slots=True)
class UdpHeader:
    """A UDP header (RFC 768). `octets` is the payload of the whole datagram, as its length field says, also in a first fragment."""

    source_port: int
    destination_port: int
    octets: int


@dataclass(frozen=True, slots=True)
class TcpHeader:
    """A TCP header (RFC 9293 §3.1). `octets` is the payload in this packet, worked out from the IP length.

    `mss` is the value of the MSS option, None where there is none; `timestamps` whether RFC 7323's option is there.
    """

    source_port: int
    destination_port: int
    sequence: int
    acknowledgment: int
    flags: TcpFlag
    window: int
    octets: int
    mss: int | None = None
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class Icmp:
    """An ICMP message of either family.

    `mtu` is the next-hop MTU of a PTB and None in every other message; a router older than RFC 1191 says 0. `identifier` and
    `sequence` belong to echo. `quoted` is the packet that an error is about, None where it cannot be read; a quoted ICMP error is
    read without what it quotes in turn. `quoted_octets` is how much follows the error's 8-octet header, as the IP length says; or
    where an extension follows that, as the error's own length field does (RFC 4884 §4).
    """

    type: int
    code: int
    mtu: int | None = None
    identifier: int | None = None
    sequence: int | None = None
    quoted: Packet | None = None
    quoted_octets: int = 0

    @property
    def too_big(self) -> bool:
        """A PTB: ICMPv4 type 3 code 4 (RFC 1191 §4) or ICMPv6 type 2 (RFC 4443 §3.2). Only those have an MTU."""
        return self.mtu is not None

    @property
    def echo_request(self) -> bool:
        return self.identifier is not None and self.type in (Icmp4.ECHO_REQUEST, Icmp6.ECHO_REQUEST)

    @property
    def echo_reply(self) -> bool:
        return self.identifier is not None and self.type in (Icmp4.ECHO_REPLY, Icmp6.ECHO_REPLY)


@dataclass(frozen=True, slots=True)
class Packet:
    """An IP packet, or a fragment of one.

    `octets` is the whole packet with its header, `fragment_offset` is octets too. `df` is False in IPv6, which has no such bit.
    `identification` is None in IPv6 without a Fragment header. `protocol` is the upper layer's, after IPv6's extension headers.
    `payload` is None in a fragment that is not the first, for a protocol that we do not read, and where the header is cut short.
    `inner` is the packet that a tunnel's packet carries, where that can be read: in IP, GRE, VXLAN and Geneve, one level deep.
    """

    family: Family
    source: str
    destination: str
    octets: int
    protocol: int
    payload: UdpHeader | TcpHeader | Icmp | None = None
    df: bool = False
    more_fragments: bool = False
    fragment_offset: int = 0
    identification: int | None = None
    hop_limit: int = 64
    tos: int = 0
    inner: Packet | None = None

    @property
    def is_fragment(self) -> bool:
        """Whether this is a piece of a packet. An atomic fragment (RFC 6946), Fragment header but nothing to follow, is not."""
        return self.more_fragments or self.fragment_offset > 0
