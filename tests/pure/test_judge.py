"""Passage, convergence, verdicts and results: worked out from frames that are known to the octet."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from lab.judge.convergence import Convergence, carries, converge, told
from lab.judge.expect import Counts, Mss, NoTimeout, PathMtu
from lab.judge.expect.base import family_of, listed, nth
from lab.judge.observation import Flushed, Frame, Observation
from lab.judge.passage import identity, lost_at
from lab.judge.result import ActResult, Result
from lab.judge.scenario import Scenario
from lab.judge.verdict import Finding, Verdict
from lab.model.flow import DO, Echo, Flow, Tcp, Udp
from lab.model.rfc import Kernel, Rfc
from lab.model.topology import IPV4, IPV6
from tests.observations import (
    ACK,
    MICROSECOND,
    SYN,
    Change,
    Where,
    besides,
    changed,
    counted,
    extra,
    outcome,
    silent,
    where,
    without,
)
from tests.scenes import (
    ARRIVED,
    CAME,
    CUT,
    CUT6,
    DESCENTS,
    DISCOVERY,
    HEARD,
    HOLE,
    LEFT,
    PING,
    PING6,
    REFUSED,
    REFUSED6,
    TCP,
    TCP6,
    UDP,
)

RANK = PASS, SKIP, FAIL, BROKEN = Verdict.PASS, Verdict.SKIP, Verdict.FAIL, Verdict.BROKEN
STREAM = Tcp("client", "server")


def lost(observation: Observation, node: str) -> list[int]:
    """Sizes of the packets that are lost at `node`."""
    return [frame.packet.octets for frame in lost_at(observation, node) if frame.packet]


# --- passage


@pytest.mark.parametrize("scene", [REFUSED, REFUSED6, PING, PING6])
def test_what_is_too_big_is_lost_where_it_was_dropped(scene: Observation) -> None:
    assert (lost(scene, "r1"), lost(scene, "r2"), lost(scene, "server")) == ([1500], [], [])


@pytest.mark.parametrize("scene", [CUT, CUT6])
def test_what_is_fragmented_is_not_lost(scene: Observation) -> None:
    assert (lost(scene, "r1"), lost(scene, "r2")) == ([], [])


def test_of_two_alike_one_may_be_lost() -> None:
    assert lost(extra(where("r2:r1", sent=False))(REFUSED), "r2") == [576]


def test_a_packet_that_leaves_changed_is_lost() -> None:
    assert lost(changed(where("r2:server", sent=True), tos=4)(REFUSED), "r2") == [576]


@pytest.mark.parametrize(("gone", "left"), [(396, [396]), (572, [572, 572])])
def test_a_fragment_may_be_lost_where_another_of_its_datagram_passes(gone: int, left: list[int]) -> None:
    assert lost(without(where("r2:server", sent=True, octets=gone))(CUT), "r2") == left


def test_a_fragment_that_is_cut_again_is_not_lost() -> None:
    # The last piece, 376 octets of payload at 1104, leaves r2 as 184 at 1104 and 192 at 1288.
    last = where("r2:server", sent=True, octets=396)
    first = changed(last, octets=204, more_fragments=True)(CUT)
    again = extra(where("r2:server", sent=True, octets=204), octets=212, fragment_offset=1288, more_fragments=False)(first)
    assert lost(again, "r2") == []


def test_a_packet_of_which_any_piece_leaves_is_not_lost() -> None:
    assert lost(without(where("r1:r2", sent=True, octets=572))(CUT), "r1") == []
    assert lost(without(where("r1:r2", sent=True))(CUT), "r1") == [1500]


def test_what_was_for_the_node_itself_is_not_lost_there() -> None:
    assert lost(changed(CAME, destination="10.0.0.2")(REFUSED), "r1") == []


def test_multicast_is_not_lost() -> None:
    assert lost(changed(CAME, **DISCOVERY)(REFUSED6), "r1") == []


@pytest.mark.parametrize("scene", [REFUSED, REFUSED6])
def test_a_hop_does_not_change_identity(scene: Observation) -> None:
    a, b = (next(filter(where(end, sent=True), scene.frames[4:])) for end in ("client:r1", "r2:server"))
    assert a.octets != b.octets
    assert identity(a) == identity(b)


@pytest.mark.parametrize("changes", [{"tos": 4}, {"identification": 9}, {"df": False}, {"source": "10.0.9.1"}, {"octets": 575}])
def test_anything_else_does(changes: dict[str, object]) -> None:
    (before,) = filter(ARRIVED, REFUSED.frames)
    (after,) = filter(where("server:r2", sent=False), changed(ARRIVED, **changes)(REFUSED).frames)
    assert identity(before) != identity(after)


def test_padding_is_not_part_of_a_packet() -> None:
    (frame,) = filter(ARRIVED, REFUSED.frames)
    assert identity(replace(frame, octets=frame.octets + bytes(9))) == identity(frame)


# --- convergence


def test_one_descent() -> None:
    # The arrival is the last of ten frames, a microsecond apart; and each of the two Sends before it ends with one more.
    assert converge(REFUSED, UDP) == Convergence(UDP, lost=1, ptbs=1, octets=576, nanoseconds=11 * MICROSECOND, round_trips=2)


def test_two_descents() -> None:
    seen = converge(DESCENTS, UDP)
    assert (seen.lost, seen.ptbs, seen.octets, seen.round_trips) == (2, 2, 576, 3)


@pytest.mark.parametrize(("scene", "mtu"), [(TCP, 576), (TCP6, 1280)])
def test_a_stream(scene: Observation, mtu: int) -> None:
    seen = converge(scene, scene.outcomes[0].flow)
    assert (seen.lost, seen.ptbs, seen.octets, seen.round_trips) == (2, 2, mtu, 2)


def test_no_news_no_round_trip() -> None:
    assert converge(CUT, CUT.outcomes[0].flow).round_trips == 1
    assert converge(besides(HEARD)(REFUSED), UDP).round_trips == 2
    late = besides(HEARD, mtu=552, time=REFUSED.frames[-1].time + 1)(REFUSED)
    assert (converge(late, UDP).round_trips, converge(late, UDP).ptbs) == (2, 2)


@pytest.mark.parametrize("change", [silent, without(ARRIVED), without(where("client:r1", sent=True))])
def test_where_nothing_arrives_or_leaves_there_are_no_figures(change: Change) -> None:
    seen = converge(change(REFUSED), UDP)
    assert (seen.octets, seen.nanoseconds, seen.round_trips) == (None, None, None)


def test_a_black_hole_loses_without_a_word() -> None:
    seen = converge(HOLE, UDP)
    assert (seen.lost, seen.ptbs, seen.octets, seen.round_trips) == (2, 0, 576, 1)


@pytest.mark.parametrize(
    ("scene", "which", "flow", "carried"),
    [
        (REFUSED, LEFT, UDP, True),
        (REFUSED, LEFT, Udp("server", "client", DO), False),
        (REFUSED, LEFT, Udp("client", "r2", DO), False),
        (REFUSED, LEFT, STREAM, False),
        (REFUSED, LEFT, Echo("client", "server"), False),
        (REFUSED, HEARD, UDP, False),
        (CUT, where("server:r2", octets=396), UDP, True),
        (TCP, where("client:r1", flags=SYN), STREAM, False),
        (TCP, where("client:r1", flags=ACK), STREAM, False),
        (TCP, LEFT, STREAM, True),
        (TCP, LEFT, UDP, False),
        (PING, LEFT, Echo("client", "server"), True),
        (PING, where("server:r2", sent=True), Echo("server", "client"), False),
        (PING, LEFT, UDP, False),
        (PING6, LEFT, Echo("client", "server", family=IPV6), True),
    ],
)
def test_what_carries_a_flow(scene: Observation, which: Where, flow: Flow, carried: bool) -> None:
    frame = next(filter(which, scene.frames))
    assert carries(scene, flow, frame.packet) is carried


def test_a_frame_without_a_packet_carries_nothing_and_tells_nothing() -> None:
    arp = Frame(1, 0, "client", "r1", True, bytes(42), 42, None)
    assert not carries(REFUSED, UDP, arp.packet)
    assert told(arp) is None
    assert [told(frame) for frame in filter(HEARD, REFUSED.frames)] == [576]


# --- observations


def test_an_observation_is_read_by_node_and_direction() -> None:
    assert REFUSED.routers == ("r1", "r2")
    assert [f.number for f in REFUSED.sent_by("r1")] == [3, 7]
    assert [f.number for f in REFUSED.sent_by("r1", towards="r2")] == [7]
    assert [f.number for f in REFUSED.received_by("r1")] == [2, 6]
    assert [f.number for f in REFUSED.received_by("r1", from_="r2")] == []
    assert (REFUSED.owner("10.0.1.1"), REFUSED.owner("192.0.2.1")) == ("r1", None)


def test_frames_without_a_packet_are_nobodys() -> None:
    arps = replace(REFUSED, frames=tuple(replace(f, packet=None) for f in REFUSED.frames))
    assert [*arps.sent_by("client"), *arps.received_by("client")] == []


def test_sends_are_counted_from_one_and_a_flush_is_none() -> None:
    flushed = replace(REFUSED, events=(Flushed(1), *REFUSED.events))
    assert nth(flushed, 1) is REFUSED.outcomes[0]
    assert nth(flushed, 3) is REFUSED.outcomes[2]
    assert [nth(flushed, send) for send in (-1, 0, 4)] == [None, None, None]


def test_the_family_is_the_flows_and_else_the_networks() -> None:
    assert [family_of(scene) for scene in (REFUSED, REFUSED6, silent(REFUSED6))] == [IPV4, IPV6, IPV6]


# --- verdicts


def test_the_worst_of_verdicts() -> None:
    for order in permutations((PASS, SKIP, FAIL, BROKEN)):
        assert [Verdict.worst(order[:n]) for n in range(5)] == [BROKEN, *(max(order[:n], key=RANK.index) for n in range(1, 5))]


def test_a_finding_is_claim_verdict_seen_citation_and_frames() -> None:
    assert PathMtu(576, at="client", to="server").judge(REFUSED) == Finding(
        "client holds a path MTU of 576 towards server", PASS, "mtu 576, expires in 600 s", Rfc(1191, "6.2")
    )
    found = Mss(525, at="client").judge(TCP)
    assert (found.verdict, found.seen, found.cites) == (FAIL, "tcpi_snd_mss 524", Rfc(1191, "6.4"))
    assert Mss(1208, at="client").judge(TCP6).cites == Rfc(8201, "5.4")
    assert NoTimeout(at="client").judge(TCP).cites == Kernel("tcp_simple_retransmit", "net/ipv4/tcp_input.c")


def test_only_counters_with_a_source_may_be_claimed() -> None:
    with pytest.raises(KeyError):
        Counts(at="r1", counters=(("Ip.InReceives", 1),)).judge(counted("r1", Ip_InReceives=1)(CUT))


def test_words() -> None:
    assert (listed([1500, 576, 1500]), listed([])) == ("1500, 576", "none")


# --- results


def ended(*acts: tuple[Verdict, ...], stopped: Verdict | None = None) -> Result:
    """A result whose acts found this."""
    findings = [tuple(Finding("claim", verdict, "seen", Rfc(1191, "4")) for verdict in act) for act in acts]
    scenario = Scenario("some", "Some scenario", REFUSED.plan.topology, ())
    return Result(scenario, tuple(ActResult("act", REFUSED, found, ()) for found in findings), 0.1, stopped)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (ended((PASS, PASS), (PASS,)), PASS),
        (ended((PASS, FAIL), (PASS,)), FAIL),
        (ended((FAIL, PASS), (PASS,)), FAIL),
        (ended((PASS,), (SKIP,)), SKIP),
        (ended((FAIL,), (BROKEN,)), BROKEN),
        (ended(), BROKEN),
        (ended(()), BROKEN),
        (ended((PASS,), stopped=BROKEN), BROKEN),
        (ended((FAIL,), stopped=BROKEN), BROKEN),
        (ended((PASS,), stopped=SKIP), SKIP),
        (ended((FAIL,), stopped=SKIP), FAIL),
    ],
)
def test_a_result_is_as_bad_as_the_worst_of_it(result: Result, verdict: Verdict) -> None:
    assert result.verdict == verdict


def test_findings_are_those_of_all_acts() -> None:
    assert [finding.verdict for finding in ended((PASS, FAIL), (SKIP,)).findings] == [PASS, FAIL, SKIP]


def test_an_outcome_of_another_family_is_judged_as_that_family() -> None:
    assert Mss(524, at="client").judge(outcome(0, flow=Tcp("client", "server", family=IPV6))(TCP)).cites == Rfc(8201, "5.4")
