"""Plays the acts of a story in a running network, and brings back what was seen."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab.judge.observation import Flushed, Frame, Observation, Outcome
from lab.model.flow import Flow
from lab.model.packet import Packet
from lab.model.story import FlushRouteCache, Send, Step
from lab.model.wire import decode
from lab.world.counters import moved
from lab.world.endpoints import Endpoint, open_endpoint
from lab.world.net import Net
from lab.world.tap import TappedFrame

DROPS = ("Ip.FragFails", "Ip6.FragFails")


class Driver:
    """Plays acts one after another; frame numbers and ports run on through all of them."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._frames = 0
        self._flows = 0

    def play(self, story: Sequence[Step]) -> Observation:
        """Plays one act. Raises Broken where a tap dropped frames or a connection could not be made at all."""
        net = self._net
        before = {node.name: node.counters() for node in net}
        endpoints: dict[Flow, Endpoint] = {}
        try:
            events = tuple(self._step(step, endpoints) for step in story)
        finally:
            for endpoint in endpoints.values():
                endpoint.close()
        counters = {node.name: moved(before[node.name], node.counters()) for node in net}
        return Observation(net.plan, self._number(net.capture.take()), events, counters)

    def _step(self, step: Step, endpoints: dict[Flow, Endpoint]) -> Outcome | Flushed:
        if isinstance(step, FlushRouteCache):
            for node in self._net:
                node.flush_route_cache()
            return Flushed(time.time_ns())
        return self._send(step, endpoints)

    def _send(self, step: Send, endpoints: dict[Flow, Endpoint]) -> Outcome:
        net, flow = self._net, step.flow
        started = time.time_ns()
        if flow not in endpoints:
            self._flows += 1
            endpoints[flow] = open_endpoint(net, flow, self._flows)
        endpoint = endpoints[flow]
        drops = self._drops()
        given = endpoint.send(step.octets, step.within, lambda: self._drops() > drops, net.capture.drain)
        sender, receiver = endpoint.tcp()
        return Outcome(
            flow,
            step.octets,
            started,
            time.time_ns(),
            errno=given.errno,
            errors=tuple(endpoint.errors),
            delivered=given.delivered,
            intact=given.intact,
            mtu=endpoint.mtu(),
            sender=sender,
            receiver=receiver,
            exceptions=net[flow.source].exceptions(),
        )

    def _drops(self) -> int:
        """Packets that routers dropped as too big, so far (IPSTATS_MIB_FRAGFAILS)."""
        routers = (node for node in self._net if node.planned.forwards)
        return sum(counters.get(name, 0) for counters in (router.counters() for router in routers) for name in DROPS)

    def _number(self, tapped: Sequence[TappedFrame]) -> tuple[Frame, ...]:
        """Frames of an act, numbered on from the last. Both ends of a link see the same octets: they are decoded once."""
        decoded: dict[bytes, Packet | None] = {}
        frames = []
        for number, seen in enumerate(tapped, self._frames + 1):
            if seen.octets not in decoded:
                decoded[seen.octets] = decode(seen.octets)
            end = seen.interface
            frames.append(Frame(number, seen.time, end.node, end.name, seen.sent, seen.octets, seen.length, decoded[seen.octets]))
        self._frames += len(frames)
        return tuple(frames)
