"""Expectations about what is too large for a link, and is lost with no router there to say so."""

from __future__ import annotations

from dataclasses import dataclass
from errno import ENOBUFS, errorcode

from lab.judge.convergence import carries, told
from lab.judge.expect.base import Expectation, Seen, either, family_of, many, nothing, nth, numbers
from lab.judge.expect.wire import originated
from lab.judge.observation import Observation
from lab.judge.passage import lost_at
from lab.model.rfc import Citation, Kernel
from lab.model.topology import IPV4, Family


@dataclass(frozen=True, slots=True)
class Swallowed(Expectation):
    """Packets of `octets` octets reach bridge `at`, and none of them goes any further, nor does a PTB leave it.

    `counted` is how many of them it counts as FragFails: one that calls iptables does under IPv4, and none else.
    """

    octets: int
    at: str
    counted: int = 0

    def claim(self) -> str:
        return f"{self.at} swallows packets of {self.octets} octets, tells nobody, and counts {self.counted} FragFails"

    def cites(self, family: Family) -> Citation:
        if self.counted:
            return Kernel("br_nf_dev_queue_xmit", "net/bridge/br_netfilter_hooks.c")
        return Kernel("br_dev_queue_push_xmit", "net/bridge/br_forward.c")

    def see(self, observation: Observation) -> Seen:
        came = [f for f in observation.received_by(self.at) if f.packet and f.packet.octets == self.octets]
        if not came:
            return nothing(f"packet of {self.octets} octets reaches {self.at}")
        lost = [f for f in lost_at(observation, self.at) if f.packet and f.packet.octets == self.octets]
        if len(lost) < len(came):
            words = f"{self.at} passes {len(came) - len(lost)} of {len(came)} on"
            return Seen(False, words, numbers(f for f in came if f not in lost))
        said = [f for f in observation.sent_by(self.at) if told(f) is not None]
        if said:
            return Seen(False, f"{many(len(said), 'PTB')} leave {self.at}", numbers(said))
        counter = "Ip.FragFails" if family_of(observation) == IPV4 else "Ip6.FragFails"
        counted = observation.counters.get(self.at, {}).get(counter, 0)
        return Seen(counted == self.counted, f"all {len(came)} lost, {counter} +{counted}", numbers(lost))


@dataclass(frozen=True, slots=True)
class LostBelow(Expectation):
    """The act's n-th `send` fails with ENOBUFS, although its packet leaves the sender's IP layer: the link itself dropped it.

    Only a socket with IP_RECVERR hears of it, and only while nobody is in between who queues.
    """

    send: int

    def claim(self) -> str:
        return f"send {self.send} fails with ENOBUFS: its own link drops it"

    def cites(self, family: Family) -> Citation:
        return either(family, Kernel("ip_send_skb", "net/ipv4/ip_output.c"), Kernel("ip6_send_skb", "net/ipv6/ip6_output.c"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        own = [f for f in originated(observation, outcome.flow.source) if carries(observation, outcome.flow, f.packet)]
        left = [f for f in own if outcome.started <= f.time <= outcome.ended]
        if not left:
            return nothing(f"packet leaves {outcome.flow.source}")
        gave = "success" if outcome.errno is None else errorcode.get(outcome.errno, str(outcome.errno))
        words = f"{gave}, {outcome.delivered} octets delivered"
        return Seen(outcome.errno == ENOBUFS and not outcome.delivered, words, numbers(left))
