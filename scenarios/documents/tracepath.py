"""tracepath finds the path MTU, and the hop where it shrinks.

    client ──1500── r1 ──1492── r2 ──1500── server

1492 is what PPPoE leaves of Ethernet (RFC 2516). tracepath sends UDP datagrams that fill the path MTU as it is known, with DF
and with a growing TTL: the line of the hop that answers with a PTB says so. Run again, it starts from what the host has learned
by then.
"""

from lab.judge.expect import Exits, Leaves, NothingLarger, PathMtu, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.story import Run
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def tracepath(family: Family) -> Scenario:
    run = Run("client", f"tracepath -{family.value} -n server")
    df = True if family == IPV4 else None
    return Scenario(
        name="tracepath" + ("-v6" if family == IPV6 else ""),
        title="tracepath over a 1492-octet link" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1492, 1500), families=(family,)),
        acts=(
            Act(
                "nothing is known",
                story=(run,),
                expect=(
                    Prints("1?: [LOCALHOST]", "tracepath(8)"),
                    Prints("pmtu 1500", "tracepath(8)"),
                    Leaves(1500, by="client", df=df),
                    TooBig(by="r1", to="client", mtu=1492),
                    Prints("pmtu 1492", "tracepath(8)"),
                    Prints("reached Resume: pmtu 1492 hops 3 back 3", "tracepath(8)"),
                    Exits(0, "tracepath(8)"),
                    PathMtu(1492, at="client", to="server"),
                ),
            ),
            Act(
                "once more",
                story=(run,),
                expect=(
                    Prints("1?: [LOCALHOST]", "tracepath(8)"),
                    NothingLarger(1492, between=("client", "r1")),
                    Leaves(1492, by="client", df=df),
                    Prints("reached Resume: pmtu 1492 hops 3 back 3", "tracepath(8)"),
                    Exits(0, "tracepath(8)"),
                    PathMtu(1492, at="client", to="server"),
                ),
            ),
        ),
    )


scenarios = (tracepath(IPV4), tracepath(IPV6))
