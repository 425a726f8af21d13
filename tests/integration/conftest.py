"""For tests with real programs: networks that their docstrings show, and a certificate for whoever speaks TLS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.model.topology import Topology
from lab.report.picture import picture, read_picture, shows
from lab.run import Builder
from lab.testing import Net, OpenNet
from tests.integration.certificate import Certificate, self_signed

UNPACKED = Path(__file__).parents[2] / ".venv" / "daemons"
"""Daemons that `make daemons` has unpacked: installing their packages would start them."""


def pytest_configure() -> None:
    paths = (str(UNPACKED / folder) for folder in ("usr/sbin", "usr/bin"))
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", os.defpath), *paths))


@pytest.fixture
def open_net(request: pytest.FixtureRequest, open_net: OpenNet) -> OpenNet:
    """The plugin's; but each network has to be the one that the test's docstring shows."""

    def opened(topology: Topology | str | Path, *, taps: bool = True, builder: Builder = "netlink") -> Net:
        net = open_net(topology, taps=taps, builder=builder)
        check_shown(request.function.__doc__, net.plan.topology)
        return net

    return opened


def check_shown(docstring: str | None, topology: Topology) -> None:
    """Fails where the docstring has no picture, or one of another network."""
    assert shows(read_picture(docstring or ""), topology), f"the docstring does not show this network:\n{picture(topology)}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For the host name `server`, and nobody else trusts it."""
    return self_signed("server", tmp_path_factory.mktemp("certificate"))
