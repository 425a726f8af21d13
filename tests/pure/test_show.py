"""A scenario in words before it runs: every step is told, what is foreseen stands behind its Send, and claims have their source."""

from __future__ import annotations

from typing import get_args

import pytest

from lab.find import find
from lab.judge.scenario import Scenario
from lab.model.flow import DO, PROBE, Echo, Raw, Tcp, Udp
from lab.model.story import (
    AddRoute,
    Configure,
    FlushRouteCache,
    ForgePtb,
    Quote,
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
from lab.model.topology import IPV6
from lab.report.show import show
from lab.report.steps import flow_words, step_lines
from tests.catalogue import of_each_scenario

UDP = Udp("client", "server")

TOLD = [
    (Send(UDP, 1472), "send       1472 octets over UDP, WANT, client to server"),
    (SendPieces(UDP, 1392, ((800, 600), (0, 800))), "send       1392 octets over UDP, WANT, client to server, in pieces at 800, 0"),
    (SendTogether((Tcp("a", "b"), Tcp("a", "b", number=2)), 9), "send       9 octets over each of 2: TCP, a to b"),
    (Search(UDP, 1472), "search     up to 1472 octets of payload over UDP, WANT, client to server"),
    (FlushRouteCache(), "flush      every route cache"),
    (SetMtu("r1", "r2", 1400), "set        link r1–r2 to MTU 1400"),
    (SetMtu("r1", "r2", 1400, 1300), "set        link r1–r2 to MTU 1400/1300"),
    (Sysctl("client", "net.ipv4.tcp_mtu_probing", 2), "set        client: net.ipv4.tcp_mtu_probing = 2"),
    (AddRoute("client", "server", mtu=1300, locked=True, advmss=900), "route      client: to server mtu lock 1300 advmss 900"),
    (AddRoute("r1", "server", via="r3"), "route      r1: to server via r3"),
    (Configure("r1", "\n  ip link set r2 down\n"), "configure  r1: ip link set r2 down"),
    (Run("client", "ping -c1 server"), "run        client: ping -c1 server"),
    (Run("client", ("python3", "-c", "print(1)\nprint(2)")), "run        client: python3 -c"),
    (ReadCapture("tcpdump -r -"), "read       tcpdump -r -"),
    (ReadCapture("tcpdump -r -", end="client:r1"), "read       tcpdump -r -, of what client:r1 saw"),
    (ReadSocket(UDP), "read       the socket of UDP, WANT, client to server"),
    (Wait(1.5), "wait       1.5 s"),
    (ForgePtb("r1", "client", 1300, Quote("server")), "forge      r1 tells client: MTU 1300, about protocol 17 to server"),
    (
        ForgePtb("r1", "client", 0, Quote("server"), kind=(11, 1)),
        "forge      r1 tells client: ICMP type 11 code 1, about protocol 17 to server",
    ),
    (ForgePtb("r1", "client", 0, Quote("server", flow=UDP)), "forge      r1 tells client: MTU 0, about Udp to server"),
]


@pytest.mark.parametrize(("step", "line"), TOLD, ids=[line for _, line in TOLD])
def test_each_step_is_told_in_a_line(step: Step, line: str) -> None:
    assert list(step_lines(step)) == [line]


def test_no_kind_of_step_is_left_to_its_repr() -> None:
    assert {type(step) for step, _ in TOLD} == set(get_args(Step))


def test_a_configure_has_a_line_for_each_command() -> None:
    assert list(step_lines(Configure("r1", "a b\n\n  c d"))) == ["configure  r1: a b", "configure  r1: c d"]


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        (Udp("a", "b", DO, IPV6), "UDP, DO, a to b"),
        (Udp("a", "b", connected=False, segment=500), "UDP, WANT, no connected, segment 500, a to b"),
        (Udp("a", "b", address="192.0.2.1"), "UDP, WANT, address 192.0.2.1, a to b"),
        (Tcp("a", "b"), "TCP, a to b"),
        (Tcp("a", "b", timestamps=False, maxseg=1000, discover=PROBE), "TCP, PROBE, no timestamps, maxseg 1000, a to b"),
        (Echo("a", "b", DO), "ICMP echo, DO, a to b"),
        (Raw("a", "b", df=False), "raw UDP, WANT, no df, a to b"),
    ],
)
def test_a_flow_says_what_is_not_as_usual(flow: Udp | Tcp | Echo | Raw, said: str) -> None:
    assert flow_words(flow) == said


def test_what_is_foreseen_stands_behind_its_send() -> None:
    (scenario,) = find("576-router")
    lines = [line.strip() for line in show(scenario).splitlines()]
    at = [i for i, line in enumerate(lines) if line.startswith("send")]
    assert [lines[i + 1] for i in at] == [
        "predicted  r1 tells client 576; client's path MTU 576; lost",
        "predicted  no PTB; client's path MTU 576; refused here, at most 576",
        "predicted  no PTB; client's path MTU 576; delivered",
        "predicted  r1 tells client 576; client's path MTU 576; MSS 524; delivered",
        "predicted  no PTB; client's path MTU 1500; r1 makes 3 fragments; delivered",
    ]


@of_each_scenario
def test_every_scenario_can_be_shown_with_all_that_it_claims_and_needs(scenario: Scenario) -> None:
    text = show(scenario)
    assert [e.claim() for act in scenario.acts for e in act.expect if f"claimed    {e.claim()}" not in text] == []
    assert all(act.title in text for act in scenario.acts)
    assert ("needs of the kernel" in text) == bool(scenario.needs)
