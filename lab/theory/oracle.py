"""What must be seen on a path: the RFCs' rule, worked out on a plan, and what a Linux host makes of it.

1. A packet goes on as it is where the egress MTU holds it.
2. Where it does not, a router fragments an IPv4 packet without DF, in place (RFC 791 §3.2).
3. Any other it drops, and tells the source the egress MTU in a PTB (RFC 1191 §4, RFC 4443 §3.2), unless it is a silent one.
4. A link end drops what is too large for it and tells nobody: it is no router. Nor is a bridge, which drops what is too large
   for a port of its own; one that calls iptables does fragment (`linux.through_port`).
5. So a source that shrinks when told meets every descent in turn: each hop whose MTU is below the least before it. Their last is
   the path MTU. A source that fragments instead meets only those below the packets that it then sends.
6. How a host shrinks, and how far, is Linux's affair: `lab.theory.linux`.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.model.flow import DO, DONT, PROBE, WANT, Echo, Flow, Raw, Tcp, Udp
from lab.model.topology import Family
from lab.theory import linux
from lab.theory.crossing import Fragmented, Leg, Ptb, far_end
from lab.theory.linux import Fragment, Learned
from lab.theory.plan import Plan

__all__ = ["Descent", "Fragmented", "Path", "Prediction", "Ptb", "Start", "follow", "predict"]


@dataclass(frozen=True, slots=True)
class Descent:
    """`router` has an egress `mtu` below every MTU before it on the path."""

    router: str
    mtu: int


@dataclass(frozen=True, slots=True)
class Path:
    """One direction. `nodes` from source to destination; `mtus` the egress MTU of each hop, `path_mtu` the least of them.

    `descents` are those of the whole path, in order. `black_hole` is the first router or bridge (`r1`), or receiving link end
    (`r2:r1`), that loses, without a word, packets of a source that believes every PTB; descents beyond it are never heard of.
    """

    nodes: tuple[str, ...]
    mtus: tuple[int, ...]
    path_mtu: int
    descents: tuple[Descent, ...]
    black_hole: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """What both ends have learned before of the way to each other; None is nothing.

    `announced`: the MSS options of source and destination, where the connection stands already.
    """

    source: Learned | None = None
    to: Learned | None = None
    announced: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one flow meets, and where it ends.

    `ptbs`: each PTB sent, once, in the order of first appearance. Of a TCP flow's, those between the first and the last may fail to
    come, or come after the last, and those of other descents may come as well: a segment that is not full may meet a later descent
    before a full one meets its own, or alone.
    `lost`: how many datagrams (echoes: exchanges) are lost before the first that arrives; None where it is a race (TCP) or has no
    end.
    `exception`: the source's at the end. `fragments` and `df` are those of what flows at the end; a TCP flow's of a full segment.
    `black_hole` is where packets of this flow, or PTBs about them, are lost without a word; of several places the first on the way.
    `delivered`: whether the flow comes through in the end; a TCP flow's full segments, as a smaller one may slip through a black
    hole, be told of a descent beyond, and so save the rest. `mss` is the sender's at the end, in octets of payload, None if not TCP
    or above linux.MSS_SURE, where windows decide; `advertised` the MSS options of source and destination.
    `refused`: the MTU that the last send() exceeded where it fails with EMSGSIZE. `returning`: the destination's exception for the
    source at the end.
    """

    path: Path
    reverse: Path
    ptbs: tuple[Ptb, ...]
    lost: int | None
    exception: Learned | None
    fragments: tuple[Fragmented, ...]
    df: bool
    black_hole: str | None
    delivered: bool
    mss: int | None = None
    advertised: tuple[int, int] | None = None
    refused: int | None = None
    returning: Learned | None = None

    @property
    def pmtu(self) -> int:
        """What the source believes at the end: IP_MTU of its socket, or tcpi_pmtu."""
        return self.exception.mtu if self.exception else self.path.mtus[0]


def follow(plan: Plan, source: str, to: str, family: Family) -> Path:
    """The path that the planned routes give, and what it does to a packet as large as its first link.

    Raises as Plan.path() does (KeyError, LookupError), and ValueError where `source` is `to`.
    """
    hops = plan.path(source, to, family)
    if not hops:
        raise ValueError(f"{source} needs no path to itself")
    least, descents, black_hole = hops[0].mtu, [], None
    for hop in hops:
        node = plan.nodes[hop.node]
        if node.bridge:
            if not linux.through_port(Fragment(least, 0), hop.mtu, node.least_mtu, node.bridge.calls_iptables, True, family):
                black_hole = black_hole or hop.node
        elif hop.mtu < least:
            least = hop.mtu
            descents.append(Descent(hop.node, hop.mtu))
            if not plan.nodes[hop.node].sends_ptb:
                black_hole = black_hole or hop.node
        end = far_end(plan, hop)
        if not linux.carries(least, end.mtu):
            black_hole = black_hole or end.end
    nodes = (*(hop.node for hop in hops), hops[-1].peer)
    mtus = tuple(hop.mtu for hop in hops)
    return Path(nodes, mtus, min(mtus), tuple(descents), black_hole)


