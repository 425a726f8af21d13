"""Which sysctls each node's namespace gets before it has interfaces, and why.

A write costs 70 µs, and a network may have a thousand nodes: what is the kernel's default already is not written.

Not here: net/ipv4/tcp_congestion_control. A namespace may set only what the host has in tcp_allowed_congestion_control: where that
is "reno bbr", writing "cubic" fails (tcp_set_default_congestion_control()). It is for each TCP socket to ask for its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lab.model.topology import IPV4, IPV6, Family

BRIDGE_SYSCTLS: Mapping[str, str] = {"net/ipv6/conf/default/disable_ipv6": "1"}
"""A bridge's own: it says nothing itself, and carries IPv6 all the same."""


@lru_cache
def sysctls(forwards: bool, families: tuple[Family, ...]) -> Mapping[str, str]:
    """Paths below /proc/sys with their values, in the order in which they are to be written. One mapping for all alike."""
    settings: dict[str, str] = {}
    if not forwards:
        # Else a connection begins with what the last one to the same host learned (tcp_update_metrics()).
        settings["net/ipv4/tcp_no_metrics_save"] = "1"
        # Ping sockets open for the group 0 only, and for nobody by default ("1 0").
        settings["net/ipv4/ping_group_range"] = "0 0"
    if forwards and IPV4 in families:
        settings["net/ipv4/ip_forward"] = "1"
    if IPV6 in families:
        if forwards:
            settings["net/ipv6/conf/all/forwarding"] = "1"
        # Duplicate address detection keeps an address from use for a second, and sends neighbour solicitations.
        settings["net/ipv6/conf/default/accept_dad"] = "0"
        # 1 is "none": the kernel makes up no link-local address, as it would only once the link is up. The plan has one.
        settings["net/ipv6/conf/default/addr_gen_mode"] = "1"
        # Nobody sends router advertisements here, so nobody is to ask for them.
        settings["net/ipv6/conf/default/router_solicitations"] = "0"
    else:
        # Else interfaces send IPv6 of their own accord, and captures show it.
        settings["net/ipv6/conf/default/disable_ipv6"] = "1"
    return settings
