"""An interface's MTU: what the tools show, and what it means on the wire.

    client ──1500── server

The MTU is the largest IP packet that a device sends at once, 1500 on Ethernet and 65536 on the loopback. The link's own header
is not counted: the frame of such a packet has 1514 octets. One octet more is refused where it may not be cut up, before
anything is sent.
"""

from lab.judge.expect import Delivered, Leaves, Prints, RefusedHere, SocketMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import ReadCapture, Run, Send
from topologies import chain

ASK = """
import fcntl, socket, struct, sys
SIOCGIFMTU = 0x8921  # netdevice(7); ifconfig asks by it
name = sys.argv[1]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    answer = fcntl.ioctl(any_socket, SIOCGIFMTU, struct.pack("16si", name.encode(), 0))
print(name, "can send", struct.unpack("16si", answer)[1])
"""

whole, large = Udp("client", "server", discover=DO), 1500 - 28

scenario = Scenario(
    name="shown-mtu",
    title="An interface's MTU, as shown and as used",
    topology=chain("client", "server", mtus=(1500,)),
    acts=(
        Act(
            "as the tools show it",
            story=(
                Run("client", "ip link show dev server"),
                Run("client", "ip link show dev lo"),
                Run("client", ("python3", "-c", ASK, "server")),
                Run("client", ("python3", "-c", ASK, "lo")),
            ),
            expect=(
                Prints("mtu 1500", "ip-link(8)", run=1),
                Prints("mtu 65536", "ip-link(8)", run=2),
                Prints("server can send 1500", "netdevice(7)", run=3),
                Prints("lo can send 65536", "netdevice(7)", run=4),
            ),
        ),
        Act(
            "as it is used",
            story=(Send(whole, large), Send(whole, large + 1), ReadCapture("tcpdump -nn -e -r - udp", end="client:server")),
            expect=(
                Leaves(1500, by="client", df=True),
                Prints("length 1514", "tcpdump(8)"),  # 14 octets of Ethernet
                Delivered(large, to="server", send=1),
                RefusedHere(send=2),
                SocketMtu(1500, send=2),
            ),
        ),
    ),
)
