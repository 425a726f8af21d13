"""What must be seen on a path: the RFCs' rule, worked out on a plan, and what a Linux host makes of it.

1. A packet goes on as it is where the egress MTU holds it.
2. Where it does not, a router fragments an IPv4 packet without DF, in place (RFC 791 §3.2).
3. Any other it drops, and tells the source the egress MTU in a PTB (RFC 1191 §4, RFC 4443 §3.2), unless it is a silent one.
4. A link end drops what is too large for it and tells nobody: it is no router.
5. So a source that shrinks when told meets every descent in turn: each hop whose MTU is below the least before it. Their last is
   the path MTU. A source that fragments instead meets only those below the packets that it then sends.
6. How a host shrinks, and how far, is Linux's affair: `lab.theory.linux`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.model.flow import DO, DONT, PROBE, WANT, Echo, Flow, PmtuDisc, Tcp, Udp
from lab.model.topology import IPV4, Family
from lab.theory import linux
from lab.theory.linux import Fragment, Learned
from lab.theory.plan import Interface, Plan


@dataclass(frozen=True, slots=True)
class Descent:
    """`router` has an egress `mtu` below every MTU before it on the path."""

    router: str
    mtu: int


@dataclass(frozen=True, slots=True)
class Path:
    """One direction. `nodes` from source to destination; `mtus` the egress MTU of each hop, `path_mtu` the least of them.

    `descents` are those of the whole path, in order. `black_hole` is the first router (`r1`) or receiving link end (`r2:r1`) that
    loses, without a word, packets of a source that believes every PTB; descents beyond it are never heard of.
    """

    nodes: tuple[str, ...]
    mtus: tuple[int, ...]
    path_mtu: int
    descents: tuple[Descent, ...]
    black_hole: str | None


@dataclass(frozen=True, slots=True)
class Ptb:
    """A PTB from the router `by` to the host `to` that says `mtu`."""

    by: str
    to: str
    mtu: int


@dataclass(frozen=True, slots=True)
class Fragmented:
    """`at` cuts packets that are on their way to `to`: the sizes and offsets of all pieces of one packet as they leave `at`."""

    at: str
    to: str
    sizes: tuple[int, ...]
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one flow meets, and where it ends.

    `ptbs`: each PTB sent, once, in the order of first appearance. Of a TCP flow's, those between the first and the last may fail to
    come, or come after the last: a segment that is not full may meet a later descent before a full one meets its own. `lost`: how
    many datagrams (echoes: exchanges) are lost before the first that arrives; None where it is a race (TCP) or has no end.
    `exception`: the source's at the end. `fragments` and `df` are those of what flows at the end; a TCP flow's of a full segment.
    `black_hole` is where packets of this flow, or PTBs about them, are lost without a word; of several places the first on the way.
    `delivered`: whether the flow comes through in the end; a TCP flow's full segments, as a smaller one may slip through a black
    hole, be told of a descent beyond, and so save the rest. `mss` is the sender's at the end, in octets of payload, None if not TCP
    or above linux.MSS_SURE, where windows decide; `advertised` the MSS options of source and destination.
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
        if hop.mtu < least:
            least = hop.mtu
            descents.append(Descent(hop.node, hop.mtu))
            if not plan.nodes[hop.node].sends_ptb:
                black_hole = black_hole or hop.node
        end = _far_end(plan, hop)
        if not linux.carries(least, end.mtu):
            black_hole = black_hole or end.end
    nodes = (*(hop.node for hop in hops), hops[-1].peer)
    return Path(nodes, tuple(hop.mtu for hop in hops), least, tuple(descents), black_hole)


def predict(plan: Plan, flow: Flow, octets: int) -> Prediction:
    """What comes of `flow` sending `octets` of payload again and again until that changes nothing, all caches empty at first.

    A Udp or Echo flow of mode DO or PROBE is taken to shrink its payload to what the host's path MTU leaves room for, each time
    that it is refused or told of a PTB. (IP_MTU reads that; IPV6_MTU of an ICMP socket may be stale or ENOTCONN until it sends.)
    A Tcp flow sends its next `octets` when the last are acknowledged. Raises as follow() does.
    """
    path = follow(plan, flow.source, flow.to, flow.family)
    reverse = follow(plan, flow.to, flow.source, flow.family)
    if isinstance(flow, Tcp):
        return _predict_tcp(plan, flow, octets, path, reverse)
    return _predict_datagrams(plan, flow, octets, path, reverse)


def _predict_datagrams(plan: Plan, flow: Udp | Echo, octets: int, path: Path, reverse: Path) -> Prediction:
    is_echo = isinstance(flow, Echo)
    there = _Leg(plan, flow.source, flow.to, flow.family, believes=is_echo or linux.udp_believes(flow.discover))
    # The kernel answers an echo without DF (icmp_init() sets DONT); so only an IPv6 reply must discover its own path.
    back = _Leg(plan, flow.to, flow.source, flow.family)
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
        if delivered or before == (there.learned, back.learned, size):
            break
    return Prediction(
        path=path,
        reverse=reverse,
        ptbs=tuple(dict.fromkeys(there.ptbs + back.ptbs)),
        lost=lost if delivered or refused else None,
        exception=there.learned,
        fragments=there.cuts + back.cuts,
        df=isinstance(out, linux.Whole) and out.df,
        black_hole=there.black_hole or back.black_hole,
        delivered=delivered,
    )


def _predict_tcp(plan: Plan, flow: Tcp, octets: int, path: Path, reverse: Path) -> Prediction:
    there = _Leg(plan, flow.source, flow.to, flow.family)
    ours, theirs = (linux.advertised_mss(way.mtus[0], flow.family) for way in (path, reverse))
    flights = 0
    while True:
        before = there.learned
        mss = linux.send_mss(there.mtu, theirs, flow.family, flow.timestamps)
        size = linux.segment_octets(min(mss, octets), flow.family, flow.timestamps)
        df = linux.df(WANT, there.locked, flow.family)
        delivered = there.send(size, linux.Whole(df))
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
    )


@dataclass(slots=True)
class _Leg:
    """One direction of a flow: what its source believes by now, and what has happened to its packets."""

    plan: Plan
    source: str
    to: str
    family: Family
    believes: bool = True
    learned: Learned | None = None
    ptbs: list[Ptb] = field(default_factory=list)
    cuts: tuple[Fragmented, ...] = ()
    black_hole: str | None = None
    hops: tuple[Interface, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.hops = self.plan.path(self.source, self.to, self.family)

    @property
    def mtu(self) -> int:
        return self.learned.mtu if self.learned else self.hops[0].mtu

    @property
    def locked(self) -> bool:
        return self.learned is not None and self.learned.locked

    def offer(self, mode: PmtuDisc, size: int) -> linux.Local:
        return linux.local(mode, size, self.hops[0].mtu, self.mtu, self.locked, self.family)

    def send(self, size: int, out: linux.Local) -> bool:
        """Send one packet and believe what comes of it. Whether it arrives, all of it."""
        if isinstance(out, linux.Refused):
            return False
        pieces = out.fragments if isinstance(out, linux.InFragments) else (Fragment(size, 0),)
        passage = _Passage(self.plan, self.family, df=isinstance(out, linux.Whole) and out.df)
        passage.go(self.hops, pieces)
        self.cuts = tuple(passage.cuts)
        self.black_hole = self.black_hole or passage.black_hole
        for hop, piece in passage.too_big:
            self._hear(hop, piece)
        return not (passage.too_big or passage.black_hole)

    def _hear(self, hop: Interface, piece: Fragment) -> None:
        if hop.node != self.source:  # what a host tells itself does not go on the wire
            self.ptbs.append(Ptb(hop.node, self.source, hop.mtu))
            way_back = self.plan.path(hop.node, self.source, self.family)
            ptb = _Passage(self.plan, self.family, df=False)
            ptb.go(way_back, (Fragment(linux.ptb_octets(piece.octets, self.family, way_back[0].mtu), 0),))
            self.black_hole = self.black_hole or ptb.black_hole
            if ptb.black_hole:
                return
        # Only the first fragment has the ports or the identifier by which the host finds whom the PTB concerns.
        if self.believes and piece.offset == 0:
            self.learned = linux.learned(self.mtu, hop.mtu, self.family, self.locked) or self.learned


@dataclass(slots=True)
class _Passage:
    """One packet, or the fragments of one, on its way: what is cut, refused, or lost."""

    plan: Plan
    family: Family
    df: bool
    cuts: list[Fragmented] = field(default_factory=list)
    too_big: list[tuple[Interface, Fragment]] = field(default_factory=list)
    black_hole: str | None = None

    def go(self, hops: tuple[Interface, ...], pieces: tuple[Fragment, ...]) -> None:
        """Sends one packet, which its source cut into `pieces`.

        A node hands on the pieces of one packet until a link end drops one; the rest of them never leave, as veth_xmit() tells
        ip_do_fragment() and ip6_fragment() of the drop.
        """
        packets = [pieces]  # each as the pieces of it that came to this node
        for hop in hops:
            end = _far_end(self.plan, hop)
            leaving: list[Fragment] = []
            arriving: list[Fragment] = []
            for packet in packets:
                for piece in self._leave(hop, packet):
                    leaving.append(piece)
                    if not linux.carries(piece.octets, end.mtu):
                        self.black_hole = self.black_hole or end.end
                        break
                    arriving.append(piece)
            if len(leaving) > len(packets):
                sizes, offsets = zip(*((p.octets, p.offset) for p in leaving), strict=True)
                self.cuts.append(Fragmented(hop.node, hops[-1].peer, sizes, offsets))
            packets = [(piece,) for piece in arriving]

    def _leave(self, hop: Interface, pieces: tuple[Fragment, ...]) -> tuple[Fragment, ...]:
        leaving: list[Fragment] = []
        for piece in pieces:
            if piece.octets <= hop.mtu:
                leaving.append(piece)
            elif self.family == IPV4 and not self.df:
                leaving.extend(linux.refragment(piece, hop.mtu))
            elif self.plan.nodes[hop.node].sends_ptb:
                self.too_big.append((hop, piece))
            else:
                self.black_hole = self.black_hole or hop.node
        return tuple(leaving)


def _far_end(plan: Plan, hop: Interface) -> Interface:
    return plan.nodes[hop.peer].interface(hop.node)
