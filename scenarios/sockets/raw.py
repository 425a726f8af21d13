"""A program that writes its own IP header (IP_HDRINCL) meets the path MTU later than others, and otherwise.

    client ──1500── r1 ──1400── server

The kernel takes such a packet as it is, up to the interface's MTU (raw_send_hdrinc()). Only when it is to leave is it held
against the path MTU: with DF it is dropped, and the host sends an ICMP error to itself (ip_fragment()); without, it is cut up. A
socket of IPPROTO_RAW hears of no error about its packets, as those are another protocol's (raw_icmp_error()), and nobody else has
asked.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Dropped,
    ErrorQueued,
    Fragments,
    IfTrait,
    Leaves,
    NothingLearned,
    NothingQueued,
    PathMtu,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, PROBE, Raw, Udp
from lab.model.story import FlushRouteCache, Send
from topologies import chain

first = Udp("client", "server", discover=DO)
marked, unmarked = Raw("client", "server", df=True), Raw("client", "server", df=False)
probing = Raw("client", "server", discover=PROBE)

scenario = Scenario(
    name="raw",
    title="Packets with a header of the program's own making",
    topology=chain("client", "r1", "server", mtus=(1500, 1400)),
    acts=(
        Act(
            "nothing is known of the path",
            story=(Send(marked, 1472), Send(marked, 1372)),
            expect=(
                Leaves(1500, by="client", df=True),
                TooBig(by="r1", to="client", mtu=1400),
                NothingQueued(send=1),
                IfTrait(
                    "exception-needs-socket", NothingLearned(at="client", to="server"), PathMtu(1400, at="client", to="server")
                ),
            ),
        ),
        Act(
            "with DF, and the path MTU known",
            story=(FlushRouteCache(), Send(first, 1472), Send(marked, 1472), Send(marked, 1372)),
            expect=(
                RefusedHere(send=2),
                Counts(
                    at="client",
                    counters=(("Ip.FragFails", 1), ("Icmp.OutDestUnreachs", 1), ("Icmp.InDestUnreachs", 2)),  # r1's, and its own
                ),
                Delivered(1372, to="server", send=3),
            ),
        ),
        Act(
            "without DF",
            story=(FlushRouteCache(), Send(first, 1472), Send(unmarked, 1472)),
            expect=(
                Fragments(by="client", pieces=((1396, 0), (124, 1376))),
                Counts(at="client", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 2), ("Ip.FragFails", 0))),
                Delivered(1472, to="server", send=2),
            ),
        ),
        Act(
            "larger than the interface takes",
            story=(FlushRouteCache(), Send(unmarked, 1372), Send(unmarked, 1473)),
            expect=(
                Delivered(1372, to="server"),
                RefusedHere(send=2),
                ErrorQueued(send=2, info=1500, offender=None),
                Counts(at="client", counters=(("Ip.FragFails", 0), ("Icmp.OutDestUnreachs", 0))),
            ),
        ),
        Act(
            "in mode PROBE",
            story=(FlushRouteCache(), Send(first, 1472), Send(probing, 1472)),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1400, times=2),
                Counts(at="client", counters=(("Ip.FragFails", 0),)),
            ),
        ),
    ),
)
