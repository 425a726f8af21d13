"""A broadcast that is too large for its receiver, and a route that says so.

    client ──9000/1500── server

A broadcast is sent to whoever is there, so there is no path to learn an MTU of, and nobody answers it with a PTB. The client's own
link is larger than the server's end: a broadcast ping of 8000 octets is lost there. The broadcast route can hold an MTU as any
other; then the client cuts the ping up for it, and the server answers.
"""

from lab.judge.expect import Counts, Exits, Fragments, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.story import Configure, Run, Sysctl
from topologies import chain

PING = "ping -b -M want -c 1 -W 0.3 -s 8000 10.0.0.255"
PIECES = (*((1500, 1480 * i) for i in range(5)), (628, 7400))  # 8008 = 5 * 1480 + 608

scenario = Scenario(
    name="broadcast",
    title="A broadcast route with an MTU",
    topology=chain("client", "server", mtus=((9000, 1500),)),
    acts=(
        Act(
            "as the interface's MTU has it",
            story=(Sysctl("server", "net.ipv4.icmp_echo_ignore_broadcasts", 0), Run("client", PING)),
            expect=(
                Exits(1, "ping(8)"),
                Prints("0 received", "ping(8)"),
                Counts(at="client", counters=(("Dev.TxDropped", 1),), or_more=True),
            ),
        ),
        Act(
            "with a broadcast route of MTU 1500",
            story=(
                Configure(
                    "client",
                    "ip route change table local broadcast 10.0.0.255 dev server proto kernel scope link src $client mtu 1500",
                ),
                Run("client", PING),
            ),
            expect=(Exits(0, "ping(8)"), Prints("1 received", "ping(8)"), Fragments(by="client", pieces=PIECES)),
        ),
    ),
    needs=("broadcast-route-mtu",),
    covers=("broadcast_pmtu.sh/broadcast_pmtu", "bugs/35"),
)
