"""Steps that change a running network: a link's MTU, a sysctl, a host route. Each says in words what it did."""

from __future__ import annotations

import os
from errno import ENOENT

from lab.model.story import AddRoute, SetMtu, Sysctl
from lab.world.errors import Broken, Lacking
from lab.world.messages import host_route, set_mtu_of
from lab.world.net import Net
from lab.world.programs import substituted


def set_mtu(net: Net, step: SetMtu) -> str:
    """Raises Broken where the kernel refuses it."""
    for node, peer, mtu in ((step.a, step.b, step.mtus[0]), (step.b, step.a, step.mtus[1])):
        interface = net.plan.nodes[node].interface(peer)
        net[node].netlink.do([set_mtu_of(interface.index, interface.end, mtu)])
    return f"link {step.a}–{step.b}: MTU {'/'.join(map(str, dict.fromkeys(step.mtus)))}"


def set_sysctl(net: Net, step: Sysctl) -> str:
    """Raises Broken where there is no such sysctl, or the kernel refuses the value; Lacking where it may be there for root."""
    value = substituted(net, str(step.value))
    try:
        net[step.at].sysctl(step.name.replace(".", "/"), value)
    except OSError as error:
        # Some the kernel does not show in a user namespace: net.ipv6.route's, for one (ipv6_route_sysctl_init()).
        if error.errno == ENOENT and os.geteuid() != 0:
            raise Lacking(f"an ordinary user's namespaces have no sysctl {step.name}: run as root") from error
        raise Broken(f"{step.at}: sysctl {step.name}={value}: {error.strerror}") from error
    return f"{step.name} = {value}"


def add_route(net: Net, step: AddRoute) -> str:
    """Raises Broken where the kernel refuses it."""
    to = net.plan.address(step.to, step.family)
    out, via = net.plan.next_hop(step.at, step.to, step.family)
    if step.via is not None:
        out, other = net.plan.neighbour(step.at, step.via)
        via = other.addresses[step.family]
    net[step.at].netlink.do([host_route(to, None if via == to else via, out.index, step.mtu, step.locked, step.advmss)])
    metrics = [f"mtu {'lock ' * step.locked}{step.mtu}"] if step.mtu else []
    metrics += [f"advmss {step.advmss}"] if step.advmss else []
    return " ".join(["route to", step.to, "via", net.plan.owner(via) or str(via), *metrics])
