"""tracepath's times are round trips to each hop, and the hop that tells of a smaller path MTU answers as soon as any.

    client ──1500,10ms── r1 ──1400,20ms── r2 ──1500,30ms── server

r1 is 20 ms away, r2 60 and the server 120. What r1 says of its next link comes from r1, and so after 20 ms, too.
"""

from lab.judge.expect import Exits, PathMtu, Prints, PrintsTime, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.story import Run
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

ADDRESSES = {IPV4: ("10.0.0.2", "10.0.1.2", "10.0.2.2"), IPV6: ("fd00::2", "fd00:0:0:1::2", "fd00:0:0:2::2")}


def tracepath_times(family: Family) -> Scenario:
    r1, r2, server = ADDRESSES[family]
    return Scenario(
        name="tracepath-times" + ("-v6" if family == IPV6 else ""),
        title="tracepath over links with delays" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), delays=(10, 20, 30), families=(family,)),
        acts=(
            Act(
                "hop by hop",
                story=(Run("client", f"tracepath -{family.value} -n server"),),
                expect=(
                    PrintsTime(f"1: {r1}", 20, "tracepath(8)"),
                    PrintsTime(f"2: {r1}", 20, "tracepath(8)"),
                    PrintsTime(f"2: {r2}", 60, "tracepath(8)"),
                    PrintsTime(f"3: {server}", 120, "tracepath(8)"),
                    Prints("reached Resume: pmtu 1400 hops 3 back 3", "tracepath(8)"),
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Exits(0, "tracepath(8)"),
                ),
            ),
        ),
        needs=("netem",),
    )


scenarios = (tracepath_times(IPV4), tracepath_times(IPV6))
