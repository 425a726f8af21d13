"""Firewall rules of a node, as nftables messages: a router that sends no PTB, and one that clamps the MSS.

Each set of rules is a table of its own, in the family inet, so that it is taken back whole and touches no other rule.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

from pyroute2.netlink.nfnetlink import nfgen_msg
from pyroute2.netlink.nfnetlink.nftsocket import (
    NFT_MSG_DELTABLE,
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWTABLE,
    nft_chain_msg,
    nft_rule_msg,
    nft_table_msg,
)

from lab.model.packet import FRAGMENTATION_NEEDED, Icmp4, Icmp6, Protocol, TcpFlag
from lab.world.errors import Broken
from lab.world.netlink import NLM_F_CREATE, NLM_F_EXCL, Message, Netlink
from lab.world.sandbox import Sandbox

NETLINK_NETFILTER = 12  # include/uapi/linux/netlink.h
NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NFNL_SUBSYS_NFTABLES = 0x10, 0x11, 10
NFPROTO_UNSPEC, NFPROTO_INET, NF_DROP = 0, 1, 0
NF_INET_FORWARD, NF_INET_LOCAL_OUT = 2, 3
NF_IP_PRI_MANGLE, NF_IP_PRI_FILTER = -150, 0
NFT_META_L4PROTO, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_REG_VERDICT, NFT_REG_1, NFT_CMP_EQ = 16, 2, 0, 1, 0
NFT_RT_TCPMSS, NFT_BYTEORDER_HTON, NFT_EXTHDR_OP_TCPOPT = 3, 1, 1
TCP_FLAGS_OFFSET = 13
TCPOPT_MAXSEG, MAXSEG_OFFSET, MAXSEG_OCTETS = 2, 2, 2  # kind and length come before the value (RFC 9293 §3.7.1)

SILENCE = "pmtulab"
"""The table of a router that is written as silent."""

Expression = dict[str, Any]


def write_rules(sandbox: Sandbox, node: str, messages: list[Message]) -> None:
    """Gives a node these rules, or takes them from it: all of them or none. Raises Broken where the kernel refuses one."""
    try:
        netlink = Netlink(sandbox.open_socket(node, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER), node)
    except OSError as error:
        raise Broken(f"{node}: firewall rules need nftables, which this kernel lacks: {error.strerror}") from error
    try:
        netlink.do(messages)
    finally:
        netlink.close()


def drop_own_ptbs(table: str = SILENCE) -> list[Message]:
    """Drop, at its origin, every PTB that the node would send: ICMPv4 type 3 code 4, ICMPv6 type 2."""
    ptbs = (
        (Protocol.ICMP, bytes([Icmp4.UNREACHABLE, FRAGMENTATION_NEEDED])),
        (Protocol.ICMPV6, bytes([Icmp6.TOO_BIG])),
    )
    drop = immediate(NFT_REG_VERDICT, NFTA_DATA_VERDICT={"attrs": [("NFTA_VERDICT_CODE", NF_DROP)]})
    rules = [[*of_protocol(protocol), load(0, len(header)), equal(header), drop] for protocol, header in ptbs]
    return new_table(table, "silence", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER, "drops PTBs", rules)


def clamp_mss(table: str, mss: int | None) -> list[Message]:
    """Lower the MSS option of each SYN that the node forwards to `mss` octets; None is what the routes of both directions take.

    `tcp flags syn / syn,rst tcp option maxseg size set ...`. A smaller one stays as it is (nft_exthdr_tcp_set_eval()).
    """
    syn = bytes([TcpFlag.SYN])
    flags = [load(TCP_FLAGS_OFFSET, 1), masked(bytes([TcpFlag.SYN | TcpFlag.RST])), equal(syn)]
    value = list(route_mss()) if mss is None else [immediate(NFT_REG_1, NFTA_DATA_VALUE=mss.to_bytes(MAXSEG_OCTETS, "big"))]
    rule = [*of_protocol(Protocol.TCP), *flags, *value, write_maxseg()]
    return new_table(table, "clamp", NF_INET_FORWARD, NF_IP_PRI_MANGLE, "clamps the MSS", [rule])


def delete_table(table: str) -> list[Message]:
    """Take back all rules of a table."""
    return batch(nft(nft_table_msg(), NFT_MSG_DELTABLE, 0, f"delete the nftables table {table}", [("NFTA_TABLE_NAME", table)]))


def new_table(table: str, chain: str, hook: int, priority: int, does: str, rules: list[list[Expression]]) -> list[Message]:
    """A new table with one chain of these rules."""
    hooked = {"attrs": [("NFTA_HOOK_HOOKNUM", hook), ("NFTA_HOOK_PRIORITY", priority)]}
    where = [("NFTA_CHAIN_TABLE", table), ("NFTA_CHAIN_NAME", chain), ("NFTA_CHAIN_TYPE", "filter"), ("NFTA_CHAIN_HOOK", hooked)]
    new = NLM_F_CREATE | NLM_F_EXCL
    return batch(
        nft(nft_table_msg(), NFT_MSG_NEWTABLE, new, f"add the nftables table {table}", [("NFTA_TABLE_NAME", table)]),
        nft(nft_chain_msg(), NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add an nftables chain", where),
        *(
            nft(
                nft_rule_msg(),
                NFT_MSG_NEWRULE,
                NLM_F_CREATE,
                f"add an nftables rule that {does}",
                [("NFTA_RULE_TABLE", table), ("NFTA_RULE_CHAIN", chain), ("NFTA_RULE_EXPRESSIONS", rule)],
            )
            for rule in rules
        ),
    )


def batch(*messages: Message) -> list[Message]:
    """The messages between those that begin and end a transaction: the kernel does all of it or nothing."""

    def edge(type: int) -> Message:
        message = Message(nfgen_msg(), type, 0, "nftables batch", nfgen_family=NFPROTO_UNSPEC, res_id=NFNL_SUBSYS_NFTABLES)
        message.answered = False
        return message

    return [edge(NFNL_MSG_BATCH_BEGIN), *messages, edge(NFNL_MSG_BATCH_END)]


def nft(message: Any, type: int, flags: int, what: str, attrs: list[tuple[str, Any]]) -> Message:
    return Message(message, NFNL_SUBSYS_NFTABLES << 8 | type, flags, what, attrs, nfgen_family=NFPROTO_INET)


# nftables expressions: each works on register 1, which the one before it has loaded.


def expression(name: str, **attrs: Any) -> Expression:
    return {"attrs": [("NFTA_EXPR_NAME", name), ("NFTA_EXPR_DATA", {"attrs": list(attrs.items())})]}


def octets(value: bytes) -> Expression:
    return {"attrs": [("NFTA_DATA_VALUE", value)]}


def equal(value: bytes) -> Expression:
    return expression("cmp", NFTA_CMP_SREG=NFT_REG_1, NFTA_CMP_OP=NFT_CMP_EQ, NFTA_CMP_DATA=octets(value))


def of_protocol(protocol: int) -> Iterator[Expression]:
    yield expression("meta", NFTA_META_DREG=NFT_REG_1, NFTA_META_KEY=NFT_META_L4PROTO)
    yield equal(bytes([protocol]))


def load(offset: int, length: int) -> Expression:
    """Octets of the upper layer's header."""
    where = {"NFTA_PAYLOAD_BASE": NFT_PAYLOAD_TRANSPORT_HEADER, "NFTA_PAYLOAD_OFFSET": offset, "NFTA_PAYLOAD_LEN": length}
    return expression("payload", NFTA_PAYLOAD_DREG=NFT_REG_1, **where)


