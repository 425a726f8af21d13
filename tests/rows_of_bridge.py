"""Claims about what links, bridges and tunnels do, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace
from errno import EMSGSIZE, ENOBUFS

from lab.judge.expect import LostBelow, Swallowed, TooBig
from lab.model.topology import IPV4
from tests.observations import START, besides, changed, counted, extra, outcome, where, without
from tests.scenes import CAME, HOLE, HOLE6, LEFT, PTB, REFUSED, Row

ROWS = (
    Row(
        Swallowed(1500, at="r1"),
        HOLE,
        {
            "one goes on": lambda o: extra(where("r1:client", sent=False, octets=1500), node="r1", interface="r2", sent=True)(o),
            "a PTB leaves": besides(PTB, REFUSED, time=START),
            "it is counted": counted("r1", Ip_FragFails=1),
            "none comes": without(CAME),
        },
    ),
    Row(Swallowed(1500, at="r1", counted=2), counted("r1", Ip_FragFails=2)(HOLE), {"one more": counted("r1", Ip_FragFails=3)}),
    Row(Swallowed(1500, at="r1", counted=2), counted("r1", Ip6_FragFails=2)(HOLE6), {"none": counted("r1", Ip6_FragFails=0)}),
    Row(
        LostBelow(send=1),
        outcome(1, errno=ENOBUFS)(HOLE),
        {
            "send() succeeds": outcome(1, errno=None),
            "another errno": outcome(1, errno=EMSGSIZE),
            "it arrives": outcome(1, delivered=1472),
            "no packet leaves": changed(LEFT, time=START - 1000),
        },
    ),
    Row(
        TooBig(by="r1", to="client", mtu=576, family=IPV4),
        replace(REFUSED, events=()),
        {"from another address": changed(PTB, source="10.0.1.1")},
    ),
    Row(
        TooBig(by="r1", to="client", mtu=576, source="10.0.2.2"),
        changed(PTB, source="10.0.2.2")(REFUSED),
        {"in its own name": changed(PTB, source="10.0.0.2"), "in another's": changed(PTB, source="10.0.1.2")},
    ),
)
