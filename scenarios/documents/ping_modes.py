"""ping's three ways to treat a path MTU: -M do, want and dont.

    client ──1500── r1 ──1400── r2 ──1300── r3 ──1500── server

`do` sets DF and is told by r1, then by its own kernel: nothing comes through, as ping does not send less. `want`, the default,
sets DF until it knows of a limit: the first request is lost, and the rest are cut up for r1's 1400, without DF, so that r2 cuts
them further and the 1300 is never heard of. `dont` never sets DF, and never learns. Under IPv6 only the host cuts, so `want`
has to hear of both limits; and the answers, as large as the requests, have to discover the way back.
"""

from lab.judge.expect import (
    Exits,
    Expectation,
    ExpiresWithin,
    Fragments,
    Leaves,
    NoFragments,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Prints,
    PtbOrder,
)
from lab.judge.scenario import Act, Scenario
from lab.model.story import FlushRouteCache, Run, SetMtu
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

OF_R1 = ((1396, 0), (124, 1376))
OF_R2 = ((1300, 0), (116, 1280), (124, 1376))  # what came in two pieces leaves in three: 1376 of the first is 1280 and 96


def ping(count: int, mode: str, octets: int, family: Family) -> Run:
    return Run("client", f"ping -{family.value} -n -c {count} -i 0.01 -W 0.5 {mode} -s {octets} server")


def scenario_of(name: str, title: str, family: Family, run: Run, *expect: Expectation, then: tuple[Act, ...] = ()) -> Scenario:
    v6 = family == IPV6
    return Scenario(
        name=f"ping-modes-{name}" + "-v6" * v6,
        title=title + ", IPv6" * v6,
        topology=chain("client", "r1", "r2", "r3", "server", mtus=(1500, 1400, 1300, 1500), families=(family,)),
        acts=(Act("1500 octets, several times", (run,), expect), *then),
        covers=("RHEL/basic_pmtu",) if name == "do" else (),
    )


def do(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and echo
    told = "Frag needed and DF set (mtu = 1400)" if family == IPV4 else "Packet too big: mtu=1400"
    flushed = Act(
        "what the path takes, with nothing learned",
        story=(FlushRouteCache(), ping(1, "-M do", 1300 - headers, family)),
        expect=(
            Leaves(1300, by="client", df=True if family == IPV4 else None),
            NoTooBig(to="client", octets=1300),
            NothingLearned(at="client", to="server"),
            Prints("1 received", "ping(8)"),
            Exits(0, "ping(8)"),
        ),
    )
    grown = Act(
        "1500 octets, once the links take that",
        story=(SetMtu("r1", "r2", 1500), SetMtu("r2", "r3", 1500), ping(1, "-M do", 1500 - headers, family)),
        expect=(
            Leaves(1500, by="client", df=True if family == IPV4 else None),
            NoTooBig(to="client", octets=1500),
            NothingLearned(at="client", to="server"),
            Prints("1 received", "ping(8)"),
        ),
    )
    return scenario_of(
        "do",
        "ping -M do: told, and then refused",
        family,
        ping(4, "-M do", 1500 - headers, family),
        Leaves(1500, by="client", df=True if family == IPV4 else None),
        Prints(told, "ping(8)"),
        Prints("local error: message too long, mtu", "ping(8)"),
        Prints("0 received, +4 errors", "ping(8)"),
        Exits(1, "ping(8)"),
        PtbOrder(to="client", order=(("r1", 1400),)),
        PathMtu(1400, at="client", to="server"),
        ExpiresWithin(590, 600, at="client", to="server"),
        then=(flushed, grown),
    )


def want(name: str, mode: str) -> Scenario:
    return scenario_of(
        name,
        "ping -M want: one lost, and the rest cut up" if mode else "ping by default is ping -M want",
        IPV4,
        ping(4, mode, 1472, IPV4),
        Leaves(1500, by="client", df=True),
        Prints("Frag needed and DF set (mtu = 1400)", "ping(8)"),
        Prints("4 packets transmitted, 3 received", "ping(8)"),
        Exits(0, "ping(8)"),
        PtbOrder(to="client", order=(("r1", 1400),)),
        PathMtu(1400, at="client", to="server"),
        Fragments(by="client", pieces=OF_R1),
    )


want_v6 = scenario_of(
    "want",
    "ping -M want: each router is heard of, and then the way back",
    IPV6,
    ping(5, "-M want", 1452, IPV6),
    Leaves(1500, by="client", df=None),
    Prints("Packet too big: mtu=1400", "ping(8)"),
    Prints("Packet too big: mtu=1300", "ping(8)"),
    PtbOrder(to="client", order=(("r1", 1400), ("r2", 1300))),
    PathMtu(1300, at="client", to="server"),
    PtbOrder(to="server", order=(("r3", 1300),)),  # 1300 is the first that the answers meet, and the smaller
    PathMtu(1300, at="server", to="client"),
    NoFragments(by="r1"),
    Prints("5 packets transmitted, 2 received", "ping(8)"),
    Exits(0, "ping(8)"),
)

dont = scenario_of(
    "dont",
    "ping -M dont: nothing lost, nothing learned",
    IPV4,
    ping(4, "-M dont", 1472, IPV4),
    Leaves(1500, by="client", df=False),
    Fragments(by="r1", pieces=OF_R1),
    NoTooBig(to="client", octets=1500),
    NothingLearned(at="client", to="server"),
    Prints("4 packets transmitted, 4 received", "ping(8)"),
    Exits(0, "ping(8)"),
)

scenarios = (do(IPV4), want("want", "-M want"), want("default", ""), dont, do(IPV6), want_v6)
