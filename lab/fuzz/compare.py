"""What was predicted of a Send, held against what was seen of it: one fact after another, each by the wire's own word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from errno import EMSGSIZE

from lab.judge.convergence import told
from lab.judge.observation import Frame, Observation, Outcome, RouteException
from lab.judge.passage import datagram, identity, lost_at
from lab.model.flow import Echo, Flow, Tcp
from lab.model.packet import Protocol, TcpFlag, TcpHeader
from lab.model.topology import IPV4
from lab.theory.crossing import Fragmented, Ptb
from lab.theory.linux import IP_HEADER, Learned, segment_octets
from lab.theory.oracle import Prediction

PROTOCOLS = {
    "Udp": {Protocol.UDP},
    "Tcp": {Protocol.TCP},
    "Echo": {Protocol.ICMP, Protocol.ICMPV6},
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact about the n-th Send of an act, from 1, that was seen otherwise than predicted."""

    act: int
    send: int
    what: str
    predicted: object
    seen: object

    def __str__(self) -> str:
        return f"act {self.act}, send {self.send}: {self.what}: predicted {self.predicted}, seen {self.seen}"


def differences(act: int, predictions: Sequence[Prediction | None], seen: Observation) -> list[Difference]:
    """Every fact of one act that was predicted otherwise. A Send without a prediction is passed over."""
    found = []
    for number, prediction in enumerate(predictions):
        if prediction:
            facts = [*compare(prediction, alone(seen, number))]
            if number == len(predictions) - 1:
                facts += at_the_end(prediction, seen)
            found += [Difference(act, number + 1, what, p, s) for what, p, s in facts if p != s]
    return found


def alone(seen: Observation, number: int) -> Observation:
    """One Send of an act, and the frames from its start to the start of the next."""
    outcomes = seen.outcomes
    start = outcomes[number].started
    until = outcomes[number + 1].started if number + 1 < len(outcomes) else None
    frames = tuple(f for f in seen.frames if f.time >= start and (until is None or f.time < until))
    return replace(seen, frames=frames, events=(outcomes[number],))


def at_the_end(predicted: Prediction, seen: Observation) -> Iterator[tuple[str, object, object]]:
    """What other nodes hold when the act is over."""
    flow = seen.outcomes[-1].flow
    held = [e for e in seen.exceptions if e.node == flow.to and seen.owner(e.to) == flow.source and family_is(flow, e.to)]
    expected = (predicted.returning,) if predicted.returning else ()
    yield "exceptions at the destination", expected, learned(held)
    yield "exceptions at routers", (), tuple(e for e in seen.exceptions if e.node in seen.routers)


def compare(predicted: Prediction, seen: Observation) -> Iterator[tuple[str, object, object]]:
    """Each fact's name and its two values, of an observation of one Send."""
    (outcome,) = seen.outcomes
    flow = outcome.flow
    tcp, echo = isinstance(flow, Tcp), isinstance(flow, Echo)
    there, back = between(seen, flow, flow.source, flow.to), between(seen, flow, flow.to, flow.source)
    final = final_packet(flow, there, outcome)
    delivered = outcome.delivered == outcome.octets and outcome.intact
    yield "delivered", predicted.delivered, delivered
    yield "refused", predicted.refused, refused(outcome)
    yield from _ways(predicted, there, back, arrives=predicted.delivered, tcp=tcp, echo=echo)
    ptbs = ptbs_in(seen)
    yield "PTBs", predicted.ptbs, told_to_tcp(predicted, ptbs) if tcp else ptbs
    held = [e for e in outcome.exceptions if seen.owner(e.to) == flow.to and family_is(flow, e.to)]
    expected = (predicted.exception,) if predicted.exception else ()
    yield "exceptions", expected, learned(held)
    if not tcp or predicted.mss is not None:
        pieces = [*cuts(there, final, flow.to)]
        if echo and back:
            pieces += cuts(back, next((f for f in back if f.sent and f.node == flow.to), None), flow.source)
        yield "fragments", predicted.fragments, tuple(pieces)
    if final and final.packet and predicted.refused is None:
        yield "DF", predicted.df, final.packet.df
    yield "black hole", predicted.black_hole, first_hole(without_leftovers(seen, outcome), predicted.black_hole)
    if outcome.sender and predicted.mss is not None:
        yield "MSS", predicted.mss, outcome.sender.mss
    if tcp:
        yield "path MTU of the connection", predicted.pmtu, outcome.sender.pmtu if outcome.sender else None
        announced = mss_announced(there), mss_announced(back)
        yield "announced", predicted.advertised if any(announced) else announced, announced
        if predicted.lost == 0:
            yield "segments dropped", 0, sum(1 for _ in dropped(seen))
    elif delivered and (flow.family == IPV4 or not echo):  # IPV6_MTU of an ICMP socket may be stale, or ENOTCONN
        yield "path MTU of the socket", predicted.pmtu, outcome.mtu


