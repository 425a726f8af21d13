"""What the stage and the plot are given: every packet on its links, drops where they are, and words for all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from lab.judge.observation import Done, Flushed, Frame, Observation, Outcome, RouteException, TcpState
from lab.judge.result import ActResult, Result
from lab.judge.verdict import Verdict
from lab.model.flow import DONT, Tcp, Udp
from lab.report.html.fold import FOR_MANY, SHOWN
from lab.report.html.motion import LEAST_ROOM, ROOM, motion
from lab.report.html.narrative import CROSSING, QUICKEST
from lab.theory.plan import plan
from tests import golden_files
from tests.crossings import START, Crossings, fragments, repeated
from tests.pure.test_rewritten import beyond
from tests.results import PLAN, SCENARIO, UDP, WAY, passed
from tests.scenes import CUT, CUT6, DESCENTS, HOLE, PING, REFUSED, REFUSED6, SCENES, TCP, TOOLS
from topologies import chain

Act = dict[str, Any]


def moved(*observations: Observation) -> Act:
    """All of the motion of these acts."""
    scenario = replace(SCENARIO, topology=observations[0].plan.topology)
    return motion(Result(scenario, tuple(ActResult("an act", seen, (), ()) for seen in observations), 1.0))


def act_of(observation: Observation) -> Act:
    (act,) = moved(observation)["acts"]
    assert isinstance(act, dict)
    return act


def marks(act: Act, kind: str) -> list[dict[str, Any]]:
    return [mark for mark in act["marks"] if mark["kind"] == kind]


def kinds(act: Act) -> list[tuple[str, int, str]]:
    return [(packet["kind"], packet["octets"], packet["fate"]) for packet in act["packets"]]


def where(act: Act, number: int) -> list[str]:
    """The nodes that a packet came by."""
    flights = act["packets"][number]["flights"]
    return [flights[0]["from"], *(flight["to"] for flight in flights)]


@pytest.mark.parametrize("scene", SCENES)
def test_no_packet_is_in_two_places_and_none_comes_before_it_leaves(scene: Observation) -> None:
    for packet in act_of(scene)["packets"]:
        flights = packet["flights"]
        for flight in flights:
            assert flight["came"] is None or flight["came"] >= flight["left"] + CROSSING * QUICKEST - 1e-6
        for before, after in pairwise(flights):
            assert before["came"] <= after["left"]
            assert before["to"] == after["from"]
            assert before["t"] < after["t"]


@pytest.mark.parametrize("scene", SCENES)
def test_departures_from_a_node_are_in_the_order_of_their_true_times(scene: Observation) -> None:
    leaving = [(f["from"], f["t"], f["left"]) for packet in act_of(scene)["packets"] for f in packet["flights"]]
    assert leaving
    for node in {node for node, *_ in leaving}:
        beats = [left for name, _, left in sorted(leaving) if name == node]
        assert beats == sorted(beats)


@pytest.mark.parametrize("scene", SCENES)
def test_all_of_it_is_over_in_time_and_is_json(scene: Observation) -> None:
    act = act_of(scene)
    ends = [f["came"] or f["left"] for packet in act["packets"] for f in packet["flights"]]
    assert max([*ends, *(mark["beat"] for mark in act["marks"])]) <= act["beats"]
    assert [caption["beat"] for caption in act["captions"]] == sorted(caption["beat"] for caption in act["captions"])
    assert act["clock"][-1][0] <= act["beats"]
    assert json.loads(json.dumps(act)) == act


def test_a_drop_is_at_the_router_that_drops_and_its_ptb_leaves_after_it() -> None:
    act = act_of(REFUSED)
    dropped, ptb, fits = act["packets"]
    assert (dropped["fate"], dropped["why"]) == ("dropped", "too big for r1–r2 (576)")
    assert (dropped["at"], dropped["limit"]) == (["r1", "r2"], 576)
    assert where(act, 0) == ["client", "r1"]
    assert (ptb["kind"], ptb["mtu"], ptb["fate"]) == ("ptb", 576, "delivered")
    assert where(act, 1) == ["r1", "client"]
    assert ptb["flights"][0]["left"] > dropped["flights"][0]["came"]
    assert fits["octets"] == 576
    assert where(act, 2) == ["client", "r1", "r2", "server"]


def test_what_a_host_learns_it_learns_when_the_ptb_has_come() -> None:
    act = act_of(REFUSED)
    (learned,) = marks(act, "learned")
    assert (learned["at"], learned["to"], learned["mtu"], learned["locked"]) == ("client", "server", 576, False)
    assert learned["beat"] >= act["packets"][1]["flights"][-1]["came"]
    assert learned["beat"] < act["packets"][2]["flights"][0]["left"]


def test_what_is_refused_here_never_leaves() -> None:
    act = act_of(REFUSED)
    (refused,) = marks(act, "refused")
    assert (refused["at"], refused["protocol"]) == ("client", "udp")
    assert (refused["octets"], refused["packet"], refused["limit"]) == (1472, 1500, 576)
    assert [packet["octets"] for packet in act["packets"] if packet["kind"] == "udp"] == [1500, 576]


def test_each_router_on_the_way_down_has_its_say() -> None:
    act = act_of(DESCENTS)
    assert [(p["flights"][0]["from"], p["mtu"]) for p in act["packets"] if p["kind"] == "ptb"] == [("r1", 1400), ("r2", 576)]
    assert [p["at"] for p in act["packets"] if p["fate"] == "dropped"] == [["r1", "r2"], ["r2", "server"]]


def test_silence_of_a_black_hole_is_said() -> None:
    captions = [caption["words"] for caption in act_of(HOLE)["captions"]]
    assert "r1: too big for r1–r2 (576), and says nothing" in captions
    assert "client: nothing came back" in captions


def test_a_router_cuts_and_the_receiver_joins() -> None:
    act = act_of(CUT)
    assert kinds(act) == [
        ("udp", 1500, "cut"),
        *(("fragment", octets, "joined") for octets in (572, 572, 396)),
    ]
    whole, *pieces = act["packets"]
    assert where(act, 0) == ["client", "r1"]
    assert all(piece["made_of"] == [whole["id"]] for piece in pieces)
    assert all(where(act, n) == ["r1", "r2", "server"] for n in (1, 2, 3))
    assert min(piece["flights"][0]["left"] for piece in pieces) >= whole["flights"][0]["came"]
    (joined,) = marks(act, "joined")
    assert (joined["at"], joined["packets"]) == ("server", [1, 2, 3])
    assert joined["beat"] >= max(piece["flights"][-1]["came"] for piece in pieces)
    assert "r1 cuts it into 3 fragments: 572, 572, 396 octets at 0, 552, 1104" in [c["words"] for c in act["captions"]]


def test_a_source_that_cuts_makes_fragments_of_nothing_seen() -> None:
    act = act_of(CUT6)
    assert kinds(act) == [("fragment", 1280, "joined"), ("fragment", 276, "joined")]
    assert all(packet["made_of"] == [] for packet in act["packets"])


def test_a_datagram_with_a_piece_missing_is_never_whole() -> None:
    act = Crossings(PLAN)
    whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
    first, second, _ = fragments(replace(whole, hop_limit=63), (572, 572, 396))
    for piece in (first, second):
        act.cross(piece, "r1", "r2", "server")
    played = act_of(act.observation())
    assert [packet["fate"] for packet in played["packets"]] == ["cut", "delivered", "delivered"]
    assert marks(played, "joined") == []


def test_a_fragment_is_cut_again() -> None:
    act = Crossings(plan(chain(*WAY, mtus=(1500, 1400, 576))))
    whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
    large, small = fragments(replace(whole, hop_limit=63), (1396, 124))
    act.cross(large, "r1", "r2")
    for piece in fragments(replace(large, hop_limit=62), (572, 572, 292)):
        act.cross(piece, "r2", "server")
    act.cross(small, "r1", "r2", "server")
    packets = act_of(act.observation())["packets"]
    assert [(p["octets"], p["fate"], p["made_of"]) for p in packets] == [
        (1500, "cut", []),
        (1396, "cut", [0]),
        *((octets, "joined", [1]) for octets in (572, 572, 292)),
        (124, "joined", [0]),
    ]


def test_a_packet_that_a_nat_rewrites_is_the_same_packet() -> None:
    act = act_of(beyond("r1", source="10.0.1.1", source_port=1024)(REFUSED))
    assert where(act, 2) == ["client", "r1", "r2", "server"]
    assert act["packets"][2]["fate"] == "delivered"


def test_what_gets_lost_on_a_link_is_gone() -> None:
    act = Crossings(PLAN)
    lost = act.udp("client", "server", 1472)
    act.cross(lost, "client", "r1")
    act.frame("r1", "r2", _hop_further(act.frames[-1]), sent=True)
    (packet,) = act_of(act.observation())["packets"]
    assert (packet["fate"], packet["flights"][-1]["came"]) == ("gone", None)
    assert packet["why"].startswith("too big for r2's end of the link")
    assert (packet["at"], packet["limit"]) == (["r2", "r1"], 576)


def _hop_further(frame: Frame) -> bytes:
    return frame.octets[:22] + bytes([frame.octets[22] - 1]) + frame.octets[23:]


def test_an_echo_comes_back() -> None:
    act = act_of(PING)
    assert where(act, len(act["packets"]) - 1) == ["server", "r2", "r1", "client"]


def test_the_mss_changes_with_the_ptb_that_made_it_and_not_when_it_was_sampled() -> None:
    (outcome,) = TCP.outcomes
    assert outcome.sender
    small = outcome.sender
    large = replace(small, mss=1448, pmtu=1500)
    samples = ((outcome.started, large), (outcome.ended, small))
    act = act_of(replace(TCP, events=(replace(outcome, samples=samples),)))
    first, second = marks(act, "tcp")
    assert [(mark["mss"], mark["pmtu"]) for mark in (first, second)] == [(1448, 1500), (524, 576)]
    ptbs = [packet for packet in act["packets"] if packet["kind"] == "ptb"]
    fitting = [packet for packet in act["packets"] if packet["octets"] == 576 and packet["kind"] == "tcp"]
    assert ptbs[-1]["flights"][-1]["came"] <= second["beat"] <= fitting[0]["flights"][0]["left"]
    assert act["series"]["tcp"][0]["mss"] == [[first["t"], 1448], [second["t"], 524]]


def test_connections_that_are_alike_are_noted_once() -> None:
    (outcome,) = TCP.outcomes
    other = replace(outcome, flow=Tcp("client", "server", number=2))
    act = act_of(replace(TCP, events=(outcome, other)))
    assert len(marks(act, "tcp")) == 1
    assert len(act["series"]["tcp"]) == 2


def test_without_samples_there_is_the_last_state() -> None:
    (mark,) = marks(act_of(TCP), "tcp")
    assert (mark["mss"], mark["pmtu"]) == (524, 576)


def test_a_window_is_plotted_where_it_changes() -> None:
    (outcome,) = TCP.outcomes
    assert outcome.sender
    windows = [replace(outcome.sender, cwnd=cwnd, total_retrans=n) for n, cwnd in enumerate((10, 10, 20, 20, 20))]
    samples = tuple((outcome.started + n, state) for n, state in enumerate(windows))
    (tcp,) = act_of(replace(TCP, events=(replace(outcome, samples=samples),)))["series"]["tcp"]
    assert [value for _, value in tcp["cwnd"]] == [10, 20, 20]


def test_a_flush_clears_what_is_held_and_an_mtu_changes_everywhere() -> None:
    act = Crossings(PLAN)
    act.cross(act.udp("client", "server", 100), *WAY)
    act.events += [Flushed(act.tick()), Done(act.tick(), None, "link r1–r2: MTU 1400", (("r1:r2", 1400), ("r2:r1", 1400)))]
    act.cross(act.udp("client", "server", 100), *WAY)
    played = act_of(act.observation())
    flushed, changed_mtu = played["marks"]
    assert (flushed["kind"], flushed["at"]) == ("flushed", None)
    assert (changed_mtu["kind"], changed_mtu["mtus"]) == ("mtu", {"r1:r2": 1400, "r2:r1": 1400})
    one, two = played["packets"]
    assert one["flights"][-1]["came"] <= flushed["beat"] < changed_mtu["beat"] < two["flights"][0]["left"]


def test_what_earlier_acts_left_is_there_when_an_act_begins() -> None:
    held = replace(REFUSED, exceptions=(RouteException("client", "10.0.2.2", 576, True, 500.4),), mtus={"r1:r2": 1400})
    first, second = moved(held, held)["acts"]
    assert first["held"] == []
    assert second["held"] == [{"to": "server", "mtu": 576, "locked": True, "expires": 500, "at": "client"}]
    assert first["mtus"] == {"r1:r2": 1400}


def test_an_exception_that_is_gone_is_forgotten() -> None:
    act = Crossings(PLAN)
    act.sent(UDP, 100, delivered=100, exceptions=act.exception(576))
    act.sent(UDP, 100, delivered=100)
    assert [(mark["at"], mark["to"]) for mark in marks(act_of(act.observation()), "forgotten")] == [("client", "server")]


def test_what_was_flushed_is_not_forgotten_besides() -> None:
    act = Crossings(PLAN)
    act.sent(UDP, 100, delivered=100, exceptions=act.exception(576))
    act.events.append(Flushed(act.tick()))
    act.sent(UDP, 100, delivered=100)
    assert marks(act_of(act.observation()), "forgotten") == []


def test_a_program_is_told_of() -> None:
    words = [mark["words"] for mark in marks(act_of(TOOLS), "program")]
    assert words[0] == "$ ping -c1 server"
    assert words[-1] == "prints: pmtu 576"  # as a sentence, not behind the bar of a timeline
    assert "exit status 1" in words


def many(number: int) -> Observation:
    """So many datagrams, each alike, all the way."""
    act = Crossings(PLAN)
    act.cross(act.udp("client", "server", 100), *WAY)
    return repeated(act.observation(), number)


def test_what_repeats_is_shown_a_few_times_and_then_as_one() -> None:
    act = act_of(many(100))
    assert [packet["many"] for packet in act["packets"]] == [1] * SHOWN + [100 - SHOWN]
    last = act["packets"][-1]
    assert last["last"] == 600
    paces = [packet["pace"] for packet in act["packets"]]
    assert paces == [*(round(0.8**n, 2) for n in range(SHOWN)), FOR_MANY]
    assert "95 more of 128 octets, DF: delivered" in [caption["words"] for caption in act["captions"]]


def test_what_comes_after_news_is_shown_anew() -> None:
    seen = many(100)
    halfway = seen.frames[300].time - 1
    act = act_of(replace(seen, events=(Flushed(halfway),)))
    assert [packet["many"] for packet in act["packets"]] == [*[1] * SHOWN, 50 - SHOWN] * 2


def test_pieces_of_what_is_not_shown_are_not_shown_and_of_one_for_many_are_many() -> None:
    act = Crossings(PLAN)
    for _ in range(20):
        whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
        for piece in fragments(replace(whole, hop_limit=63), (572, 572, 396)):
            act.cross(piece, "r1", "r2", "server")
    packets = act_of(act.observation())["packets"]
    assert len(packets) == (SHOWN + 1) * 4
    assert {packet["many"] for packet in packets if packet["kind"] == "fragment"} == {1, 20 - SHOWN}


def test_a_hundred_thousand_frames_are_few_to_look_at() -> None:
    act = act_of(many(17_000))
    assert len(act["packets"]) == SHOWN + 1
    assert sum(dot[-1] for dot in act["series"]["sizes"]) == 17_000
    assert len(json.dumps(act)) < 50_000


def test_what_never_repeats_is_bounded_too() -> None:
    act = Crossings(PLAN)
    for octets in range(600):
        act.cross(act.udp("client", "server", octets), *WAY)
    played = act_of(act.observation())
    assert len(played["packets"]) == ROOM
    assert played["left_out"] == 300
    assert len(json.dumps(played)) < 300_000


def test_many_acts_share_the_room() -> None:
    act = Crossings(PLAN)
    for octets in range(LEAST_ROOM + 9):
        act.cross(act.udp("client", "server", octets), *WAY)
    acts = moved(*[act.observation()] * 20)["acts"]
    assert {len(played["packets"]) for played in acts} == {LEAST_ROOM}


def test_no_frames_and_no_acts() -> None:
    assert moved(Observation(PLAN))["acts"][0]["packets"] == []
    nothing = motion(Result(SCENARIO, (), 0.1, Verdict.SKIP, "why"))
    assert (nothing["acts"], len(nothing["nodes"]), len(nothing["links"])) == ([], 4, 3)


def test_the_clock_runs_from_the_first_departure_to_the_last_thing_that_happens() -> None:
    act = act_of(REFUSED)
    assert act["clock"][0] == [0, 0]
    assert act["clock"][-1][1] == REFUSED.frames[-1].time - REFUSED.frames[0].time


def test_the_576_routers_run_reads_as_it_should() -> None:
    lines = []
    for act in motion(passed())["acts"]:
        lines += [f"{act['title']}: {act['beats']} beats"]
        for caption in act["captions"]:
            lines.append(f"{caption['beat']:7.2f} {'*' if caption['key'] else ' '} {caption['words']}")
    golden_files.check("reports/motion.txt", "\n".join(lines) + "\n")


def test_every_outcome_but_a_reading_is_a_send() -> None:
    careless = Udp("client", "server", DONT)
    outcomes = (Outcome(careless, 0, START, START + 1), Outcome(careless, 9, START + 2, START + 3, delivered=9))
    act = act_of(Observation(PLAN, events=outcomes))
    assert [mark["words"] for mark in marks(act, "send")] == ["client sends 9 octets over UDP to server"]


def test_v6_is_told_in_its_own_words() -> None:
    assert "r1 tells client: MTU 1280" in [caption["words"] for caption in act_of(REFUSED6)["captions"]]


def test_a_state_without_change_is_one_mark() -> None:
    (outcome,) = TCP.outcomes
    state = TcpState(524, 524, 576, 7, 10, 0)
    samples = tuple((outcome.started + n, replace(state, cwnd=n)) for n in range(5))
    assert len(marks(act_of(replace(TCP, events=(replace(outcome, samples=samples),))), "tcp")) == 1
