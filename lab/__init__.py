"""pmtulab: a test lab for Path MTU Discovery on Linux.

    import lab
    from topologies import chain

    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400))) as net:
        net["client"].run(["ping", "-c", "1", "server"])
        assert net["client"].path_mtu("server") == 1500

Importing this loads nothing heavy: what needs pyroute2 is loaded by `open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.model.topology import Topology
    from lab.world.build import Builder
    from lab.world.net import Net

__all__ = ["open"]


def open(topology: Topology, *, taps: bool = True, builder: Builder = "netlink") -> Net:
    """Builds a network that runs, and that ends with the `with` block. See `lab.world.net.Net`.

    Raises BadTopology (all problems at once, nothing built), Forbidden where this machine does not allow namespaces, Broken where
    the kernel refuses a part.
    """
    from lab.world.net import Net

    return Net(topology, taps=taps, builder=builder)
