"""What a Linux host does about a path MTU: the kernel's own policy, as pure functions.

Each function names the kernel function whose rule it states. Sizes are octets of the whole IP packet unless a name says otherwise;
an MSS counts TCP payload. True of kernel 6.18. What the RFCs say of a path is in `lab.theory.oracle`, and is not of Linux' making.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc
from lab.model.topology import IPV4, IPV6, Family

IP_HEADER = {IPV4: 20, IPV6: 40}
FRAGMENT_HEADER = {IPV4: 0, IPV6: 8}  # what fragmenting adds to the IP header (RFC 8200 §4.5)
UDP_HEADER = 8
ECHO_HEADER = 8
ICMP_ERROR_HEADER = 8
TCP_HEADER = 20
TIMESTAMPS = 12  # the option's 10 octets and two of padding

MIN_PMTU = 552  # net.ipv4.route.min_pmtu: 512 + 20 + 20
MTU_EXPIRES = 600  # seconds: net.ipv4.route.mtu_expires and net.ipv6.route.mtu_expires
IP_MAX_MTU = 65535
IPV6_MIN_MTU = 1280
MIN_ADV_MSS = {IPV4: 256, IPV6: 1220}  # net.ipv4.route.min_adv_mss, net.ipv6.route.min_adv_mss
MIN_SND_MSS = 48  # net.ipv4.tcp_min_snd_mss: it includes the room that options take
TCP_MSS_DEFAULT = 536
TCP_RTO_MIN = 0.2  # seconds (include/net/tcp.h)
MSS_SURE = 21845  # half of 43690, the least window that a Linux peer with a large MTU was seen to open with
ICMP_ERROR_MAX = {IPV4: 576, IPV6: IPV6_MIN_MTU}  # the largest ICMP error as a packet
VLAN_TAG = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """A route exception: the path MTU that a host believes. `locked`: it stays so, and packets go without DF (IPv4 only)."""

    mtu: int
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment of `octets` as a packet, headers included, whose payload belongs `offset` octets into the original's payload."""

    octets: int
    offset: int


@dataclass(frozen=True, slots=True)
class Whole:
    """The socket sends one packet, with DF set or not. IPv6 has no such bit; there `df` is False."""

    df: bool


@dataclass(frozen=True, slots=True)
class InFragments:
    """The host itself fragments; none of them has DF."""

    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """send() fails with EMSGSIZE and nothing leaves. `info` is ee_info in the error queue, the MTU that was exceeded."""

    info: int


Local = Whole | InFragments | Refused


def learned(current: int, told: int, family: Family, locked: bool = False) -> Learned | None:
    """What becomes of a path MTU of `current` octets when a PTB says `told`; None where the PTB changes nothing.

    IPv4: __ip_rt_update_pmtu(). A locked path MTU stays; news of a larger one is not believed; an equal one is stored; below
    MIN_PMTU the host settles for that (or for less, where its own MTU is less), locks it, and leaves the rest to fragmentation.
    IPv6: __ip6_rt_update_pmtu(). Below 1280 it is ignored (RFC 8201 §4), and so is one that does not lower the path MTU.
    """
    if family == IPV6:
        return Learned(told) if IPV6_MIN_MTU <= told < current else None
    if locked or told > current:
        return None
    return Learned(min(current, MIN_PMTU), locked=True) if told < MIN_PMTU else Learned(told)


def follows_link(known: Learned, old: int, new: int, family: Family) -> Learned:
    """What becomes of an exception when the MTU of the link that it leaves by changes from `old` to `new`, at the host's own end.

    IPv4: fib_nhc_update_mtu(). A lower link takes the exception along, and so does one that the exception was equal to; a locked
    one stays until the link is no larger, and then is locked no longer, even below MIN_PMTU. IPv6: rt6_mtu_change_route_allowed().
    A change to the same MTU is none (__dev_set_mtu()).
    """
    if old == new or (new > known.mtu and (known.locked or known.mtu != old)):
        return known
    return Learned(new)


