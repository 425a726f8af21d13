"""The least that TCP puts into a segment, and what becomes of a path that takes less.

    client ──1500── r1 ──1500── server

However small a path MTU a host is told of, its segments have 48 octets, or 36 and timestamps: net.ipv4.tcp_min_snd_mss, which
keeps others from making it send a storm of tiny ones. 88 octets hold just that (20 + 20 + 48). With less, the client's own IP layer
refuses its first segment, as DF is set, tells itself so and locks the path MTU; sent again a moment later and without DF, it then
goes in fragments. A floor that is set above what the path takes, and where nothing is locked, is a black hole inside the sender:
not one segment leaves.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Counts,
    Delivered,
    Expectation,
    Fragments,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Stalled,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import AddRoute, Send, Step, Sysctl
from topologies import chain


def least_mss(
    name: str, title: str, mtu: int, mss: int, floor: int, timestamps: bool, expect: tuple[Expectation, ...], within: float = 5.0
) -> Scenario:
    story: tuple[Step, ...] = (
        Sysctl("client", "net.ipv4.tcp_min_snd_mss", floor),
        AddRoute("client", "server", mtu=mtu),
        Send(Tcp("client", "server", timestamps), 2000, within),
    )
    return Scenario(
        name=f"least-mss-{name}",
        title=title,
        topology=chain("client", "r1", "server", mtus=(1500, 1500)),
        covers=("bugs/26",),
        acts=(
            Act(
                "a TCP transfer",
                story,
                (
                    AdvertisedMss(max(mtu - 40, 256), by="client"),
                    TcpPathMtu(mtu, at="client"),
                    Mss(mss, at="client"),
                    NoTooBig(to="client", octets=52),
                    *expect,
                ),
            ),
        ),
    )


def fits(mtu: int) -> tuple[Expectation, ...]:
    return (
        Leaves(mtu, by="client"),
        NothingLarger(mtu, between=("client", "r1")),
        NothingLearned(at="client", to="server"),
        Delivered(2000, to="server"),
    )


FRAGMENTED: tuple[Expectation, ...] = (
    Fragments(by="client", pieces=((84, 0), (24, 64))),  # 88 octets; 64 is 87 - 20, down to a multiple of 8
    PathMtu(87, at="client", to="server", locked=True),
    Counts(at="client", counters=(("Icmp.InDestUnreachs", 1),), or_more=True),  # its own
    Delivered(2000, to="server"),
)
NOTHING_LEAVES: tuple[Expectation, ...] = (Stalled(send=1), PathMtu(576, at="client", to="server"))

scenarios = (
    least_mss("88", "88 octets hold the least segment", 88, 36, 48, True, fits(88)),
    least_mss("88-without-timestamps", "88 octets hold the least segment, without timestamps", 88, 48, 48, False, fits(88)),
    least_mss("87", "87 octets do not, and it goes in fragments", 87, 36, 48, True, FRAGMENTED),
    least_mss("as-large-as-the-path", "A floor that the path just takes", 576, 524, 536, True, fits(576)),
    least_mss("above-the-path", "A floor that the path does not take", 576, 988, 1000, True, NOTHING_LEAVES, 0.5),
)
