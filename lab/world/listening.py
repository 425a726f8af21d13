"""Who listens in a node. By /proc/net and not by NETLINK_SOCK_DIAG: that needs a module for each protocol (udp_diag), which may be
missing, and /proc/net never is.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import Literal

from lab.world.process import Process
from lab.world.sandbox import Sandbox

Transport = Literal["tcp", "udp"]

LOOK_AGAIN = 0.005  # seconds
TCP_CLOSE, TCP_LISTEN = "07", "0A"  # include/net/tcp_states.h, as /proc/net writes it
WAITS: dict[Transport, str] = {"tcp": TCP_LISTEN, "udp": TCP_CLOSE}
"""The state of a socket that waits for whoever comes. One of UDP is in TCP_CLOSE as long as it has no peer."""


def listening(sandbox: Sandbox, node: str, transport: Transport) -> set[int]:
    """The ports of `node` that somebody listens on, of either family. Without packets: nobody is connected to."""
    tables = [path for path in (f"/proc/net/{transport}", f"/proc/net/{transport}6") if os.path.exists(path)]
    ports = set()
    for fd in sandbox.open(node, *tables):
        with open(fd) as table:
            next(table)
            for line in table:
                _, local, _, state, *_ = line.split()
                if state == WAITS[transport]:
                    ports.add(int(local.rpartition(":")[2], 16))
    return ports


def await_port(sandbox: Sandbox, node: str, port: int, transport: Transport, by: Process | None, within: float) -> None:
    """Looks again and again until somebody listens on `port`. See Node.await_listening()."""
    until = time.monotonic() + within
    while port not in (ports := listening(sandbox, node, transport)):
        if by and (code := by.poll()):
            raise subprocess.CalledProcessError(code, by.args)
        if time.monotonic() > until:
            others = ", ".join(map(str, sorted(ports))) or "none"
            raise TimeoutError(f"{node}: nobody listens on {transport} port {port} after {within:g} s; on others: {others}")
        time.sleep(LOOK_AGAIN)
