"""Whether this kernel has a feature: tried, in a node of the lab."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable, Sequence
from errno import ENOENT, EOPNOTSUPP, EPROTONOSUPPORT
from typing import Any

from pyroute2.netlink.rtnl import RTM_DELLINK, RTM_NEWLINK
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from lab.model.features import FEATURES, LINK_KINDS
from lab.world.delay import delayed
from lab.world.errors import Broken, Lacking
from lab.world.messages import LOOPBACK, NEW
from lab.world.net import Net, Node
from lab.world.netlink import Message
from lab.world.programs import environment, not_started

IPPROTO_SCTP = 132
NAME = "probed"
TRACEFS = "/sys/kernel/tracing"
WITHIN = 300.0  # seconds: an algorithm's modules are loaded and tested first, which an emulated kernel may take over a minute for


def require(net: Net, needs: Iterable[str]) -> None:
    """Raises Lacking with everything of `needs` that this kernel has not."""
    node = next(iter(net))
    absent = [f"{name} ({FEATURES[name]})" for name in needs if not has(node, name)]
    if absent:
        raise Lacking(f"this kernel has no {', no '.join(absent)}")


def has(node: Node, feature: str) -> bool:
    """Raises KeyError for a name that is no feature's."""
    return tried(node, feature)[0]


def tried(node: Node, feature: str) -> tuple[bool, str]:
    """Whether the kernel has it, and in words what it answered.

    Raises KeyError for a name that is no feature's, Lacking where the program to try it with is not installed, and Broken where
    that does not end.
    """
    if feature in LINK_KINDS:
        return tried_link_kind(node, feature)
    if feature == "netem":
        why = node.netlink.attempt(delayed(LOOPBACK, "lo", 0))
        return why != ENOENT, answered("adding the queueing discipline netem to lo", why)
    if feature == "br_netfilter":
        return tried_br_netfilter(node)
    if feature == "esp":
        return tried_esp(node)
    if feature == "fib_multipath_hash_seed":
        return tried_sysctl(node, f"net.ipv4.{feature}")
    if feature == "tracefs":
        return tried_tracefs(node)
    if feature != "sctp":
        raise KeyError(feature)
    why = None
    try:
        node.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP).close()
    except OSError as error:
        why = error.errno
    return why != EPROTONOSUPPORT, answered("opening an SCTP socket", why)


def tried_br_netfilter(node: Node) -> tuple[bool, str]:
    why = None
    try:
        node.sysctl("net/bridge/bridge-nf-call-iptables")
    except OSError as error:
        why = error.errno
    return why != ENOENT, answered("reading net.bridge.bridge-nf-call-iptables", why)


def tried_esp(node: Node) -> tuple[bool, str]:
    """ESP is not a kind of link but a transformation, and it needs its algorithm, too: both are tried by adding a state."""
    command = f"ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode tunnel aead rfc4106(gcm(aes)) 0x{'01' * 20} 128"
    done = asked(node, command.split())
    if done.returncode == 0:
        asked(node, ["ip", "xfrm", "state", "flush"])
    return done.returncode == 0, done.stderr.strip() or "adding an ESP state succeeds"


def tried_link_kind(node: Node, kind: str) -> tuple[bool, str]:
    """A kind that the kernel knows may still refuse to be made of nothing; only EOPNOTSUPP means that it is unknown."""
    attrs: list[tuple[str, Any]] = [("IFLA_IFNAME", NAME), ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", kind)]})]
    why = node.netlink.attempt(Message(ifinfmsg(), RTM_NEWLINK, NEW, f"add a {kind} link", attrs))
    if why is None:
        node.netlink.attempt(Message(ifinfmsg(), RTM_DELLINK, 0, f"delete the {kind} link", [("IFLA_IFNAME", NAME)]))
    return why != EOPNOTSUPP, answered(f"adding a link of kind {kind}", why)


def asked(node: Node, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A program's answer. Raises Lacking where it is not installed, and Broken where it does not end."""
    try:
        return node.run(words, timeout=WITHIN, check=False, env=environment())
    except (FileNotFoundError, PermissionError) as error:
        raise not_started(words[0], error) from None
    except subprocess.TimeoutExpired as late:
        raise Broken(f"{' '.join(words)}: did not end within {WITHIN:.0f} s") from late


def answered(what: str, why: int | None) -> str:
    """`adding a link of kind gre: Operation not supported`."""
    return f"{what}: {'done' if why is None else os.strerror(why)}"


def tried_tracefs(node: Node) -> tuple[bool, str]:
    """Whether events can be read about. It is mounted where nobody has yet: in the lab's own mount namespace, and nowhere else."""
    mounted = f"test -d {TRACEFS}/events || mount -t tracefs tracefs {TRACEFS}"
    done = asked(node, ["sh", "-c", f"{mounted} && ls {TRACEFS}/events"])
    return done.returncode == 0, done.stderr.strip() or f"listing {TRACEFS}/events: done"


def tried_sysctl(node: Node, name: str) -> tuple[bool, str]:
    why = None
    try:
        node.sysctl(name.replace(".", "/"))
    except OSError as error:
        why = error.errno
    return why != ENOENT, answered(f"reading {name}", why)
