"""How soon a flow found its path MTU: packets lost, PTBs heard, time and round trips until the first full-sized delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.judge.observation import Frame, Observation
from lab.judge.passage import identity, lost_at, originals
from lab.model.flow import Echo, Flow, Tcp
from lab.model.packet import Icmp, Packet, Protocol, TcpHeader


@dataclass(frozen=True, slots=True)
class Convergence:
    """Figures of one flow in one act.

    `lost` counts its packets that a router dropped, `ptbs` the PTBs that its sender heard. `octets` is the largest packet that
    arrived; `nanoseconds` the time from the first packet with payload, as it was given to its link, to the first arrival of that
    size; `round_trips` how often news had to come back before it: once for each PTB that said something new, and once for the
    delivery itself. The last three are None where nothing arrived.
    """

    flow: Flow
    lost: int
    ptbs: int
    octets: int | None
    nanoseconds: int | None
    round_trips: int | None


def converge(observation: Observation, flow: Flow) -> Convergence:
    """The figures of `flow`, from the frames of one act."""
    sent = [f for f in observation.sent_by(flow.source) if carries(observation, flow, f.packet)]
    arrived = arrivals(observation, flow)
    lost = sum(carries(observation, flow, f.packet) for node in observation.routers for f in lost_at(observation, node))
    heard = [(f.time, mtu) for f in observation.received_by(flow.source) if (mtu := told(f)) is not None]
    if not sent or not arrived:
        return Convergence(flow, lost, len(heard), None, None, None)
    largest = max(f.packet.octets for f in arrived if f.packet)
    first = next(f.time for f in arrived if f.packet and f.packet.octets == largest)
    news = {mtu for time, mtu in heard if time < first}
    return Convergence(flow, lost, len(heard), largest, first - observation.given(sent[0]), len(news) + 1)


def arrivals(observation: Observation, flow: Flow) -> list[Frame]:
    """Frames that bring payload of `flow` to its destination, also where a router has put another source address in (NAT).

    What such a router has fragmented besides is known by the identification that its pieces keep.
    """
    came = list(observation.received_by(flow.to))
    arrived = [f for f in came if carries(observation, flow, f.packet)]
    if arrived or not came:
        return arrived
    before = originals(observation)
    renamed = ((f, f.packet, origin.packet) for f in came if (origin := before.get(identity(f))))
    whole = [f for f, now, then in renamed if now and then and carries(observation, flow, replace(now, source=then.source))]
    own = {f.packet.identification for f in observation.sent_by(flow.source) if f.packet and carries(observation, flow, f.packet)}
    return whole or [f for f in came if f.packet and f.packet.is_fragment and f.packet.identification in own]


def told(frame: Frame) -> int | None:
    """The MTU that a PTB says, None for any other frame."""
    icmp = frame.packet.payload if frame.packet else None
    return icmp.mtu if isinstance(icmp, Icmp) and icmp.too_big else None


def carries(observation: Observation, flow: Flow, packet: Packet | None) -> bool:
    """Whether this packet brings payload of `flow` from its source to its destination: no handshake, no pure ACK.

    On its way to a NAT that will rewrite it, its destination is the address that the flow states, and not yet the destination's.
    Inside a tunnel it is what the tunnel's packet carries.
    """
    if packet is not None and packet.inner is not None:
        packet = packet.inner
    if packet is None or packet.family != flow.family or observation.owner(packet.source) != flow.source:
        return False
    if observation.owner(packet.destination) != flow.to and packet.destination != flow.address:
        return False
    if isinstance(flow, Tcp):
        return isinstance(packet.payload, TcpHeader) and packet.payload.octets > 0
    if isinstance(flow, Echo):
        return packet.protocol in (Protocol.ICMP, Protocol.ICMPV6) and (packet.payload is None or is_echo(packet.payload))
    return packet.protocol == Protocol.UDP


def is_echo(payload: object) -> bool:
    return isinstance(payload, Icmp) and payload.echo_request
