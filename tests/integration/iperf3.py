"""iperf3 between two nodes, and its report as JSON."""

from __future__ import annotations

import json
from typing import Any

from lab.testing import Net
from lab.world.process import DEVNULL

PORT = 5201


def measure(net: Net, *options: str, to: str = "server") -> dict[str, Any]:
    """Runs `iperf3 -c` in client and a server for it, of one test, in server; `to` is how the client calls the server.

    Where the test fails, the report has the reason at "error".
    """
    with net["server"].popen(["iperf3", "-s", "-1"], stdout=DEVNULL, stderr=DEVNULL) as server:
        net["server"].await_listening(PORT, by=server)
        done = net["client"].run(["iperf3", "-c", to, "--json", *options], check=False, timeout=20)
    return dict(json.loads(done.stdout))