def predict(plan: Plan, flow: Flow, octets: int, start: Start | None = None, *, once: bool = False) -> Prediction:
    """What comes of `flow` sending `octets` of payload again and again until that changes nothing. All caches are empty at first,
    but for what `start` says.

    `once`: of one datagram, and no more. A Tcp flow is the same either way: it sends its next `octets` when the last are
    acknowledged.
    A Udp or Echo flow of mode DO or PROBE is taken to shrink its payload to what the host's path MTU leaves room for, each time
    that it is refused or told of a PTB. (IP_MTU reads that; IPV6_MTU of an ICMP socket may be stale or ENOTCONN until it sends.)
    Of a flow's other options (an address of its own, a segment size) nothing is known here. Raises as follow() does.
    """
    path = follow(plan, flow.source, flow.to, flow.family)
    reverse = follow(plan, flow.to, flow.source, flow.family)
    start = start or Start()
    if isinstance(flow, Tcp):
        return _predict_tcp(plan, flow, octets, path, reverse, start)
    return _predict_datagrams(plan, flow, octets, path, reverse, start, once)


def _predict_datagrams(
    plan: Plan, flow: Udp | Echo | Raw, octets: int, path: Path, reverse: Path, start: Start, once: bool
) -> Prediction:
    is_echo = isinstance(flow, Echo)
    believes = is_echo or linux.udp_believes(flow.discover)
    there = Leg(plan, flow.source, flow.to, flow.family, believes, start.source)
    # The kernel answers an echo without DF (icmp_init() sets DONT); so only an IPv6 reply must discover its own path.
    back = Leg(plan, flow.to, flow.source, flow.family, learned=start.to)
    size = linux.IP_HEADER[flow.family] + (linux.ECHO_HEADER if is_echo else linux.UDP_HEADER) + octets
    lost = 0
    while True:
        before = there.learned, back.learned, size
        out = there.offer(flow.discover, size)
        delivered = there.send(size, out) and (not is_echo or back.send(size, back.offer(DONT, size)))
        refused = isinstance(out, linux.Refused)
        lost += not delivered and not refused
        if flow.discover in (DO, PROBE) and not delivered:
            size = min(size, there.mtu)
        if once or delivered or before == (there.learned, back.learned, size):
            break
    return Prediction(
        path=path,
        reverse=reverse,
        ptbs=tuple(dict.fromkeys(there.ptbs + back.ptbs)),
        lost=lost if once or delivered or refused else None,
        exception=there.learned,
        fragments=there.cuts + back.cuts,
        df=isinstance(out, linux.Whole) and out.df,
        black_hole=there.black_hole or back.black_hole,
        delivered=delivered,
        refused=out.info if isinstance(out, linux.Refused) else None,
        returning=back.learned,
    )


def _predict_tcp(plan: Plan, flow: Tcp, octets: int, path: Path, reverse: Path, start: Start) -> Prediction:
    there = Leg(plan, flow.source, flow.to, flow.family, learned=start.source)
    back = Leg(plan, flow.to, flow.source, flow.family, learned=start.to)
    # A SYN announces what has been learned of the path, and not only what the first link carries.
    ours, theirs = start.announced or (linux.advertised_mss(there.mtu, flow.family), linux.advertised_mss(back.mtu, flow.family))
    flights = 0
    while True:
        before = there.learned
        mss = linux.send_mss(there.mtu, theirs, flow.family, flow.timestamps)
        size = linux.segment_octets(min(mss, octets), flow.family, flow.timestamps)
        df = linux.df(WANT, there.locked, flow.family)
        # The least MSS may be larger than a locked path MTU has room for: then the source itself cuts its segments up.
        cut = not df and size > there.mtu
        delivered = there.send(size, linux.InFragments(linux.fragments(size, there.mtu, flow.family)) if cut else linux.Whole(df))
        flights += 1
        if delivered or before == there.learned:
            break
    return Prediction(
        path=path,
        reverse=reverse,
        ptbs=tuple(dict.fromkeys(there.ptbs)),
        lost=0 if delivered and flights == 1 else None,
        exception=there.learned,
        fragments=there.cuts,
        df=df,
        black_hole=there.black_hole,
        delivered=delivered,
        mss=mss if mss <= linux.MSS_SURE else None,
        advertised=(ours, theirs),
        returning=back.learned,
    )
