"""Claims about fragments at their destination, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.expect import NoTimeExceeded, NotReassembled, TimeExceeded
from lab.judge.observation import Observation
from lab.model.flow import DONT, Udp
from lab.model.packet import Icmp, Packet
from lab.model.topology import IPV4, IPV6, Family
from tests.chains import row
from tests.observations import MTUS, START, Tape, besides, changed, extra, icmp, outcome, where, without
from tests.scenes import CUT, CUT6, Row


def gave_up(family: Family) -> Observation:
    """A first fragment arrives, nothing else, and the server says in the end that it took too long."""
    tape = Tape(row(*MTUS[family], families=(family,)), Udp("client", "server", DONT, family))
    first = replace(tape.datagram(1500), octets=548, more_fragments=True, df=False, identification=77)
    tape.cross(first, tape.nodes)
    kind, header = ((11, 1), 20) if family == IPV4 else ((3, 1), 40)
    error = Icmp(*kind, quoted=first, quoted_octets=200)
    tape.cross(Packet(family, first.destination, first.source, header + 208, icmp(family), error), tape.nodes[::-1])
    tape.sent(1472, START)
    return tape.observation()


GAVE_UP, GAVE_UP6 = gave_up(IPV4), gave_up(IPV6)
LEAVES, ARRIVES = where("server:r2", sent=True), where("server:r2", sent=False)

ROWS = (
    *(
        Row(
            NotReassembled(send=1),
            outcome(1, delivered=0)(scene),
            {
                "delivered": outcome(1, delivered=1472),
                "in part": outcome(1, delivered=1),
                "nothing arrives": without(ARRIVES),
                "another's fragments": changed(ARRIVES, source=other),
                "before it was sent": changed(ARRIVES, time=START - 1),
            },
        )
        for scene, other in ((CUT, "10.0.1.2"), (CUT6, "fd00:0:0:1::2"))
    ),
    *(
        Row(
            TimeExceeded(by="server", to="client"),
            scene,
            {
                "not said": without(LEAVES),
                "said twice": extra(LEAVES),
                "the hop limit's": changed(LEAVES, code=0),
                "unreachable": changed(LEAVES, type=3 if scene is GAVE_UP else 1),
                "to another": changed(LEAVES, destination=other),
                "about a later fragment": changed(LEAVES, quoted=replace(quoted, fragment_offset=552, payload=None)),
                "about no fragment": changed(LEAVES, quoted=replace(quoted, more_fragments=False)),
            },
        )
        for scene, other in ((GAVE_UP, "10.0.1.2"), (GAVE_UP6, "fd00:0:0:1::2"))
        for quoted in (next(f.packet for f in scene.frames if f.packet),)
    ),
    Row(
        NoTimeExceeded(by="server", to="client"),
        CUT,
        {
            "said": besides(LEAVES, GAVE_UP),
            "no fragment arrives": without(ARRIVES),
            "fragments of another": changed(ARRIVES, source="10.0.1.2"),
        },
    ),
)
