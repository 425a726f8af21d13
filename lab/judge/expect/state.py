"""Expectations about TCP's state and the kernel's counters."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation, Seen, either, joined, listed, many, nothing
from lab.judge.observation import Observation, TcpState
from lab.model.flow import Tcp
from lab.model.rfc import Citation, Kernel, Rfc
from lab.model.topology import Family

TCP_INFINITE_SSTHRESH = 0x7FFFFFFF  # include/net/tcp.h

COUNTED_BY = {
    "Dev.RxDropped": Kernel("veth_xmit", "drivers/net/veth.c"),
    "Dev.TxDropped": Kernel("veth_xmit", "drivers/net/veth.c"),
    "Ip.ForwDatagrams": Kernel("ip_forward", "net/ipv4/ip_forward.c"),
    "Ip.FragOKs": Kernel("ip_do_fragment", "net/ipv4/ip_output.c"),
    "Ip.FragCreates": Kernel("ip_do_fragment", "net/ipv4/ip_output.c"),
    "Ip.FragFails": Kernel("ip_forward", "net/ipv4/ip_forward.c"),
    "Ip.ReasmReqds": Kernel("ip_defrag", "net/ipv4/ip_fragment.c"),
    "Ip.ReasmOKs": Kernel("ip_frag_reasm", "net/ipv4/ip_fragment.c"),
    "Ip.ReasmFails": Kernel("ip_expire", "net/ipv4/ip_fragment.c"),
    "Ip.ReasmTimeout": Kernel("ip_expire", "net/ipv4/ip_fragment.c"),
    "Ip6.FragOKs": Kernel("ip6_fragment", "net/ipv6/ip6_output.c"),
    "Ip6.FragCreates": Kernel("ip6_fragment", "net/ipv6/ip6_output.c"),
    "Ip6.FragFails": Kernel("ip6_forward", "net/ipv6/ip6_output.c"),
    "Ip6.InTooBigErrors": Kernel("ip6_forward", "net/ipv6/ip6_output.c"),
    "Ip6.OutForwDatagrams": Kernel("ip6_forward", "net/ipv6/ip6_output.c"),
    "Ip6.ReasmReqds": Kernel("ipv6_frag_rcv", "net/ipv6/reassembly.c"),
    "Ip6.ReasmFails": Kernel("ipv6_frag_rcv", "net/ipv6/reassembly.c"),
    "Ip6.ReasmOKs": Kernel("ipv6_frag_rcv", "net/ipv6/reassembly.c"),
    "Ip6.ReasmTimeout": Kernel("ip6_frag_expire", "net/ipv6/reassembly.c"),
    "Icmp.InDestUnreachs": Kernel("icmp_unreach", "net/ipv4/icmp.c"),
    "Icmp.InParmProbs": Kernel("icmp_unreach", "net/ipv4/icmp.c"),
    "Icmp.InSrcQuenchs": Kernel("icmp_unreach", "net/ipv4/icmp.c"),
    "Icmp.InTimeExcds": Kernel("icmp_unreach", "net/ipv4/icmp.c"),
    "Icmp.InErrors": Kernel("icmp_unreach", "net/ipv4/icmp.c"),
    "Icmp.OutDestUnreachs": Kernel("__icmp_send", "net/ipv4/icmp.c"),
    "Icmp.OutTimeExcds": Kernel("__icmp_send", "net/ipv4/icmp.c"),
    "Icmp.OutRateLimitGlobal": Kernel("icmp_global_allow", "net/ipv4/icmp.c"),
    "Icmp.OutRateLimitHost": Kernel("icmpv4_xrlim_allow", "net/ipv4/icmp.c"),
    "Icmp6.InDestUnreachs": Kernel("icmpv6_rcv", "net/ipv6/icmp.c"),
    "Icmp6.InParmProblems": Kernel("icmpv6_rcv", "net/ipv6/icmp.c"),
    "Icmp6.InTimeExcds": Kernel("icmpv6_rcv", "net/ipv6/icmp.c"),
    "Icmp6.InPktTooBigs": Kernel("icmpv6_rcv", "net/ipv6/icmp.c"),
    "Icmp6.OutPktTooBigs": Kernel("icmp6_send", "net/ipv6/icmp.c"),
    "Icmp6.OutRateLimitHost": Kernel("icmpv6_xrlim_allow", "net/ipv6/icmp.c"),
    "Icmp6.OutTimeExcds": Kernel("icmp6_send", "net/ipv6/icmp.c"),
    "TcpExt.OutOfWindowIcmps": Kernel("tcp_v4_err", "net/ipv4/tcp_ipv4.c"),
    "TcpExt.IPReversePathFilter": Kernel("ip_rcv_finish_core", "net/ipv4/ip_input.c"),
    "TcpExt.TCPMTUPFail": Kernel("tcp_mtup_probe_failed", "net/ipv4/tcp_input.c"),
    "TcpExt.TCPMTUPSuccess": Kernel("tcp_mtup_probe_success", "net/ipv4/tcp_input.c"),
    "TcpExt.TCPSlowStartRetrans": Kernel("__tcp_retransmit_skb", "net/ipv4/tcp_output.c"),
    "TcpExt.TCPTimeouts": Kernel("tcp_retransmit_timer", "net/ipv4/tcp_timer.c"),
}
"""Which kernel function moves a counter. A scenario may count only what is listed."""


@dataclass(frozen=True, slots=True)
class Mss(Expectation):
    """The sender of the act's TCP flow ends with this MSS (tcpi_snd_mss), in octets of payload a segment."""

    mss: int
    at: str

    def claim(self) -> str:
        return f"{self.at}'s MSS becomes {self.mss}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.4"), Rfc(8201, "5.4"))

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(states[-1].mss == self.mss, f"tcpi_snd_mss {states[-1].mss}")


