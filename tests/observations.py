"""Synthetic observations: what a lab should see of the 576 router and its kin, and ways to make each of them wrong.

Every packet is encoded, and read back, at each link end that it crosses, a microsecond after the last. Nothing here is captured.
A Change takes an observation and gives one that is wrong in one point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from errno import EMSGSIZE
from itertools import count, pairwise
from typing import Any

from lab.judge.convergence import told
from lab.judge.observation import Frame, Observation, Outcome, QueuedError, RouteException, TcpState
from lab.model.flow import DONT, Echo, Flow, Tcp, Udp
from lab.model.packet import Icmp, Icmp4, Icmp6, Packet, Protocol, TcpFlag, TcpHeader, UdpHeader
from lab.model.topology import IPV4, IPV6, Family
from lab.model.wire import decode, encode
from lab.theory.linux import FRAGMENT_HEADER, IP_HEADER, ptb_octets, quoted_octets
from lab.theory.plan import Plan
from tests.chains import row

MICROSECOND = 1_000
START = 1_700_000_000_000_000_000
ACK, SYN, PSH = TcpFlag.ACK, TcpFlag.SYN, TcpFlag.PSH
INFINITE = 0x7FFFFFFF
TCP_HEADERS = 32  # with timestamps
OF_A_DATAGRAM = 8  # UDP's header, and echo's

Change = Callable[[Observation], Observation]
Where = Callable[[Frame], bool]


class Tape:
    """An observation in the making: frames and outcomes, in the order in which they are written down."""

    def __init__(self, plan: Plan, flow: Flow) -> None:
        self.plan, self.flow, self.family = plan, flow, flow.family
        self.nodes = [hop.node for hop in plan.path(flow.source, flow.to, flow.family)] + [flow.to]
        self.frames: list[Frame] = []
        self.events: list[Outcome] = []
        self.time = START
        self._numbers = count(1)

    def cross(self, packet: Packet, nodes: Sequence[str]) -> None:
        """`packet` leaves the first of `nodes` and comes as far as the last."""
        for a, b in pairwise(nodes):
            for node, towards, sent in ((a, b, True), (b, a, False)):
                self.frames.append(framed(Frame(len(self.frames) + 1, self.time, node, towards, sent, b"", 0, None), packet))
                self.time += MICROSECOND
            packet = replace(packet, hop_limit=packet.hop_limit - 1)

    def packet(self, octets: int, payload: UdpHeader | TcpHeader | Icmp, df: bool = True, back: bool = False) -> Packet:
        """A packet of the flow, or of the way back."""
        ends = [str(self.plan.address(node, self.family)) for node in (self.flow.source, self.flow.to)]
        source, to = reversed(ends) if back else ends
        protocol = {UdpHeader: Protocol.UDP, TcpHeader: Protocol.TCP}.get(type(payload), icmp(self.family))
        number = next(self._numbers) if self.family == IPV4 else None
        return Packet(self.family, source, to, octets, protocol, payload, df=df and self.family == IPV4, identification=number)

    def datagram(self, octets: int, back: bool = False) -> Packet:
        """One of `octets` as a packet."""
        flow, content = self.flow, octets - IP_HEADER[self.family] - OF_A_DATAGRAM
        if isinstance(flow, Echo):
            echo = (Icmp4.ECHO_REPLY if back else Icmp4.ECHO_REQUEST) if self.family == IPV4 else Icmp6.ECHO_REPLY if back else 128
            return self.packet(octets, Icmp(int(echo), 0, identifier=7, sequence=1), not back, back)
        assert isinstance(flow, Udp)
        return self.packet(octets, UdpHeader(40000, 7002, content), flow.discover != DONT, back)

    def too_big(self, original: Packet, stop: int, mtu: int) -> str:
        """Router number `stop` drops `original` and says so. Returns the address that it says it from."""
        way = self.nodes[: stop + 1]
        self.cross(original, way)
        own = self.plan.nodes[way[-1]].interface(way[-2])
        size, quoted = (f(original.octets, self.family, own.mtu) for f in (ptb_octets, quoted_octets))
        kind = (3, 4) if self.family == IPV4 else (2, 0)
        source = str(own.addresses[self.family])
        ptb = Icmp(*kind, mtu, quoted=original, quoted_octets=quoted)
        self.cross(Packet(self.family, source, original.source, size, icmp(self.family), ptb), way[::-1])
        return source

    def exception(self, mtu: int) -> tuple[RouteException, ...]:
        return (RouteException(self.flow.source, str(self.plan.address(self.flow.to, self.family)), mtu, False, 600.0),)

    def sent(self, octets: int, started: int, **known: Any) -> None:
        """A Send of `octets` of payload that began at `started` is over."""
        self.events.append(Outcome(self.flow, octets, started, self.time, **known))
        self.time += MICROSECOND

    def observation(self, counters: dict[str, dict[str, int]] | None = None) -> Observation:
        held = self.events[-1].exceptions if self.events else ()
        return Observation(self.plan, tuple(self.frames), tuple(self.events), counters or {}, exceptions=held)


def icmp(family: Family) -> Protocol:
    return Protocol.ICMP if family == IPV4 else Protocol.ICMPV6


def framed(frame: Frame, packet: Packet) -> Frame:
    octets = encode(packet)
    return replace(frame, octets=octets, length=len(octets), packet=decode(octets))


def datagrams(flow: Udp | Echo, *mtus: int) -> Observation:
    """Datagrams with DF, each as large as the last PTB allows; the second Send asks too much again, the last one arrives."""
    tape = Tape(row(*mtus, families=(flow.family,)), flow)
    kind = ("ICMP", 3, 4) if flow.family == IPV4 else ("ICMP6", 2, 0)
    headers = IP_HEADER[flow.family] + OF_A_DATAGRAM
    size, known = mtus[0], None
    while stop := next((i for i, mtu in enumerate(mtus) if mtu < size), 0):
        started = tape.time
        offender = tape.too_big(tape.datagram(size), stop, mtus[stop])
        error = QueuedError(EMSGSIZE, *kind, mtus[stop], offender)
        tape.sent(size - headers, started, errors=(error,), mtu=mtus[stop], exceptions=tape.exception(mtus[stop]))
        if known is None:
            error = QueuedError(EMSGSIZE, "LOCAL", 0, 0, mtus[stop], None)
            known = {"mtu": mtus[stop], "exceptions": tape.exception(mtus[stop])}
            tape.sent(size - headers, tape.time, errno=EMSGSIZE, errors=(error,), **known)
        size = mtus[stop]
    started = tape.time
    tape.cross(tape.datagram(size), tape.nodes)
    if isinstance(flow, Echo):
        tape.cross(tape.datagram(size, back=True), tape.nodes[::-1])
    tape.sent(size - headers, started, delivered=size - headers, mtu=size, exceptions=tape.exception(size))
    return tape.observation()


def transfer(flow: Tcp, *mtus: int) -> Observation:
    """A handshake, two full segments that are too big for r1, and what they carried in five that are not."""
    tape = Tape(row(*mtus, families=(flow.family,)), flow)
    ip, there, back = IP_HEADER[flow.family], tape.nodes, tape.nodes[::-1]
    announced, mss = mtus[0] - ip - 20, mtus[1] - ip - TCP_HEADERS

    def segment(octets: int, flags: TcpFlag, reverse: bool = False, mss: int | None = None) -> Packet:
        tcp = TcpHeader(40000, 7002, 1, 1, flags, 500, octets, mss, timestamps=True)
        return tape.packet(ip + TCP_HEADERS + octets + (4 if mss else 0), tcp, back=reverse)

    started = tape.time
    tape.cross(segment(0, SYN, mss=announced), there)
    tape.cross(segment(0, SYN | ACK, reverse=True, mss=announced), back)
    tape.cross(segment(0, ACK), there)
    for _ in range(2):
        tape.too_big(segment(announced - 12, ACK | PSH), 1, mtus[1])
    for _ in range(5):
        tape.cross(segment(mss, ACK | PSH), there)
        tape.cross(segment(0, ACK, reverse=True), back)
    state = TcpState(mss=mss, advmss=announced - 12, pmtu=mtus[1], ssthresh=INFINITE, cwnd=10, total_retrans=2)
    ends = {"sender": state, "receiver": replace(state, mss=announced - 12, pmtu=mtus[0])}
    tape.sent(5 * mss, started, delivered=5 * mss, mtu=mtus[1], exceptions=tape.exception(mtus[1]), **ends)
    return tape.observation({"client": {"Tcp.OutSegs": 14, "Tcp.RetransSegs": 2}})


def fragmented(flow: Udp, by: str, pieces: tuple[tuple[int, int], ...], *mtus: int) -> Observation:
    """A datagram as large as the first link takes arrives in `pieces` (size and offset of each), which node `by` has made."""
    tape = Tape(row(*mtus, families=(flow.family,)), flow)
    at = tape.nodes.index(by)
    whole = tape.datagram(mtus[0])
    number = whole.identification or 77  # IPv6 gives one to fragments alone
    tape.cross(whole, tape.nodes[: at + 1])
    for octets, offset in pieces:
        end = offset + octets - IP_HEADER[flow.family] - FRAGMENT_HEADER[flow.family]
        more = end < mtus[0] - IP_HEADER[flow.family]
        piece = replace(whole, octets=octets, fragment_offset=offset, more_fragments=more, df=False)
        tape.cross(
            replace(piece, identification=number, payload=None if offset else whole.payload, hop_limit=64 - at), tape.nodes[at:]
        )
    content = mtus[0] - IP_HEADER[flow.family] - OF_A_DATAGRAM
    tape.sent(content, START, delivered=content, mtu=mtus[0])
    made = {"Ip.FragOKs": 1, "Ip.FragCreates": len(pieces)}
    return tape.observation({by: made, "server": {"Ip.ReasmReqds": len(pieces), "Ip.ReasmOKs": 1}})


def vanished(flow: Udp, *mtus: int) -> Observation:
    """Two datagrams as large as the first link takes end at r1 without a word; a third, small enough, arrives."""
    tape = Tape(row(*mtus, families=(flow.family,), silent=("r1",)), flow)
    headers = IP_HEADER[flow.family] + OF_A_DATAGRAM
    for size, stop in ((mtus[0], 1), (mtus[0], 1), (mtus[1], len(mtus))):
        started = tape.time
        tape.cross(tape.datagram(size), tape.nodes[: stop + 1])
        tape.sent(size - headers, started, delivered=size - headers if stop > 1 else 0, mtu=mtus[0])
    return tape.observation()


def where(
    end: str = "", *, sent: bool | None = None, octets: int | None = None, ptb: bool | None = None, flags: TcpFlag | None = None
) -> Where:
    """Frames at a node ("r1") or a link end ("r1:client"); of this size as a packet; PTBs or none; with exactly these TCP flags."""

    def fits(frame: Frame) -> bool:
        packet = frame.packet
        tcp = packet.payload if packet and isinstance(packet.payload, TcpHeader) else None
        return (
            end in ("", frame.node, frame.end)
            and sent in (None, frame.sent)
            and (octets is None or (packet is not None and packet.octets == octets))
            and ptb in (None, told(frame) is not None)
            and (flags is None or (tcp is not None and tcp.flags == flags))
        )

    return fits


def altered(frame: Frame, changes: dict[str, Any]) -> Frame:
    """`frame` with fields of its own, of its packet (`octets` is the packet's), or of what the packet carries, changed."""
    packet = frame.packet
    assert packet
    own = {name: changes[name] for name in changes if name in ("time", "node", "interface", "sent")}
    ip = {f.name: changes[f.name] for f in fields(Packet) if f.name in changes}
    upper = {name: value for name, value in changes.items() if name not in own | ip}
    payload = None if "payload" in ip else packet.payload
    if isinstance(payload, TcpHeader) and "octets" in ip:
        upper["octets"] = payload.octets + ip["octets"] - packet.octets
    if isinstance(payload, Icmp) and payload.too_big and "octets" in ip:
        upper["quoted_octets"] = payload.quoted_octets + ip["octets"] - packet.octets
    if upper:
        assert payload
        ip["payload"] = replace(payload, **upper)
    return framed(replace(frame, **own), replace(packet, **ip))


def changed(which: Where, **changes: Any) -> Change:
    """Every such frame, changed. As all of these: AssertionError where there is none."""

    def change(observation: Observation) -> Observation:
        assert any(map(which, observation.frames))
        return replace(observation, frames=tuple(altered(f, changes) if which(f) else f for f in observation.frames))

    return change


def without(which: Where) -> Change:
    """Such frames never seen."""

    def change(observation: Observation) -> Observation:
        assert any(map(which, observation.frames))
        return replace(observation, frames=tuple(f for f in observation.frames if not which(f)))

    return change


def extra(which: Where, **changes: Any) -> Change:
    """The last such frame once more, changed, as the last of all."""

    def change(observation: Observation) -> Observation:
        last = [f for f in observation.frames if which(f)][-1]
        again = replace(altered(last, changes), number=len(observation.frames) + 1)
        return replace(observation, frames=(*observation.frames, again))

    return change


def besides(which: Where, other: Observation | None = None, **changes: Any) -> Change:
    """Every such frame of `other` (of the same observation where that is None), changed, besides what was seen."""

    def change(observation: Observation) -> Observation:
        more = [altered(f, changes) for f in (other or observation).frames if which(f)]
        assert more
        return replace(observation, frames=(*observation.frames, *more))

    return change


def outcome(send: int, **changes: Any) -> Change:
    """The outcome of the n-th Send, changed; of each where `send` is 0."""

    def change(observation: Observation) -> Observation:
        assert len(observation.outcomes) >= send
        events = (replace(o, **changes) if send in (0, n) else o for n, o in enumerate(observation.outcomes, 1))
        return replace(observation, events=tuple(events))

    return change


def inside(send: int, field: str, **changes: Any) -> Change:
    """The errors, the exceptions or the TCP state of the n-th Send's outcome, changed."""

    def change(observation: Observation) -> Observation:
        held = getattr(observation.outcomes[send - 1], field)
        assert held
        new = tuple(replace(one, **changes) for one in held) if isinstance(held, tuple) else replace(held, **changes)
        return outcome(send, **{field: new})(observation)

    return change


def holding(**changes: Any) -> Change:
    """The exceptions that are held in the end, changed."""

    def change(observation: Observation) -> Observation:
        assert observation.exceptions
        return replace(observation, exceptions=tuple(replace(one, **changes) for one in observation.exceptions))

    return change


def counted(node: str, **changes: int) -> Change:
    """Counters of `node`, changed; "Ip.FragOKs" is written Ip_FragOKs."""
    named = {name.replace("_", "."): value for name, value in changes.items()}
    return lambda observation: replace(
        observation, counters={**observation.counters, node: {**observation.counters.get(node, {}), **named}}
    )


def silent(observation: Observation) -> Observation:
    """Nothing was seen of it."""
    return Observation(observation.plan)


MTUS = {IPV4: (1500, 576, 1500), IPV6: (1500, 1280, 1500)}
