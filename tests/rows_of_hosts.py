"""Claims about what hosts learn, get and count, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace
from errno import EMSGSIZE, EPERM

from lab.judge.expect import (
    Counts,
    Delivered,
    ErrorQueued,
    Mss,
    MssWithin,
    NothingLearned,
    NoTimeout,
    PathMtu,
    PathMtuAnnounced,
    RefusedHere,
    Retransmissions,
    SocketMtu,
    SsthreshUncut,
    TcpPathMtu,
    Unanswered,
)
from tests.observations import (
    INFINITE,
    MICROSECOND,
    START,
    besides,
    changed,
    counted,
    extra,
    holding,
    inside,
    outcome,
    where,
    without,
)
from tests.scenes import (
    ANNOUNCED,
    ARRIVED,
    ARRIVED6,
    CUT,
    HEARD,
    HELD,
    HOLE,
    HYSTART,
    LEFT,
    LOCKED,
    PING,
    PING6,
    QUEUED,
    REFUSED,
    REFUSED6,
    TCP,
    UDP,
    Row,
)

ROWS = (
    Row(
        PathMtu(576, at="client", to="server"),
        REFUSED,
        {
            "one octet more": holding(mtu=577),
            "locked": holding(locked=True),
            "expired": holding(expires=0.0),
            "for longer than may be": holding(expires=601.0),
            "for r1": holding(to="10.0.0.2"),
            "at r1": holding(node="r1"),
            "another besides": lambda o: replace(o, exceptions=(HELD, replace(HELD, mtu=1400))),
            "forgotten at the end": lambda o: replace(o, exceptions=()),
        },
    ),
    Row(PathMtu(576, at="client", to="server", locked=True), LOCKED, {"not locked": holding(locked=False)}),
    Row(
        PathMtu(576, at="client", to="10.0.2.2"),
        REFUSED,
        {"for another": holding(to="10.0.1.2")},
        also=(PathMtu(576, "client", "server"),),
    ),
    Row(
        NothingLearned(at="client", to="server"),
        CUT,
        {
            "a path MTU": lambda o: replace(o, exceptions=(HELD,)),
            "no packet leaves": without(where("client:r1", sent=True)),
            "packets go elsewhere": changed(where("client:r1", sent=True), destination="10.0.0.2"),
        },
    ),
    Row(
        ErrorQueued(send=1, info=576, offender="r1"),
        REFUSED,
        {
            "errno": inside(1, "errors", errno=EPERM),
            "origin": inside(1, "errors", origin="LOCAL"),
            "type": inside(1, "errors", type=11),
            "code": inside(1, "errors", code=1),
            "one octet less": inside(1, "errors", info=575),
            "told by r2": inside(1, "errors", offender="10.0.1.2"),
            "told by nobody": inside(1, "errors", offender=None),
            "another besides": outcome(1, errors=(QUEUED, replace(QUEUED, info=1400))),
            "none": outcome(1, errors=()),
        },
    ),
    Row(
        ErrorQueued(send=1, info=576, offender="10.0.0.2"),
        REFUSED,
        {
            "told by r1, but from its other address": inside(1, "errors", offender="10.0.1.1"),
            "told by r2": inside(1, "errors", offender="10.0.1.2"),
            "told by nobody": inside(1, "errors", offender=None),
        },
        also=(ErrorQueued(send=1, info=576, offender="r1"),),
    ),
    Row(
        ErrorQueued(send=2, info=576, offender=None),
        REFUSED,
        {
            "told by r1": inside(2, "errors", offender="10.0.0.2"),
            "told by a stranger": inside(2, "errors", offender="192.0.2.1"),
            "origin": inside(2, "errors", origin="ICMP"),
            "none": outcome(2, errors=()),
        },
    ),
    Row(
        ErrorQueued(send=1, info=1280, offender="r1"),
        REFUSED6,
        {"origin": inside(1, "errors", origin="ICMP"), "type": inside(1, "errors", type=1)},
    ),
    Row(
        RefusedHere(send=2),
        REFUSED,
        {
            "send() succeeds": outcome(2, errno=None),
            "another errno": outcome(2, errno=EPERM),
            "a packet leaves": lambda o: extra(LEFT, time=o.outcomes[1].ended)(o),
            "a fragment leaves": lambda o: extra(LEFT, time=o.outcomes[1].ended, fragment_offset=552, payload=None)(o),
            "no packet of it leaves at all": without(where("client:r1", sent=True)),
        },
    ),
    Row(
        RefusedHere(send=2),
        PING,
        {"a request leaves": lambda o: extra(LEFT, time=o.outcomes[1].ended)(o)},
    ),
    Row(
        Unanswered(send=1),
        HOLE,
        {
            "send() fails": outcome(1, errno=EMSGSIZE),
            "an error comes": outcome(1, errors=(QUEUED,)),
            "a PTB comes, and nobody tells the socket": besides(HEARD, REFUSED, time=START),
            "it arrives": outcome(1, delivered=1472),
            "it never leaves": changed(LEFT, time=START - MICROSECOND),
            "another leaves": changed(LEFT, source="10.0.1.1"),
        },
        also=(Unanswered(send=2),),
    ),
    Row(
        Unanswered(send=2),
        besides(HEARD, REFUSED, time=START)(HOLE),
        {"a PTB comes as it ends": lambda o: besides(HEARD, REFUSED, time=o.outcomes[1].ended)(o)},
    ),
    Row(
        Unanswered(send=1),
        changed(LEFT, time=HOLE.outcomes[0].ended)(HOLE),
        {"it leaves too late": changed(LEFT, time=HOLE.outcomes[0].ended + 1)},
    ),
    Row(
        SocketMtu(576, send=2),
        REFUSED,
        {"one octet less": outcome(2, mtu=575), "not known": outcome(2, mtu=None)},
        also=(SocketMtu(576, send=1), SocketMtu(576, send=3)),
    ),
    Row(
        Delivered(548, to="server", send=3),
        REFUSED,
        {
            "one octet is missing": outcome(3, delivered=547),
            "one octet was never asked for": outcome(3, octets=549),
            "not the octets that were sent": outcome(3, intact=False),
            "no packet comes": without(ARRIVED),
            "a packet comes, but not now": changed(ARRIVED, time=START),
            "a packet comes, but not from the client": changed(ARRIVED, source="10.0.1.1"),
        },
    ),
    Row(Delivered(1232, to="server", send=3), PING6, {"no packet comes": without(ARRIVED6), "no answer": outcome(3, delivered=0)}),
    Row(
        Delivered(2620, to="server"), TCP, {"only ACKs come": changed(ARRIVED, octets=52), "cut short": outcome(1, delivered=2619)}
    ),
    Row(
        Mss(524, at="client"),
        TCP,
        {"one less": inside(1, "sender", mss=523), "no state": outcome(1, sender=None), "no TCP": outcome(1, flow=UDP)},
    ),
    Row(
        TcpPathMtu(576, at="client"),
        TCP,
        {"one more": inside(1, "sender", pmtu=577), "no state": outcome(1, sender=None), "no TCP": outcome(1, flow=UDP)},
    ),
    Row(
        NoTimeout(at="client"),
        TCP,
        {"one": counted("client", TcpExt_TCPTimeouts=1), "no segment": counted("client", Tcp_OutSegs=0)},
    ),
    Row(
        SsthreshUncut(at="client"),
        TCP,
        {
            "cut": inside(1, "sender", ssthresh=10),
            "cut, then a new connection": lambda o: replace(o, events=(*inside(1, "sender", ssthresh=7)(o).events, *o.events)),
            "no state": outcome(1, sender=None),
            "HyStart ended slow start elsewhere": counted("client", TcpExt_TCPHystartTrainCwnd=10),
        },
    ),
    Row(
        SsthreshUncut(at="client"),
        HYSTART,
        {
            "cut": inside(1, "sender", ssthresh=11),
            "not where HyStart left it": inside(1, "sender", ssthresh=INFINITE),
            "HyStart had no part in it": lambda o: replace(o, counters={}),
            "cut before": lambda o: replace(o, events=(*inside(1, "sender", ssthresh=7)(o).events, *o.events)),
        },
    ),
    Row(  # HyStart came later
        SsthreshUncut(at="client"),
        replace(HYSTART, events=(*TCP.events, *HYSTART.events)),
        {"not where HyStart left it": lambda o: replace(o, events=(*TCP.events, *TCP.events))},
    ),
    Row(
        Counts(at="r1", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 3))),
        CUT,
        {"one more": counted("r1", Ip_FragOKs=2), "one less": counted("r1", Ip_FragCreates=2)},
        also=(Counts("r1", (("Ip.FragOKs", 1), ("Ip.FragCreates", 3)), or_more=True),),
    ),
    Row(
        Counts(at="r1", counters=(("Ip.FragCreates", 3),), or_more=True),
        CUT,
        {"one less": counted("r1", Ip_FragCreates=2)},
        also=(
            *(Counts("r1", (("Ip.FragCreates", number),), or_more=True) for number in (2, -5)),
            Counts("r1", (("Ip.FragCreates", 3),)),
        ),
    ),
    Row(
        Retransmissions(2, at="client"),
        TCP,
        {"one more": inside(1, "sender", total_retrans=3), "no state": outcome(1, sender=None)},
    ),
    Row(
        MssWithin(524, 524, at="client"),
        TCP,
        {"one more": inside(1, "sender", mss=525), "one less": inside(1, "sender", mss=523), "no state": outcome(1, sender=None)},
        also=tuple(MssWithin(low, high, "client") for low, high in ((523, 524), (516, 524), (524, 525), (524, 532))),
    ),
    Row(
        PathMtuAnnounced(1280, send=2),
        ANNOUNCED,
        {"one more": outcome(2, announced=1281), "none": outcome(2, announced=None)},
    ),
    Row(
        Counts(at="r1", counters=(("Ip.FragFails", 0),)),
        CUT,
        {"one": counted("r1", Ip_FragFails=1)},
        also=tuple(
            Counts(at, ((name, 0),), or_more)
            for or_more in (False, True)
            for at in ("r1", "server")
            for name in ("Ip.FragFails", "client", "r1", "r2", "server", "nobody")
        ),
    ),
)
