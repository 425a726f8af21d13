"""A link in the middle flaps between 1300, 1400 and 1500.

    client ──1500── r1 ──1500── r2 ──1500── server

Only the lowest value is remembered: a PTB never raises what a host believes, and what has grown again is not heard of (RFC 1191
§3). So the flow is told of 1400 and of 1300, once each, however often the link changes; and all that it sends arrives. IPv4's
datagrams are not told of the 1300: what the client fragments for 1400 has no DF, and r1 fragments it further. TCP sends no segment
that is short enough to pass where the others do not, for the same reason as in shrinks_mid_flow.py.
"""

from lab.judge.expect import Delivered, Mss, NoTimeout, PathMtu, PtbOrder, SocketMtu, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Tcp, Udp
from lab.model.story import Send, SetMtu
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

FLAPS = (1400, 1300, 1500, 1400, 1300, 1500)


def flaps(protocol: str, family: Family) -> Scenario:
    large = 1500 - (28 if family == IPV4 else 48)
    flow = Tcp("client", "server", family=family) if protocol == "tcp" else Udp("client", "server", discover=WANT, family=family)
    headers = 52 if family == IPV4 else 72  # of TCP, with timestamps
    octets = 24 * (1400 - headers) if protocol == "tcp" else large
    # A datagram that meets a link smaller than was heard of is lost. The next is fragmented for what was learned from that.
    story = tuple(step for mtu in FLAPS for step in (SetMtu("r1", "r2", mtu), Send(flow, octets), Send(flow, octets)))
    heard = (1400,) if isinstance(flow, Udp) and family == IPV4 else (1400, 1300)
    told = (PtbOrder(to="client", order=tuple(("r1", mtu) for mtu in heard)), PathMtu(heard[-1], at="client", to="server"))
    arrives = tuple(Delivered(octets, to="server", send=2 * n) for n, _ in enumerate(FLAPS, 1))
    state = (SocketMtu(heard[-1], send=2 * len(FLAPS)),)
    tcp = (TcpPathMtu(1300, at="client"), Mss(1300 - headers, at="client"), NoTimeout(at="client"))
    return Scenario(
        name=f"flaps-{protocol}" + ("-v6" if family == IPV6 else ""),
        title=f"A link flaps under {protocol.upper()}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1500), families=(family,)),
        acts=(Act("six changes", story, (*told, *arrives, *(tcp if protocol == "tcp" else state))),),
        covers=("RHEL/pmtu_traffic",),
    )


scenarios = tuple(flaps(protocol, family) for family in (IPV4, IPV6) for protocol in ("udp", "tcp"))
