"""The oracle against the kernel: random networks are built for real, and every prediction is held against what was seen.

In each network, with empty caches before each flow: UDP that shrinks to what it is told (DO), UDP that does not (WANT) of two
sizes, echo of both kinds, and TCP. A failure shows the network, and each fact as it was predicted and as it was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from errno import EMSGSIZE

import pytest

from lab.judge.convergence import told
from lab.judge.observation import Frame, Observation
from lab.judge.passage import datagram, identity
from lab.model.flow import DO, WANT, Echo, Flow, Tcp, Udp
from lab.model.packet import TcpFlag, TcpHeader
from lab.model.story import KIB, FlushRouteCache, Send
from lab.model.topology import IPV4
from lab.report.picture import picture
from lab.theory import linux
from lab.theory.linux import Learned
from lab.theory.oracle import Fragmented, Prediction, Ptb, predict
from lab.theory.plan import Plan, plan
from lab.world.drive import Driver
from lab.world.net import Net
from tests.world.random_nets import LOW, MOST, PLAIN, SILENT, UNEVEN, Case, case

SEED = 1981
KINDS = (PLAIN, PLAIN, PLAIN, UNEVEN, PLAIN, SILENT)
CASES = [case(SEED, number, KINDS[number // 3 % len(KINDS)]) for number in range(48)]
CASES += [case(SEED, number, LOW) for number in range(48, 52)]
MOST_SENDS = 12
PATIENCE = 5.0  # seconds, for what is to arrive
SILENCE = 0.15  # seconds, for a datagram that is not
TCP_SILENCE = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a Prediction predicts, as it was seen. `path` and `reverse` are the nodes that packets of the flow came to, in order."""

    path: tuple[str, ...]
    reverse: tuple[str, ...]
    ptbs: tuple[Ptb, ...]
    lost: int | None
    exceptions: tuple[tuple[str | None, Learned], ...]
    fragments: tuple[Fragmented, ...]
    octets: int
    df: bool
    black_holes: tuple[str, ...]
    delivered: bool
    pmtu: int | None
    mss: int | None
    advertised: tuple[int | None, ...] | None


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_the_kernel_does_as_predicted(each: Case) -> None:
    differences = check_case(each)
    assert not differences, "\n".join([f"{each.name}, {each.source} to {each.to}", picture(each.topology), *differences])


def test_the_networks_show_all_that_there_is_to_see() -> None:
    shown: Counter[str] = Counter()
    for each in CASES:
        planned = plan(each.topology)
        predictions = [predict(planned, flow, octets) for flow, octets in flows(each, planned)]
        do, tcp = predictions[0], predictions[-1]
        shown[str(each.family)] += 1
        shown["router between descents"] += len(do.ptbs) > 2
        shown["silent router"] += do.black_hole in planned.nodes
        shown["link end"] += do.black_hole is not None and do.black_hole not in planned.nodes
        shown["TCP swallowed"] += not tcp.delivered
        shown["TCP told"] += bool(tcp.ptbs)
        shown["lock"] += any(p.exception is not None and p.exception.locked for p in predictions)
        shown["fragments by routers"] += any(cut.at in do.path.nodes[1:-1] for p in predictions for cut in p.fragments)
    least = {"IPv4": 32, "IPv6": 16, "router between descents": 4, "silent router": 4, "link end": 4, "TCP swallowed": 4}
    least |= {"TCP told": 12, "lock": 3, "fragments by routers": 20}
    assert {name: min(count, least[name]) for name, count in shown.items()} == least
    assert len({each.name for each in CASES}) == len(CASES)


def check_case(each: Case) -> list[str]:
    """Every fact that was predicted otherwise."""
    planned = plan(each.topology)
    differences = []
    with Net(planned) as net:
        driver = Driver(net)
        for flow, octets in flows(each, planned):
            prediction = predict(planned, flow, octets)
            seen = see(flow, play(driver, flow, octets, prediction.delivered))
            facts = [*compare(flow, prediction, seen), ("path_mtu()", prediction.pmtu, net[each.source].path_mtu(each.to))]
            of = f"{type(flow).__name__}{'' if isinstance(flow, Tcp) else ' ' + flow.discover.name} of {octets}"
            differences += [f"{of}: {what}: predicted {p}, seen {s}" for what, p, s in facts if p != s]
    return differences


def flows(each: Case, planned: Plan) -> list[tuple[Flow, int]]:
    """Flows, each with how much it sends. TCP is last, since segments that a black hole swallows are sent again and again."""
    ends, family = (each.source, each.to), each.family
    largest = planned.path(*ends, family)[0].mtu - linux.IP_HEADER[family] - linux.UDP_HEADER
    do, want = Udp(*ends, DO, family), Udp(*ends, WANT, family)
    pings = Echo(*ends, DO, family), Echo(*ends, WANT, family)
    tcp = Tcp(*ends, each.timestamps, family)
    whole = predict(planned, tcp, 64 * KIB)
    # Into a black hole one full segment: a smaller one may slip through, be told of what is beyond, and save the rest.
    stream = 64 * KIB if whole.delivered else whole.mss or 0
    cut = in_pieces(each, planned, want)
    return [(do, largest), (want, largest), (want, cut), *((ping, largest) for ping in pings), (tcp, stream)]


