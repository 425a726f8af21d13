"""The lab's side of the chain: `python -m tests.bench.lab_chain 100 [taps]` prints {"build": seconds, "close": seconds}."""

from __future__ import annotations

import json
import socket
import sys
import time

from lab.world.net import Net
from tests.bench.crossing import MTU, cross
from topologies import chain


def main() -> None:
    routers, taps = int(sys.argv[1]), "taps" in sys.argv[2:]
    names = ["client", *(f"r{i}" for i in range(1, routers + 1)), "server"]
    started = time.perf_counter()
    net = Net(chain(*names, mtus=[MTU] * (routers + 1)), taps=taps)
    built = time.perf_counter()

    def open_socket(node: int, family: int, kind: int, protocol: int) -> socket.socket:
        return net[names[node]].socket(family, kind, protocol)

    cross(open_socket, routers + 1, *(socket.inet_aton(net.address(name)) for name in ("client", "server")))
    crossed = time.perf_counter()
    net.close()
    print(json.dumps({"build": built - started, "close": time.perf_counter() - crossed}))


if __name__ == "__main__":
    main()
