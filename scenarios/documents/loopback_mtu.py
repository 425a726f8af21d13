"""The loopback takes 65536 octets, and an IPv4 path MTU is 65535.

    client ──1500── server

No IPv4 packet is larger than 65535 octets, so that is the path MTU whatever the device says (IP_MAX_MTU,
ip_dst_mtu_maybe_forward()); under IPv6, whose length field leaves its own 40 octets out, it is the device's 65536. So two tools
that both tell the truth differ by one. What a program can send there is another scenario: `loopback`.
"""

from lab.judge.expect import Delivered, Exits, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import Run, Send
from lab.model.topology import IPV4, IPV6
from topologies import chain

scenario = Scenario(
    name="loopback-mtu",
    title="The loopback's MTU and its path MTU",
    topology=chain("client", "server", mtus=(1500,), families=(IPV4, IPV6)),
    acts=(
        Act(
            "as tools tell it",
            story=(
                Run("client", "ip link show dev lo"),
                Run("client", "tracepath -n 127.0.0.1"),
                Run("client", "tracepath -6 -n ::1"),
                Send(Udp("client", "server"), 100),
            ),
            expect=(
                Prints("mtu 65536", "ip-link(8)", run=1),
                Prints("Resume: pmtu 65535 hops 1 back 1", "tracepath(8)", run=2),
                Prints("Resume: pmtu 65536 hops 1 back 1", "tracepath(8)", run=3),
                *(Exits(0, "tracepath(8)", run=run) for run in (2, 3)),
                Delivered(100, to="server"),
            ),
        ),
    ),
)
