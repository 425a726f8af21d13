"""net.ipv4.route.min_pmtu decides below what a path MTU is not believed but locked.

    client ──1500── r1 ──m── server

A PTB below it leaves the host at min_pmtu, locked, and without DF; one at or above it is believed to the octet
(__ip_rt_update_pmtu()). It may be lowered to 68, the least that IPv4 has (RFC 791 §3.2), and no further: the kernel refuses
that, and keeps what it had.
"""

from lab.judge.expect import Delivered, Dropped, Exits, Leaves, PathMtu, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import FlushRouteCache, Run, Send, Sysctl
from topologies import chain

MIN_PMTU = "net.ipv4.route.min_pmtu"
FILE = "/proc/sys/net/ipv4/route/min_pmtu"
NEEDS = ("min-pmtu-per-namespace",)
REFUSED = (67, 0, -1, 11111111111111111)
flow = Udp("client", "server", discover=WANT)


def learned(mtu: int, least: int) -> Act:
    believed, locked = max(mtu, least), mtu < least
    return Act(
        f"the PTB says {mtu}, and min_pmtu is {least}",
        story=(FlushRouteCache(), Sysctl("client", MIN_PMTU, least), Send(flow, 1472), Send(flow, believed - 28)),
        expect=(
            Leaves(1500, by="client", df=True),
            Dropped(1500, at="r1"),
            TooBig(by="r1", to="client", mtu=mtu),
            PathMtu(believed, at="client", to="server", locked=locked),
            Leaves(believed, by="client", df=not locked),
            Delivered(believed - 28, to="server", send=2),
        ),
    )


def min_pmtu(mtu: int, *least: int) -> Scenario:
    return Scenario(
        name=f"min-pmtu-{mtu}",
        title=f"net.ipv4.route.min_pmtu above and below a {mtu}-octet link",
        topology=chain("client", "r1", "server", mtus=(1500, mtu)),
        acts=tuple(learned(mtu, one) for one in least),
        needs=NEEDS,
        covers=("RHEL/min_pmtu_test", "bugs/09") if mtu == 1300 else (),
    )


refused = Scenario(
    name="min-pmtu-refused",
    title="Values that net.ipv4.route.min_pmtu does not take",
    topology=chain("client", "r1", "server", mtus=(1500, 1300)),
    acts=(
        Act(
            "below 68, and far too large",
            story=(
                Sysctl("client", MIN_PMTU, 68),
                *(Run("client", ("sh", "-c", f"echo {value} > {FILE}")) for value in REFUSED),
                Run("client", f"cat {FILE}"),
                Send(flow, 1472),
                Send(flow, 1272),
            ),
            expect=(
                *(Exits(1, "sysctl(8)", run=number) for number, _ in enumerate(REFUSED, 1)),
                Prints("68", "sysctl(8)", run=1 + len(REFUSED)),
                TooBig(by="r1", to="client", mtu=1300),
                PathMtu(1300, at="client", to="server"),
                Delivered(1272, to="server", send=2),
            ),
        ),
    ),
    needs=NEEDS,
    covers=("RHEL/min_pmtu_test",),
)

scenarios = (
    min_pmtu(68, 68, 69),
    min_pmtu(296, 68, 296, 297),
    min_pmtu(1300, 1299, 1300, 1301, 1400),
    refused,
)
