"""Timelines of acts that do more than send: what was changed, what a program printed, and what it taught its node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.judge.observation import Done, Observation, Ran
from lab.model.flow import DO, Udp
from lab.report.timeline import LINES_PRINTED, timeline
from lab.theory.plan import plan
from tests.crossings import Crossings
from topologies import chain

PLAN = plan(chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)))


@pytest.fixture
def act() -> Crossings:
    return Crossings(PLAN)


def told(observation: Observation) -> list[str]:
    return [f"{row.who} | {row.what}" for row in timeline(observation)]


def ran(act: Crossings, status: int | None = 0, out: str = "", err: str = "") -> Ran:
    return Ran("client", "ping server", act.tick(), act.tick(), status, out, err)


def test_what_was_done_is_told_with_who_did_it(act: Crossings) -> None:
    act.events += [Done(act.tick(), "r1", "net.ipv4.ip_forward = 0"), Done(act.tick(), None, "link r1–r2: MTU 1400")]
    assert told(act.observation()) == ["r1 | net.ipv4.ip_forward = 0", "all | link r1–r2: MTU 1400"]


def test_a_drop_is_told_with_the_mtu_that_the_link_had_then(act: Crossings) -> None:
    def change(mtu: int) -> Done:
        return Done(act.tick(), None, f"MTU {mtu}", (("r1:r2", mtu), ("r2:r1", mtu)))

    for mtu in (1400, 1300):
        act.events.append(change(mtu))
        lost = act.cross(act.udp("client", "server", 1472), "client", "r1")
        act.cross(act.ptb("r1", lost, mtu), "r1", "client")
    told_of = [row for row in told(act.observation()) if "✗" in row]
    assert told_of == ["r1 ✗ | too big for r1–r2 (1400)", "r1 ✗ | too big for r1–r2 (1300)"]


def test_what_leaves_for_a_smaller_end_is_lost_there(act: Crossings) -> None:
    act.events.append(Done(act.tick(), None, "MTU 1500/1300", (("r1:r2", 1500), ("r2:r1", 1300))))
    act.cross(act.udp("client", "server", 1472), "client", "r1")
    octets = act.frames[-1].octets
    act.frame("r1", "r2", octets[:22] + bytes([octets[22] - 1]) + octets[23:], sent=True)  # a hop further
    assert "r1 ✗ r2 | too big for r2's end of the link (1300), and nobody says so" in told(act.observation())


def test_a_program_is_told_when_it_starts_and_its_words_when_it_ends(act: Crossings) -> None:
    started = ran(act, out="one\n\ntwo\n", err="three\n")
    act.cross(act.udp("client", "server", 100), "client", "r1", "r2", "server")
    act.events.append(replace(started, ended=act.tick()))
    assert told(act.observation()) == [
        "client | $ ping server",
        "client → server | UDP, 100 octets of payload",
        "client | │ one",
        "client | │ two",
        "client | │ three",
    ]


@pytest.mark.parametrize(("status", "words"), [(0, []), (1, ["client | exit status 1"]), (None, ["client | did not end"])])
def test_a_status_is_told_where_it_is_not_0(act: Crossings, status: int | None, words: list[str]) -> None:
    act.events.append(ran(act, status))
    assert told(act.observation()) == ["client | $ ping server", *words]


def test_a_long_output_is_cut_and_says_so(act: Crossings) -> None:
    act.events.append(ran(act, out="\n".join(map(str, range(LINES_PRINTED + 2)))))
    rows = told(act.observation())
    assert rows[-2:] == [f"client | │ {LINES_PRINTED - 1}", "client | │ … 2 more lines"]


def test_what_reads_the_capture_is_no_node(act: Crossings) -> None:
    act.events.append(replace(ran(act), at=None))
    assert told(act.observation()) == ["taps | $ ping server"]


def test_what_a_program_taught_its_node_is_told_once(act: Crossings) -> None:
    flow = Udp("client", "server", DO)
    act.sent(flow, 100, delivered=100)
    act.events.append(ran(act))
    learned = replace(act.observation(), exceptions=act.exception(576))
    assert told(learned) == ["client | $ ping server", "client | route exception: server mtu 576, expires in 600 s"]
    act.sent(flow, 100, delivered=100, exceptions=act.exception(576))
    assert told(replace(act.observation(), exceptions=act.exception(576))).count(told(learned)[-1]) == 1


def test_what_another_node_learned_meanwhile_is_not_its_news(act: Crossings) -> None:
    act.events.append(replace(ran(act), at="r1"))
    assert told(replace(act.observation(), exceptions=act.exception(576))) == ["r1 | $ ping server"]
