"""Both ends of a flow as sockets, and what the kernel says at each: error queue, path MTU, TCP's state."""

from __future__ import annotations

from lab.model.flow import Flow, Tcp
from lab.world.datagrams import Datagrams, open_datagrams
from lab.world.net import Net
from lab.world.sockets import FIRST_PORT
from lab.world.streams import Stream, connect

Endpoint = Datagrams | Stream


def open_endpoint(net: Net, flow: Flow, number: int) -> Endpoint:
    """Opens and connects the sockets of a flow; `number` keeps the ports of a run's flows apart."""
    if isinstance(flow, Tcp):
        return connect(net, flow, FIRST_PORT + number)
    return open_datagrams(net, flow, number)
