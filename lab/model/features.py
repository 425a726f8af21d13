"""What a kernel may lack, by the names that a scenario's `needs` uses."""

from __future__ import annotations

LINK_KINDS = {
    "bridge": "CONFIG_BRIDGE",
    "geneve": "CONFIG_GENEVE",
    "gre": "CONFIG_NET_IPGRE",
    "ip6tnl": "CONFIG_IPV6_TUNNEL",
    "ipip": "CONFIG_NET_IPIP",
    "macvlan": "CONFIG_MACVLAN",
    "sit": "CONFIG_IPV6_SIT",
    "vlan": "CONFIG_VLAN_8021Q",
    "vrf": "CONFIG_NET_VRF",
    "vxlan": "CONFIG_VXLAN",
    "wireguard": "CONFIG_WIREGUARD",
}
"""Kinds of virtual link (IFLA_INFO_KIND), and the option that a kernel has them by."""

OTHERS = {
    "br_netfilter": "CONFIG_BRIDGE_NETFILTER",
    "esp": "CONFIG_INET_ESP",
    "fib_multipath_hash_seed": "Linux 6.11",
    "netem": "CONFIG_NET_SCH_NETEM",
    "sctp": "CONFIG_IP_SCTP",
    "tracefs": "CONFIG_TRACING, and root",
}

FEATURES = {**LINK_KINDS, **OTHERS}