def advertised_mss(mtu: int, family: Family) -> int:
    """The MSS option of a SYN or SYN-ACK that leaves by a route of `mtu`: ipv4_default_advmss(), ip6_default_advmss().

    It has a floor, and so may promise more than the link carries.
    """
    usable = min(mtu, IP_MAX_MTU) if family == IPV4 else mtu
    return max(usable - IP_HEADER[family] - TCP_HEADER, MIN_ADV_MSS[family])


def send_mss(pmtu: int, peer_mss: int, family: Family, timestamps: bool, window: int | None = None) -> int:
    """tcpi_snd_mss: how much payload a sender puts into a segment, given the path MTU and the MSS that its peer announced.

    tcp_mtu_to_mss(): the floor of 48 holds before the timestamps are taken off, so that 36 is possible (and larger than the MTU).
    `window` is the largest receive window that the peer has shown, in octets: a segment takes at most half of it, or all of one
    that is no larger than 536 (tcp_bound_to_half_wnd()). It matters only where an MSS is above 16 KiB, and differs with the
    peer's buffers and their growth, hence None: no bound.
    """
    clamped = min(pmtu - IP_HEADER[family] - TCP_HEADER, peer_mss)
    mss = max(clamped, MIN_SND_MSS) - (TIMESTAMPS if timestamps else 0)
    if window is None:
        return mss
    return min(mss, window // 2 if window > TCP_MSS_DEFAULT else window)


def blackhole_timeout(rto: float, retries1: int = 3) -> int:
    """Which retransmission timeout, from 1, is the first at which net.ipv4.tcp_mtu_probing=1 takes the path for a black hole.

    tcp_write_timeout(), tcp_model_timeout(): when as much time has passed since the first of them as net.ipv4.tcp_retries1 + 1 of
    200 ms each would take, doubling, whatever the connection's own RTO is. `rto` is that RTO, in seconds; timeout number k comes
    (2**k - 1) of them after the segment was sent.
    """
    timeout = 2  # the first starts the clock
    while (2**timeout - 2) * rto < (2 ** (retries1 + 1) - 1) * TCP_RTO_MIN:
        timeout += 1
    return timeout


def black_hole_mss(number: int, base_mss: int = 1024, floor: int = MIN_SND_MSS) -> int:
    """The MSS, timestamps not counted in, of step `number` (from 1) down a black hole: tcp_mtu_probing().

    net.ipv4.tcp_base_mss first, then half of it each time, but no less than net.ipv4.tcp_mtu_probe_floor.
    """
    return max(base_mss >> (number - 1), floor)


def segment_octets(payload: int, family: Family, timestamps: bool) -> int:
    """The packet that carries a TCP segment of `payload` octets without SACK blocks."""
    return IP_HEADER[family] + TCP_HEADER + (TIMESTAMPS if timestamps else 0) + payload


def fragments(total: int, mtu: int, family: Family = IPV4, offset: int = 0) -> tuple[Fragment, ...]:
    """A packet of `total` octets cut for `mtu`; one Fragment as large as the packet where it fits.

    ip_do_fragment(), __ip6_append_data(). Each fragment but the last carries a multiple of 8 octets (RFC 791 §3.2, RFC 8200 §4.5).
    IPv4's last may fill the MTU to the octet; IPv6 fragments as the datagram is written, and keeps the last to such a multiple as
    well. `offset` is where the packet's payload begins, if it is a fragment itself.
    Raises ValueError for an MTU with no room for 8 octets of payload.
    """
    if total <= mtu:
        return (Fragment(total, offset),)
    headers = IP_HEADER[family] + FRAGMENT_HEADER[family]
    step = (mtu - headers) // 8 * 8
    if step <= 0:
        raise ValueError(f"an MTU of {mtu} has no room for a fragment: {headers} octets of headers and 8 of payload")
    most = mtu - headers if family == IPV4 else step
    left, cut = total - IP_HEADER[family], []
    while left:
        size = left if left <= most else step
        cut.append(Fragment(headers + size, offset))
        left, offset = left - size, offset + size
    return tuple(cut)


def refragment(fragment: Fragment, mtu: int) -> tuple[Fragment, ...]:
    """An IPv4 fragment, cut again by a router whose egress MTU is `mtu`; a sound one keeps its multiple of 8 (ip_do_fragment())."""
    return fragments(fragment.octets, mtu, IPV4, fragment.offset)


def df(mode: PmtuDisc, locked: bool, family: Family = IPV4) -> bool:
    """Whether a packet that goes whole has DF set.

    UDP and ICMP sockets: __ip_make_skb(). DO and PROBE always, WANT unless the path MTU is locked, the others never. TCP is WANT
    here, as its sockets are by default (ip_dont_fragment()). IPv6 has no such bit: False, although its routers never fragment.
    """
    return family == IPV4 and (mode in (DO, PROBE) or (mode == WANT and not locked))


def local(mode: PmtuDisc, octets: int, interface_mtu: int, path_mtu: int, locked: bool = False, family: Family = IPV4) -> Local:
    """What a UDP or ICMP socket of this IP_MTU_DISCOVER mode does with a datagram that makes a packet of `octets`.

    __ip_append_data(), __ip6_append_data(). PROBE, INTERFACE and OMIT heed the interface's MTU and not what the path has taught
    (ip_sk_use_pmtu()). DONT, WANT and OMIT fragment what is larger (ip_sk_ignore_df()); the others refuse it. Nobody can send more
    than an IP packet holds.
    """
    limit = path_mtu if mode in (DONT, WANT, DO) else interface_mtu
    most = IP_MAX_MTU if family == IPV4 else IP_MAX_MTU + IP_HEADER[IPV6]
    if octets > most:
        return Refused(limit)
    if octets <= limit:
        return Whole(df(mode, locked, family))
    if mode in (DONT, WANT, OMIT):
        return InFragments(fragments(octets, limit, family))
    return Refused(limit)


def udp_believes(mode: PmtuDisc) -> bool:
    """Whether a PTB about a UDP socket of this mode teaches the host (ip_sk_accept_pmtu(), ip6_sk_accept_pmtu()).

    Echo does not ask the socket's mode (icmp_err(), icmpv6_err()), and TCP's default mode believes.
    """
    return mode not in (INTERFACE, OMIT)


def quoted_octets(original: int, family: Family, return_mtu: int) -> int:
    """How much of a packet of `original` octets an ICMP error quotes: __icmp_send(), icmp6_send().

    The whole error is at most 576 octets or the MTU of the route back (IPv4), or 1280 (IPv6; RFC 4443 §2.4).
    """
    return min(original, min(ICMP_ERROR_MAX[family], return_mtu) - IP_HEADER[family] - ICMP_ERROR_HEADER)


def ptb_octets(original: int, family: Family, return_mtu: int) -> int:
    """The size, as a packet, of the ICMP error about a packet of `original` octets; caps as in quoted_octets()."""
    return IP_HEADER[family] + ICMP_ERROR_HEADER + quoted_octets(original, family, return_mtu)


def carries(octets: int, receiving_mtu: int) -> bool:
    """Whether a veth end with this MTU takes in a packet of `octets`; it drops a larger one without a word.

    __is_skb_forwardable() lets through MTU + 14 of Ethernet header + 4 of a VLAN tag, and the frame counts its 14 as well.
    """
    return octets <= receiving_mtu + VLAN_TAG


def through_port(
    piece: Fragment, mtu: int, bridge_mtu: int, calls_iptables: bool, df: bool, family: Family
) -> tuple[Fragment, ...] | None:
    """What a bridge lets out by a port of `mtu` of a packet or fragment; None where it drops it, which it tells nobody.

    br_dev_queue_push_xmit() asks as a veth end does (carries()). Where iptables are called, what is above the MTU to the octet is
    cut up instead; not with DF set, and not under IPv6, unless the bridge itself put it together (br_nf_dev_queue_xmit()). Pieces
    are as the MTU of the bridge's own device wants them (`bridge_mtu`), which is the least of its ports' (br_mtu_auto_adjust()).
    """
    if not calls_iptables:
        return (piece,) if carries(piece.octets, mtu) else None
    if piece.octets <= mtu:
        return (piece,)
    return None if df or family == IPV6 else refragment(piece, bridge_mtu)
