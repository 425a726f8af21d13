"""The least and the largest MTU that a link can have, and what passes there.

    client ──1500── server

A driver says which MTUs its device can have; dev_validate_mtu() refuses others: veth takes 68 to 65535. At either end of that range
a ping that fills the MTU to the octet passes, and one that is an octet larger does not leave.
"""

from lab.judge.expect import Delivered, ErrorQueued, Exits, Expectation, Leaves, Prints, RefusedHere
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo
from lab.model.story import Run, Send, SetMtu
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

LEAST, MOST = 68, 65535


def refused(mtu: int, words: str) -> Act:
    return Act(
        f"an MTU of {mtu}",
        story=(Run("client", f"ip link set server mtu {mtu}"), Send(Echo("client", "server"), 40)),
        expect=(Exits(2, "ip-link(8)"), Prints(words, "ip-link(8)"), Delivered(40, to="server")),
    )


def filled(mtu: int, family: Family) -> Act:
    headers = 28 if family == IPV4 else 48
    flow = Echo("client", "server", DO, family)
    expect: tuple[Expectation, ...] = (
        Leaves(mtu, by="client", df=True if family == IPV4 else None),
        Delivered(mtu - headers, to="server"),
        RefusedHere(send=2),
    )
    if mtu < MOST:
        expect += (ErrorQueued(send=2, info=mtu, offender=None),)
    return Act(
        f"{mtu} octets over an MTU of {mtu}" + (", IPv6" if family == IPV6 else ""),
        story=(SetMtu("client", "server", mtu), Send(flow, mtu - headers), Send(flow, mtu - headers + 1)),
        expect=expect,
    )


scenario = Scenario(
    name="min-max-mtu",
    title="The least MTU and the largest",
    topology=chain("client", "server", mtus=(1500,), families=(IPV4, IPV6)),
    acts=(
        refused(MOST + 1, "mtu greater than device maximum"),
        filled(MOST, IPV4),
        filled(MOST, IPV6),
        filled(MOST - 1, IPV4),
        filled(MOST - 1, IPV6),
        filled(1280, IPV6),
        filled(LEAST, IPV4),
        refused(LEAST - 1, "mtu less than device minimum"),
    ),
    covers=tuple(
        f"min_max_mtu.sh/{case}"
        for case in ("ping_ipv4", "ping_ipv6", "max_mtu_config", "max_mtu_traffic", "min_mtu_config", "min_mtu_traffic")
    ),
)
