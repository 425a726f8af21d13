"""With segmentation offload, a link takes in packets that are larger than its MTU many times over.

    client ──9000/1500── server

veth carries a super-packet as it is, and nobody asks how large the segments are that it stands for (is_skb_forwardable()): four
datagrams of 2000 octets, sent at once by UDP_SEGMENT, arrive over a link end of 1500. One of them alone is lost. So are all four
where the kernel cuts them apart before veth sees them.
A test that leaves offloads on therefore shows MTUs that are not there; this lab switches them off, but for this scenario.
"""

from lab.judge.expect import Counts, Delivered, IfTrait, Leaves, LostBelow, NothingLearned
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Send
from topologies import chain

WHOLE = "super-datagrams-stay-whole"

scenario = Scenario(
    name="super-packets",
    title="Super-packets pass a link end that their segments would not",
    topology=chain("client", "server", mtus=((9000, 1500),), offloads=True),
    acts=(
        Act(
            "one datagram of 2000 octets",
            story=(Send(Udp("client", "server", DO), 100), Send(Udp("client", "server", DO), 2000, within=0.2)),
            expect=(
                Delivered(100, to="server"),
                LostBelow(send=2),
                Counts(at="client", counters=(("Dev.TxDropped", 1),)),
                NothingLearned(at="client", to="server"),
            ),
        ),
        Act(
            "four of them as one super-packet",
            story=(Send(Udp("client", "server", DO, segment=2000), 8000),),
            expect=(
                IfTrait(WHOLE, Delivered(8000, to="server"), Leaves(2028, by="client", df=True)),
                IfTrait(
                    WHOLE,
                    Counts(at="client", counters=(("Dev.TxDropped", 0),)),
                    Counts(at="client", counters=(("Dev.TxDropped", 4),)),
                ),
                NothingLearned(at="client", to="server"),
            ),
        ),
    ),
)
