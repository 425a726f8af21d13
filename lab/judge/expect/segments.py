"""Expectations about TCP's segments: their sizes in turn, when smaller ones are tried, and what either end is told of the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from lab.judge.expect.base import Expectation, Seen, either, joined, listed, many, nothing, nth, numbers
from lab.judge.expect.state import sender_states
from lab.judge.expect.wire import originated
from lab.judge.observation import Frame, Observation
from lab.model.flow import Tcp
from lab.model.packet import TcpFlag, TcpHeader
from lab.model.rfc import Citation, Kernel, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class SizesInTurn(Expectation):
    """The segments with payload that `by` sends have these sizes as packets first, in this order, each perhaps many times.

    `growing` counts only those that are larger than all before them.
    """

    by: str
    octets: tuple[int, ...]
    growing: bool = False

    def claim(self) -> str:
        verb = "grow to" if self.growing else "have"
        return f"{self.by}'s segments {verb} {joined(self.octets)} octets in turn"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_retransmit_skb", "net/ipv4/tcp_output.c")

    def see(self, observation: Observation) -> Seen:
        sent = segments(observation, self.by)
        if not sent:
            return nothing(f"segment with payload leaves {self.by}")
        first: dict[int, Frame] = {}
        for frame in sent:
            if not self.growing or octets_of(frame) > max(first, default=0):
                first.setdefault(octets_of(frame), frame)
        begun = tuple(first)[: len(self.octets)]
        return Seen(begun == self.octets, joined(begun), numbers(first[size] for size in begun))


@dataclass(frozen=True, slots=True)
class GivesUpSize(Expectation):
    """`at` sends its first segment again at each timeout, and makes it smaller for the first time at this one, from 1.

    That timeout comes no sooner than its exponential backoff says, and before the next one would: with an RTO of `rto` seconds.
    """

    at: str
    timeout: int
    rto: float = 0.2

    def claim(self) -> str:
        low, high = self.window()
        return f"{self.at} makes its segment smaller at timeout {self.timeout}, {low:.2f} to {high:.2f} s after it was sent"

    def window(self) -> tuple[float, float]:
        """RFC 6298 §5: each timeout is twice as long as the one before it."""
        return (2**self.timeout - 1) * self.rto, (2 ** (self.timeout + 1) - 1) * self.rto

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_retransmit_timer", "net/ipv4/tcp_timer.c")

    def see(self, observation: Observation) -> Seen:
        sent = segments(observation, self.at)
        if not sent:
            return nothing(f"segment with payload leaves {self.at}")
        first = sent[0]
        again = [f for f in sent[1:] if position(f) == position(first)]
        number = next((n for n, f in enumerate(again, 1) if octets_of(f) < octets_of(first)), None)
        if number is None:
            return Seen(False, f"sent again {len(again)} times, no smaller", numbers((first, *again)))
        seconds = (again[number - 1].time - first.time) / 1e9
        low, high = self.window()
        frames = numbers((first, *again[:number]))
        return Seen(number == self.timeout and low <= seconds < high, f"timeout {number}, after {seconds:.2f} s", frames)


@dataclass(frozen=True, slots=True)
class MssArrives(Expectation):
    """The SYNs and SYN-ACKs that reach `at` announce this MSS, whatever it was when they left."""

    mss: int
    at: str

    def claim(self) -> str:
        return f"{self.at} is told an MSS of {self.mss}"

    def cites(self, family: Family) -> Citation:
        return Rfc(9293, "3.7.1")

    def see(self, observation: Observation) -> Seen:
        came = [
            (f, f.packet.payload.mss)
            for f in observation.received_by(self.at)
            if f.packet and isinstance(f.packet.payload, TcpHeader) and TcpFlag.SYN in f.packet.payload.flags
        ]
        if not came:
            return nothing(f"SYN reaches {self.at}")
        return Seen(
            all(mss == self.mss for _, mss in came), f"it is told {listed(mss for _, mss in came)}", numbers(f for f, _ in came)
        )


@dataclass(frozen=True, slots=True)
class PeerMss(Expectation):
    """`at`, which receives the act's TCP flow, ends with this MSS for what it would send back (its own tcpi_snd_mss)."""

    mss: int
    at: str

    def claim(self) -> str:
        return f"{self.at} would send back segments of {self.mss}"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_current_mss", "net/ipv4/tcp_output.c")

    def see(self, observation: Observation) -> Seen:
        ends = [o.receiver for o in observation.outcomes if isinstance(o.flow, Tcp) and o.flow.to == self.at and o.receiver]
        if not ends:
            return nothing(f"TCP transfer to {self.at}")
        return Seen(ends[-1].mss == self.mss, f"tcpi_snd_mss {ends[-1].mss}")


@dataclass(frozen=True, slots=True)
class OwnMss(Expectation):
    """What `at` counts as announced by itself (tcpi_advmss): its MSS option, less the room for timestamps."""

    mss: int
    at: str

    def claim(self) -> str:
        return f"{self.at} takes segments of {self.mss}"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_connect", "net/ipv4/tcp_output.c")

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(states[-1].advmss == self.mss, f"tcpi_advmss {states[-1].advmss}")


