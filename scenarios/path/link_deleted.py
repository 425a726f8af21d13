"""A host's own link is deleted while exceptions hang on it.

    client ──1500── r1 ──1400── server

Every exception may hold a route that was made of it, on each processor, and a route holds its device. What is not let go of
keeps `ip link delete` waiting for good ("unregister_netdevice: waiting for r1 to become free"), or for a second, when the kernel
asks all once more to let go (netdev_wait_allrefs_any()). It has to end at once: as soon as for a link that nobody has used. The
tunnel's exceptions lie on both sides of it, the inner ones on vx, whose packets go by the outer ones.
"""

from lab.judge.expect import Exits, Leaves, PathMtu, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Configure, Run, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

ASKED_AGAIN = 1.0  # seconds, after which what was not let go of at first may be
INNER = {IPV4: "192.0.2.{}", IPV6: "2001:db8::{}"}
LENGTH = {IPV4: 24, IPV6: 64}

DELETE: tuple[Step, ...] = (
    Run("client", "ip link delete dev r1"),
    Run("client", "ip link show dev r1"),
    Configure("client", "ip link add unused type veth peer name other\nip link set unused up\nip link set other up"),
    Run("client", "ip link delete dev unused"),
)
LEARNED = PathMtu(1400, at="client", to="server")


def on_each_processor(command: str) -> tuple[Step, ...]:
    """Where there is but one, the second is not run, and nothing is claimed of it."""
    return tuple(Run("client", f"taskset -c {number} {command}") for number in (0, 1))


def gone(number: int) -> tuple[Exits, ...]:
    return (
        Exits(0, "ip-link(8)", run=number, within=ASKED_AGAIN, beyond=number + 2),
        Exits(1, "ip-link(8)", run=number + 1),
        Exits(0, "ip-link(8)", run=number + 2),
    )


def link_deleted(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    flow, stream = Udp("client", "server", discover=DO, family=family), Tcp("client", "server", family=family)
    return Scenario(
        name="link-deleted" + ("-v6" if family == IPV6 else ""),
        title="The host's link is deleted under its exceptions" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act(
                "learned, in use, and the link deleted under it",
                story=(
                    Send(flow, 1500 - headers),
                    Send(flow, 1400 - headers),
                    Send(stream, 64 * KIB),
                    *on_each_processor(f"ping -{family.value} -n -c 1 -W 1 -M want -s {1500 - headers} server"),
                    Run("client", f"ip -{family.value} route get $server"),
                    *DELETE,
                ),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    TooBig(by="r1", to="client", mtu=1400),
                    Prints("mtu 1400", "ip-route(8)", run=3),
                    *gone(4),
                ),
            ),
        ),
        covers=(f"pmtu.sh/cleanup_ipv{family.value}_exception",),
    )


def tunnel(family: Family) -> Scenario:
    """The tunnel's payload is `family`, and what carries it IPv4: 50 octets of Ethernet, VXLAN, UDP and IPv4."""
    ends = [(name, INNER[family].format(1 + i)) for i, name in enumerate(("client", "server"))]
    nodad = " nodad" if family == IPV6 else ""
    build = tuple(
        Configure(
            name,
            f"""
            ip link add vx type vxlan id 1 local ${name} remote ${peer} dstport 4789 df set
            ip address add {own}/{LENGTH[family]} dev vx{nodad}
            ip link set vx mtu 1500 up
            """,
        )
        for (name, own), (peer, _) in (ends, ends[::-1])
    )
    other = ends[1][1]
    large = 1500 - (28 if family == IPV4 else 48)
    return Scenario(
        name="link-deleted-tunnel" + ("-v6" if family == IPV6 else ""),
        title="The link under a tunnel is deleted under its exceptions" + (", IPv6 inside" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=tuple(dict.fromkeys((IPV4, family)))),
        acts=(
            Act(
                "learned inside and outside, and the link deleted",
                story=(
                    *build,
                    Run("client", f"ping -n -c 3 -i 0.01 -W 0.2 -M want -s {large} {other}"),
                    *on_each_processor(f"ping -n -c 1 -W 0.2 -M want -s {large} {other}"),
                    Run("client", f"ip route get {other}"),
                    Run("client", "ip route get $server"),
                    *DELETE,
                ),
                expect=(
                    TooBig(by="r1", to="client", mtu=1400),
                    Prints("mtu 1350", "ip-route(8)", run=4),
                    Prints("mtu 1400", "ip-route(8)", run=5),
                    *gone(6),
                ),
            ),
        ),
        needs=("vxlan",),
        covers=(f"pmtu.sh/cleanup_ipv{family.value}_exception",),
    )


scenarios = (link_deleted(IPV4), link_deleted(IPV6), tunnel(IPV4), tunnel(IPV6))
