"""A path MTU is forgotten in the end, and learned again.

    client ──1500── r1 ──1400── r2 ──1500── server

After mtu_expires seconds, ten minutes by default and two here, an exception is no more, and the host tries what its own link
takes: that is how it would find out that the path has grown (RFC 1191 §6.3, RFC 8201 §5.3). It has not, so one packet is lost,
and r1 says so once more.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    ExpiresWithin,
    Leaves,
    NothingLearned,
    PathMtu,
    Prints,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Run, Send, Sysctl, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

DEFAULT = {family: Run("client", f"cat /proc/sys/net/ipv{family.value}/route/mtu_expires") for family in (IPV4, IPV6)}


def expiry(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    df = True if family == IPV4 else None
    flow = Udp("client", "server", discover=DO, family=family)
    large, fits = 1500 - headers, 1400 - headers
    learned = (
        Leaves(1500, by="client", df=df),
        Dropped(1500, at="r1"),
        TooBig(by="r1", to="client", mtu=1400, times=1),
        ErrorQueued(send=1, info=1400, offender="r1"),
        RefusedHere(send=2),
        PathMtu(1400, at="client", to="server"),
        ExpiresWithin(0, 2, at="client", to="server"),
    )
    return Scenario(
        name="expiry" + ("-v6" if family == IPV6 else ""),
        title="A path MTU is forgotten, and learned again" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "learned",
                story=(
                    DEFAULT[family],
                    Sysctl("client", f"net.ipv{family.value}.route.mtu_expires", 2),
                    Send(flow, large),
                    Send(flow, large),
                ),
                expect=(Prints("600", "sysctl(8)"), *learned),
            ),
            Act(
                "forgotten",
                story=(Wait(2.1), Send(flow, fits)),
                expect=(NothingLearned(at="client", to="server"), Delivered(fits, to="server")),
            ),
            Act("learned again", story=(Send(flow, large), Send(flow, large)), expect=learned),
        ),
        needs=("mtu-expires-per-namespace",) if family == IPV4 else (),
        covers=("RHEL/mtu_expire",),
    )


scenarios = (expiry(IPV4), expiry(IPV6))
