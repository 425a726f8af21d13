"""What a UDP socket does in each mode of IP_MTU_DISCOVER (IPV6_MTU_DISCOVER), by the size of its datagrams.

    client ──1500── r1 ──1400── r2 ──1500── server

Three sizes: one that the whole path takes, one that only the first link takes, and one that not even that takes. DONT, WANT and DO
heed the path MTU, and PROBE, INTERFACE and OMIT the interface's alone. What is larger is cut up by DONT, WANT and OMIT, and refused
by the others. Only WANT, DO and PROBE set DF, so under IPv4 only they are told of the 1400; under IPv6 every mode is, but INTERFACE
and OMIT do not believe it (ip6_sk_accept_pmtu()).
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    Fragments,
    IfTrait,
    Leaves,
    NoFragments,
    NothingLearned,
    NoTooBig,
    PathMtu,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc, Udp
from lab.model.story import FlushRouteCache, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

SETS_DF = (WANT, DO, PROBE)
FRAGMENTS_ITSELF = (DONT, WANT, OMIT)
BELIEVES_UNDER_IPV6 = (DONT, WANT, DO, PROBE)

NOTHING_LEARNED = NothingLearned(at="client", to="server")
LEARNED = PathMtu(1400, at="client", to="server")
UNLESS_ANY_PTB_TEACHES = IfTrait("exception-needs-socket-v6", NOTHING_LEARNED, LEARNED)
TOLD = TooBig(by="r1", to="client", mtu=1400)
HEARD = ErrorQueued(send=1, info=1400, offender="r1")


def larger_than_the_path_ipv4(mode: PmtuDisc) -> tuple[Expectation, ...]:
    if mode not in SETS_DF:
        return (
            Leaves(1500, by="client", df=False),
            Fragments(by="r1", pieces=((1396, 0), (124, 1376))),
            NoTooBig(to="client", octets=1500),
            NOTHING_LEARNED,
            Delivered(1472, to="server"),
        )
    then: dict[PmtuDisc, tuple[Expectation, ...]] = {
        WANT: (Fragments(by="client", pieces=((1396, 0), (124, 1376))), Delivered(1472, to="server", send=2)),
        DO: (RefusedHere(send=2), ErrorQueued(send=2, info=1400, offender=None)),
        PROBE: (ErrorQueued(send=2, info=1400, offender="r1"),),  # sent whole again, and lost again
    }
    return (Leaves(1500, by="client", df=True), Dropped(1500, at="r1"), TOLD, HEARD, LEARNED, *then[mode])


def larger_than_the_path_ipv6(mode: PmtuDisc) -> tuple[Expectation, ...]:
    lost = (Leaves(1500, by="client", df=None), Dropped(1500, at="r1"), TOLD)
    if mode not in BELIEVES_UNDER_IPV6:
        return (*lost, UNLESS_ANY_PTB_TEACHES)
    cut = (Fragments(by="client", pieces=((1400, 0), (156, 1352))), NoFragments(by="r1"), Delivered(1452, to="server", send=2))
    then: dict[PmtuDisc, tuple[Expectation, ...]] = {
        DONT: cut,
        WANT: cut,
        DO: (RefusedHere(send=2), ErrorQueued(send=2, info=1400, offender=None)),
        PROBE: (ErrorQueued(send=2, info=1400, offender="r1"),),
    }
    return (*lost, HEARD, LEARNED, *then[mode])


def larger_than_the_interface(flow: Udp, headers: int) -> Act:
    """A socket that is refused then sends less, and less again, as a program would that was told why."""
    mode, huge = flow.discover, 1501 - headers
    sizes: tuple[int, ...] = (huge,)
    expect: tuple[Expectation, ...]
    if mode not in FRAGMENTS_ITSELF:
        then: tuple[Expectation, ...] = (TOLD, LEARNED)
        sizes = (huge, 1500 - headers, 1400 - headers)
        if mode == INTERFACE:  # under IPv6 1500 would be lost each time, and under IPv4 r1 would cut it up
            then = (NoTooBig(to="client", octets=1400), NOTHING_LEARNED)
            sizes = (huge, 1400 - headers)
        refused = (RefusedHere(send=1), ErrorQueued(send=1, info=1500, offender=None))
        expect = (*refused, *then, Delivered(1400 - headers, to="server", send=len(sizes)))
    elif flow.family == IPV4:  # without DF, so r1 cuts them up once more, and nobody is told
        cut = Fragments(by="client", pieces=((1500, 0), (21, 1480)))
        expect = (cut, NoTooBig(to="client", octets=1500), NOTHING_LEARNED, Delivered(huge, to="server"))
    elif mode == OMIT:  # the first fragment is lost, and the next datagram's would be, too
        cut = Fragments(by="client", pieces=((1496, 0), (61, 1448)))
        expect = (cut, Dropped(1496, at="r1"), TOLD, UNLESS_ANY_PTB_TEACHES)
    else:
        sizes = (huge, huge)
        expect = (Dropped(1496, at="r1"), TOLD, LEARNED, Delivered(huge, to="server", send=2))
    story: tuple[Step, ...] = (FlushRouteCache(), *(Send(flow, size) for size in sizes))
    return Act("datagrams that not even the first link takes", story, expect)


def modes(mode: PmtuDisc, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    flow = Udp("client", "server", discover=mode, family=family)
    fits, large = 1400 - headers, 1500 - headers
    df = mode in SETS_DF if family == IPV4 else None
    larger = larger_than_the_path_ipv4(mode) if family == IPV4 else larger_than_the_path_ipv6(mode)
    return Scenario(
        name=f"modes-{mode.name.lower()}" + ("-v6" if family == IPV6 else ""),
        title=f"A UDP socket in mode IP_PMTUDISC_{mode.name}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "a datagram that the path takes",
                story=(Send(flow, fits),),
                expect=(
                    Leaves(1400, by="client", df=df),
                    NoTooBig(to="client", octets=1400),
                    NOTHING_LEARNED,
                    Delivered(fits, to="server"),
                ),
            ),
            Act(
                "datagrams that only the first link takes",
                story=(FlushRouteCache(), Send(flow, large), Send(flow, large)),
                expect=larger,
            ),
            larger_than_the_interface(flow, headers),
        ),
        covers=("bugs/30",),
    )


scenarios = tuple(modes(mode, family) for family in (IPV4, IPV6) for mode in PmtuDisc)
