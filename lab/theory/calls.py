"""The kernel's functions on the way of a packet: as an article on Linux 4.14 names them, and as kernels since have them.

Each purpose lists its steps in the order in which they are called. A function that the compiler puts into its caller cannot be
traced; its step says what shows it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lab.model.topology import IPV4, IPV6, Family


class Purpose(Enum):
    """What a chain of calls does with a packet; SOCKET is what a socket does on its own account, as when it connects."""

    SENDING = "sending"
    FORWARDING = "forwarding"
    RECEPTION = "reception"
    SOCKET = "socket"


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a chain.

    `then` is its name in 4.14 (`article`: the article has it, too), `now` the names that kernels since have for it, none where it
    is inlined everywhere. `does` says what it does. `stands` is what shows it where it cannot be traced.
    """

    purpose: Purpose
    family: Family
    then: str
    now: tuple[str, ...]
    does: str
    stands: str = ""
    article: bool = False


def _step(purpose: Purpose, family: Family, then: str, now: str, does: str, stands: str = "") -> Step:
    """`now` has the names, separated by spaces; a `then` with * is in the article."""
    return Step(purpose, family, then.rstrip("*"), tuple(now.split()), does, stands, article=then.endswith("*"))


_SEND, _PASS, _HEAR, _OWN = Purpose

DROP = "kfree_skb"
"""A packet is dropped; with the reason, since 5.17."""

STEPS: tuple[Step, ...] = (
    _step(_SEND, IPV4, "ip_queue_xmit*", "ip_queue_xmit", "TCP sends a segment, with DF where ip_dont_fragment() says so"),
    _step(_SEND, IPV4, "ip_dont_fragment*", "", "decides on DF, by the socket's mode and the route's lock", "DF in the frame"),
    _step(_SEND, IPV4, "__ip_append_data", "__ip_append_data", "takes a datagram's octets; EMSGSIZE where DF forbids so many"),
    _step(_SEND, IPV4, "ip_local_error", "ip_local_error", "puts EMSGSIZE and the MTU on the socket's error queue"),
    _step(_SEND, IPV4, "ip_finish_output*", "__ip_finish_output", "compares the packet with the MTU of its way"),
    _step(_SEND, IPV4, "ip_fragment*", "ip_fragment", "fragments, or refuses where DF is set", "ip_do_fragment, or __icmp_send"),
    _step(_SEND, IPV4, "ip_do_fragment", "ip_do_fragment", "cuts a packet up"),
    _step(_PASS, IPV4, "ip_forward*", "ip_forward", "passes a packet on, or finds that it is too big"),
    _step(_PASS, IPV4, "ip_dst_mtu_maybe_forward*", "", "the MTU by which a router goes", "the MTU that __icmp_send is given"),
    _step(_PASS, IPV4, "ip_exceeds_mtu", "", "too big, and DF is set", "__icmp_send, and the drop"),
    _step(_PASS, IPV4, "icmp_send*", "__icmp_send icmp_send", "sends ICMP frag-needed, with the next-hop MTU"),
    _step(_PASS, IPV4, "kfree_skb*", DROP, "drops the packet"),
    _step(_HEAR, IPV4, "icmp_unreach*", "icmp_unreach", "reads ICMP destination unreachable"),
    _step(_HEAR, IPV4, "tcp_v4_err*", "tcp_v4_err", "finds the connection that the quoted segment is of"),
    _step(_HEAR, IPV4, "udp_err", "udp_err", "is about a UDP datagram; newer kernels have the way learn the MTU here"),
    _step(_HEAR, IPV4, "__udp4_lib_err", "__udp4_lib_err", "finds the socket that the quoted datagram is of", "udp_err"),
    _step(_HEAR, IPV4, "ipv4_sk_update_pmtu", "ipv4_sk_update_pmtu", "has the way of a UDP socket learn the MTU"),
    _step(_HEAR, IPV4, "tcp_v4_mtu_reduced*", "tcp_v4_mtu_reduced", "makes TCP follow; later, where a program is using the socket"),
    _step(_HEAR, IPV4, "inet_csk_update_pmtu*", "inet_csk_update_pmtu", "has the way of a connection learn the MTU"),
    _step(_HEAR, IPV4, "__ip_rt_update_pmtu", "__ip_rt_update_pmtu", "checks the MTU against the route's own and min_pmtu"),
    _step(_HEAR, IPV4, "update_or_create_fnhe", "update_or_create_fnhe", "writes the route exception"),
    _step(_HEAR, IPV4, "tcp_sync_mss*", "tcp_sync_mss", "works the MSS out anew"),
    _step(_HEAR, IPV4, "tcp_simple_retransmit*", "tcp_simple_retransmit", "sends what was too big again, at once"),
    _step(_SEND, IPV6, "ip6_xmit", "ip6_xmit", "TCP sends a segment"),
    _step(
        _SEND, IPV6, "__ip6_append_data", "__ip6_append_data", "takes a datagram's octets, or refuses so many", "ip6_finish_output"
    ),
    _step(_SEND, IPV6, "ipv6_local_error", "ipv6_local_error", "puts EMSGSIZE and the MTU on the socket's error queue"),
    _step(_SEND, IPV6, "ip6_finish_output", "ip6_finish_output", "compares the packet with the MTU of its way"),
    _step(_SEND, IPV6, "ip6_fragment", "ip6_fragment", "cuts a packet up; only its sender may"),
    _step(_PASS, IPV6, "ip6_forward", "ip6_forward", "passes a packet on, or finds that it is too big"),
    _step(_PASS, IPV6, "ip6_dst_mtu_forward", "", "the MTU by which a router goes", "the MTU that icmp6_send is given"),
    _step(_PASS, IPV6, "icmp6_send", "icmp6_send", "sends ICMPv6 packet too big, with the MTU"),
    _step(_PASS, IPV6, "kfree_skb", DROP, "drops the packet"),
    _step(_HEAR, IPV6, "icmpv6_notify", "icmpv6_notify", "reads the ICMPv6 error, and finds what it is about"),
    _step(_HEAR, IPV6, "tcp_v6_err", "tcp_v6_err", "finds the connection that the quoted segment is of"),
    _step(_HEAR, IPV6, "__udp6_lib_err", "__udp6_lib_err udpv6_err", "finds the socket that the quoted datagram is of"),
    _step(_HEAR, IPV6, "ip6_sk_update_pmtu", "ip6_sk_update_pmtu", "has the way of a UDP socket learn the MTU"),
    _step(_HEAR, IPV6, "tcp_v6_mtu_reduced", "tcp_v6_mtu_reduced", "makes TCP follow; later, where a program is using the socket"),
    _step(
        _HEAR,
        IPV6,
        "inet6_csk_update_pmtu",
        "inet6_csk_update_pmtu",
        "has the way of a connection learn the MTU",
        "__ip6_rt_update_pmtu",
    ),
    _step(_HEAR, IPV6, "__ip6_rt_update_pmtu", "__ip6_rt_update_pmtu", "checks the MTU against 1280 and the route's own"),
    _step(_HEAR, IPV6, "rt6_insert_exception", "rt6_insert_exception", "writes the route exception", "__ip6_rt_update_pmtu"),
    _step(_HEAR, IPV6, "tcp_sync_mss", "tcp_sync_mss", "works the MSS out anew"),
    _step(_HEAR, IPV6, "tcp_simple_retransmit", "tcp_simple_retransmit", "sends what was too big again, at once"),
)

