"""What is done, in order: the steps of an act.

Commands, and the text of sysctl values, name addresses as a shell names variables: `$server` is the address that the node's name
stands for, `$r1.client` that of r1's interface towards client; `.ipv4`, `.ipv6` and `.mac` behind either say which.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.model.flow import Flow, Tcp, Udp
from lab.model.topology import IPV4, Family

KIB = 1024
LONG = 5.0
"""Seconds. A story that waits longer is played where it is asked for by name, or where waiting costs nothing: by a warped clock."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send `octets` of payload over `flow`: one datagram (Udp, Raw), one echo request (Echo), or that much of the stream (Tcp).

    The step ends when its fate is known: delivered, refused, answered by an ICMP error, or seen to be dropped without a word. What
    is still not known after `within` seconds is given up.
    """

    flow: Flow
    octets: int
    within: float = 5.0


@dataclass(frozen=True, slots=True)
class SendTogether:
    """Send `octets` over each of these connections at once, in turns; otherwise as Send. For expectations it is a Send of each."""

    flows: tuple[Tcp, ...]
    octets: int
    within: float = 5.0


@dataclass(frozen=True, slots=True)
class Search:
    """Search the path of `flow` by probes that its receiver answers (RFC 8899), up to `high` octets of payload.

    PROBE_TIMER is `timer` seconds. With `heeds_ptb` a PTB about a probe shortens the search.
    """

    flow: Udp
    high: int
    timer: float = 0.05
    heeds_ptb: bool = False


@dataclass(frozen=True, slots=True)
class SendPieces:
    """Send one datagram of `octets` of payload over `flow`, already cut up, in the order of `pieces`.

    Each piece is (offset, length) in octets of what follows the IP header, as the fragment header counts them: of UDP's header and
    payload. Left out is lost, written twice is a duplicate. The last octet of the datagram ends the last fragment.
    """

    flow: Udp
    octets: int
    pieces: tuple[tuple[int, int], ...]
    within: float = 5.0


@dataclass(frozen=True, slots=True)
class ReadSocket:
    """Read what the socket of `flow` says, which sends nothing: its error queue, its path MTU, TCP's state.

    `flow` is one that this act has sent over. For expectations this is one of the act's Sends, of no octets.
    """

    flow: Flow


@dataclass(frozen=True, slots=True)
class FlushRouteCache:
    """Forget every route exception, at every node (as `ip route flush cache` does)."""


@dataclass(frozen=True, slots=True)
class SetMtu:
    """Change the MTU of the link between `a` and `b`: at both ends, or `mtu_b` at `b`'s where that is given, as in Link."""

    a: str
    b: str
    mtu: int
    mtu_b: int | None = None

    @property
    def mtus(self) -> tuple[int, int]:
        """The MTU at `a`'s end and the MTU at `b`'s."""
        return self.mtu, self.mtu if self.mtu_b is None else self.mtu_b


@dataclass(frozen=True, slots=True)
class Sysctl:
    """Set a sysctl of node `at`, by its dotted name: "net.ipv4.tcp_mtu_probing"."""

    at: str
    name: str
    value: int | str


@dataclass(frozen=True, slots=True)
class AddRoute:
    """Give `at` a host route to node `to`, or put it in the place of the last: with these metrics, where they are given.

    It leads where the planned route does, or to the neighbour `via`. `locked` is `mtu lock`.
    """

    at: str
    to: str
    via: str | None = None
    mtu: int | None = None
    locked: bool = False
    advmss: int | None = None
    family: Family = IPV4


@dataclass(frozen=True, slots=True)
class Configure:
    """Change something at node `at` with the field's own tools (`ip`, `nft`, `bridge`): one command a line.

    Each must exit with 0: otherwise the run is BROKEN, or SKIP where the program is not installed.
    """

    at: str
    commands: str


@dataclass(frozen=True, slots=True)
class Run:
    """Run a program at node `at`, to its end: its output and exit status are for expectations to judge.

    `command` is a line, or its words where one of them is a text with blanks.
    """

    at: str
    command: str | tuple[str, ...]
    within: float = 30.0


@dataclass(frozen=True, slots=True)
class ReadCapture:
    """Have a tool read, from its standard input, what the taps have seen since the act began: `tcpdump -n -r -`.

    It runs outside the lab's nodes, and so needs no privilege. One packet is in it once for each link end that it passed; `end`
    ("client:r1") narrows that to what one of them saw.
    """

    command: str
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass, where time is what is tested: an exception's life, a retransmission timer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Quote:
    """What a forged PTB quotes: a packet from its receiver to node `to`.

    `flow` is one that this act has sent over, whose ports or identifier the quote takes, and for TCP the sequence number that
    comes next (snd_nxt), plus `off`. Without a flow: a packet of `protocol` that nobody sent, from port or identifier 4321.
    `reply` makes it an ICMP echo reply. `octets` is how much of the packet is quoted, None as much as an honest node would.
    """

    to: str
    protocol: int = 17
    flow: Flow | None = None
    off: int = 0
    df: bool = True
    reply: bool = False
    octets: int | None = None


@dataclass(frozen=True, slots=True)
class ForgePtb:
    """Node `by` sends `to` a PTB that says `mtu`, about the quoted packet, whatever its truth.

    `kind` is the type and code of another ICMP error to send in its place, with `mtu` where a PTB has it.
    """

    by: str
    to: str
    mtu: int
    quote: Quote
    family: Family = IPV4
    kind: tuple[int, int] | None = None


Step = (
    Send
    | SendTogether
    | SendPieces
    | Search
    | ReadSocket
    | FlushRouteCache
    | SetMtu
    | Sysctl
    | AddRoute
    | Configure
    | Run
    | ReadCapture
    | Wait
    | ForgePtb
)
