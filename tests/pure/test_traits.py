"""Every trait can be answered both ways: what shows that a kernel has it does not show that it has not, and the other way round."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import click
import pytest

from lab.judge.observation import Frame, Observation, Ran, RouteException
from lab.judge.traits import TRAITS
from lab.model.flow import DO, Tcp, Udp
from lab.model.packet import Icmp, TcpFlag, TcpHeader
from lab.model.topology import Family
from lab.report.traits import told, traits_json
from lab.theory.plan import Plan, plan
from tests.observations import Tape, changed, where

WAYS = "ways that hold it: "


def network(name: str) -> tuple[Plan, Family]:
    topology = TRAITS[name].topology
    return plan(topology), topology.families[0]


def datagram(name: str, octets: int = 128, df: bool = True) -> Tape:
    """A datagram crosses the trait's network."""
    planned, family = network(name)
    tape = Tape(planned, Udp("a", "b", DO, family))
    tape.cross(replace(tape.datagram(octets), df=df and family == 4), tape.nodes)
    return tape


def holding(name: str, mtu: int | None, locked: bool = False) -> Observation:
    """A datagram crosses, and in the end a holds this path MTU towards b, or none."""
    tape = datagram(name)
    held = RouteException("a", str(tape.plan.address("b", tape.family)), mtu or 0, locked, 600.0)
    return replace(tape.observation(), exceptions=(held,) if mtu else ())


def announcing(name: str, mss: int) -> Observation:
    tape = Tape(network(name)[0], Tcp("a", "b"))
    tape.cross(tape.packet(60, TcpHeader(40000, 7002, 1, 0, TcpFlag.SYN, 500, 0, mss)), tape.nodes)
    return tape.observation()


def printing(name: str, text: str) -> Observation:
    return Observation(network(name)[0], events=(Ran("a", "sh", 0, 1, 0, text, ""),))


def dropping(name: str, mtu: int) -> Observation:
    tape = Tape(network(name)[0], Udp("a", "b", DO))
    tape.too_big(tape.datagram(1500), 1, mtu)
    return tape.observation()


def passing(name: str) -> Observation:
    tape = datagram(name, 1500)
    tape.sent(1472, tape.frames[0].time, delivered=1472)
    return tape.observation()


def super_datagram(name: str, delivered: int) -> Observation:
    tape = datagram(name, 8028)
    tape.sent(8000, tape.frames[0].time, delivered=delivered)
    return tape.observation({"a": {"Dev.TxDropped": 0 if delivered else 4}})


def counting(name: str, forwarded: int) -> Observation:
    return Observation(network(name)[0], counters={"r": {"Ip.FragFails": 1, "Ip.ForwDatagrams": forwarded}})


def sending(name: str, transmits: int) -> Observation:
    return Observation(network(name)[0], counters={"a": {"Ip.OutRequests": 1, "Ip.OutTransmits": transmits}})


def counted(one: str, other: str, times: int) -> Observation:
    return Observation(network("forwarded-counts-before-mtu-test-v6")[0], counters={"r": {one: 1, other: times}})


def withholding(times: int) -> Observation:
    """r sends six errors, and counts so many that it withholds."""
    planned = network("withheld-errors-counted")[0]
    return Observation(planned, counters={"r": {"Icmp.OutTimeExcds": 6, "Icmp.OutRateLimitHost": times}})


def pieces(name: str) -> Observation:
    """A datagram of 1500 octets leaves as the pieces that 576 take."""
    tape = Tape(network(name)[0], Udp("a", "b", DO))
    for octets, offset in ((572, 0), (572, 552), (396, 1104)):
        tape.cross(
            replace(
                tape.datagram(octets),
                df=False,
                identification=1,
                fragment_offset=offset,
                more_fragments=offset < 1104,
                payload=None,
            ),
            tape.nodes,
        )
    return tape.observation()


def telling(name: str, times: int) -> Observation:
    """As many datagrams are told to be too big."""
    planned, family = network(name)
    tape = Tape(planned, Udp("a", "b", DO, family))
    for _ in range(times):
        tape.too_big(tape.datagram(1500), 1, 1300)
    return tape.observation()


def quoting(octets: int, quoted: int) -> Observation:
    """A PTB of `octets` that quotes so many."""
    name = "errors-name-the-interface"
    told = dropping(name, 1300)

    def sized(frame: Frame) -> Frame:
        packet = frame.packet
        if packet is None or not isinstance(packet.payload, Icmp):
            return frame
        return replace(frame, packet=replace(packet, octets=octets, payload=replace(packet.payload, quoted_octets=quoted)))

    return replace(told, frames=tuple(map(sized, told.frames)))


def living(name: str, seconds: float) -> Observation:
    held = holding(name, 1300)
    return replace(held, exceptions=tuple(replace(one, expires=seconds) for one in held.exceptions))


def said_from(name: str, source: str) -> Observation:
    return changed(where("r:a", ptb=True), source=source)(dropping(name, 1300))


