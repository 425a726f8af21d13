"""Claims about the packet that a PTB quotes, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.expect import Quotes
from lab.model.packet import Icmp, Packet
from tests.observations import changed, extra, without
from tests.scenes import HEARD, REFUSED, REFUSED6, Row


def quoted() -> Packet:
    """What the first PTB of REFUSED quotes."""
    packet = next(frame.packet for frame in REFUSED.frames if HEARD(frame))
    assert packet
    assert isinstance(packet.payload, Icmp)
    assert packet.payload.quoted
    return packet.payload.quoted


ROWS = (
    Row(
        Quotes(source="client", destination="server", at="client"),
        REFUSED,
        {
            "from r1": changed(HEARD, quoted=replace(quoted(), source="10.0.1.1")),
            "to r1": changed(HEARD, quoted=replace(quoted(), destination="10.0.0.2")),
            "once from r1": extra(HEARD, quoted=replace(quoted(), source="10.0.1.1")),
            "nothing that can be read": changed(HEARD, quoted=None),
            "no PTB is heard": without(HEARD),
        },
    ),
    Row(
        Quotes(source="fd00::1", destination="server", at="client"),
        REFUSED6,
        {"no PTB is heard": without(HEARD)},
        also=(Quotes(source="client", destination="server", at="client"),),
    ),
)
