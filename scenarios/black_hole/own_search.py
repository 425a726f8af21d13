"""A program that finds the path MTU by probes of its own, as QUIC and others do: DPLPMTUD (RFC 8899).

    client ──1500── r1 ──m── r2 ──1500── server

The receiver answers what arrives, and nothing else is believed. The search begins with 1200 octets of payload, which any sensible
path takes; then the most that the first link takes; then halves of what is left. What is sent three times without an answer is too
large. It finds the path MTU to the octet in a black hole, with three lost datagrams for each size that was too large; where r1
does send PTBs, and the program heeds them, one loss is all. A path that does not take even 1200 cannot be searched.
"""

from lab.judge.expect import (
    Dropped,
    Expectation,
    Leaves,
    NothingLearned,
    NoTooBig,
    PathMtu,
    ProbesInTurn,
    ProbesLost,
    SearchEnds,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import PROBE, Udp
from lab.model.story import Search
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def own_search(
    mtu: int, probes: tuple[int, ...], lost: int, family: Family = IPV4, *, silent: bool = True, found: bool = True
) -> Scenario:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", discover=PROBE, family=family)  # DF, and no more heed to what the host has learned
    told: tuple[Expectation, ...] = (TooBig(by="r1", to="client", mtu=mtu), PathMtu(mtu, at="client", to="server"))
    untold: tuple[Expectation, ...] = (
        NoTooBig(to="client", octets=max(probes) + headers),
        NothingLearned(at="client", to="server"),
    )
    large = (Dropped(max(probes) + headers, at="r1"),) if lost else ()
    return Scenario(
        name=f"own-search-{mtu}" + ("" if silent else "-told") + ("-v6" if family == IPV6 else ""),
        title=f"A program searches for {mtu} octets" + ("" if silent else ", and is told") + (", IPv6" if family == IPV6 else ""),
        topology=chain(
            "client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,), silent=("r1",) if silent else ()
        ),
        acts=(
            Act(
                "a search by probes",
                story=(Search(flow, high=1500 - headers, timer=0.03, heeds_ptb=not silent),),
                expect=(
                    Leaves(max(probes) + headers, by="client", df=True if family == IPV4 else None),
                    *large,
                    *(untold if silent else told),
                    ProbesInTurn(probes),
                    ProbesLost(lost),
                    SearchEnds(mtu - headers if found else None),
                ),
            ),
        ),
    )


scenarios = (
    own_search(1500, (1200, 1472), 0),
    own_search(1400, (1200, 1472, 1336, 1404, 1370, 1387, 1378, 1374, 1372, 1373), 18),
    own_search(1400, (1200, 1452, 1326, 1389, 1357, 1341, 1349, 1353, 1351, 1352), 12, IPV6),
    own_search(1400, (1200, 1472, 1372), 1, silent=False),
    own_search(1400, (1200, 1452, 1352), 1, IPV6, silent=False),
    own_search(1000, (1200,), 3, found=False),
)
