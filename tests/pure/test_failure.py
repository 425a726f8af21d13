"""What a failed test shows of its network, made by hand: the rows around the failure, what is held, what was counted."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.observation import Done, Observation
from lab.report.failure import FAILED, ROWS_AFTER, ROWS_BEFORE, failure_lines
from lab.theory.plan import plan
from tests.crossings import Crossings
from topologies import chain

PLAN = plan(chain("client", "r1", "server", mtus=(1500, 1400)))
PICTURE = ["    client ──1500── r1 ──1400── server", "    10.0.0.1                    10.0.1.2"]


def black_hole() -> Observation:
    act = Crossings(PLAN)
    act.events.append(Done(act.tick(), "r1", "sends no PTB"))
    act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.events.append(Done(act.tick(), FAILED, "AssertionError"))
    act.cross(act.udp("client", "server", 100), "client", "r1", "server")
    return replace(act.observation(), counters={"r1": {"Ip.FragFails": 1, "Ip.InReceives": 1}, "client": {}})


def shown(observation: Observation, tapped: bool = True, cut: bool = False) -> list[str]:
    return list(failure_lines(observation, tapped, cut))


def test_the_packets_before_and_after() -> None:
    assert shown(black_hole()) == [
        *PICTURE,
        "                                                  octets  DF       ms  frame",
        "    r1               sends no PTB",
        "    client → server  UDP, 1472 octets of payload    1500  DF     0.00      1  lost",
        "    r1 ✗             too big for r1–server (1400), and says nothing",
        "    test ✗           AssertionError",
        "    client → server  UDP, 100 octets of payload      128  DF     0.03      3  delivered",
        "",
        "    held     no route exception",
        "    counted  r1: Ip.FragFails +1",
    ]


def test_what_is_held_is_told_of_every_node() -> None:
    act = Crossings(PLAN)
    learned = act.exception(1400) + act.exception(552, locked=True)
    lines = shown(replace(act.observation(), exceptions=learned))
    assert [line for line in lines if "held" in line] == [
        "    held     client: server mtu 1400, expires in 600 s",
        "    held     client: server mtu lock 552, expires in 600 s",
    ]


def test_nothing_seen_is_not_nothing_known() -> None:
    nothing = Observation(PLAN)
    held = ["", "    held     no route exception"]
    assert shown(nothing) == [*PICTURE, "    no packet was seen", *held]
    assert shown(nothing, tapped=False) == [*PICTURE, "    packets are not known, as this network has no taps", *held]
    assert shown(nothing, cut=True)[3].startswith("    … what came before is not kept")


def test_of_many_rows_those_around_the_failure() -> None:
    act = Crossings(PLAN)
    sizes = iter(range(100, 300))
    for _ in range(ROWS_BEFORE + 5):
        act.cross(act.udp("client", "server", next(sizes)), "client", "r1", "server")
    act.events.append(Done(act.tick(), FAILED, "why"))
    for _ in range(ROWS_AFTER + 5):
        act.cross(act.udp("client", "server", next(sizes)), "client", "r1", "server")
    lines = shown(act.observation())
    assert lines[2].split("  ")[2] == "… 5 rows before these"
    rows = [line for line in lines if "UDP" in line]
    assert len(rows) == ROWS_BEFORE + ROWS_AFTER
    assert "105 octets" in rows[0]
    assert lines[3 + ROWS_BEFORE].split() == ["test", "✗", "why"]
    assert "    … 5 rows after these" in lines
