"""A node's counters: /proc/net/snmp, netstat, snmp6 and dev, read again and again through descriptors opened once."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lab.world.sandbox import Sandbox

FILES = ("/proc/net/snmp", "/proc/net/netstat", "/proc/net/snmp6", "/proc/net/dev")
LARGEST = 1 << 16


class Counters:
    """Counters are named as nstat and the MIBs name them: "Ip.FragCreates", "TcpExt.TCPTimeouts", "Ip6.FragFails".

    "Dev.RxDropped" and "Dev.TxDropped" are what all interfaces of the node have dropped, together.
    """

    def __init__(self, sandbox: Sandbox, node: str) -> None:
        self._fds = sandbox.open(node, *(path for path in FILES if os.path.exists(path)))

    def read(self) -> dict[str, int]:
        counters: dict[str, int] = {}
        for fd in self._fds:
            counters |= parse(os.pread(fd, LARGEST, 0).decode())
        return counters

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)


def parse(text: str) -> dict[str, int]:
    """All forms: pairs of lines, "Ip: NAMES" over "Ip: NUMBERS" (snmp, netstat), one "Ip6FragFails NUMBER" a line (snmp6), and a
    table with a line for each interface (dev).
    """
    counters: dict[str, int] = {}
    lines = text.splitlines()
    if lines[0].startswith("Inter-"):
        rows = [line.split(":")[1].split() for line in lines[2:]]
        return {"Dev.RxDropped": sum(int(row[3]) for row in rows), "Dev.TxDropped": sum(int(row[11]) for row in rows)}
    if ":" not in lines[0]:
        for line in lines:
            name, value = line.split()
            group = next((g for g in ("Icmp6", "Ip6", "UdpLite6", "Udp6") if name.startswith(g)), "")
            counters[f"{group}.{name.removeprefix(group)}"] = int(value)
        return counters
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        group, *columns = names.split()
        counters |= {f"{group[:-1]}.{n}": int(v) for n, v in zip(columns, values.split()[1:], strict=True)}
    return counters


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Each counter that changed, and by how much."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
