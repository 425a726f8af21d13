"""What a host sends when it knows, or does not know, a path MTU."""

from __future__ import annotations

from lab.judge.expect.programs import Prints
from lab.judge.expect.sender import Delivered
from lab.judge.expect.state import Counts
from lab.judge.expect.wire import AdvertisedMss, Fragments, Leaves
from lab.judge.traits.networks import AS_WANTED, FULL, UDP, path
from lab.judge.traits.trait import Trait
from lab.model.flow import DO, Tcp, Udp
from lab.model.rfc import Kernel
from lab.model.story import KIB, Configure, Run, Send, Step
from lab.model.topology import IPV6, Host, Link, Topology

SEND_TOO_LONG = """
import errno, socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
    receiver.bind(('::1', 0))
    sender.setsockopt(socket.IPPROTO_IPV6, 23, 2)  # IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO
    sender.connect(receiver.getsockname())
    try:
        print('65528:', 'sent' if sender.send(bytes(65528)) else 'not')
    except OSError as error:
        print('65528:', errno.errorcode[error.errno])
"""
TOO_LONG: tuple[Step, ...] = (Configure("a", "ip link set lo mtu 65576"), Run("a", ("python3", "-c", SEND_TOO_LONG)))

SEND_LONG = """
import errno, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    receiver.bind(('127.0.0.1', 0))
    sender.setsockopt(socket.IPPROTO_IP, 10, 4)  # IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE
    sender.connect(receiver.getsockname())
    try:
        print('65508:', 'sent' if sender.send(bytes(65508)) else 'not')
    except OSError as error:
        print('65508:', errno.errorcode[error.errno])
"""
SEND_SEGMENTS = """
import errno, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(17, 103, 500)  # SOL_UDP, UDP_SEGMENT
    sender.connect(('$b', 9))
    try:
        print('two segments:', 'sent' if sender.send(bytes(1000)) else 'not')
    except OSError as error:
        print('two segments:', errno.errorcode[error.errno])
"""

BROADCAST: tuple[Step, ...] = (
    Configure("a", "ip route change table local broadcast 10.0.0.255 dev r proto kernel scope link src $a mtu 576"),
    Run("a", f"ping -b -M dont -c1 -W0.1 -s {FULL} 10.0.0.255"),
)

SENDING = (
    Trait(
        "super-datagrams-stay-whole",
        "veth takes in whole what UDP_SEGMENT makes of several datagrams, and holds none of them against its MTU",
        Topology((Host("a"), Host("b")), (Link("a", "b", 9000, 1500),), offloads=True),
        (Send(Udp("a", "b", DO, segment=2000), 8000, within=2.0),),
        yes=Delivered(8000, to="b"),
        no=Counts("a", (("Dev.TxDropped", 4),)),
        cites=Kernel("is_skb_forwardable", "net/core/dev.c"),
        since="between 5.10 and 6.1",
    ),
    Trait(
        "segments-without-checksum-offload",
        "UDP_SEGMENT works also where the interface computes no checksums",
        path(1500),  # whose interfaces do not: offloads are off in a lab
        (Run("a", ("python3", "-c", SEND_SEGMENTS)),),
        yes=Prints("two segments: sent", "udp(7)"),
        no=Prints("two segments: EIO", "udp(7)"),
        cites=Kernel("udp_send_skb", "net/ipv4/udp.c"),
        since="6.11",
    ),
    Trait(
        "broadcast-route-mtu",
        "the MTU of a broadcast route bounds broadcasts, where the interface's is larger",
        path(1500),
        BROADCAST,
        yes=Fragments(by="a", pieces=((572, 0), (572, 552), (396, 1104))),
        no=Leaves(1500, by="a", df=False),
        cites=Kernel("ip_route_output_key_hash_rcu", "net/ipv4/route.c"),
        since="6.17, and stable versions of 2025",
    ),
    Trait(
        "syn-mss-follows-path-mtu",
        "a SYN announces what the learned path MTU leaves room for, and not what the interface does",
        path(1300),
        (Send(UDP, FULL), Send(Tcp("a", "b"), KIB)),
        yes=AdvertisedMss(1260, by="a"),
        no=AdvertisedMss(1460, by="a"),
        cites=Kernel("ipv4_default_advmss", "net/ipv4/route.c"),
        since="no longer so from 6.12.111 and in 7.2.7; so again in 6.12.118 and 7.3.4",
    ),
    Trait(
        "locked-clears-df",
        "where the path MTU is locked, a socket that wants discovery sends without DF",
        path(400),
        (Send(AS_WANTED, FULL), Send(AS_WANTED, 524)),
        yes=Leaves(552, by="a", df=False),
        no=Leaves(552, by="a", df=True),
        cites=Kernel("ip_dont_fragment", "include/net/ip.h"),
        since="4.16, and 4.14.83",
    ),
    Trait(
        "refuses-what-its-length-cannot-say",
        "a UDP datagram that IPv4's length field cannot express is refused also in mode IP_PMTUDISC_INTERFACE",
        path(1500),
        (Run("a", ("python3", "-c", SEND_LONG)),),
        yes=Prints("65508: EMSGSIZE", "udp(7)"),
        no=Prints("65508: sent", "udp(7)"),
        cites=Kernel("ip_append_data", "net/ipv4/ip_output.c"),
        since="between 6.18 and 7.2.7",
    ),
    Trait(
        "v6-refuses-what-its-length-cannot-say",
        "a UDP datagram that IPv6's length field cannot express is refused, however large the loopback's MTU is",
        path(1500, IPV6),
        TOO_LONG,
        yes=Prints("65528: EMSGSIZE", "ipv6(7)"),
        no=Prints("65528: sent", "ipv6(7)"),
        cites=Kernel("ip6_append_data", "net/ipv6/ip6_output.c"),
        since="5.10 had it, 6.1.176 and 6.18.44 have it not; 6.12.113 and 7.2.7 have it again",
    ),
)
"""Traits of hosts that send."""
