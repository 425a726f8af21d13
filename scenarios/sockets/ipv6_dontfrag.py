"""IPV6_DONTFRAG: a datagram that would have to be fragmented is refused in every mode, and IPV6_RECVPATHMTU says what would fit.

    client ──1500── r1 ──1400── server

The limit is the path MTU, or the interface's in the modes that go by that: PROBE, INTERFACE and OMIT (ip6_sk_use_pmtu()). It
comes as ancillary data of a message of no octets, but only after a send() that was refused here (ipv6_local_rxpmtu()). A PTB that
comes in announces nothing so, although RFC 3542 §11.3 would have it.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    IfTrait,
    NothingAnnounced,
    NothingLearned,
    PathMtu,
    PathMtuAnnounced,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc, Udp
from lab.model.story import Send
from lab.model.topology import IPV6
from topologies import chain

BELIEVE = (DONT, WANT, DO, PROBE)
GO_BY_THE_PATH = (DONT, WANT, DO)


def case(mode: PmtuDisc) -> Scenario:
    flow = Udp("client", "server", mode, IPV6, dontfrag=True)
    limit = 1400 if mode in GO_BY_THE_PATH else 1500
    learned = PathMtu(1400, at="client", to="server")
    unless = IfTrait("exception-needs-socket-v6", NothingLearned(at="client", to="server"), learned)
    heard: tuple[Expectation, ...] = (learned, ErrorQueued(send=1, info=1400, offender="r1")) if mode in BELIEVE else (unless,)
    return Scenario(
        name=f"ipv6-dontfrag-{mode.name.lower()}",
        title=f"IPV6_DONTFRAG in mode IPV6_PMTUDISC_{mode.name}",
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV6,)),
        acts=(
            Act(
                "too large for the path, and then for the socket",
                story=(Send(flow, 1452), Send(flow, limit - 47), Send(flow, 1352)),
                expect=(
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=1400),
                    NothingAnnounced(send=1),
                    *heard,
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=limit, offender=None),
                    PathMtuAnnounced(limit, send=2),
                    Delivered(1352, to="server", send=3),
                ),
            ),
        ),
    )


scenarios = tuple(case(mode) for mode in (DONT, WANT, DO, PROBE, INTERFACE, OMIT))
