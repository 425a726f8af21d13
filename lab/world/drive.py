"""Plays the acts of a story in a running network, and brings back what was seen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from lab.judge.observation import Done, Event, Flushed, Frame, Observation, Outcome
from lab.model.flow import Flow
from lab.model.packet import Packet
from lab.model.story import (
    AddRoute,
    Configure,
    FlushRouteCache,
    ForgePtb,
    ReadCapture,
    ReadSocket,
    Run,
    Search,
    Send,
    SendPieces,
    SendTogether,
    SetMtu,
    Step,
    Sysctl,
    Wait,
)
from lab.model.wire import decode
from lab.world.change import add_route, set_mtu, set_sysctl
from lab.world.counters import moved
from lab.world.endpoints import Endpoint, open_endpoint
from lab.world.errors import Broken
from lab.world.forge import forge, send_pieces
from lab.world.kept import TappedFrame
from lab.world.net import Net
from lab.world.programs import configure, read_capture, run_program
from lab.world.search import search
from lab.world.sockets import Given
from lab.world.streams import Stream, send_together

DROPS = ("Ip.FragFails", "Ip6.FragFails")


class Driver:
    """Plays acts one after another; frame numbers and ports run on through all of them. `traits` is for the observations.

    `mtus` are those of link ends ("r1:r2") that are not as planned. `counted=False` leaves counters out of the observations:
    reading and parsing them all takes a millisecond a node.
    """

    def __init__(
        self, net: Net, traits: Mapping[str, bool] | None = None, *, mtus: Mapping[str, int] | None = None, counted: bool = True
    ) -> None:
        self._net = net
        self._traits = traits or {}
        self._counted = list(net) if counted else []
        self._frames = 0
        self._flows = 0
        self._hosts = [host.name for host in net.plan.topology.hosts]
        self._readdressed = False
        self._mtus = dict(mtus or {})
        self._endpoints: dict[Flow, Endpoint] = {}

    def play(self, story: Sequence[Step]) -> Observation:
        """Plays one act.

        Raises Broken where a tap dropped frames, a connection could not be made at all or a Configure failed, and Lacking where a
        program is not installed.
        """
        net = self._net
        before = {node.name: node.counters() for node in self._counted}
        mtus = dict(self._mtus)
        try:
            events = tuple(event for step in story for event in self._step(step))
        finally:
            for endpoint in self._endpoints.values():
                endpoint.close()
            self._endpoints.clear()
        frames = numbered(net.capture.take(), self._frames + 1)
        self._frames += len(frames)
        return Observation(
            net.plan,
            frames,
            events,
            counters={node.name: moved(before[node.name], node.counters()) for node in self._counted},
            exceptions=tuple(exception for node in net for exception in node.exceptions(self._hosts)),
            addresses={address: node.name for node in net for address in node.addresses()} if self._readdressed else {},
            traits=self._traits,
            mtus=mtus,
        )

    def _step(self, step: Step) -> Sequence[Event]:
        match step:
            case Send() | SendPieces():
                return [self._send(step)]
            case SendTogether():
                return self._send_together(step)
            case Search():
                return [search(self._endpoint(step.flow), step)]
            case ReadSocket():
                return [self._read(step)]
            case Run():
                return [run_program(self._net, step)]
            case ReadCapture():
                return [read_capture(step, self._net.capture)]
            case FlushRouteCache():
                for node in self._net:
                    node.flush_route_cache()
                return [Flushed(time.time_ns())]
        return [self._change(step)]

    def _change(self, step: SetMtu | Sysctl | AddRoute | Configure | ForgePtb | Wait) -> Done:
        at, now = None if isinstance(step, SetMtu | Wait) else step.by if isinstance(step, ForgePtb) else step.at, time.time_ns()
        mtus: dict[str, int] = {}
        match step:
            case SetMtu():
                words = set_mtu(self._net, step)
                mtus = {f"{step.a}:{step.b}": step.mtus[0], f"{step.b}:{step.a}": step.mtus[1]}
                self._mtus |= mtus
            case Sysctl():
                words = set_sysctl(self._net, step)
            case AddRoute():
                words = add_route(self._net, step)
            case Configure():
                self._readdressed = True
                words = configure(self._net, step)
            case ForgePtb():
                words = forge(self._net, step, self._endpoints)
            case Wait():
                time.sleep(step.seconds)
                words = f"{step.seconds:g} s pass"
        return Done(now, at, words, tuple(mtus.items()))

    def _send(self, step: Send | SendPieces) -> Outcome:
        net, flow = self._net, step.flow
        started = time.time_ns()
        endpoint = self._endpoint(flow)
        drops = self._drops()
        if isinstance(step, SendPieces):
            given = send_pieces(net, step, endpoint)
        else:
            given = endpoint.send(step.octets, step.within, lambda: self._drops() > drops, net.capture.drain)
        return self._outcome(endpoint, flow, step.octets, started, given)

    def _send_together(self, step: SendTogether) -> list[Outcome]:
        started = time.time_ns()
        streams = [self._endpoint(flow) for flow in step.flows]
        given = send_together([s for s in streams if isinstance(s, Stream)], step.octets, step.within, self._net.capture.drain)
        each = zip(streams, step.flows, given, strict=True)
        return [self._outcome(stream, flow, step.octets, started, one) for stream, flow, one in each]

    def _endpoint(self, flow: Flow) -> Endpoint:
        if flow not in self._endpoints:
            self._flows += 1
            self._endpoints[flow] = open_endpoint(self._net, flow, self._flows)
        return self._endpoints[flow]

    def _read(self, step: ReadSocket) -> Outcome:
        """Raises Broken where the flow has not been sent over in this act."""
        started = time.time_ns()
        if step.flow not in self._endpoints:
            raise Broken(f"{step.flow} has sent nothing in this act, so there is no socket to read")
        endpoint = self._endpoints[step.flow]
        endpoint.read_errors()
        return self._outcome(endpoint, step.flow, 0, started, Given())

    def _outcome(self, endpoint: Endpoint, flow: Flow, octets: int, started: int, given: Given) -> Outcome:
        sender, receiver = endpoint.tcp()
        return Outcome(
            flow,
            octets,
            started,
            time.time_ns(),
            errno=given.errno,
            errors=tuple(endpoint.errors),
            delivered=given.delivered,
            intact=given.intact,
            mtu=endpoint.mtu(),
            sender=sender,
            receiver=receiver,
            exceptions=self._net[flow.source].exceptions(),
            announced=given.announced,
            samples=given.samples,
        )

    def _drops(self) -> int:
        """Packets that routers dropped as too big, so far (IPSTATS_MIB_FRAGFAILS)."""
        routers = (node for node in self._net if node.planned.forwards)
        return sum(counters.get(name, 0) for counters in (router.counters() for router in routers) for name in DROPS)


def numbered(tapped: Sequence[TappedFrame], first: int) -> tuple[Frame, ...]:
    """Frames numbered on from `first`. Both ends of a link see the same octets: they are decoded once."""
    decoded: dict[bytes, Packet | None] = {}
    frames = []
    for number, seen in enumerate(tapped, first):
        if seen.octets not in decoded:
            decoded[seen.octets] = decode(seen.octets)
        end = seen.interface
        frames.append(Frame(number, seen.time, end.node, end.name, seen.sent, seen.octets, seen.length, decoded[seen.octets]))
    return tuple(frames)
