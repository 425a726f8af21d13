"""Who may install a route exception: what the kernel checks of a PTB is the packet that it quotes, by that packet's protocol.

    client ──1500── r1 ──1500── server

r1 sends PTBs that no packet has caused. About UDP a socket must match, by its ports alone, and of an unconnected one by its own
port. About TCP a connection must, and its sequence numbers, which another file tells of. An echo request needs no socket under
IPv6, and under IPv4 one with its identifier. An echo reply, which the kernel itself sends and no socket, needs nothing at all, in
either family (RFC 5927 tells what follows). Of a protocol that nobody here speaks nothing is believed; that the quote has no DF,
everything.
"""

from lab.judge.expect import Counts, Delivered, Expectation, IfTrait, NothingLearned, PathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Echo, Udp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

FORGED = 1400
LEARNED = PathMtu(FORGED, at="client", to="server")
NOTHING = NothingLearned(at="client", to="server")
NEEDS_SOCKET = {IPV4: "exception-needs-socket", IPV6: "exception-needs-socket-v6"}
ICMP = {IPV4: 1, IPV6: 58}


def in_words(name: str) -> str:
    return " ".join(word.upper() if word in ("udp", "tcp", "df") else word for word in name.split("-"))


def case(name: str, family: Family, quote: Quote, expect: tuple[Expectation, ...], covers: tuple[str, ...] = ()) -> Scenario:
    """A datagram or a ping first: it shows that the client sends to the server, and opens the socket where `quote` needs one."""
    control = quote.flow or Udp("client", "server", family=family, number=2)
    return Scenario(
        name=f"quoted-{name}" + ("-v6" if family == IPV6 else ""),
        title=f"A forged PTB that quotes {in_words(name)}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a packet that passes, and the PTB",
                story=(Send(control, 100), ForgePtb("r1", to="client", mtu=FORGED, quote=quote, family=family)),
                expect=(Delivered(100, to="server"), *expect),
            ),
        ),
        covers=covers,
    )


def in_family(family: Family) -> tuple[Scenario, ...]:
    version, icmp = int(family), ICMP[family]
    connected = Udp("client", "server", family=family)
    peerless = Udp("client", "server", WANT, family, connected=False)
    ping = Echo("client", "server", family=family)
    unless = IfTrait(NEEDS_SOCKET[family], NOTHING, LEARNED)
    heard = "Icmp.InDestUnreachs" if family == IPV4 else "Icmp6.InPktTooBigs"
    errors = "Icmp.InErrors" if family == IPV4 else "Icmp6.InErrors"
    counted = Counts(at="client", counters=((heard, 1),))
    no_socket = (f"exception_cache.sh/pmtu_no_socket_ipv{version}", "bugs/16")
    return (
        case("udp-of-a-connected-socket", family, Quote("server", flow=connected), (counted, LEARNED)),
        case("udp-of-an-unconnected-socket", family, Quote("server", flow=peerless), (counted, LEARNED)),
        case("udp-of-no-socket", family, Quote("server"), (counted, unless), no_socket),
        case("tcp-of-no-connection", family, Quote("server", protocol=6), (Counts("client", ((heard, 1), (errors, 1))), NOTHING)),
        case("an-echo-request-of-a-socket", family, Quote("server", flow=ping), (counted, LEARNED)),
        case(
            "an-echo-request-of-no-socket",
            family,
            Quote("server", protocol=icmp),
            (counted, NOTHING if family == IPV4 else LEARNED),
        ),
        case("an-echo-reply", family, Quote("server", protocol=icmp, reply=True), (counted, LEARNED)),
        case("a-protocol-of-nobody", family, Quote("server", protocol=132), (counted, NOTHING)),
    )


scenarios = (
    *in_family(IPV4),
    case("a-datagram-without-df", IPV4, Quote("server", flow=Udp("client", "server"), df=False), (LEARNED,)),
    *in_family(IPV6),
)
