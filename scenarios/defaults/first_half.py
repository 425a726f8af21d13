"""The same PTB again leaves an exception's 600 s alone for the first 300, and begins them anew after that.

    client ──1500── r1 ──1400── server

__ip_rt_update_pmtu() leaves an exception alone that already says the same and has more than half of mtu_expires left. IPv6 knows
no halves: a PTB that says the same never begins them anew (__ip6_rt_update_pmtu()), so whatever a host is told, it forgets 600 s
after it was told first. `half-life` shows IPv4's rule by moving the half.
"""

from lab.judge.expect import Delivered, ExpiresWithin, Leaves, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import PROBE, Udp
from lab.model.story import Send, Step, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def first_half(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    probing = Udp("client", "server", discover=PROBE, family=family)  # which sends the same again, though it knows better

    def told(title: str, before: tuple[Step, ...], low: int, high: int) -> Act:
        return Act(
            title,
            story=(*before, Send(probing, 1500 - headers), Send(probing, 1400 - headers)),
            expect=(
                Leaves(1500, by="client", df=True if family == IPV4 else None),
                TooBig(by="r1", to="client", mtu=1400, times=1),
                PathMtu(1400, at="client", to="server"),
                ExpiresWithin(low, high, at="client", to="server"),
                Delivered(1400 - headers, to="server", send=2),
            ),
        )

    later = (597, 600) if family == IPV4 else (287, 290)
    return Scenario(
        name="first-half" + ("-v6" if family == IPV6 else ""),
        title="The same PTB after 290 s, and after 310" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            told("told", (), 597, 600),
            told("told again after 290 s", (Wait(290),), 307, 310),
            told("and after 310", (Wait(20),), *later),
        ),
        lasts=310,
    )


scenarios = (first_half(IPV4), first_half(IPV6))
