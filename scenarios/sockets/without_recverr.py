"""Without IP_RECVERR (IPV6_RECVERR) a connected UDP socket is told once, by a send() that had nothing to do with it.

    client ──1500── r1 ──1500── server

The error is left pending on the socket, and the next call takes it away with it, whatever that would have sent: ten octets are
refused with EMSGSIZE, and then again they are not (sock_error()). DONT is not told, nor is a socket that has no peer; under IPv6
INTERFACE and OMIT are not, either (__udp4_lib_err(), __udp6_lib_err()). What the host learns does not depend on it.
"""

from lab.judge.expect import Delivered, Expectation, IfTrait, NothingLearned, NothingQueued, PathMtu, RefusedHere
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc, Udp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

SOCKET_NEEDED = {IPV4: "interface-mode-learns-nothing", IPV6: "exception-needs-socket-v6"}
BELIEVE = (DONT, WANT, DO, PROBE)
TOLD = {IPV4: (WANT, DO, PROBE, INTERFACE, OMIT), IPV6: (WANT, DO, PROBE)}


def case(mode: PmtuDisc, family: Family, *, connected: bool = True) -> Scenario:
    flow = Udp("client", "server", mode, family, connected=connected, recverr=False)
    learned = PathMtu(1300, at="client", to="server")
    unless = IfTrait(SOCKET_NEEDED[family], NothingLearned(at="client", to="server"), learned)
    fate: tuple[Expectation, ...] = (NothingQueued(send=2), Delivered(10, to="server", send=2))
    if connected and mode in TOLD[family]:
        fate = (RefusedHere(send=2), Delivered(10, to="server", send=3))
    name = f"without-recverr-{mode.name.lower()}" + ("" if connected else "-unconnected")
    return Scenario(
        name=name + ("-v6" if family == IPV6 else ""),
        title=f"A {'connected' if connected else 'peerless'} socket in mode {mode.name} that asks for no errors"
        + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a PTB, and then ten octets twice",
                story=(
                    Send(flow, 100),
                    ForgePtb("r1", to="client", mtu=1300, quote=Quote("server", flow=flow), family=family),
                    Send(flow, 10),
                    Send(flow, 10),
                ),
                expect=(Delivered(100, to="server"), learned if mode in BELIEVE else unless, *fate),
            ),
        ),
    )


scenarios = (
    *(case(mode, family) for family in (IPV4, IPV6) for mode in (DONT, WANT, DO, PROBE, INTERFACE, OMIT)),
    *(case(mode, family, connected=False) for family in (IPV4, IPV6) for mode in (WANT, DO)),
)
