"""Expectations about what a socket is not told: no error where a PTB came, no path MTU where it has no peer."""

from __future__ import annotations

from dataclasses import dataclass
from errno import errorcode

from lab.judge.convergence import carries, told
from lab.judge.expect.base import Expectation, Seen, either, listed, many, nothing, nth, numbers
from lab.judge.expect.wire import originated
from lab.judge.observation import Observation
from lab.model.flow import Udp
from lab.model.rfc import Citation, Kernel
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class NothingQueued(Expectation):
    """After the act's n-th `send`, which succeeds, the socket's error queue is empty, though its host has heard a PTB by then."""

    send: int

    def claim(self) -> str:
        return f"a PTB comes, and send {self.send} finds no error"

    def cites(self, family: Family) -> Citation:
        return either(family, Kernel("__udp4_lib_err", "net/ipv4/udp.c"), Kernel("__udp6_lib_err", "net/ipv6/udp.c"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        heard = [f for f in observation.received_by(outcome.flow.source) if told(f) is not None and f.time <= outcome.ended]
        if not heard:
            return nothing(f"PTB reaches {outcome.flow.source}, so nothing is shown")
        gave = "success" if outcome.errno is None else errorcode.get(outcome.errno, str(outcome.errno))
        queued = listed(f"{errorcode.get(e.errno, e.errno)}, {e.origin}, info {e.info}" for e in outcome.errors)
        words = f"{many(len(heard), 'PTB')}; {gave}, queued: {queued}"
        return Seen(outcome.errno is None and not outcome.errors, words, numbers(heard))


@dataclass(frozen=True, slots=True)
class NoSocketMtu(Expectation):
    """IP_MTU (IPV6_MTU) of the sending socket cannot be read after the act's n-th `send`, though a packet of it has left."""

    send: int

    def claim(self) -> str:
        return f"the socket has no path MTU to read after send {self.send}"

    def cites(self, family: Family) -> Citation:
        ipv4 = Kernel("do_ip_getsockopt", "net/ipv4/ip_sockglue.c")
        return either(family, ipv4, Kernel("do_ipv6_getsockopt", "net/ipv6/ipv6_sockglue.c"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        own = [f for f in originated(observation, outcome.flow.source) if carries(observation, outcome.flow, f.packet)]
        left = [f for f in own if f.time <= outcome.ended]
        if not left:
            return nothing(f"packet leaves {outcome.flow.source}, so nothing is shown")
        return Seen(outcome.mtu is None, "none" if outcome.mtu is None else f"{outcome.mtu}", numbers(left[:1]))


@dataclass(frozen=True, slots=True)
class NothingAnnounced(Expectation):
    """A PTB has come by the end of the act's n-th `send`, and no IPV6_PATHMTU with it, though the socket asks for them."""

    send: int

    def claim(self) -> str:
        return f"a PTB comes, and send {self.send} brings no IPV6_PATHMTU"

    def cites(self, family: Family) -> Citation:
        return Kernel("ipv6_local_rxpmtu", "net/ipv6/datagram.c")

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        heard = [f for f in observation.received_by(outcome.flow.source) if told(f) is not None and f.time <= outcome.ended]
        if not heard or not (isinstance(outcome.flow, Udp) and outcome.flow.dontfrag):
            return nothing(f"PTB reaches a socket of {outcome.flow.source} that asks for it, so nothing is shown")
        words = f"{many(len(heard), 'PTB')}; announced: {outcome.announced or 'nothing'}"
        return Seen(outcome.announced is None, words, numbers(heard))
