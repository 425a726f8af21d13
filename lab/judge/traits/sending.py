"""What a host sends when it knows, or does not know, a path MTU."""

from __future__ import annotations

from lab.judge.expect.programs import Prints
from lab.judge.expect.wire import AdvertisedMss, Leaves
from lab.judge.traits.networks import AS_WANTED, FULL, UDP, path
from lab.judge.traits.trait import Trait
from lab.model.flow import Tcp
from lab.model.rfc import Kernel
from lab.model.story import KIB, Configure, Run, Send, Step
from lab.model.topology import IPV6

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

SENDING = (
    Trait(
        "syn-mss-follows-path-mtu",
        "a SYN announces what the learned path MTU leaves room for, and not what the interface does",
        path(1300),
        (Send(UDP, FULL), Send(Tcp("a", "b"), KIB)),
        yes=AdvertisedMss(1260, by="a"),
        no=AdvertisedMss(1460, by="a"),
        cites=Kernel("ipv4_default_advmss", "net/ipv4/route.c"),
        since="no longer so from 6.12.111",
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
        "v6-refuses-what-its-length-cannot-say",
        "a UDP datagram that IPv6's length field cannot express is refused, however large the loopback's MTU is",
        path(1500, IPV6),
        TOO_LONG,
        yes=Prints("65528: EMSGSIZE", "ipv6(7)"),
        no=Prints("65528: sent", "ipv6(7)"),
        cites=Kernel("ip6_append_data", "net/ipv6/ip6_output.c"),
    ),
)
"""Traits of hosts that send."""
