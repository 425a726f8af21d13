"""How IPv4 datagrams without DF are cut up, size by size.

    client ──n── r1 ──m── r2 ──n── server

and in two stages, where pieces are cut again:

    client ──1500── r1 ──1400── r2 ──m── r3 ──1500── server

Each fragment but the last carries as many octets as fit behind the 20 of header, down to a multiple of 8 (RFC 791 §3.2). So an MTU
of 1499 or 1498 gives the same as 1492, and the last fragment may carry less than its own header takes.
"""

from itertools import accumulate

from lab.judge.expect import Counts, Delivered, Fragments, Leaves, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DONT, Udp
from lab.model.story import Send
from topologies import chain

HEADERS = 28  # IPv4 and UDP
careless = Udp("client", "server", discover=DONT)

CUTS: dict[tuple[int, int], tuple[int, ...]] = {
    (552, 68): (68,) * 11 + (24,),
    (552, 296): (292, 280),
    (552, 551): (548, 24),
    (577, 576): (572, 25),
    (1400, 576): (572, 572, 296),
    (1500, 68): (68,) * 30 + (60,),
    (1500, 296): (292,) * 5 + (140,),
    (1500, 508): (508, 508, 508, 36),
    (1500, 551): (548, 548, 444),
    (1500, 552): (548, 548, 444),
    (1500, 576): (572, 572, 396),
    (1500, 1006): (1004, 516),
    (1500, 1280): (1276, 244),
    (1500, 1400): (1396, 124),
    (1500, 1420): (1420, 100),
    (1500, 1450): (1444, 76),
    (1500, 1476): (1476, 44),
    (1500, 1480): (1476, 44),
    (1500, 1492): (1492, 28),
    (1500, 1498): (1492, 28),
    (1500, 1499): (1492, 28),
    (9000, 576): (572,) * 16 + (168,),
    (9000, 1280): (1276,) * 7 + (208,),
    (9000, 1500): (1500,) * 6 + (120,),
}
"""A datagram's total length and an MTU, and the total length of each fragment, in order."""

TWICE = {576: (572, 572, 292, 124), 1300: (1300, 116, 124)}
"""The same of 1500 octets over 1400 and then this."""


def pieces(sizes: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Sizes with their offsets: each begins where the payload of the one before it ends."""
    offsets = accumulate((size - 20 for size in sizes[:-1]), initial=0)
    return tuple(zip(sizes, offsets, strict=True))


def fragmented(total: int, mtu: int, sizes: tuple[int, ...]) -> Scenario:
    return Scenario(
        name=f"fragmented-{total}-over-{mtu}",
        title=f"{total} octets over {mtu}: {len(sizes)} fragments",
        topology=chain("client", "r1", "r2", "server", mtus=(total, mtu, total)),
        acts=(
            Act(
                "a datagram without DF",
                story=(Send(careless, total - HEADERS),),
                expect=(
                    Leaves(total, by="client", df=False),
                    Fragments(by="r1", pieces=pieces(sizes)),
                    Counts(at="r1", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", len(sizes)))),
                    NoTooBig(to="client", octets=total),
                    NothingLearned(at="client", to="server"),
                    Counts(at="server", counters=(("Ip.ReasmOKs", 1),)),
                    Delivered(total - HEADERS, to="server"),
                ),
            ),
        ),
    )


def fragmented_twice(mtu: int, sizes: tuple[int, ...]) -> Scenario:
    return Scenario(
        name=f"fragmented-1500-over-1400-and-{mtu}",
        title=f"1500 octets over 1400, and the pieces over {mtu}",
        topology=chain("client", "r1", "r2", "r3", "server", mtus=(1500, 1400, mtu, 1500)),
        acts=(
            Act(
                "a datagram without DF",
                story=(Send(careless, 1500 - HEADERS),),
                expect=(
                    Fragments(by="r1", pieces=pieces(CUTS[1500, 1400])),
                    Fragments(by="r2", pieces=pieces(sizes)),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    Delivered(1500 - HEADERS, to="server"),
                ),
            ),
        ),
    )


scenarios = (
    *(fragmented(total, mtu, sizes) for (total, mtu), sizes in CUTS.items()),
    *(fragmented_twice(mtu, sizes) for mtu, sizes in TWICE.items()),
)