BEGINNINGS = {
    **dict.fromkeys(("ip_queue_xmit", "ip6_xmit", "__ip_append_data", "__ip6_append_data"), _SEND),
    **dict.fromkeys(("ip_forward", "ip6_forward"), _PASS),
    **dict.fromkeys(("icmp_unreach", "icmpv6_notify"), _HEAR),
    **dict.fromkeys(("tcp_sync_mss",), _OWN),
}
"""Calls that begin a chain where they belong to none, and of which purpose."""

OUTPUTS = ("__ip_finish_output", "ip6_finish_output")
FRAGMENTS = ("ip_do_fragment", "ip6_fragment")
ERRORS = ("__icmp_send", "icmp_send", "icmp6_send")
"""Calls that send a packet on; and those that make packets of their own out of the one that they are given."""


def names() -> tuple[str, ...]:
    """Every function that a step may be known by, once."""
    return tuple(dict.fromkeys(name for step in STEPS for name in step.now))


def purposes(function: str) -> tuple[Purpose, ...]:
    """Of which purposes a function's steps are; none where it is no step."""
    return tuple(dict.fromkeys(step.purpose for step in STEPS if function in step.now))


def in_order(before: str, after: str) -> bool:
    """Whether a step `after` may come behind a step `before`, in one family's order or in the other's."""
    first, last = _places(before), _places(after)
    return bool(first and last) and max(last) >= min(first)


def _places(function: str) -> list[int]:
    return [number for number, step in enumerate(STEPS) if function in step.now]