def in_pieces(each: Case, planned: Plan, want: Udp) -> int:
    """The size of a datagram whose last fragment is about to fill its packet, or just has: there the arithmetic may go wrong."""
    mtu = predict(planned, want, 2 * MOST).pmtu
    room = mtu - linux.IP_HEADER[each.family] - linux.FRAGMENT_HEADER[each.family]
    return max(each.pieces * (room // 8 * 8) + each.over - linux.UDP_HEADER, 1)


def play(driver: Driver, flow: Flow, octets: int, hopeful: bool) -> list[Observation]:
    """From empty caches, one act a Send: DO until it arrives, shrinking to what is learned; WANT three times and until it arrives.

    Both end when twice in a row there was nothing new.
    """
    if isinstance(flow, Tcp):
        return [driver.play((FlushRouteCache(), Send(flow, octets, PATIENCE if hopeful else TCP_SILENCE)))]
    headers = linux.IP_HEADER[flow.family] + linux.UDP_HEADER  # an echo's has 8 octets as well
    driver.play((FlushRouteCache(),))
    sends: list[Observation] = []
    known: set[object] = set()
    stale = 0
    while len(sends) < MOST_SENDS and stale < 2:
        sends.append(driver.play((Send(flow, octets, PATIENCE if hopeful else SILENCE),)))
        (outcome,) = sends[-1].outcomes
        if outcome.delivered and (flow.discover == DO or len(sends) >= 3):
            break
        news = {octets, *ptbs_in(sends[-1:])} - known
        known |= news
        stale = 0 if news or outcome.delivered else stale + 1
        if flow.discover == DO:
            # IPV6_MTU of an ICMP socket may be stale, or ENOTCONN.
            learned = [e.mtu for e in outcome.exceptions] if isinstance(flow, Echo) else [outcome.mtu or 0]
            octets = min([octets, *(mtu - headers for mtu in learned)])
    return sends


def see(flow: Flow, sends: list[Observation]) -> Seen:
    last = sends[-1]
    outcome = last.outcomes[-1]
    there = [f for seen in sends for f in between(seen, flow.source, flow.to)]
    back = [f for seen in sends for f in between(seen, flow.to, flow.source)]
    delivered = outcome.delivered == outcome.octets and outcome.intact
    final = final_packet(flow, last)
    reply = next((f for f in between(last, flow.to, flow.source) if f.sent and f.node == flow.to), None)
    return Seen(
        path=tuple(dict.fromkeys(f.node for f in there)),
        reverse=tuple(dict.fromkeys(f.node for f in back)),
        ptbs=ptbs_in(sends),
        lost=count_lost(flow, sends) if delivered else None,
        exceptions=tuple((last.owner(e.to), Learned(e.mtu, e.locked)) for e in outcome.exceptions),
        fragments=(
            *cuts(last, final, flow.source, flow.to),
            *(cuts(last, reply, flow.to, flow.source) if isinstance(flow, Echo) and reply else ()),
        ),
        octets=final.packet.octets if final and final.packet else 0,
        df=bool(final and final.packet and final.packet.df),
        black_holes=tuple(dict.fromkeys(hole for seen in sends for hole in holes(seen))),
        delivered=delivered,
        pmtu=outcome.sender.pmtu if outcome.sender else outcome.mtu,
        mss=outcome.sender.mss if outcome.sender else None,
        advertised=tuple(announced(frames) for frames in (there, back)) if isinstance(flow, Tcp) else None,
    )


def compare(flow: Flow, predicted: Prediction, seen: Seen) -> Iterator[tuple[str, object, object]]:
    """What is predicted, and what was seen: each fact's name and its two values."""
    tcp, echo = isinstance(flow, Tcp), isinstance(flow, Echo)
    arrives = predicted.delivered
    path, reverse = predicted.path.nodes, predicted.reverse.nodes
    # TCP's small packets, SYN and SYN-ACK, come through in any case.
    yield "path", path if arrives or tcp else path[: len(seen.path)], seen.path
    yield "reverse path", reverse if (arrives and echo) or tcp else reverse[: len(seen.reverse)], seen.reverse
    yield "PTBs", predicted.ptbs, told_to_tcp(predicted.ptbs, seen.ptbs) if tcp else seen.ptbs
    yield "lost", predicted.lost, (0 if seen.lost == 0 else None) if tcp else seen.lost
    yield "exceptions", ((flow.to, predicted.exception),) if predicted.exception else (), seen.exceptions
    yield "fragments", predicted.fragments, seen.fragments
    yield "DF", predicted.df, seen.df
    # A small fragment may come farther than a large one, and so be lost first, at another place.
    first = predicted.black_hole if predicted.black_hole in seen.black_holes else next(iter(seen.black_holes), None)
    yield "black hole", predicted.black_hole, first
    yield "delivered", predicted.delivered, seen.delivered
    yield "MSS", predicted.mss, seen.mss
    yield "announced", predicted.advertised, seen.advertised
    # IPV6_MTU of an ICMP socket may be stale, or ENOTCONN.
    if not (echo and flow.family != IPV4):
        yield "path MTU", predicted.pmtu, seen.pmtu
    if isinstance(flow, Udp) and flow.discover == DO and arrives:
        yield "largest datagram", predicted.path.path_mtu, seen.octets


def between(seen: Observation, source: str, to: str) -> list[Frame]:
    """Packets from one host to the other, wherever they were seen, in order of time."""
    owner = seen.owner
    return [f for f in seen.frames if f.packet and owner(f.packet.source) == source and owner(f.packet.destination) == to]


def ptbs_in(sends: list[Observation]) -> tuple[Ptb, ...]:
    """PTBs as they leave their routers, each once, in the order of first appearance."""
    found: dict[Ptb, None] = {}
    for seen in sends:
        for frame in seen.frames:
            mtu = told(frame)
            if mtu is not None and frame.sent and frame.packet and seen.owner(frame.packet.source) == frame.node:
                found[Ptb(frame.node, seen.owner(frame.packet.destination) or "?", mtu)] = None
    return tuple(found)


def told_to_tcp(predicted: tuple[Ptb, ...], seen: tuple[Ptb, ...]) -> tuple[Ptb, ...]:
    """What was predicted, where what was seen is as good: the first comes first, the last comes, and the others may."""
    return predicted if seen[:1] == predicted[:1] and set(predicted[-1:]) <= set(seen) <= set(predicted) else seen


def count_lost(flow: Flow, sends: list[Observation]) -> int:
    """Datagrams that were sent and did not arrive, or TCP segments that routers dropped."""
    if isinstance(flow, Tcp):
        return sum(1 for seen in sends for _ in dropped(seen))
    outcomes = [outcome for seen in sends for outcome in seen.outcomes]
    return sum(not outcome.delivered and outcome.errno != EMSGSIZE for outcome in outcomes)


def dropped(seen: Observation) -> Iterator[Frame]:
    """Packets that came to a router and may not be fragmented there, and that never left it."""
    for router in seen.routers:
        left = {identity(f) for f in seen.sent_by(router)}
        for frame in seen.received_by(router):
            packet = frame.packet
            assert packet
            fixed = packet.df or packet.family != IPV4
            ends = seen.owner(packet.source), seen.owner(packet.destination)
            if fixed and None not in ends and router not in ends and identity(frame) not in left:
                yield frame


def holes(seen: Observation) -> list[str]:
    """Where packets were lost without a word: link ends that a packet was sent to and did not come in by, and silent routers."""
    came = Counter((f.end, identity(f)) for f in seen.frames if f.packet and not f.sent)
    found = []
    for frame in seen.frames:
        if frame.packet and frame.sent and seen.owner(frame.packet.destination) and seen.owner(frame.packet.source):
            end = f"{frame.interface}:{frame.node}"
            if not came[end, identity(frame)]:
                found.append((frame.number, end))
            came[end, identity(frame)] -= 1
    speaking = {ptb.by for ptb in ptbs_in([seen])}
    found += [(frame.number, frame.node) for frame in dropped(seen) if frame.node not in speaking]
    return [place for _, place in sorted(found)]


def final_packet(flow: Flow, seen: Observation) -> Frame | None:
    """The last packet that the source sent, or its last fragment; of TCP the last full segment."""
    own = [f for f in between(seen, flow.source, flow.to) if f.sent and f.node == flow.source and f.packet]
    outcome = seen.outcomes[-1]
    if outcome.sender:
        full = min(outcome.sender.mss, outcome.octets)
        own = [f for f in own if f.packet and isinstance(f.packet.payload, TcpHeader) and f.packet.payload.octets == full]
    return own[-1] if own else None


def cuts(seen: Observation, final: Frame | None, source: str, to: str) -> Iterator[Fragmented]:
    """Each node that more pieces of this datagram left than came in to it."""
    if final is None:
        return
    pieces = [f for f in between(seen, source, to) if datagram(f) == datagram(final)]
    for node in dict.fromkeys(f.node for f in pieces):
        left = [f.packet for f in pieces if f.sent and f.node == node and f.packet]
        came = sum(not f.sent and f.node == node for f in pieces)
        if len(left) > max(came, 1) and any(packet.is_fragment for packet in left):
            yield Fragmented(node, to, tuple(p.octets for p in left), tuple(p.fragment_offset for p in left))


def announced(frames: list[Frame]) -> int | None:
    """The MSS option of a SYN or SYN-ACK."""
    headers = (f.packet.payload for f in frames if f.packet)
    return next((h.mss for h in headers if isinstance(h, TcpHeader) and TcpFlag.SYN in h.flags), None)
