"""ss, ip and nstat while a TCP connection meets the 576 link.

    client ──1500── r1 ──576── r2 ──1500── server

What the kernel does when the PTB comes (tcp_v4_mtu_reduced(), tcp_sync_mss(), tcp_simple_retransmit()) is to be seen from
outside: `ss -i` has the connection's path MTU and MSS, `ip route get` the host's exception, `nstat` what was sent again and
what was fragmented: nothing.
"""

from lab.judge.expect import Delivered, Exits, Leaves, Mss, NoFragments, PathMtu, Prints, PrintsLines, TcpPathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Run, Send
from topologies import chain

stream = Tcp("client", "server")

scenario = Scenario(
    name="socket-statistics",
    title="What ss, ip and nstat show of a TCP connection's path MTU",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)),
    acts=(
        Act(
            "a TCP transfer",
            story=(
                Send(stream, 64 * KIB),
                Run("client", "ss -Htin dst $server"),
                Run("client", "ip route get $server"),
                Run("r1", "nstat -asz IpFragFails IpFragCreates"),
            ),
            expect=(
                Leaves(1500, by="client", df=True),
                TooBig(by="r1", to="client", mtu=576),
                PathMtu(576, at="client", to="server"),
                TcpPathMtu(576, at="client"),
                Mss(524, at="client"),
                NoFragments(by="r1"),
                Delivered(64 * KIB, to="server"),
                Prints("mss:524 pmtu:576", "ss(8)", run=1),
                Prints("advmss:1448", "ss(8)", run=1),  # what was announced, 1460, less timestamps
                Prints("mtu 576", "ip-route(8)", run=2),
                Prints("IpFragCreates 0", "nstat(8)", run=3),
                PrintsLines(3, "nstat(8)", run=3),
                Exits(0, "ss(8)", run=1),
            ),
        ),
    ),
)
