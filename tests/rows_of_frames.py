"""Claims about frames and PTBs, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.expect import (
    AdvertisedMss,
    Dropped,
    Fragments,
    Leaves,
    NoFragments,
    NothingLarger,
    NoTooBig,
    PtbOrder,
    PtbQuotes,
    TooBig,
)
from lab.model.wire import TcpFlag
from tests.observations import (
    ACK,
    SYN,
    besides,
    changed,
    extra,
    outcome,
    where,
    without,
)
from tests.scenes import (
    CAME,
    CUT,
    CUT6,
    DESCENTS,
    DISCOVERY,
    FROM_R1,
    HEARD,
    LAST,
    LEFT,
    PTB,
    REFUSED,
    REFUSED6,
    SMALL,
    SMALL6,
    TCP,
    TCP6,
    UDP,
    UDP6,
    Row,
)

ROWS = (
    Row(
        Leaves(1500, by="client"),
        REFUSED,
        {
            "one octet less": changed(LEFT, octets=1499),
            "no DF": changed(LEFT, df=False),
            "once without DF": extra(LEFT, df=False),
            "somebody else's": changed(LEFT, source="10.0.2.2"),
            "never leaves": without(LEFT),
        },
    ),
    Row(Leaves(1500, by="client", df=False), CUT, {"DF": changed(LEFT, df=True), "once with DF": extra(LEFT, df=True)}),
    Row(Leaves(1500, by="client", df=None), REFUSED6, {"one more": changed(LEFT, octets=1501), "never leaves": without(LEFT)}),
    Row(
        Dropped(1500, at="r1"),
        REFUSED,
        {
            "passed on": extra(CAME, interface="r2", sent=True, hop_limit=63),
            "one of two passed on": lambda o: extra(CAME, interface="r2", sent=True, hop_limit=63)(
                extra(CAME, identification=50)(o)
            ),
            "passed on in fragments": extra(
                LEFT, node="r1", interface="r2", octets=572, more_fragments=True, df=False, payload=None
            ),
            "one octet less": changed(CAME, octets=1499),
            "never came": without(CAME),
        },
    ),
    Row(
        NothingLarger(576, between=("r1", "r2")),
        TCP,
        {
            "one octet more": extra(SMALL, octets=577),
            "one octet more on the way back": extra(where("r2:r1", sent=True), octets=577),
            "nothing goes": without(FROM_R1),
            "nothing comes back": without(where("r2:r1", sent=True)),
        },
        also=(NothingLarger(577, ("r1", "r2")), NothingLarger(584, ("r1", "r2")), NothingLarger(576, ("server", "r2"))),
    ),
    Row(
        NothingLarger(1280, between=("r1", "r2")),
        TCP6,
        {
            "one octet more": extra(SMALL6, octets=1281),
            "neighbour discovery alone": changed(FROM_R1, **DISCOVERY),
            "neighbour discovery alone on the way back": changed(where("r2:r1", sent=True), **DISCOVERY),
        },
        also=(NothingLarger(1281, ("r1", "r2")), NothingLarger(1288, ("r1", "r2")), NothingLarger(1280, ("server", "r2"))),
    ),
    Row(
        Fragments(by="r1", pieces=((572, 0), (572, 552), (396, 1104))),
        CUT,
        {
            "offset 8 less": changed(LAST, fragment_offset=1096),
            "size one less": changed(LAST, octets=395),
            "DF": changed(LAST, df=True),
            "one more": extra(LAST, fragment_offset=1480),
            "one less": without(LAST),
            "another datagram otherwise": extra(LAST, identification=78),
            "out of order": lambda o: extra(where("r1:r2", sent=True))(without(where("r1:r2", octets=572))(o)),
            "they came so": besides(FROM_R1, interface="client", sent=False),
            "none": without(FROM_R1),
        },
    ),
    Row(
        Fragments(by="client", pieces=((1280, 0), (276, 1232))),
        CUT6,
        {
            "offset 8 more": changed(where("client", octets=276), fragment_offset=1240),
            "size one more": changed(where("client", octets=276), octets=277),
            "one more": extra(where("client", octets=276), fragment_offset=1464),
            "one less": without(where("client", octets=1280)),
        },
    ),
    Row(
        NoFragments(by="r2"),
        CUT,
        {
            "one is made": extra(where("r2:server", sent=True, octets=396), octets=200),
            "they were cut here": without(where("r2:r1", sent=False)),
            "one came otherwise": changed(where("r2:r1", sent=False, octets=396), octets=388),
            "nothing passes": without(where("r2:server", sent=True)),
        },
    ),
    Row(
        AdvertisedMss(1460, by="client"),
        TCP,
        {
            "one less": changed(where("client:r1", flags=SYN), mss=1459),
            "no option": changed(where("client:r1", flags=SYN), mss=None),
            "another the second time": extra(where("client:r1", flags=SYN), mss=1380),
            "no SYN": without(where("client:r1", flags=SYN)),
            "no SYN flag": changed(where("client:r1", flags=SYN), flags=TcpFlag(0)),
        },
        also=(AdvertisedMss(1460, by="server"),),
    ),
    Row(
        AdvertisedMss(1440, by="server"),
        TCP6,
        {"one more": changed(where("server:r2", flags=SYN | ACK), mss=1441)},
        also=(AdvertisedMss(1440, by="client"),),
    ),
    Row(
        TooBig(by="r1", to="client", mtu=576),
        REFUSED,
        {
            "one octet less": changed(PTB, mtu=575),
            "an old router's": changed(PTB, mtu=0),
            "another besides": extra(PTB, mtu=1400),
            "from r1's address on the far side": changed(PTB, source="10.0.1.1"),
            "from r2's address": changed(PTB, source="10.0.1.2"),
            "from nobody's address": changed(PTB, source="192.0.0.8"),
            "from r2": changed(PTB, node="r2", interface="r1"),
            "to the server": changed(PTB, destination="10.0.2.2"),
            "unreachable for another reason": changed(PTB, code=1, mtu=None),
            "of the other family": outcome(0, flow=UDP6),
            "none": without(PTB),
        },
    ),
    Row(
        TooBig(by="r1", to="client", mtu=1280),
        REFUSED6,
        {
            "one octet more": changed(PTB, mtu=1281),
            "from r1's address on the far side": changed(PTB, source="fd00:0:0:1::1"),
            "of the other family": outcome(0, flow=UDP),
        },
    ),
    Row(
        PtbQuotes(by="r1", octets=576, quoted=548),
        REFUSED,
        {
            "one octet less": changed(PTB, octets=575),
            "another is short": extra(PTB, octets=56),
            "only r2's pass through": changed(PTB, source="10.0.1.2"),
            "none": without(PTB),
        },
    ),
    Row(PtbQuotes(by="r1", octets=1280, quoted=1232), REFUSED6, {"one octet less": changed(PTB, octets=1279)}),
    Row(
        PtbOrder(to="client", order=(("r1", 1400), ("r2", 576))),
        DESCENTS,
        {
            "the first not": without(where("client:r1", octets=576, ptb=True)),
            "the other way round": lambda o: replace(o, frames=o.frames[::-1]),
            "other news at the end": extra(HEARD, mtu=1000),
            "from another": changed(HEARD, source="10.0.2.2"),
            "one octet less": changed(HEARD, mtu=575),
            "none": without(HEARD),
        },
    ),
    Row(
        NoTooBig(to="client", octets=1500),
        CUT,
        {
            "one": besides(HEARD, REFUSED),
            "one octet less": changed(LEFT, octets=1499),
            "nothing leaves": without(LEFT),
            "somebody else's": changed(LEFT, source="10.0.2.2"),
        },
        also=(NoTooBig(to="client", octets=1499), NoTooBig(to="client", octets=1492)),
    ),
)
