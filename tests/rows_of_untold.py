"""Claims about what a socket is not told, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace
from errno import EMSGSIZE

from lab.judge.expect import NoSocketMtu, NothingAnnounced, NothingQueued
from lab.model.topology import IPV6
from tests.observations import MTUS, START, changed, datagrams, outcome, where, without
from tests.scenes import HEARD, QUEUED, REFUSED, UDP6, Row

ASKS = outcome(2, announced=1280)(datagrams(replace(UDP6, dontfrag=True), *MTUS[IPV6]))

ROWS = (
    Row(
        NothingQueued(send=3),
        REFUSED,
        {
            "an error": outcome(3, errors=(QUEUED,)),
            "refused": outcome(3, errno=EMSGSIZE),
            "no PTB comes": without(HEARD),
            "the PTB comes later": changed(HEARD, time=START + 1_000_000_000),
        },
    ),
    Row(
        NoSocketMtu(send=1),
        outcome(1, mtu=None)(REFUSED),
        {"it has one": outcome(1, mtu=1500), "no packet leaves": without(where("client:r1", sent=True))},
    ),
    Row(
        NothingAnnounced(send=1),
        ASKS,
        {
            "announced": outcome(1, announced=1280),
            "no PTB comes": without(HEARD),
            "the socket does not ask": outcome(1, flow=UDP6),
        },
    ),
)
