"""Waiting until a program listens: of either transport and family, and what is said where none does."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

import lab
from lab.model.topology import IPV4, IPV6
from lab.world.listening import Transport, listening
from lab.world.net import Net
from lab.world.process import PIPE
from topologies import chain

# It takes its time, so that there is something to wait for.
LISTENER = """
import socket, sys, time
family, type, address = socket.AddressFamily(int(sys.argv[1])), socket.SocketKind(int(sys.argv[2])), sys.argv[3]
time.sleep(0.05)
with socket.socket(family, type) as sock:
    sock.bind((address, 7000))
    if type == socket.SOCK_STREAM:
        sock.listen()
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV4, IPV6))) as net:
        yield net


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"), (socket.AF_INET, ""), (socket.AF_INET6, "::1")]
)
@pytest.mark.parametrize(("type", "transport"), [(socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")])
def test_it_returns_when_somebody_listens(net: Net, family: int, address: str, type: int, transport: Transport) -> None:
    server = net["server"]
    assert listening(net.sandbox, "server", transport) == set()
    net.capture.take()
    with server.popen([sys.executable, "-c", LISTENER, str(int(family)), str(int(type)), address], stdin=PIPE):
        server.await_listening(7000, transport)
        assert listening(net.sandbox, "server", transport) == {7000}
        assert listening(net.sandbox, "client", transport) == set()
        assert not [frame for frame in net.capture.take() if frame.packet and frame.packet.protocol in (6, 17)]


def test_a_port_that_nobody_listens_on(net: Net) -> None:
    with server_on(net, 7001), server_on(net, 7002):
        with pytest.raises(TimeoutError) as late:
            net["server"].await_listening(7000, within=0.05)
        assert str(late.value) == "server: nobody listens on tcp port 7000 after 0.05 s; on others: 7001, 7002"
        with pytest.raises(TimeoutError, match=r"udp port 7001 after 0\.05 s; on others: none"):
            net["server"].await_listening(7001, "udp", within=0.05)


def test_a_program_that_fails_is_not_waited_for(net: Net) -> None:
    with net["server"].popen(["sh", "-c", "exit 3"]) as failing, pytest.raises(subprocess.CalledProcessError) as failed:
        net["server"].await_listening(7000, by=failing, within=60)
    assert (failed.value.returncode, failed.value.cmd) == (3, ["sh", "-c", "exit 3"])


def test_a_program_may_end_well_and_leave_another_that_listens(net: Net) -> None:
    """As one does that goes to the background."""
    left = shlex.join([sys.executable, "-c", LISTENER, str(int(socket.AF_INET)), str(int(socket.SOCK_STREAM)), "0.0.0.0"])
    with net["server"].popen(["sh", "-c", f"exec 3<&0; {left} <&3 &"], stdin=PIPE) as parent:
        assert parent.wait(5) == 0
        net["server"].await_listening(7000, by=parent)
        assert listening(net.sandbox, "server", "tcp") == {7000}


def test_a_connected_socket_does_not_listen(net: Net) -> None:
    with server_on(net, 7003) as listener, net["client"].socket(socket.AF_INET, socket.SOCK_STREAM) as sender:
        sender.connect((net.address("server"), 7003))
        accepted, _ = listener.accept()
        with accepted, net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect((net.address("server"), 7004))
            assert listening(net.sandbox, "client", "tcp") == listening(net.sandbox, "client", "udp") == set()


def server_on(net: Net, port: int) -> socket.socket:
    listener = net["server"].socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.settimeout(5)
    listener.bind((net.address("server"), port))
    listener.listen()
    return listener
