"""Fragmentation against DF: the same 1500 octets, without that bit and with it.

    client ──1500── r1 ──576── r2 ──1500── server

Without DF, r1 cuts the packet into three, and the server puts it together: it arrives, at the cost of three headers for one, of
a buffer and of all of it where one piece is lost. The answer, which goes without DF, is cut by r2. With DF, r1 drops the packet
and says why (RFC 791 §3.2, RFC 1191 §4), and it is for the sender to send less. Counters of the four nodes tell the two stories
apart.
"""

from lab.judge.expect import (
    Counts,
    Dropped,
    Exits,
    Fragments,
    Leaves,
    NoFragments,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Prints,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.story import Run
from topologies import chain

PIECES = ((572, 0), (572, 552), (396, 1104))  # 552 is 576 - 20, down to a multiple of 8


def ping(mode: str, octets: int) -> Run:
    return Run("client", f"ping -n -c 1 -W 1 -M {mode} -s {octets} server")


scenario = Scenario(
    name="fragments-or-df",
    title="Fragmentation against DF, by ping",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)),
    acts=(
        Act(
            "without DF",
            story=(ping("dont", 1472),),
            expect=(
                Leaves(1500, by="client", df=False),
                Fragments(by="r1", pieces=PIECES),
                Fragments(by="r2", pieces=PIECES),
                Counts(at="r1", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 3), ("Ip.FragFails", 0))),
                Counts(at="server", counters=(("Ip.ReasmReqds", 3), ("Ip.ReasmOKs", 1))),
                Counts(at="client", counters=(("Ip.ReasmReqds", 3), ("Ip.ReasmOKs", 1))),
                NoTooBig(to="client", octets=1500),
                NothingLearned(at="client", to="server"),
                Prints("1 received", "ping(8)"),
                Exits(0, "ping(8)"),
            ),
        ),
        Act(
            "with DF",
            story=(ping("do", 1472), Run("client", "ip route get $server")),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=576),
                Counts(at="r1", counters=(("Ip.FragOKs", 0), ("Ip.FragFails", 1), ("Icmp.OutDestUnreachs", 1))),
                Counts(at="client", counters=(("Icmp.InDestUnreachs", 1),)),
                PathMtu(576, at="client", to="server"),
                Prints("Frag needed and DF set (mtu = 576)", "ping(8)"),
                Prints("mtu 576", "ip-route(8)", run=2),
                Exits(1, "ping(8)"),
            ),
        ),
        Act(
            "with DF, and no more than fits",
            story=(ping("do", 548),),
            expect=(
                Leaves(576, by="client", df=True),
                NoTooBig(to="client", octets=576),
                NoFragments(by="r1"),
                PathMtu(576, at="client", to="server"),
                Prints("1 received", "ping(8)"),
                Exits(0, "ping(8)"),
            ),
        ),
    ),
)