@dataclass(frozen=True, slots=True)
class ReceivedMss(Expectation):
    """`at`, which receives the act's TCP flow, ends with this for the size of the segments that come to it (tcpi_rcv_mss)."""

    mss: int
    at: str

    def claim(self) -> str:
        return f"{self.at} reckons with segments of {self.mss} from its peer"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_measure_rcv_mss", "net/ipv4/tcp_input.c")

    def see(self, observation: Observation) -> Seen:
        ends = [o.receiver for o in observation.outcomes if isinstance(o.flow, Tcp) and o.flow.to == self.at and o.receiver]
        if not ends:
            return nothing(f"TCP transfer to {self.at}")
        return Seen(ends[-1].received == self.mss, f"tcpi_rcv_mss {ends[-1].received}")


@dataclass(frozen=True, slots=True)
class WindowUncut(Expectation):
    """The sender's congestion window is at least this, in segments, after every Send: what a connection begins with is not cut."""

    segments: int
    at: str

    def claim(self) -> str:
        return f"{self.at}'s congestion window stays {self.segments} or more"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.4"), Rfc(8201, "5.4"))

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(all(s.cwnd >= self.segments for s in states), f"tcpi_snd_cwnd {listed(s.cwnd for s in states)}")


@dataclass(frozen=True, slots=True)
class EveryMss(Expectation):
    """So many connections of `at` were sent over, and each ended with this MSS."""

    mss: int
    at: str
    flows: int

    def claim(self) -> str:
        return f"{many(self.flows, 'connection')} of {self.at} end with an MSS of {self.mss}"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_current_mss", "net/ipv4/tcp_output.c")

    def see(self, observation: Observation) -> Seen:
        last = {
            o.flow: o.sender.mss for o in observation.outcomes if isinstance(o.flow, Tcp) and o.flow.source == self.at and o.sender
        }
        if not last:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(len(last) == self.flows and set(last.values()) == {self.mss}, f"{len(last)} with {listed(last.values())}")


@dataclass(frozen=True, slots=True)
class Stalled(Expectation):
    """Of the act's n-th `send`, over a connection that was made, nothing is delivered, and send() said nothing of it."""

    send: int

    def claim(self) -> str:
        return f"nothing of send {self.send} is delivered, over a connection that stands"

    def cites(self, family: Family) -> Citation:
        return Rfc(2923, "2.1")

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None or outcome.sender is None:
            return nothing(f"send {self.send} over a connection")
        came = [f for f in observation.received_by(outcome.flow.to) if f.packet and isinstance(f.packet.payload, TcpHeader)]
        if not came:
            return nothing(f"segment reaches {outcome.flow.to}, so nothing is shown")
        words = f"{outcome.delivered} of {outcome.octets} octets delivered, {'no error' if outcome.errno is None else 'an error'}"
        return Seen(outcome.errno is None and outcome.delivered == 0 < outcome.octets, words, numbers(came[:1]))


@dataclass(frozen=True, slots=True)
class OwnNumbers(Expectation):
    """`by` sends packets without DF over so many TCP connections, by turns, and each connection counts its own.

    That is, the Identification of IPv4 goes up by one from each packet of a connection to its next, whatever others send.
    """

    by: str
    flows: int

    def claim(self) -> str:
        return f"each of {many(self.flows, 'connection')} of {self.by} numbers its packets without DF for itself"

    def cites(self, family: Family) -> Citation:
        return Kernel("__ip_queue_xmit", "net/ipv4/ip_output.c")

    def see(self, observation: Observation) -> Seen:
        numbered: dict[int, list[int]] = {}
        turns = 0
        frames, last = [], None
        for frame in originated(observation, self.by):
            assert frame.packet
            tcp, number = frame.packet.payload, frame.packet.identification
            if not isinstance(tcp, TcpHeader) or TcpFlag.RST in tcp.flags or frame.packet.df or number is None:
                continue
            numbered.setdefault(tcp.source_port, []).append(number)
            turns += tcp.source_port != last
            last = tcp.source_port
            frames.append(frame)
        if not frames:
            return nothing(f"segment without DF leaves {self.by}")
        if len(numbered) != self.flows or turns <= self.flows:
            return Seen(False, f"{many(len(numbered), 'connection')}, in {many(turns, 'turn')}", numbers(frames))
        gaps = sum((b - a) % 65536 != 1 for each in numbered.values() for a, b in pairwise(each))
        return Seen(not gaps, f"{many(gaps, 'gap')} in {many(len(frames), 'packet')}, {many(turns, 'turn')}", numbers(frames))


def segments(observation: Observation, by: str) -> list[Frame]:
    """Segments with payload that `by` sent, as they left it."""
    return [
        f for f in originated(observation, by) if f.packet and isinstance(f.packet.payload, TcpHeader) and f.packet.payload.octets
    ]


def octets_of(frame: Frame) -> int:
    assert frame.packet
    return frame.packet.octets


def position(frame: Frame) -> tuple[int, int]:
    """Where in which connection's stream a segment begins."""
    assert frame.packet
    assert isinstance(frame.packet.payload, TcpHeader)
    return frame.packet.payload.source_port, frame.packet.payload.sequence
