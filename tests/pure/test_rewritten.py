"""Packets that a router rewrites in passing are known again, and told as rewritten: not as lost, and not as the router's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.judge.convergence import converge
from lab.judge.expect import Delivered, Expectation, NoFragments
from lab.judge.observation import Frame, Observation
from lab.judge.passage import lost_at, originals, rewritten
from lab.judge.verdict import Verdict
from lab.model.flow import DO, DONT, WANT, Echo, Udp
from lab.model.packet import Icmp, TcpFlag
from lab.model.topology import IPV6
from lab.report.timeline import timeline
from tests.observations import Change, changed, datagrams, fragmented, where, without
from tests.scenes import TCP, TCP6

WANTS = Udp("client", "server", WANT)
FITS, FITS6 = datagrams(WANTS, 1500, 1500, 1500), datagrams(Udp("client", "server", WANT, IPV6), 1500, 1500, 1500)
PING, PING6 = (datagrams(Echo("client", "server", DO, flow.family), 1500, 1500, 1500) for flow in (WANTS, Udp("", "", family=IPV6)))
FAR = datagrams(WANTS, 1500, 1400, 576)
NATTED = {"source": "10.0.1.1", "source_port": 1024}


def beyond(router: str, **changes: object) -> Change:
    """What the client has sent to the server, as it is from where it left `router` on."""
    ends = ("r1:r2", "r2:r1", "r2:server", "server:r2")[0 if router == "r1" else 2 :]
    towards = {"r1:r2": True, "r2:r1": False, "r2:server": True, "server:r2": False}
    return changed(lambda frame: frame.end in ends and frame.sent == towards[frame.end], **changes)


def losses(observation: Observation) -> int:
    return sum(len(lost_at(observation, router)) for router in ("r1", "r2"))


def syn_alone(scene: Observation) -> Observation:
    return without(lambda frame: not where(flags=TcpFlag.SYN)(frame))(scene)


@pytest.mark.parametrize(
    ("scene", "changes"),
    [
        (FITS, {"source": "10.0.1.1"}),
        (FITS, NATTED),
        (FITS, {"destination": "10.0.9.9", "destination_port": 80}),
        (FITS, {"df": False}),
        (FITS6, {"source": "2001:db8:9::1", "source_port": 1024}),
        (PING, {"source": "10.0.1.1", "identifier": 99}),
        (PING6, {"identifier": 99}),
        (syn_alone(TCP), {"mss": 500}),
        (syn_alone(TCP), {"mss": 500, **NATTED}),
        (syn_alone(TCP6), {"mss": 500}),
    ],
)
def test_what_is_rewritten_is_not_lost(scene: Observation, changes: dict[str, object]) -> None:
    after = beyond("r1", **changes)(scene)
    assert losses(scene) == losses(after) == 0
    ((came, left),) = rewritten(after, "r1")
    assert (came.end, left.end) == ("r1:client", "r1:r2")
    assert rewritten(scene, "r1") == rewritten(after, "r2") == ()


@pytest.mark.parametrize(
    ("scene", "changes"),
    [
        (FITS, {"tos": 4}),
        (FITS, {"identification": 9}),
        (FITS, {"octets": 1499}),
        (PING, {"sequence": 2}),
        (syn_alone(TCP), {"sequence": 2}),
        (syn_alone(TCP), {"acknowledgment": 2}),
        (syn_alone(TCP), {"flags": TcpFlag.SYN | TcpFlag.ACK}),
    ],
)
def test_another_packet_is_another(scene: Observation, changes: dict[str, object]) -> None:
    after = beyond("r1", **changes)(scene)
    assert losses(after) == 1
    assert rewritten(after, "r1") == ()


@pytest.mark.parametrize(("changes", "known"), [({"source": "192.0.2.1"}, 1), ({"identification": 9}, 0), ({"octets": 99}, 0)])
def test_a_ptb_is_known_again_by_what_it_quotes(changes: dict[str, object], known: int) -> None:
    """r2's PTB, as it leaves r1 for the client."""
    (ptb,) = (f.packet for f in FAR.frames if f.packet and f.end == "r1:client" and f.sent and f.packet.source == "10.0.1.2")
    assert isinstance(ptb.payload, Icmp)
    assert ptb.payload.quoted
    quoted = replace(ptb.payload.quoted, **changes)  # type: ignore[arg-type]  # fields of a Packet

    def leaves(frame: Frame) -> bool:
        return frame.end == "r1:client" and frame.sent and frame.packet is not None and frame.packet.source == "10.0.1.2"

    assert len(rewritten(changed(leaves, quoted=quoted)(FAR), "r1")) == known


def test_what_two_routers_rewrite_in_turn_is_traced_to_its_origin() -> None:
    twice = beyond("r2", source="10.0.2.1")(beyond("r1", source="10.0.1.1")(FITS))
    assert losses(twice) == 0
    origins = originals(twice).values()
    assert [f.end for f in origins] == ["r1:client", "r1:client"]


def test_what_is_rewritten_back_is_what_it_was() -> None:
    (frame,) = (f for f in FITS.frames if f.end == "r2:server" and f.sent)
    assert frame.packet
    back = beyond("r2", source=frame.packet.source)(beyond("r1", source="10.0.1.1")(FITS))
    assert [f.packet.source for f in originals(back).values() if f.packet] == ["10.0.0.1"]


def test_what_arrives_under_another_address_arrives() -> None:
    after = beyond("r1", **NATTED)(FITS)
    claim: Expectation = Delivered(1472, to="server")
    assert claim.judge(after).verdict is Verdict.PASS
    assert converge(after, WANTS).octets == 1500


def test_what_arrives_from_a_stranger_does_not() -> None:
    after = changed(where("server:r2", sent=False), source="10.0.1.1")(FITS)
    assert Delivered(1472, to="server").judge(after).verdict is Verdict.FAIL


def test_fragments_under_another_address_are_not_made_there_but_passed_on() -> None:
    cut = fragmented(WANTS, "client", ((1396, 0), (124, 1376)), 1500, 1500, 1500)
    after = beyond("r1", source="10.0.1.1")(cut)
    assert losses(after) == 0
    assert NoFragments(by="r1").judge(after).verdict is Verdict.PASS


def test_a_packet_cut_up_under_another_address_is_not_lost() -> None:
    cut = fragmented(Udp("client", "server", DONT), "r1", ((1396, 0), (124, 1376)), 1500, 1400, 1500)
    after = beyond("r1", source="10.0.1.1")(cut)
    assert losses(after) == 0
    assert [row.note for row in timeline(after) if row.who == "client → server"] == ["delivered"]


def test_a_timeline_tells_what_was_rewritten() -> None:
    told = [(row.who, row.what, row.note) for row in timeline(beyond("r1", **NATTED)(FITS)) if row.frames]
    assert told == [
        ("client → server", "UDP, 1472 octets of payload", "delivered"),
        ("r1 ⇄ r2", "rewrites source 10.0.0.1 to 10.0.1.1, source port 40000 to 1024", ""),
    ]


def test_a_timeline_tells_of_a_clamped_mss() -> None:
    told = [row.what for row in timeline(beyond("r1", mss=500)(syn_alone(TCP))) if row.frames]
    assert told == ["TCP SYN, MSS 1460", "rewrites MSS 1460 to 500"]
