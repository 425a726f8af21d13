"""What a host's own route says of MTU and MSS, connection by connection.

    client ──1500── r1 ──1500── server

`advmss` is what the SYN announces, and so bounds what the peer sends; the host's own segments stay as they are. `mtu` bounds both,
as if the first link had it (ip_dst_mtu_maybe_forward()). `mtu lock` does too, and gives up path MTU discovery: TCP sends without
DF (ip_dont_fragment()). IPv6 has no DF, and there a lock changes nothing.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Expectation,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PeerMss,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, AddRoute, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def host_route(
    name: str, mtu: int | None, locked: bool, advmss: int | None, family: Family = IPV4, covers: tuple[str, ...] = ()
) -> Scenario:
    headers = 40 if family == IPV4 else 60
    path_mtu = mtu or 1500
    announced = advmss or path_mtu - headers
    df = None if family == IPV6 else not locked
    words = [f"mtu {'lock ' * locked}{mtu}"] if mtu else []
    words += [f"advmss {advmss}"] if advmss else []

    def other_way(stamps: int) -> tuple[tuple[Send, ...], tuple[Expectation, ...]]:
        """What the client announces, and what it would send back."""
        back = Tcp("server", "client", timestamps=stamps > 0, family=family)
        return (Send(back, 16 * KIB),), (
            AdvertisedMss(announced, by="client"),
            Mss(announced - stamps, at="server"),
            PeerMss(path_mtu - headers - stamps, at="client"),
            Leaves(announced + headers, by="server", df=True if family == IPV4 else None),
            NoTooBig(to="server", octets=announced + headers),
            NothingLearned(at="server", to="client"),
            Delivered(16 * KIB, to="client"),
        )

    return Scenario(
        name=f"host-route-{name}" + ("-v6" if family == IPV6 else ""),
        title=f"A route with {' and '.join(words)}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        covers=covers,
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    AddRoute("client", "server", mtu=mtu, locked=locked, advmss=advmss, family=family),
                    Send(Tcp("client", "server", family=family), 16 * KIB),
                ),
                expect=(
                    AdvertisedMss(announced, by="client"),
                    AdvertisedMss(1500 - headers, by="server"),
                    TcpPathMtu(path_mtu, at="client"),
                    Mss(path_mtu - headers - 12, at="client"),
                    PeerMss(announced - 12, at="server"),
                    Leaves(path_mtu, by="client", df=df),
                    NothingLarger(path_mtu, between=("client", "r1")),
                    NoTooBig(to="client", octets=path_mtu),
                    NothingLearned(at="client", to="server"),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
            Act("the other way, from the server", *other_way(12)),
            Act("the other way, without timestamps", *other_way(0)),
        ),
    )


scenarios = (
    host_route("mtu", 1300, False, None),
    host_route("mtu", 1300, False, None, IPV6),
    host_route("lock", 1300, True, None),
    host_route("lock", 1300, True, None, IPV6),
    host_route("advmss", None, False, 1000),
    host_route("advmss", None, False, 1240, IPV6),
    host_route(
        "both",
        1470,
        True,
        1430,
        covers=("nplab/mss-getsockopt-tcp_maxseg-server-advmss-ipv4", "nplab/mss-getsockopt-tcp_maxseg-server-advmss-ts-ipv4"),
    ),
)
