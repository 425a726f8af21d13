"""What TCP puts into a segment, MTU by MTU, where no link on the way is smaller.

    client ──m── r1 ──m── server

Each end announces what its own link can take, less 40 octets of headers (60 under IPv6), but never less than 256 (1220): Linux'
min_adv_mss. A segment then carries that, or what the path MTU leaves room for, less 12 where there are timestamps. Nothing is too
big for anybody, so nobody says anything.
"""

from lab.judge.expect import AdvertisedMss, Delivered, Leaves, Mss, NothingLarger, NothingLearned, NoTooBig, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

# By MTU: the MSS announced, and tcpi_snd_mss with timestamps and without.
IPV4_ROWS = {
    100: (256, 48, 60),
    256: (256, 204, 216),
    296: (256, 244, 256),
    552: (512, 500, 512),
    576: (536, 524, 536),
    1280: (1240, 1228, 1240),
    1400: (1360, 1348, 1360),
    1492: (1452, 1440, 1452),
    1500: (1460, 1448, 1460),
    9000: (8960, 8948, 8960),
}
IPV6_ROWS = {
    1280: (1220, 1208, 1220),
    1400: (1340, 1328, 1340),
    1492: (1432, 1420, 1432),
    1500: (1440, 1428, 1440),
    9000: (8940, 8928, 8940),
}


def mss(family: Family, mtu: int, announced: int, sent: int, timestamps: bool) -> Scenario:
    stream = Tcp("client", "server", timestamps, family)
    octets = 8 * KIB if mtu < 552 else 64 * KIB
    return Scenario(
        name=f"mss-{mtu}" + ("-v6" if family == IPV6 else "") + ("" if timestamps else "-without-timestamps"),
        title=f"TCP over {mtu} octets: segments of {sent}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(mtu, mtu), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(Send(stream, octets),),
                expect=(
                    AdvertisedMss(announced, by="client"),
                    AdvertisedMss(announced, by="server"),
                    Mss(sent, at="client"),
                    TcpPathMtu(mtu, at="client"),
                    Leaves(mtu, by="client", df=True if family == IPV4 else None),
                    NothingLarger(mtu, between=("client", "r1")),
                    NoTooBig(to="client", octets=mtu),
                    NothingLearned(at="client", to="server"),
                    Delivered(octets, to="server"),
                ),
            ),
        ),
    )


scenarios = tuple(
    mss(family, mtu, announced, sent, timestamps)
    for family, rows in ((IPV4, IPV4_ROWS), (IPV6, IPV6_ROWS))
    for mtu, (announced, with_timestamps, without) in rows.items()
    for timestamps, sent in ((True, with_timestamps), (False, without))
)
