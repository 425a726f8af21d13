"""Programs as steps of a story: what they are told, run, and read. Addresses stand for names (`lab.model.story`)."""

from __future__ import annotations

import os
import shlex
import shutil
import string
import subprocess
import time
from collections.abc import Sequence

from lab.judge.observation import Ran
from lab.model.pcapng import Capture, CapturedFrame, Interface, dump
from lab.model.story import Configure, ReadCapture, Run
from lab.model.topology import IPV4, IPV6, Family
from lab.world.errors import Broken, Lacking
from lab.world.net import Net
from lab.world.tap import Capture as Taps

CONFIGURED_WITHIN = READ_WITHIN = 30.0
PACKAGES = {
    "bridge": "iproute2",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "ip6tables": "iptables",
    "iptables": "iptables",
    "nft": "nftables",
    "nstat": "iproute2",
    "ping": "iputils-ping",
    "python3": "python3",
    "ss": "iproute2",
    "taskset": "util-linux",
    "tc": "iproute2",
    "tcpdump": "tcpdump",
    "tracepath": "iputils-tracepath",
    "traceroute": "traceroute",
    "tshark": "tshark",
    "wg": "wireguard-tools",
}
"""Debian's package of each program that a story runs, for whom it is missing."""


class _Names(string.Template):
    """`$client`, `$r1.client`, `$client.ipv6`."""

    idpattern = r"[a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)*"


def substituted(net: Net, text: str) -> str:
    """The text with addresses for names. Raises Broken for a name that stands for nothing; `$$` is a dollar sign."""

    class Addresses(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return address_of(net, name)

    try:
        return _Names(text).substitute(Addresses())
    except (KeyError, ValueError) as error:
        raise Broken(f"{text!r} names what is not in this network: {error}") from error


def address_of(net: Net, name: str) -> str:
    """What `$name` stands for. Raises KeyError where that is nothing."""
    parts = name.split(".")
    families: dict[str, Family] = {"ipv4": IPV4, "ipv6": IPV6}
    last = parts.pop() if parts[-1] in ("ipv4", "ipv6", "mac") else ""
    family = families.get(last, net.plan.topology.families[0])
    node = net.plan.nodes[parts[0]]
    interface = node.interface(parts[1]) if len(parts) > 1 else node.interfaces[0]
    if len(parts) > 2:
        raise KeyError(name)
    return interface.mac if last == "mac" else str(interface.addresses[family])


def words_of(net: Net, command: str | tuple[str, ...]) -> list[str]:
    return [substituted(net, word) for word in (shlex.split(command) if isinstance(command, str) else command)]


def run_program(net: Net, step: Run) -> Ran:
    """Runs it to its end, or to the end of its time. Raises Lacking where it is not installed."""
    return ran(net, step.at, words_of(net, step.command), step.within)


def configure(net: Net, step: Configure) -> str:
    """Raises Broken with everything that a command printed where it fails, Lacking where it is not installed."""
    commands = [line.strip() for line in step.commands.strip().splitlines() if line.strip()]
    for command in commands:
        done = ran(net, step.at, words_of(net, command), CONFIGURED_WITHIN)
        if done.status != 0:
            raise Broken(f"{step.at}: {done.command}: {(done.err or done.out).strip() or f'exit status {done.status}'}")
    return "; ".join(commands)


def read_capture(step: ReadCapture, taps: Taps) -> Ran:
    """Gives the frames that were seen so far to a program's standard input, as pcapng. Raises Lacking where it is not installed."""
    words, started = shlex.split(step.command), time.time_ns()
    ends = [tap.interface.end for tap in taps.taps if step.end in (None, tap.interface.end)]
    if not ends:
        raise Broken(f"{step.command}: no link end is called {step.end}")
    seen = [frame for frame in taps.seen() if frame.interface.end in ends]
    interfaces = tuple(Interface(end) for end in ends)
    frames = tuple(CapturedFrame(ends.index(f.interface.end), f.time, f.octets, f.length, f.sent) for f in seen)
    try:
        read = subprocess.run(
            words, input=dump(Capture(interfaces, frames)), capture_output=True, timeout=READ_WITHIN, env=environment(), check=False
        )
    except (FileNotFoundError, PermissionError) as error:
        raise not_started(words[0], error) from None
    except subprocess.TimeoutExpired as late:
        raise Broken(f"{step.command} did not end within {READ_WITHIN:.0f} s") from late
    out, err = (octets.decode(errors="replace") for octets in (read.stdout, read.stderr))
    return Ran(None, step.command, started, time.time_ns(), read.returncode, out, err)


def ran(net: Net, at: str, words: Sequence[str], within: float) -> Ran:
    started = time.time_ns()
    try:
        done = net[at].run(words, timeout=within, check=False, env=environment())
        status, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        status, out, err = None, "", f"did not end within {within:g} s"
    except (FileNotFoundError, PermissionError) as error:
        raise not_started(words[0], error) from None
    return Ran(at, shlex.join(words), started, time.time_ns(), status, out, err)


def environment() -> dict[str, str]:
    """Ours, in the language that tools are tested in, and with the directories that an ordinary user's PATH lacks."""
    return {**os.environ, "LC_ALL": "C", "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}


def not_started(program: str, error: OSError) -> Lacking | Broken:
    """Whose fault it is. A directory in PATH that we may not enter gives EACCES, also where no directory has the program."""
    if shutil.which(program, path=environment()["PATH"]):
        return Broken(f"{program} cannot be run: {error.strerror}")
    package = PACKAGES.get(program)
    return Lacking(f"{program} is not installed" + (f" (Debian, Ubuntu: apt-get install {package})" if package else ""))
