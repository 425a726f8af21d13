"""What this machine can do for the lab, what it cannot, and how to get it. Everything is tried, nothing is concluded."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology
from lab.world.errors import Broken, Forbidden, Lacking, NotFetched
from lab.world.guests.kvm import kvm_works
from lab.world.kernels.mirrors import keyring, mirror
from lab.world.kernels.tools import PACKAGES
from lab.world.net import Net

TOOLS = {
    "ping": "iputils-ping",
    "tracepath": "iputils-tracepath",
    "tcpdump": "tcpdump",
    "tshark": "tshark",
    "nft": "nftables",
    "ip": "iproute2",
    "iptables": "iptables",
    "mnexec": "mininet",
    "dot": "graphviz",
    "zsh": "zsh",
    "fish": "fish",
    "chromium": "chromium",
    "iperf3": "iperf3",
    "curl": "curl",
    "socat": "socat",
    "dnsmasq": "dnsmasq-base",
    "dig": "bind9-dnsutils",
    "gtlsclient": "ngtcp2-client",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
    "gpg": "gpg",
    "depmod": "kmod",
    "qemu-system-x86_64": "qemu-system-x86",
}
"""Programs that the tests hold the lab against or run in it, and Debian's package of each. Running scenarios needs none of them."""

FOR_KERNELS = PACKAGES | {"qemu-system-x86_64": "qemu-system-x86"}
"""Programs that fetch other kernels and boot them, and Debian's package of each."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. `needed` for every scenario, or only for what `subject` says. `remedy` where it failed."""

    subject: str
    works: bool
    seen: str
    needed: bool
    remedy: str = ""


def examine() -> Iterator[Check]:
    """Tries one thing after another; later ones are left out where an earlier one makes them impossible."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check("Python and kernel", True, f"Python {python}, Linux {os.uname().release}, uid {os.getuid()}", True)
    opened = try_to_open(IPV4)
    yield opened
    if not opened.works:
        return
    yield try_to_open(IPV6)
    yield try_to_open(IPV4, silent=True)
    yield try_cubic()
    yield try_delay()
    for tool, package in TOOLS.items():
        yield find(tool, "make test", package)
    yield from examine_kernels()


def find(tool: str, purpose: str, package: str) -> Check:
    path = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return Check(f"{tool} (for `{purpose}`)", path is not None, path or "not found", False, f"apt-get install {package}")


def examine_kernels() -> Iterator[Check]:
    """What fetches other kernels and boots them; Debian's archive is not asked, as it is a network away."""
    for tool, package in FOR_KERNELS.items():
        yield find(tool, "pmtulab kernels", package)
    yield find_virtme()
    works, why = kvm_works()
    yield Check("KVM (for `pmtulab kernels`)", works, why, False, "without it guests are emulated: the same verdicts, later")
    subject = "Debian's archive (for `pmtulab kernels`)"
    try:
        yield Check(subject, True, f"{mirror(security=False)}, signed by {keyring()}", False)
    except NotFetched as error:
        yield Check(subject, False, str(error), False)


def find_virtme() -> Check:
    """virtme-ng, which comes with the extra `kernels`."""
    subject, remedy = "virtme-ng (for `pmtulab kernels`)", "make .venv/.dev in a clone, else pip install 'pmtulab[kernels]'"
    try:
        return Check(subject, True, version("virtme-ng"), False)
    except PackageNotFoundError:
        return Check(subject, False, "not installed", False, remedy)


def network(family: Family, *, silent: bool = False) -> Topology:
    nodes = (Host("a"), Router("r", sends_ptb=not silent), Host("b"))
    return Topology(nodes, (Link("a", "r", 1500), Link("r", "b", 1280)), families=(family,))


def try_to_open(family: Family, *, silent: bool = False) -> Check:
    """A router between two hosts, taps on every link end, built and taken down."""
    subject = "a router that sends no PTB (nftables)" if silent else f"namespaces, links and taps, {family}"
    try:
        with Net(network(family, silent=silent)) as net:
            seen = f"{len(net.nodes)} nodes, {len(net.capture.taps)} taps" + (", in a user namespace" if os.getuid() else "")
    except (Forbidden, Broken) as error:
        needed = family == IPV4 and not silent
        remedy = "" if needed else "scenarios that need this cannot run on this kernel"
        return Check(subject, False, str(error), needed, remedy)
    return Check(subject, True, seen, True)


def try_cubic() -> Check:
    """TCP flows ask for cubic by name, as what a machine has by default differs, and with it the pace of a transfer."""
    subject = "TCP congestion control cubic"
    with Net(network(IPV4), taps=False) as net, net["a"].socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        except OSError as error:
            return Check(subject, False, str(error.strerror), True, "modprobe tcp_cubic, or a kernel with CONFIG_TCP_CONG_CUBIC")
    return Check(subject, True, "available", True)


def try_delay() -> Check:
    """Links with a delay are the only ones that need more of a kernel than veth."""
    subject = "links with a delay (netem)"
    plain = network(IPV4)
    try:
        with Net(replace(plain, links=tuple(replace(link, delay=1) for link in plain.links)), taps=False):
            return Check(subject, True, "available", False)
    except Lacking as error:
        return Check(subject, False, str(error), False, "another kernel; a module of it would have been loaded by now")
