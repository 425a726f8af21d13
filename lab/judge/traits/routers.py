"""What a router, or a bridge with a tunnel, says of what is too big, and what it counts."""

from __future__ import annotations

from lab.judge.expect.ptb import NoTooBig, PtbQuotes, TooBig
from lab.judge.expect.sender import Delivered
from lab.judge.expect.state import Counts
from lab.judge.traits.networks import FULL, FULL6, UDP, UDP6, path
from lab.judge.traits.settings import tried
from lab.judge.traits.trait import Trait
from lab.model.flow import DO, PROBE, Echo, Udp
from lab.model.rfc import Kernel, Rfc
from lab.model.story import AddRoute, Configure, Run, Send, Step, Sysctl
from lab.model.topology import IPV6

NOBODYS: tuple[Step, ...] = (
    # Without an address of its own r neither answers ARP nor has a route to its neighbours: both are written down.
    Configure("a", "ip neighbour replace $r.a lladdr $r.a.mac dev r nud permanent"),
    Configure("r", "ip address flush dev a\nip address flush dev b\nip route add $a dev a\nip route add $b dev b"),
    Send(UDP, FULL),
)

REFILL = 10_000  # ms until a router that limits its errors may send the next; at first it has six (XRLIM_BURST_FACTOR)
TIMES = 10
SHORT_LIVED: tuple[Step, ...] = (
    Sysctl("r", "net.ipv4.icmp_ratelimit", REFILL),
    Run("a", f"ping -c{TIMES} -i0.01 -W0.1 -t1 $b"),
)
AGAIN = Udp("a", "b", PROBE, IPV6)  # which sends the same again, though it knows better

INNER = "10.200.0.2"  # b's address in the tunnel
VXLAN = "ip link add tun0 type vxlan id 42 local {here} remote {there} dstport 4789"
# r joins a's link and a tunnel to b in one bridge: it is no router between them.
BRIDGED: tuple[Step, ...] = (
    Configure("r", VXLAN.format(here="$r.b", there="$b") + "\nip link set tun0 mtu 1500 up"),
    Configure("r", "ip link add br0 type bridge mcast_snooping 0\nip link set tun0 master br0\nip link set dev a master br0"),
    Configure("r", "ip link set br0 mtu 1500 up"),
    Configure("b", VXLAN.format(here="$b", there="$r.b") + f"\nip address add {INNER}/24 dev tun0\nip link set tun0 mtu 1500 up"),
    Configure("b", "ip route add $a dev tun0"),
    Configure("a", "ip address add 10.200.0.3/24 dev r"),
    Send(Echo("a", "b", DO, address=INNER), FULL, within=1.0),
)

ROUTERS = (
    Trait(
        "forwarding-honours-route-mtu",
        "a router holds what it forwards against the MTU of its route, and not the interface's alone",
        path(1500),
        (AddRoute("r", to="b", mtu=1300), Send(UDP, FULL)),
        yes=TooBig(by="r", to="a", mtu=1300),
        no=Delivered(FULL, to="b"),
        cites=Kernel("ip_forward", "net/ipv4/ip_forward.c"),
        since="5.9",
    ),
    Trait(
        "forwarded-counts-before-mtu-test",
        "Ip.ForwDatagrams counts also what a router then drops as too big",
        path(1300),
        (Send(UDP, FULL),),
        yes=Counts("r", (("Ip.FragFails", 1), ("Ip.ForwDatagrams", 1))),
        no=Counts("r", (("Ip.FragFails", 1), ("Ip.ForwDatagrams", 0))),
        cites=Kernel("ip_forward", "net/ipv4/ip_forward.c"),
        since="6.6 or 6.7",
    ),
    Trait(
        "forwarded-counts-before-mtu-test-v6",
        "Ip6.OutForwDatagrams counts also what a router then drops as too big",
        path(1300, IPV6),
        (Send(UDP6, FULL6),),
        yes=Counts("r", (("Ip6.InTooBigErrors", 1), ("Ip6.OutForwDatagrams", 1))),
        no=Counts("r", (("Ip6.InTooBigErrors", 1), ("Ip6.OutForwDatagrams", 0))),
        cites=Kernel("ip6_forward", "net/ipv6/ip6_output.c"),
        since="6.6 or 6.7",
    ),
    Trait(
        "withheld-errors-counted",
        "ICMP errors that a limit withholds are counted (Icmp.OutRateLimitHost, Icmp.OutRateLimitGlobal)",
        path(1500),
        SHORT_LIVED,
        yes=Counts("r", (("Icmp.OutTimeExcds", 6), ("Icmp.OutRateLimitHost", 4))),
        no=Counts("r", (("Icmp.OutTimeExcds", 6), ("Icmp.OutRateLimitHost", 0))),
        cites=Kernel("icmpv4_xrlim_allow", "net/ipv4/icmp.c"),
        since="6.4, and 6.1.176 or before",
    ),
    Trait(
        "sent-counts-apart",
        "Ip.OutTransmits counts what leaves, where Ip.OutRequests counts what is asked for",
        path(1500),
        (Send(UDP, 100),),
        yes=Counts("a", (("Ip.OutRequests", 1), ("Ip.OutTransmits", 1))),
        no=Counts("a", (("Ip.OutRequests", 1), ("Ip.OutTransmits", 0))),
        cites=Kernel("ip_finish_output2", "net/ipv4/ip_output.c"),
        since="6.6 or 6.7",
    ),
    Trait(
        "error-from-192.0.0.8",
        "a router without an IPv4 address sends its ICMP errors from 192.0.0.8, and not from 0.0.0.0",
        path(1300),
        NOBODYS,
        yes=TooBig(by="r", to="a", mtu=1300, source="192.0.0.8"),
        no=TooBig(by="r", to="a", mtu=1300, source="0.0.0.0"),
        cites=Kernel("__icmp_send", "net/ipv4/icmp.c"),
        since="5.13",
    ),
    Trait(
        "errors-name-the-interface",
        "an ICMP error can name the interface that the packet came in by (net.ipv4.icmp_errors_extension_mask)",
        path(1300),
        (tried("r", "icmp_errors_extension_mask", 1), Send(UDP, FULL)),
        yes=PtbQuotes(by="r", octets=200, quoted=128),
        no=PtbQuotes(by="r", octets=576, quoted=548),
        cites=Rfc(5837, "4"),
        since="6.19 (not in 6.18.15, in 7.2.7)",
    ),
    Trait(
        "ptb-v6-never-limited",
        "ICMPv6 PTBs are exempt from the limit of errors to one destination (net.ipv6.icmp.ratelimit)",
        path(1300, IPV6),
        (Sysctl("r", "net.ipv6.icmp.ratelimit", REFILL), *(Send(AGAIN, FULL6) for _ in range(TIMES))),
        yes=TooBig(by="r", to="a", mtu=1300, times=TIMES),
        no=TooBig(by="r", to="a", mtu=1300, times=6),
        cites=Kernel("icmpv6_xrlim_allow", "net/ipv6/icmp.c"),
        since="5.2",
    ),
    Trait(
        "tunnel-answers-bridged-senders",
        "a tunnel that is a bridge's port tells those on the bridge what is too big for it",
        path(1400),
        BRIDGED,
        yes=TooBig(by="r", to="a", mtu=1350, source=INNER),
        no=NoTooBig(to="a", octets=1500),
        cites=Kernel("skb_tunnel_check_pmtu", "net/ipv4/ip_tunnel_core.c"),
        since="5.9",
        needs=("bridge", "vxlan"),
    ),
)
"""Traits of routers."""
