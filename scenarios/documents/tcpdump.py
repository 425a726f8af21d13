"""tcpdump prints what a PTB says.

    client ──1500── r1 ──1492── r2 ──1500── server

"need to frag (mtu 1492), length 556": ICMP type 3 code 4, the next-hop MTU of RFC 1191 §4, and 556 octets of ICMP, since the
whole error has 576 and its IP header 20 (RFC 1812 §4.3.2.3). IPv6's is a message of its own, type 2, and has up to 1280 octets
(RFC 4443 §3.2).
"""

from lab.judge.expect import Dropped, Exits, Leaves, PathMtu, Prints, PtbQuotes, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo
from lab.model.story import ReadCapture, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

SAYS = {
    IPV4: ("ICMP 10.0.2.2 unreachable - need to frag (mtu 1492), length 556",),
    IPV6: ("ICMP6, packet too big, mtu 1492, length 1240",),
}


def tcpdump(family: Family) -> Scenario:
    octets = 1500 - (28 if family == IPV4 else 48)  # IP and echo
    size, quoted = (576, 548) if family == IPV4 else (1280, 1232)
    return Scenario(
        name="tcpdump" + ("-v6" if family == IPV6 else ""),
        title="tcpdump shows a PTB" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1492, 1500), families=(family,)),
        acts=(
            Act(
                "one echo request too large",
                story=(
                    Send(Echo("client", "server", discover=DO, family=family), octets),
                    ReadCapture(f"tcpdump -nn -r - icmp{'' if family == IPV4 else 6}", end="client:r1"),
                ),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=1492),
                    PtbQuotes(by="r1", octets=size, quoted=quoted),
                    PathMtu(1492, at="client", to="server"),
                    *(Prints(text, "tcpdump(8)") for text in SAYS[family]),
                    Exits(0, "tcpdump(8)"),
                ),
            ),
        ),
    )


scenarios = (tcpdump(IPV4), tcpdump(IPV6))