def masked(mask: bytes) -> Expression:
    of = {"NFTA_BITWISE_SREG": NFT_REG_1, "NFTA_BITWISE_DREG": NFT_REG_1, "NFTA_BITWISE_LEN": len(mask)}
    return expression("bitwise", **of, NFTA_BITWISE_MASK=octets(mask), NFTA_BITWISE_XOR=octets(bytes(len(mask))))


def immediate(register: int, **value: Any) -> Expression:
    return expression("immediate", NFTA_IMMEDIATE_DREG=register, NFTA_IMMEDIATE_DATA={"attrs": list(value.items())})


def route_mss() -> Iterator[Expression]:
    """The lesser MTU of the routes there and back, less the headers of IP and TCP (nft_rt_get_eval()): in network byte order."""
    yield expression("rt", NFTA_RT_KEY=NFT_RT_TCPMSS, NFTA_RT_DREG=NFT_REG_1)
    register = {"NFTA_BYTEORDER_SREG": NFT_REG_1, "NFTA_BYTEORDER_DREG": NFT_REG_1}
    size = {"NFTA_BYTEORDER_LEN": MAXSEG_OCTETS, "NFTA_BYTEORDER_SIZE": MAXSEG_OCTETS}
    yield expression("byteorder", **register, NFTA_BYTEORDER_OP=NFT_BYTEORDER_HTON, **size)


def write_maxseg() -> Expression:
    where = {"NFTA_EXTHDR_TYPE": TCPOPT_MAXSEG, "NFTA_EXTHDR_OFFSET": MAXSEG_OFFSET, "NFTA_EXTHDR_LEN": MAXSEG_OCTETS}
    return expression("exthdr", NFTA_EXTHDR_SREG=NFT_REG_1, NFTA_EXTHDR_OP=NFT_EXTHDR_OP_TCPOPT, **where)
