"""A router that drops what is too big and says nothing.

    client ──1500── r1 ──576── r2 ──1500── server

and under IPv6:

    client ──1500── r1 ──1280── r2 ──1500── server

Small packets pass, so everything looks well; large ones vanish, and the sender, which insists on DF, learns nothing from it
(RFC 2923 §2.1). The silence is r1's: it drops its own PTBs, as a firewall that blocks ICMP would.
"""

from lab.judge.expect import Delivered, Dropped, Leaves, NothingLearned, NoTooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def black_hole(name: str, family: Family, mtu: int) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    datagrams = Udp("client", "server", discover=DO, family=family)
    return Scenario(
        name=name,
        title="A router that drops and says nothing" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "datagrams that insist",
                story=(Send(datagrams, 1500 - headers), Send(datagrams, 1500 - headers), Send(datagrams, mtu - headers)),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    Unanswered(send=1),
                    Unanswered(send=2),
                    NothingLearned(at="client", to="server"),
                    Delivered(mtu - headers, to="server", send=3),
                ),
            ),
        ),
    )


scenarios = (black_hole("black-hole", IPV4, 576), black_hole("black-hole-v6", IPV6, 1280))