@dataclass(frozen=True, slots=True)
class TcpPathMtu(Expectation):
    """The sender of the act's TCP flow ends with this path MTU (tcpi_pmtu)."""

    mtu: int
    at: str

    def claim(self) -> str:
        return f"{self.at}'s connection holds a path MTU of {self.mtu}"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_sync_mss", "net/ipv4/tcp_output.c")

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(states[-1].pmtu == self.mtu, f"tcpi_pmtu {states[-1].pmtu}")


@dataclass(frozen=True, slots=True)
class NoTimeout(Expectation):
    """`at`, which sends TCP segments, meets no retransmission timeout: what is lost is sent again at once, on the PTB."""

    at: str

    def claim(self) -> str:
        return f"{self.at} meets no retransmission timeout"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_simple_retransmit", "net/ipv4/tcp_input.c")

    def see(self, observation: Observation) -> Seen:
        counters = observation.counters.get(self.at, {})
        if not counters.get("Tcp.OutSegs"):
            return nothing(f"TCP segment is counted at {self.at}, so nothing is shown")
        timeouts = counters.get("TcpExt.TCPTimeouts", 0)
        return Seen(timeouts == 0, f"{timeouts} timeouts, {counters.get('Tcp.RetransSegs', 0)} segments sent again")


@dataclass(frozen=True, slots=True)
class SsthreshUncut(Expectation):
    """The sender's slow start threshold stays where a new connection has it: a PTB is no sign of congestion."""

    at: str

    def claim(self) -> str:
        return f"{self.at}'s slow start threshold is not cut"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.4"), Rfc(8201, "5.4"))

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        # Slow start may also end by HyStart, which takes any jitter of the RTT for a queue. It counts the window at which it did
        # so, and leaves the threshold there (hystart_update()): then that is the value which nothing may have cut.
        counters = observation.counters.get(self.at, {})
        hystart = sum(counters.get(f"TcpExt.TCPHystart{how}Cwnd", 0) for how in ("Train", "Delay"))
        uncut = hystart or TCP_INFINITE_SSTHRESH
        words = f"HyStart ended slow start at {hystart}" if hystart else "slow start without end"
        seen = [s.ssthresh for s in states]
        # Before HyStart did so, or on another connection, the threshold is where it began.
        return Seen(uncut in seen and {*seen} <= {uncut, TCP_INFINITE_SSTHRESH}, f"ssthresh {listed(seen)}; {words}")


@dataclass(frozen=True, slots=True)
class Retransmissions(Expectation):
    """The sender of the act's TCP flow ends with so many retransmitted segments (tcpi_total_retrans).

    After a PTB that is, over the segments in the retransmission queue, the sum of ceil(length / new MSS).
    """

    times: int
    at: str

    def claim(self) -> str:
        return f"{self.at} sends {many(self.times, 'segment')} again"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_simple_retransmit", "net/ipv4/tcp_input.c")

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(states[-1].total_retrans == self.times, f"tcpi_total_retrans {states[-1].total_retrans}")


@dataclass(frozen=True, slots=True)
class MssWithin(Expectation):
    """The sender of the act's TCP flow ends with an MSS (tcpi_snd_mss) from `low` to `high`, both included: a search ends so."""

    low: int
    high: int
    at: str

    def claim(self) -> str:
        return f"{self.at}'s MSS ends from {self.low} to {self.high}"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_mtu_probe", "net/ipv4/tcp_output.c")

    def see(self, observation: Observation) -> Seen:
        states = sender_states(observation, self.at)
        if not states:
            return nothing(f"TCP transfer from {self.at}")
        return Seen(self.low <= states[-1].mss <= self.high, f"tcpi_snd_mss {states[-1].mss}")


@dataclass(frozen=True, slots=True)
class Counts(Expectation):
    """Counters of `at` move by exactly this much during the act: (("Ip.FragOKs", 1), ("Ip.FragCreates", 3)).

    `or_more` makes each the least that is expected.
    """

    at: str
    counters: tuple[tuple[str, int], ...]
    or_more: bool = False

    def claim(self) -> str:
        more = " or more" if self.or_more else ""
        return f"{self.at} counts {joined(f'{name} +{by}{more}' for name, by in self.counters)}"

    def cites(self, family: Family) -> Citation:
        return COUNTED_BY[self.counters[0][0]]

    def see(self, observation: Observation) -> Seen:
        moved = observation.counters.get(self.at, {})
        if not moved:
            return nothing(f"counter of {self.at} moves, so nothing is shown")
        seen = [(name, moved.get(name, 0), by) for name, by in self.counters]
        holds = all(found >= by if self.or_more else found == by for _, found, by in seen)
        return Seen(holds, joined(f"{name} +{found}" for name, found, _ in seen))


def sender_states(observation: Observation, at: str) -> list[TcpState]:
    """The state of the TCP flows that `at` sends, after each Send of this act."""
    return [o.sender for o in observation.outcomes if isinstance(o.flow, Tcp) and o.flow.source == at and o.sender]
