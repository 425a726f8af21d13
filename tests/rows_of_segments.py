"""Claims about TCP's segments and about searches by probes, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace
from errno import EPERM
from typing import Any

from lab.judge.expect import (
    EveryMss,
    GivesUpSize,
    MssArrives,
    OwnMss,
    OwnNumbers,
    PeerMss,
    ProbesInTurn,
    ProbesLost,
    PtbAbout,
    PtbHeard,
    ReceivedMss,
    SearchEnds,
    SizesInTurn,
    Stalled,
    ToldDuring,
    WindowUncut,
)
from lab.judge.observation import Observation, Searched
from lab.model.flow import Tcp
from lab.model.packet import TcpFlag
from tests.observations import ACK, MICROSECOND, PSH, START, Change, altered, changed, extra, inside, outcome, where, without
from tests.scenes import HEARD, LEFT, PTB, REFUSED, TCP, UDP, Row

SYN_CAME = where("server:r2", sent=False, flags=TcpFlag.SYN)
SMALLER = where("client:r1", sent=True, octets=576, flags=ACK | PSH)
SENT = [f.time for f in TCP.frames if f.node == "client" and f.sent and f.packet and f.packet.octets in (1500, 576)]
RTO = (SENT[2] - SENT[0]) / 1e9 / 5  # of the window from 3 to 7 of it, in which the second timeout falls, the middle
FOUND = Searched(UDP, START, START + MICROSECOND, 548, ((548, True), (1472, False), (1472, False)))
SEARCH = replace(REFUSED, events=(*REFUSED.events, FOUND))
FOUND_NOTHING = replace(SEARCH, events=(replace(FOUND, found=None, probes=((1472, False),)),))


def numbered(*numbers: tuple[int, int]) -> Observation:
    """The client's segments without DF, each with its port and its identification."""
    first = next(frame for frame in TCP.frames if SMALLER(frame))
    frames = (altered(first, {"df": False, "source_port": port, "identification": number}) for port, number in numbers)
    return replace(TCP, frames=tuple(replace(frame, number=at) for at, frame in enumerate(frames, 1)))


def search(**changes: Any) -> Change:
    """The search, changed."""
    return lambda o: replace(o, events=tuple(replace(e, **changes) if isinstance(e, Searched) else e for e in o.events))


ROWS = (
    Row(
        SizesInTurn("client", (1500, 576)),
        TCP,
        {"smaller yet": changed(SMALLER, octets=575), "no large one": without(LEFT), "an ACK between": without(SMALLER)},
    ),
    Row(
        SizesInTurn("client", (1500, 1501), growing=True),
        extra(SMALLER, octets=1501)(TCP),
        {"no large one": without(LEFT), "larger at once": changed(SMALLER, octets=1502)},
    ),
    Row(
        GivesUpSize("client", timeout=2, rto=RTO),
        TCP,
        {
            "too soon": changed(SMALLER, time=SENT[0] + 1),
            "too late": changed(SMALLER, time=SENT[0] + int(8e9 * RTO)),
            "of another place in the stream": changed(SMALLER, sequence=1449),
            "as large as before": changed(SMALLER, octets=1500),
            "not at all": without(SMALLER),
            "only what is small": without(LEFT),
        },
    ),
    Row(
        MssArrives(1460, at="server"),
        TCP,
        {"one less": changed(SYN_CAME, mss=1459), "no SYN": without(SYN_CAME)},
        also=tuple(MssArrives(1460, at=node) for node in ("client", "r1", "r2")),
    ),
    Row(PeerMss(1448, at="server"), TCP, {"one less": inside(1, "receiver", mss=1447), "no state": outcome(1, receiver=None)}),
    Row(OwnMss(1448, at="client"), TCP, {"one less": inside(1, "sender", advmss=1447), "no state": outcome(1, sender=None)}),
    Row(
        ReceivedMss(524, at="server"),
        inside(1, "receiver", received=524)(TCP),
        {"one less": inside(1, "receiver", received=523), "no state": outcome(1, receiver=None)},
    ),
    Row(
        OwnNumbers("client", flows=2),
        numbered((1, 65535), (2, 900), (1, 0), (2, 901), (1, 1)),
        {
            "one counter for both": lambda _: numbered((1, 7), (2, 8), (1, 9), (2, 10)),
            "a gap": lambda _: numbered((1, 7), (2, 900), (1, 9), (2, 901)),
            "one behind the other": lambda _: numbered((1, 7), (1, 8), (2, 900), (2, 901)),
            "one alone": lambda _: numbered((1, 7), (1, 8), (1, 9)),
            "with DF": changed(where("client"), df=True),
        },
    ),
    Row(
        WindowUncut(10, at="client"),
        TCP,
        {"cut": inside(1, "sender", cwnd=9), "no state": outcome(1, sender=None), "no TCP": outcome(1, flow=UDP)},
        also=(WindowUncut(9, at="client"), WindowUncut(2, at="client")),
    ),
    Row(
        EveryMss(524, at="client", flows=2),
        replace(TCP, events=(*TCP.events, *outcome(1, flow=Tcp("client", "server", number=2))(TCP).events)),
        {
            "one is larger": inside(1, "sender", mss=525),
            "one sends nothing": lambda o: replace(o, events=o.events[:1]),
            "both are one": outcome(2, flow=Tcp("client", "server")),
        },
    ),
    Row(
        ToldDuring(1, by="r1", mtu=576),
        TCP,
        {
            "one octet less": changed(PTB, mtu=575),
            "before it": changed(PTB, time=START - 1),
            "none": without(PTB),
            "to another": changed(PTB, destination="10.0.1.2"),
        },
    ),
    Row(
        PtbHeard(576, at="client"),
        TCP,
        {"one octet less": changed(HEARD, mtu=575), "none": without(HEARD), "at the server": changed(HEARD, node="server")},
    ),
    Row(PtbAbout("r1", 1500), TCP, {"none": without(PTB), "not leaving": changed(PTB, sent=False)}),
    Row(
        Stalled(1),
        outcome(1, delivered=0)(TCP),
        {
            "an octet comes": outcome(1, delivered=1),
            "send() fails": outcome(1, errno=EPERM),
            "no connection": outcome(1, sender=None),
            "not even a SYN comes": without(where("server:r2", sent=False)),
        },
    ),
    Row(
        SearchEnds(548),
        SEARCH,
        {
            "less": search(found=547),
            "nothing": search(found=None),
            "no probe arrives": without(where("server:r2", sent=False)),
            "no search": lambda o: replace(o, events=()),
        },
    ),
    Row(
        SearchEnds(None), FOUND_NOTHING, {"something": search(found=548), "no probe leaves": without(where("client:r1", sent=True))}
    ),
    Row(
        ProbesInTurn((548, 1472)),
        SEARCH,
        {"another size": search(probes=((549, True), (1472, False))), "no probe": search(probes=())},
    ),
    Row(
        ProbesLost(2),
        SEARCH,
        {
            "one less": search(probes=FOUND.probes[:2]),
            "none": search(probes=((548, True),)),
            "no search": lambda o: replace(o, events=()),
        },
    ),
)