def _ways(
    predicted: Prediction, there: list[Frame], back: list[Frame], *, arrives: bool, tcp: bool, echo: bool
) -> Iterator[tuple[str, object, object]]:
    """The nodes that packets of the flow came to, in order. TCP's small ones, SYN and SYN-ACK, come through in any case."""
    seen, returning = (tuple(dict.fromkeys(f.node for f in frames)) for frames in (there, back))
    way, way_back = predicted.path.nodes, predicted.reverse.nodes
    yield "path", way if arrives or (tcp and there) else way[: len(seen)], seen
    yield "reverse path", way_back if (arrives and echo) or (tcp and back) else way_back[: len(returning)], returning


def learned(held: Sequence[RouteException]) -> tuple[Learned, ...]:
    """Each once: the kernel lists an exception for every route that shares its nexthop (fib_dump_info_fnhe())."""
    return tuple(dict.fromkeys(Learned(e.mtu, e.locked) for e in held))


def family_is(flow: Flow, address: str) -> bool:
    return (":" in address) == (flow.family != IPV4)


def refused(outcome: Outcome) -> int | None:
    """The MTU that a send() which failed with EMSGSIZE exceeded, as the error queue says; 0 where it says none."""
    if outcome.errno != EMSGSIZE:
        return None
    return next((e.info for e in outcome.errors if e.origin == "LOCAL"), 0)


def between(seen: Observation, flow: Flow, source: str, to: str) -> list[Frame]:
    """Packets of the flow's protocol from one host to the other, wherever they were seen, in order of time."""
    owner, protocols = seen.owner, PROTOCOLS[type(flow).__name__]
    return [
        f
        for f in seen.frames
        if f.packet
        and f.packet.family == flow.family
        and f.packet.protocol in protocols
        and owner(f.packet.source) == source
        and owner(f.packet.destination) == to
    ]


def ptbs_in(seen: Observation) -> tuple[Ptb, ...]:
    """PTBs as they leave their routers, each once, in the order of first appearance."""
    found: dict[Ptb, None] = {}
    for frame in seen.frames:
        mtu = told(frame)
        if mtu is not None and frame.sent and frame.packet and seen.owner(frame.packet.source) == frame.node:
            found[Ptb(frame.node, seen.owner(frame.packet.destination) or "?", mtu)] = None
    return tuple(found)


def told_to_tcp(predicted: Prediction, seen: tuple[Ptb, ...]) -> tuple[Ptb, ...]:
    """What was predicted, where what was seen is as good: the first comes first, and the last comes. The others may, and where any
    comes, so may those of other descents: a segment that is not full goes farther."""
    ptbs = predicted.ptbs
    if not ptbs:
        return seen
    may = {*ptbs, *(Ptb(descent.router, ptbs[0].to, descent.mtu) for descent in predicted.path.descents)}
    return ptbs if seen[:1] == ptbs[:1] and set(ptbs[-1:]) <= set(seen) <= may else seen


