"""A host that sends an ICMP "fragmentation needed" to itself.

    client ──1500── r1 ──1400── r2 ──1500── server

A program that writes its own IP headers (IP_HDRINCL) has passed by the place where UDP is refused. With DF and more than the
path MTU, its packet comes as far as the IP output, and meets there what it would meet at a router: ip_fragment() counts a
failure, sends ICMP type 3 code 4 to the packet's source, which is the host itself, and gives EMSGSIZE. Without DF it is
fragmented. More than the interface takes is refused before all that (raw_send_hdrinc()), and IP_PMTUDISC_PROBE asks only for
the interface's MTU.
"""

from lab.judge.expect import Counts, Delivered, Dropped, Fragments, Leaves, NoTooBig, PathMtu, RefusedHere, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, PROBE, Raw, Udp
from lab.model.story import Send
from topologies import chain

LARGE, FITS = 1472, 1372  # 28 less than 1500, and than 1400
with_df, without = Raw("client", "server"), Raw("client", "server", df=False)
probing = Raw("client", "server", discover=PROBE)
LEARNED = PathMtu(1400, at="client", to="server")

scenario = Scenario(
    name="to-oneself",
    title="A host that sends a PTB to itself",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)),
    acts=(
        Act(
            "what the path takes is learned",
            story=(Send(Udp("client", "server", discover=DO), LARGE),),
            expect=(Leaves(1500, by="client", df=True), TooBig(by="r1", to="client", mtu=1400), LEARNED),
        ),
        Act(
            "1500 octets with DF, by IP_HDRINCL",
            story=(Send(with_df, FITS), Send(with_df, LARGE)),
            expect=(
                Delivered(FITS, to="server", send=1),
                RefusedHere(send=2),
                Counts(at="client", counters=(("Ip.FragFails", 1),)),
                Counts(at="client", counters=(("Icmp.OutDestUnreachs", 1), ("Icmp.InDestUnreachs", 1))),
                NoTooBig(to="client", octets=1400),  # it went by the loopback, where no tap is
                LEARNED,
            ),
        ),
        Act(
            "1500 octets without DF",
            story=(Send(without, LARGE),),
            expect=(
                Fragments(by="client", pieces=((1396, 0), (124, 1376))),
                Counts(at="client", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 2), ("Icmp.OutDestUnreachs", 0))),
                Delivered(LARGE, to="server"),
                LEARNED,
            ),
        ),
        Act(
            "1501 octets, more than the interface takes",
            story=(Send(with_df, FITS), Send(with_df, LARGE + 1)),
            expect=(
                Delivered(FITS, to="server", send=1),
                RefusedHere(send=2),
                Counts(at="client", counters=(("Ip.FragFails", 0), ("Icmp.OutDestUnreachs", 0))),
                LEARNED,
            ),
        ),
        Act(
            "1500 octets with DF, IP_PMTUDISC_PROBE",
            story=(Send(probing, LARGE),),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1400),
                Counts(at="client", counters=(("Icmp.OutDestUnreachs", 0), ("Icmp.InDestUnreachs", 1))),
                LEARNED,
            ),
        ),
    ),
)
