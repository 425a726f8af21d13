"""One packet on its way through a plan, or the fragments of one: what is cut, refused or lost, and what its source hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.model.flow import PmtuDisc
from lab.model.topology import IPV4, Family
from lab.theory import linux
from lab.theory.linux import Fragment, Learned
from lab.theory.plan import Interface, Plan


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


@dataclass(slots=True)
class Leg:
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
        passage = Passage(self.plan, self.family, df=isinstance(out, linux.Whole) and out.df)
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
            ptb = Passage(self.plan, self.family, df=False)
            ptb.go(way_back, (Fragment(linux.ptb_octets(piece.octets, self.family, way_back[0].mtu), 0),))
            self.black_hole = self.black_hole or ptb.black_hole
            if ptb.black_hole:
                return
        # Only the first fragment has the ports or the identifier by which the host finds whom the PTB concerns.
        if self.believes and piece.offset == 0:
            self.learned = linux.learned(self.mtu, hop.mtu, self.family, self.locked) or self.learned


@dataclass(slots=True)
class Passage:
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
        ip_do_fragment() and ip6_fragment() of the drop. A bridge is not told (br_dev_queue_push_xmit()).
        """
        packets = [pieces]  # each as the pieces of it that came to this node
        for hop in hops:
            end = far_end(self.plan, hop)
            leaving: list[Fragment] = []
            arriving: list[Fragment] = []
            for packet in packets:
                for piece in self._leave(hop, packet):
                    leaving.append(piece)
                    if not linux.carries(piece.octets, end.mtu):
                        self.black_hole = self.black_hole or end.end
                        if self.plan.nodes[hop.node].bridge:
                            continue
                        break
                    arriving.append(piece)
            if len(leaving) > len(packets):
                sizes, offsets = zip(*((p.octets, p.offset) for p in leaving), strict=True)
                self.cuts.append(Fragmented(hop.node, hops[-1].peer, sizes, offsets))
            packets = [(piece,) for piece in arriving]

    def _leave(self, hop: Interface, pieces: tuple[Fragment, ...]) -> tuple[Fragment, ...]:
        leaving: list[Fragment] = []
        node = self.plan.nodes[hop.node]
        for piece in pieces:
            if node.bridge:
                passed = linux.through_port(piece, hop.mtu, node.least_mtu, node.bridge.calls_iptables, self.df, self.family)
                leaving.extend(passed or ())
                self.black_hole = self.black_hole or (hop.node if passed is None else None)
            elif piece.octets <= hop.mtu:
                leaving.append(piece)
            elif self.family == IPV4 and not self.df:
                leaving.extend(linux.refragment(piece, hop.mtu))
            elif self.plan.nodes[hop.node].sends_ptb:
                self.too_big.append((hop, piece))
            else:
                self.black_hole = self.black_hole or hop.node
        return tuple(leaving)


def far_end(plan: Plan, hop: Interface) -> Interface:
    return plan.nodes[hop.peer].interface(hop.node)
