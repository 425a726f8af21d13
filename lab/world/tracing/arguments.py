"""Which arguments of each function are worth having, and how a probe fetches them (Documentation/trace/kprobetrace.rst).

A function's arguments are those of its source in all kernels from 5.10 on, as far as they stand here; the members of structs are
found by the kernel's own types, as they move from one to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from lab.world.tracing.btf import NoType, Types

STRUCTS = ("sk_buff", "sock", "net", "net_device", "rtable", "dst_entry", "rt6_info", "fib_nh_common")
INODE = "net", "ns", "inum"
# How to get from a first argument of each kind to its network namespace.
WAYS = {
    "sk_buff": ("dev", "nd_net", *INODE),
    "sock": ("__sk_common", "skc_net", *INODE),
    "net": INODE[1:],
    "net_device": ("nd_net", *INODE),
    "rtable": ("dst", "dev", "nd_net", *INODE),
    "rt6_info": ("dst", "dev", "nd_net", *INODE),
    "dst_entry": ("dev", "nd_net", *INODE),
    "fib_nh_common": ("nhc_dev", "nd_net", *INODE),
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """Of one function: which argument (from 1) is of which struct, and which are plain values, each with its type.

    The network namespace is that of the struct `of`, argument `at`. A type `be32` is a 32-bit number in the network's order.
    """

    of: str
    at: int = 1
    skb: int = 0
    sk: int = 0
    values: dict[str, tuple[int, str]] = field(default_factory=dict)


def _sock(at: int = 1, **values: tuple[int, str]) -> Arguments:
    return Arguments("sock", at, sk=at, values=values)


def _skb(**values: tuple[int, str]) -> Arguments:
    return Arguments("sk_buff", 1, skb=1, values=values)


ARGUMENTS: dict[str, Arguments] = {
    "ip_queue_xmit": Arguments("sock", 1, skb=2, sk=1),
    "__ip_append_data": _sock(length=(8, "u32")),
    "ip_local_error": _sock(err=(2, "s32"), info=(5, "u32")),
    "__ip_finish_output": Arguments("net", 1, skb=3, sk=2),
    "ip_fragment": Arguments("net", 1, skb=3, sk=2),
    "ip_do_fragment": Arguments("net", 1, skb=3, sk=2),
    "ip_forward": _skb(),
    "__icmp_send": _skb(type=(2, "u32"), code=(3, "u32"), info=(4, "be32")),
    "icmp_unreach": _skb(),
    "tcp_v4_err": _skb(info=(2, "u32")),
    "__udp4_lib_err": _skb(info=(2, "u32")),
    "udp_err": _skb(info=(2, "u32")),
    "ipv4_sk_update_pmtu": Arguments("sock", 2, skb=1, sk=2, values={"mtu": (3, "u32")}),
    "tcp_v4_mtu_reduced": _sock(),
    "inet_csk_update_pmtu": _sock(mtu=(2, "u32")),
    "__ip_rt_update_pmtu": Arguments("rtable", values={"mtu": (3, "u32")}),
    "update_or_create_fnhe": Arguments("fib_nh_common", values={"daddr": (2, "address"), "pmtu": (4, "u32"), "lock": (5, "u8")}),
    "tcp_sync_mss": _sock(pmtu=(2, "u32")),
    "tcp_simple_retransmit": _sock(),
    "ip6_xmit": Arguments("sock", 1, skb=2, sk=1),
    "__ip6_append_data": _sock(),
    "ipv6_local_error": _sock(err=(2, "s32"), info=(4, "u32")),
    "ip6_finish_output": Arguments("net", 1, skb=3, sk=2),
    "ip6_fragment": Arguments("net", 1, skb=3, sk=2),
    "ip6_forward": _skb(),
    "icmp6_send": _skb(type=(2, "u8"), code=(3, "u8"), info=(4, "u32")),
    "icmpv6_notify": _skb(type=(2, "u8"), code=(3, "u8"), info=(4, "be32")),
    "tcp_v6_err": _skb(info=(6, "be32")),
    "__udp6_lib_err": _skb(info=(6, "be32")),
    "udpv6_err": _skb(info=(6, "be32")),
    "ip6_sk_update_pmtu": Arguments("sock", 2, skb=1, sk=2, values={"mtu": (3, "be32")}),
    "tcp_v6_mtu_reduced": _sock(),
    "inet6_csk_update_pmtu": _sock(mtu=(2, "u32")),
    "__ip6_rt_update_pmtu": Arguments("dst_entry", values={"mtu": (4, "u32")}),
    "rt6_insert_exception": Arguments("rt6_info"),
}

SENT, RECEIVED = "dev_queue_xmit_nit", "netif_rx_internal"
"""Where a tap takes the time of a frame that is sent, and of one that is received."""

RETURNS, RETURNED = "tcp_sync_mss", "tcp_sync_mss_returned"
"""The function whose result is told, too: the MSS; and what the probe at its return is called."""


class Fetches:
    """How probes of the running kernel fetch things. Raises NoType where its types do not tell."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._structs = types.structs(STRUCTS)
        self.namespace_ways = {name: self._way(name, *members) for name, members in WAYS.items()}

    @cached_property
    def drop_reasons(self) -> dict[int, str]:
        """The kernel's reasons for drops, by number, in the words of its tracepoint."""
        named = self._types.enumerators("skb_drop_reason").items()
        return {number: name.removeprefix("SKB_DROP_REASON_") for number, name in named}

    def _way(self, struct: str, *members: str) -> list[int]:
        if struct not in self._structs:
            raise NoType(f"this kernel's types have no struct {struct}")
        return self._types.path(self._structs[struct], *members)

    def of(self, function: str) -> str:
        """What a probe at a function is to fetch: ns, skb, sk, len, and its values."""
        wanted = ARGUMENTS[function]
        fetched = [f"ns={followed(wanted.at, self.namespace_ways[wanted.of])}:u32"]
        if wanted.skb:
            fetched.append(f"skb=$arg{wanted.skb}:x64")
            fetched.append(f"len={followed(wanted.skb, self._way('sk_buff', 'len'))}:u32")
        if wanted.sk:
            fetched.append(f"sk=$arg{wanted.sk}:x64")
        plain = {"be32": "x32", "address": "x32"}
        fetched += [f"{name}=$arg{at}:{plain.get(kind, kind)}" for name, (at, kind) in wanted.values.items()]
        return " ".join(fetched)

    def passing(self, function: str) -> str:
        """The same of a packet that passes an interface."""
        device = ["$arg2", followed(1, self._way("sk_buff", "dev"))][function == RECEIVED]
        name, namespace = self._way("net_device", "name"), self.namespace_ways["net_device"]
        return " ".join(
            (
                f"ns={nested(device, namespace)}:u32",
                "skb=$arg1:x64",
                f"len={followed(1, self._way('sk_buff', 'len'))}:u32",
                f"dev={nested(device, name)}:string",
            )
        )


def followed(argument: int, way: list[int]) -> str:
    return nested(f"$arg{argument}", way)


def nested(start: str, way: list[int]) -> str:
    """+176(+264(+16($arg1))): what is at the end of a way of pointers."""
    for offset in way:
        start = f"+{offset}({start})"
    return start
