"""Routers that tell nobody of what is too big: whether one does, and to make one do so and stop."""

from __future__ import annotations

import socket

from pyroute2.netlink.nfnetlink.nftsocket import NFT_MSG_GETTABLE, nft_table_msg

from lab.world.netfilter import NETLINK_NETFILTER, SILENCE, delete_table, drop_own_ptbs, nft, write_rules
from lab.world.netlink import Netlink
from lab.world.sandbox import Sandbox


def is_silent(sandbox: Sandbox, node: str) -> bool:
    """Whether the node has the rules that drop its own PTBs."""
    try:
        netlink = Netlink(sandbox.open_socket(node, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER), node)
    except OSError:  # without nftables it has no rules
        return False
    try:
        table = nft(nft_table_msg(), NFT_MSG_GETTABLE, 0, "look for the rules that drop PTBs", [("NFTA_TABLE_NAME", SILENCE)])
        return netlink.attempt(table) is None
    finally:
        netlink.close()


def set_silent(sandbox: Sandbox, node: str, silent: bool) -> None:
    """Does nothing where it is so already. Raises Broken where the kernel refuses it."""
    if is_silent(sandbox, node) != silent:
        write_rules(sandbox, node, drop_own_ptbs() if silent else delete_table(SILENCE))
