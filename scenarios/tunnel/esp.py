"""IPsec between two gateways: what ESP takes away depends on its algorithms.

    a ──1500── gw1 ──1500── r1 ──1500── gw2 ──1500── b

There is no interface to have an MTU: packets from a to b are transformed on their way out. ESP in tunnel mode adds an IPv4 header
(20), its own header (8), an initialisation vector, padding with two octets behind it, and a check value, and the padding rounds to
the cipher's block. AES-GCM with 16 octets of check value: 1500 - 20 - 8 - 8 - 16 = 1448, a multiple of 4; without the two octets
1446 remain. AES-CBC with HMAC-SHA1-96: 1500 - 20 - 8 - 16 - 12 = 1444, down to a multiple of 16 it is 1440, and 1438 remain. gw1
tells a so, as any router with a narrow egress does (RFC 1191 §4). The other way it is the same: what fits gets through.
"""

from lab.judge.expect import Delivered, ErrorQueued, Leaves, NothingLarger, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send
from topologies import chain

KEY = "5a" * 20
GCM = f"aead 'rfc4106(gcm(aes))' 0x{KEY} 128"
CBC = f"enc 'cbc(aes)' 0x{KEY[:32]} auth-trunc 'hmac(sha1)' 0x{KEY} 96"


def gateway(at: str, here: str, there: str, inside: str, outside: str, algorithms: str) -> Configure:
    """States for both directions, and policies that have what goes from `inside` to `outside`, and back, use them."""
    return Configure(
        at,
        f"""
        ip xfrm state add src {here} dst {there} proto esp spi 0x100 mode tunnel {algorithms}
        ip xfrm state add src {there} dst {here} proto esp spi 0x100 mode tunnel {algorithms}
        ip xfrm policy add src {inside} dst {outside} dir out tmpl src {here} dst {there} proto esp mode tunnel
        ip xfrm policy add src {outside} dst {inside} dir fwd tmpl src {there} dst {here} proto esp mode tunnel
        """,
    )


def esp(name: str, title: str, algorithms: str, inner: int, outer: int) -> Scenario:
    flow, back = Udp("a", "b", DO), Udp("b", "a", DO)
    return Scenario(
        name=name,
        title=f"ESP with {title} leaves {inner} octets",
        topology=chain("a", "gw1", "r1", "gw2", "b", mtus=(1500,) * 4),
        acts=(
            Act(
                "a datagram that only the links could take",
                story=(
                    gateway("gw1", "$gw1.r1", "$gw2.r1", "$a", "$b", algorithms),
                    gateway("gw2", "$gw2.r1", "$gw1.r1", "$b", "$a", algorithms),
                    Send(flow, 1472),
                    Send(flow, inner - 28),
                    Send(back, inner - 28),
                ),
                expect=(
                    Leaves(1500, by="a", df=True),
                    TooBig(by="gw1", to="a", mtu=inner),
                    ErrorQueued(send=1, info=inner, offender="gw1"),
                    PathMtu(inner, at="a", to="b"),
                    Leaves(outer, by="gw1", df=None),
                    NothingLarger(1500, between=("gw1", "r1")),
                    Delivered(inner - 28, to="b", send=2),
                    Delivered(inner - 28, to="a", send=3),
                ),
            ),
        ),
        needs=("esp",),
    )


scenarios = (
    esp("esp", "AES-GCM", GCM, 1446, 1500),
    esp("esp-aes-cbc-sha1", "AES-CBC and HMAC-SHA1", CBC, 1438, 1496),
)
