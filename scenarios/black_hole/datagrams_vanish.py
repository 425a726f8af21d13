"""A black hole for datagrams, mode by mode of IP_MTU_DISCOVER (IPV6_MTU_DISCOVER).

    client ──1500── r1 ──1400── r2 ──1500── server

What has DF set is lost and nobody says so: of WANT, DO and PROBE the second datagram vanishes as the first did, because nothing was
learned of that. DONT, INTERFACE and OMIT send without DF, so r1 cuts up what is too big, silent or not, and all of it arrives.
Under IPv6 no router fragments, and every mode loses.
"""

from lab.judge.expect import Delivered, Dropped, Expectation, Fragments, Leaves, NothingLearned, NoTooBig, SocketMtu, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, PROBE, WANT, PmtuDisc, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def datagrams_vanish(mode: PmtuDisc, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", discover=mode, family=family)
    large, fits = 1500 - headers, 1400 - headers
    df = mode in (WANT, DO, PROBE) if family == IPV4 else None
    then: tuple[Expectation, ...] = (Dropped(1500, at="r1"), Unanswered(send=1), Unanswered(send=2))
    if df is False:
        then = (Fragments(by="r1", pieces=((1396, 0), (124, 1376))), Delivered(large, to="server"))
    return Scenario(
        name=f"datagrams-vanish-{mode.name.lower()}" + ("-v6" if family == IPV6 else ""),
        title=f"A silent router and a socket in mode IP_PMTUDISC_{mode.name}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "two datagrams that are too big, and one that is not",
                story=(Send(flow, large), Send(flow, large), Send(flow, fits)),
                expect=(
                    Leaves(1500, by="client", df=df),
                    *then,
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    SocketMtu(1500, send=3),
                    Delivered(fits, to="server", send=3),
                ),
            ),
        ),
    )


scenarios = tuple(datagrams_vanish(mode, family) for family in (IPV4, IPV6) for mode in PmtuDisc)
