"""A switch with one port that is smaller than the others.

    client ──1500── sw ──m── sw2 ──1500── server

Both hosts believe in 1500, and there is no router that could tell them otherwise. The switch lets pass what is 4 octets too large,
as that is the room of a VLAN tag (br_dev_queue_push_xmit() asks is_skb_forwardable()). What is larger still it drops: with DF or
without, under both families, and without a word on the wire or in a counter. So nobody learns anything, and a host that relies on
PTBs alone never recovers (RFC 2923 §2.1).
"""

from lab.judge.expect import Delivered, Leaves, NothingLearned, NoTooBig, Swallowed, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, PmtuDisc, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

SILENCE = 0.2  # seconds; what passes does so in microseconds


def small_port(mtu: int, family: Family, mode: PmtuDisc) -> Scenario:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", mode, family)
    most = mtu + 4
    df = mode == DO if family == IPV4 else None
    how = {(IPV4, DO): "", (IPV4, DONT): "-without-df", (IPV6, DO): "-v6"}[family, mode]
    return Scenario(
        name=f"small-port-{mtu}{how}",
        title=f"A port of {mtu} lets {most} octets pass, and swallows {most + 1}",
        topology=chain("client", "sw", "sw2", "server", mtus=(1500, mtu, 1500), families=(family,), bridges=("sw", "sw2")),
        acts=(
            Act(
                "4 octets more than the port's MTU",
                story=(Send(flow, most - headers),),
                expect=(
                    Leaves(most, by="client", df=df),
                    NoTooBig(to="client", octets=most),
                    NothingLearned(at="client", to="server"),
                    Delivered(most - headers, to="server"),
                ),
            ),
            Act(
                "5 octets more, and then one that fits",
                story=(Send(flow, most + 1 - headers, within=SILENCE), Send(flow, most - headers)),
                expect=(
                    Leaves(most + 1, by="client", df=df),
                    Swallowed(most + 1, at="sw"),
                    Unanswered(send=1),
                    NoTooBig(to="client", octets=most + 1),
                    NothingLearned(at="client", to="server"),
                    Delivered(most - headers, to="server", send=2),
                ),
            ),
        ),
        needs=("bridge",),
    )


scenarios = (
    small_port(1400, IPV4, DO),
    small_port(1400, IPV4, DONT),
    small_port(1400, IPV6, DO),
    small_port(1280, IPV4, DO),
)
