"""Wireshark's fields of a PTB, as tshark prints them.

    client ──1500── r1 ──1492── r2 ──1500── server

The filter is the article's whole statement: a packet of 1500 octets with DF, quoted in an ICMP of type 3 code 4 that says 1492.
The fields of both headers stand together, the error's own first: from r1 to the client, about a packet from the client to the
server.
"""

from lab.judge.expect import Dropped, Exits, Leaves, PathMtu, Prints, PrintsLines, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import ReadCapture, Send
from topologies import chain

FILTER = "icmp.type == 3 && icmp.code == 4 && icmp.mtu == 1492 && ip.len == 576 && ip.len == 1500 && ip.flags.df == 1 && udp"
FIELDS = " ".join(f"-e {field}" for field in ("icmp.mtu", "ip.len", "ip.src", "ip.dst", "udp.length"))

scenario = Scenario(
    name="tshark",
    title="tshark shows a PTB's fields",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 1492, 1500)),
    acts=(
        Act(
            "one datagram too large",
            story=(
                Send(Udp("client", "server", discover=DO), 1472),
                ReadCapture(f"tshark -n -r - -Y '{FILTER}' -T fields {FIELDS}", end="client:r1"),
            ),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1492),
                PathMtu(1492, at="client", to="server"),
                PrintsLines(1, "tshark(1)"),
                Prints("1492 576,1500 10.0.0.2,10.0.0.1 10.0.0.1,10.0.2.2 1480", "tshark(1)"),
                Exits(0, "tshark(1)"),
            ),
        ),
    ),
)
