"""Suites of pytest's as users of the plugin write them, run by a pytest of their own."""

from __future__ import annotations

import pytest

HEAD = '''
import socket

import pytest
from lab.model.topology import IPV4, IPV6
from lab.testing import Net, OpenNet, black_hole, expect_path_mtu
from topologies import chain

TUNNEL = chain("client", "r1", "server", mtus=(1500, 1400))


def send_too_much(net):
    """A datagram that the tunnel does not take, by a socket that stays until the client has learned it."""
    with net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        sock.connect((net.address("server"), 9))
        sock.send(bytes(1472))
        expect_path_mtu(net, "client", "server", 1400, within=5.0)
'''
SECTION = "pmtulab: packets around the failure"
FAILING = """
@pytest.mark.pmtulab(TUNNEL)
def test_wrong(net: Net) -> None:
    send_too_much(net)
    assert net["client"].path_mtu("server") == 1300
"""

BARE = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Without what these suites do not use: Hypothesis alone is half of the time that one takes."""


def suite(pytester: pytest.Pytester, tests: str, *arguments: str, ini: str = "") -> pytest.RunResult:
    """Runs these tests in a process of their own, in which a warning is an error."""
    pytester.makepyfile(test_theirs=HEAD + tests)
    pytester.makeini(f"[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n{ini}")
    return pytester.runpytest_subprocess(*BARE, *arguments)