def dropped(seen: Observation) -> Iterator[Frame]:
    """Packets that came to a router or bridge and may not be fragmented there, and that never left it."""
    for router in seen.routers:
        if seen.plan.nodes[router].bridge:  # which drops any packet
            yield from (f for f in lost_at(seen, router) if f.packet and seen.owner(f.packet.source))
            continue
        left = {identity(f) for f in seen.sent_by(router)}
        for frame in seen.received_by(router):
            packet = frame.packet
            assert packet
            fixed = packet.df or packet.family != IPV4
            ends = seen.owner(packet.source), seen.owner(packet.destination)
            if fixed and None not in ends and router not in ends and identity(frame) not in left:
                yield frame


def without_leftovers(seen: Observation, outcome: Outcome) -> Observation:
    """Without a TCP flow's segments that are not full: what is foreseen of black holes is foreseen of the full ones.

    The last segment of the first flight has DF. It may pass the router that speaks, and die at a silent one behind it; it goes
    again, and comes through, where a full one has locked the path MTU meanwhile.
    """
    if outcome.sender is None:
        return seen
    full = min(outcome.sender.mss, outcome.octets)

    def leftover(frame: Frame) -> bool:
        tcp = frame.packet.payload if frame.packet and not frame.packet.is_fragment else None
        return isinstance(tcp, TcpHeader) and 0 < tcp.octets < full

    return replace(seen, frames=tuple(frame for frame in seen.frames if not leftover(frame)))


def first_hole(seen: Observation, likely: str | None) -> str | None:
    """Where a packet was lost without a word. A small fragment may come farther than a large one, and so be lost first, at another
    place: where one was lost at the `likely` place, too, it is that."""
    found = holes(seen)
    return likely if likely in found else next(iter(found), None)


def holes(seen: Observation) -> list[str]:
    """Link ends that a packet was sent to and did not come in by, and silent routers that dropped one, in order of time."""
    came = Counter((f.end, identity(f)) for f in seen.frames if f.packet and not f.sent)
    found = []
    for frame in seen.frames:
        if frame.packet and frame.sent and seen.owner(frame.packet.destination) and seen.owner(frame.packet.source):
            end = f"{frame.interface}:{frame.node}"
            if not came[end, identity(frame)]:
                found.append((frame.number, end))
            came[end, identity(frame)] -= 1
    speaking = {ptb.by for ptb in ptbs_in(seen)}
    found += [(frame.number, frame.node) for frame in dropped(seen) if frame.node not in speaking]
    return [place for _, place in sorted(found)]


def final_packet(flow: Flow, there: list[Frame], outcome: Outcome) -> Frame | None:
    """The last packet that the source sent, or its last fragment; of TCP the last full segment."""
    own = [f for f in there if f.sent and f.node == flow.source and f.packet]
    if outcome.sender and isinstance(flow, Tcp):
        whole: Counter[object] = Counter()  # by datagram, the size of the packet before it was cut up
        for f in own:
            assert f.packet
            whole[key(f)] += f.packet.octets - (IP_HEADER[IPV4] if f.packet.fragment_offset else 0)
        full = segment_octets(min(outcome.sender.mss, outcome.octets), flow.family, flow.timestamps)
        own = [f for f in own if whole[key(f)] == full]
    return own[-1] if own else None


def key(frame: Frame) -> object:
    """Fragments of one packet have it in common; a packet that goes whole has one of its own."""
    return datagram(frame) if frame.packet and frame.packet.is_fragment else frame.number


def cuts(frames: list[Frame], final: Frame | None, to: str) -> Iterator[Fragmented]:
    """Each node that more pieces of this datagram left than came in to it."""
    if final is None:
        return
    pieces = [f for f in frames if datagram(f) == datagram(final)]
    for node in dict.fromkeys(f.node for f in pieces):
        left = [f.packet for f in pieces if f.sent and f.node == node and f.packet]
        came = sum(not f.sent and f.node == node for f in pieces)
        if len(left) > max(came, 1) and any(packet.is_fragment for packet in left):
            yield Fragmented(node, to, tuple(p.octets for p in left), tuple(p.fragment_offset for p in left))


def mss_announced(frames: list[Frame]) -> int | None:
    """The MSS option of a SYN or SYN-ACK."""
    headers = (f.packet.payload for f in frames if f.packet)
    return next((h.mss for h in headers if isinstance(h, TcpHeader) and TcpFlag.SYN in h.flags), None)