def both(name: str) -> tuple[Observation, Observation]:
    """What is seen where the kernel has the trait, and where it has not."""
    mtus: dict[str, tuple[int | None, int | None]] = {
        **dict.fromkeys(("exception-needs-socket", "exception-needs-socket-v6", "interface-mode-learns-nothing"), (None, 1300)),
        "v6-ignores-ptb-below-1280": (None, 1280),
        "ptb-cannot-raise": (1300, 1400),
        "first-hop-moves-exceptions": (1200, 1300),
        "exceptions-listed": (1300, None),
    }
    if name in mtus:
        yes, no = mtus[name]
        return holding(name, yes), holding(name, no)
    return {
        "syn-mss-follows-path-mtu": lambda: (announcing(name, 1260), announcing(name, 1460)),
        "below-min-pmtu-locks": lambda: (holding(name, 552, True), holding(name, 552, False)),
        "locked-clears-df": lambda: (datagram(name, 552, False).observation(), datagram(name, 552, True).observation()),
        "flush-unlocks": lambda: (holding(name, 600, False), holding(name, 600, True)),
        "min-pmtu-per-namespace": lambda: (holding(name, 400, False), holding(name, 552, True)),
        "multipath-ptb-marks-all-nexthops": lambda: (
            printing(name, "ways that hold it: 2"),
            printing(name, "ways that hold it: 1"),
        ),
        "v6-refuses-what-its-length-cannot-say": lambda: (printing(name, "65528: EMSGSIZE"), printing(name, "65528: sent")),
        "refuses-what-its-length-cannot-say": lambda: (printing(name, "65508: EMSGSIZE"), printing(name, "65508: sent")),
        "segments-without-checksum-offload": lambda: (printing(name, "two segments: sent"), printing(name, "two segments: EIO")),
        "broadcast-route-mtu": lambda: (pieces(name), datagram(name, 1500, df=False).observation()),
        "forwarded-counts-before-mtu-test-v6": lambda: (
            counted("Ip6.InTooBigErrors", "Ip6.OutForwDatagrams", 1),
            counted("Ip6.InTooBigErrors", "Ip6.OutForwDatagrams", 0),
        ),
        "withheld-errors-counted": lambda: (withholding(4), withholding(0)),
        "forwarding-honours-route-mtu": lambda: (dropping(name, 1300), passing(name)),
        "forwarded-counts-before-mtu-test": lambda: (counting(name, 1), counting(name, 0)),
        "icmp-budget-per-namespace": lambda: (printing(name, "set here"), printing(name, "not here")),
        "exceptions-bounded-by-chance": lambda: (
            printing(name, "of 16384 path MTUs more than 12288 are held"),
            printing(name, "of 16384 path MTUs 11587 are held, and no more"),
        ),
        "mtu-expires-per-namespace": lambda: (living(name, 99.9), living(name, 599.9)),
        "min-adv-mss-per-namespace": lambda: (announcing(name, 1000), announcing(name, 536)),
        "sent-counts-apart": lambda: (sending(name, 1), sending(name, 0)),
        "v6-multipath-ptb-marks-its-way": lambda: (
            printing(name, "ways that hold it: 2"),
            printing(name, "ways that hold it: 1"),
        ),
        "super-datagrams-stay-whole": lambda: (super_datagram(name, 8000), super_datagram(name, 0)),
        "errors-name-the-interface": lambda: (quoting(200, 128), quoting(576, 548)),
        "ptb-v6-never-limited": lambda: (telling(name, 10), telling(name, 6)),
        "tunnel-answers-bridged-senders": lambda: (
            changed(where("r:a", ptb=True), source="10.200.0.2")(dropping(name, 1350)),
            passing(name),
        ),
        "drop-reason-too-big": lambda: (
            printing(name, "skb/kfree_skb has PKT_TOO_BIG"),
            printing(name, "skb/kfree_skb has no PKT_TOO_BIG"),
        ),
        "icmp-send-traced": lambda: (printing(name, "icmp/icmp_send has type"), printing(name, "icmp/icmp_send has no type")),
        "error-from-192.0.0.8": lambda: (said_from(name, "192.0.0.8"), said_from(name, "0.0.0.0")),
    }[name]()


@pytest.mark.parametrize("name", TRAITS)
def test_a_kernel_that_has_it_and_one_that_has_not_are_told_apart(name: str) -> None:
    trait = TRAITS[name]
    has, lacks = both(name)
    answers = [(trait.yes.see(seen).holds, trait.no.see(seen).holds) for seen in (has, lacks)]
    assert answers == [(True, False), (False, True)]


@pytest.mark.parametrize("name", TRAITS)
def test_silence_is_no_answer(name: str) -> None:
    silent = Observation(network(name)[0])
    assert not TRAITS[name].yes.see(silent).holds
    assert not TRAITS[name].no.see(silent).holds


@dataclass(frozen=True)
class Known:
    """A row as the probing yields it."""

    name: str
    says: str
    holds: bool | None
    seen: str
    since: str = ""
    cites: str = ""


ROWS = (
    Known("a", "A is", True, "a\x1b[31m", "5.3", "f()"),
    Known("b", "B is", False, "not b"),
    Known("c", "C is", None, "ip is not installed"),
)


def test_each_answer_has_its_word() -> None:
    texts = [click.unstyle(told(row)) for row in ROWS]
    assert texts[0].splitlines()[:2] == ["yes      a", "         A is"]
    assert texts[0].splitlines()[3:] == ["         changed: 5.3 (f())"]
    assert texts[1] == "no       b\n         B is\n         seen: not b"
    assert texts[2] == "unknown  c\n         C is\n         unknown: ip is not installed"
    assert "\x1b" not in texts[0]


def test_as_json() -> None:
    document = json.loads(traits_json(ROWS[:2], ROWS[2:], "6.18.44"))
    assert document["kernel"] == "6.18.44"
    assert [(row["name"], row["holds"]) for row in document["traits"]] == [("a", True), ("b", False)]
    assert document["features"] == [
        {"name": "c", "says": "C is", "holds": None, "seen": "ip is not installed", "since": "", "cites": ""}
    ]
