"""setsockopt(IP_MTU_DISCOVER): a program chooses for itself, IP_PMTUDISC_PROBE for one.

    client ──1500── r1 ──1400── server

A socket is created with IP_PMTUDISC_WANT, 1; it takes 0 to 5 and refuses 6 (do_ip_setsockopt()), and so does IPv6's own option.
With IP_PMTUDISC_PROBE, 3, it sets DF, and leaves aside what was learned of the path: what the interface takes goes out whole,
and is lost at r1 each time. So does a program that looks for the path MTU by itself.
"""

from lab.judge.expect import Delivered, Dropped, ErrorQueued, Exits, Leaves, PathMtu, Prints, RefusedHere, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import PROBE, Udp
from lab.model.story import Run, Send
from topologies import chain

MODES = """
import errno, socket
def shown(kind, family, level, option):
    with socket.socket(family, kind) as new:
        read = [new.getsockopt(level, option)]
        for mode in range(7):
            try:
                new.setsockopt(level, option, mode)
                read.append(new.getsockopt(level, option))
            except OSError as error:
                read.append(errno.errorcode[error.errno])
    return " ".join(map(str, read))
for name, kind in (("UDP", socket.SOCK_DGRAM), ("TCP", socket.SOCK_STREAM)):
    print(name, "IP_MTU_DISCOVER:", shown(kind, socket.AF_INET, socket.IPPROTO_IP, 10))
    print(name, "IPV6_MTU_DISCOVER:", shown(kind, socket.AF_INET6, socket.IPPROTO_IPV6, 23))
"""
READ = "1 0 1 2 3 4 5 EINVAL"  # as it is created, and then as set to 0, 1 ... 6
flow = Udp("client", "server", discover=PROBE)

scenario = Scenario(
    name="set-mode",
    title="A program sets IP_MTU_DISCOVER",
    topology=chain("client", "r1", "server", mtus=(1500, 1400)),
    acts=(
        Act(
            "every mode there is",
            story=(Run("client", ("python3", "-c", MODES)),),
            expect=(
                *(
                    Prints(f"{protocol} {option}: {READ}", page)
                    for protocol in ("UDP", "TCP")
                    for option, page in (("IP_MTU_DISCOVER", "ip(7)"), ("IPV6_MTU_DISCOVER", "ipv6(7)"))
                ),
                Exits(0, "ip(7)"),
            ),
        ),
        Act(
            "IP_PMTUDISC_PROBE",
            story=(Send(flow, 1472), Send(flow, 1472), Send(flow, 1473), Send(flow, 1372)),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1400, times=2),
                ErrorQueued(send=1, info=1400, offender="r1"),
                ErrorQueued(send=2, info=1400, offender="r1"),  # it was sent, although 1400 was known
                PathMtu(1400, at="client", to="server"),
                RefusedHere(send=3),
                ErrorQueued(send=3, info=1500, offender=None),  # the interface's limit is its own
                Delivered(1372, to="server", send=4),
            ),
        ),
    ),
)
