"""A search by UDP probes that the receiver answers: lab.theory.dplpmtud, with sockets and a clock."""

from __future__ import annotations

import select
import struct
import time
from errno import EMSGSIZE

from lab.judge.observation import Searched
from lab.model.story import Search
from lab.theory.dplpmtud import acked, begin, timed_out, told
from lab.theory.linux import IP_HEADER, UDP_HEADER
from lab.world.datagrams import Datagrams
from lab.world.endpoints import Endpoint
from lab.world.sockets import read_errors

TOKEN = struct.Struct("!IH")  # the probe's number and size: what an answer repeats


def search(endpoint: Endpoint, step: Search) -> Searched:
    """Sends probes until the search is over. An answer is a small datagram that comes back over the network, as probes went."""
    assert isinstance(endpoint, Datagrams)
    assert endpoint.receiver
    started = time.time_ns()
    way = begin(step.high, time.monotonic(), step.timer)
    sent: list[int] = []
    answered: set[int] = set()
    headers = IP_HEADER[step.flow.family] + UDP_HEADER
    out = (-1, -1)
    while not way.over:
        if out != (way.size, way.count):
            out = way.size, way.count
            sent.append(way.size)
            probe(endpoint, len(sent), way.size)
        number = answer(endpoint, way.due)
        now = time.monotonic()
        if number is not None:
            answered.add(number)
            way = acked(way, sent[number - 1], now)
        for error in read_errors(endpoint.sender, step.flow.family):
            if step.heeds_ptb and error.errno == EMSGSIZE:
                way = told(way, error.info - headers, now)
        way = timed_out(way, now)
    probes = tuple((size, number in answered) for number, size in enumerate(sent, 1))
    return Searched(step.flow, started, time.time_ns(), way.plpmtu or None, probes)


def probe(endpoint: Datagrams, number: int, size: int) -> None:
    """Sends one. What the host itself refuses is as lost as what a router drops."""
    try:
        endpoint.sender.send(TOKEN.pack(number, size) + bytes(size - TOKEN.size))
    except OSError as error:
        if error.errno != EMSGSIZE:
            raise


def answer(endpoint: Datagrams, until: float) -> int | None:
    """Has the receiver answer what comes to it, and waits for the sender's answer, an error, or `until`."""
    assert endpoint.receiver
    poll = select.poll()
    poll.register(endpoint.receiver, select.POLLIN)
    poll.register(endpoint.sender, select.POLLIN)
    while (left := until - time.monotonic()) > 0:
        for fd, event in poll.poll(left * 1000 + 1):
            if fd == endpoint.receiver.fileno():
                octets, sender = endpoint.receiver.recvfrom(1 << 16)
                endpoint.receiver.sendto(octets[: TOKEN.size], sender)
            elif event & select.POLLIN:
                return int(TOKEN.unpack(endpoint.sender.recv(1 << 16))[0])
            elif event & select.POLLERR:
                return None
    return None
