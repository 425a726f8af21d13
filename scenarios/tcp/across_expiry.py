"""A connection that lives longer than what it has learned: it begins again with large segments, and is told again.

    client ──1500── r1 ──1400── r2 ──1500── server

An exception lasts net.ipv4.route.mtu_expires, ten minutes by default and one second here. Then the connection's route has the
interface's MTU again, the next segments are made for that (tcp_current_mss() compares it with what it last used), and the path
has to teach it once more: so RFC 1191 §6.3 wants an increase to be found. Each active connection pays so every ten minutes.
"""

from lab.judge.expect import Delivered, Leaves, Mss, NothingLarger, NoTimeout, PathMtu, ToldDuring, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Sysctl, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def across_expiry(family: Family) -> Scenario:
    stream = Tcp("client", "server", family=family)
    sysctl = f"net.ipv{family.value}.route.mtu_expires"
    return Scenario(
        name="across-expiry" + ("-v6" if family == IPV6 else ""),
        title="A connection across the end of what it has learned" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        needs=("mtu-expires-per-namespace",) if family == IPV4 else (),
        covers=("bugs/37",) if family == IPV4 else (),
        acts=(
            Act(
                "a transfer, a second of silence, and another",
                story=(
                    Sysctl("client", sysctl, 1),
                    Send(stream, 32 * KIB),
                    Wait(1.1),
                    Sysctl("client", sysctl, 600),  # so that the second exception is still there at the end
                    Send(stream, 32 * KIB),
                ),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    TooBig(by="r1", to="client", mtu=1400),
                    ToldDuring(1, by="r1", mtu=1400),
                    ToldDuring(2, by="r1", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Mss(1348 if family == IPV4 else 1328, at="client"),
                    NothingLarger(1400, between=("r1", "r2")),
                    NoTimeout(at="client"),
                    Delivered(32 * KIB, to="server"),
                    Delivered(32 * KIB, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = (across_expiry(IPV4), across_expiry(IPV6))
