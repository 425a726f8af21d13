"""A file arrives also where a router drops what is too big and tells nobody."""

import os
import subprocess
import sys
from pathlib import Path

import parcel
import pytest

from lab.testing import Net, black_hole
from topologies import chain

PARCEL = (sys.executable, parcel.__file__)


@pytest.mark.pmtulab(chain("laptop", "provider", "cloud", mtus=(1500, 1280)))
def test_a_file_arrives_through_a_black_hole(net: Net, tmp_path: Path) -> None:
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(os.urandom(20_000))
    command = [*PARCEL, "receive", str(received)]
    with black_hole(net, "provider"), net["cloud"].popen(command, stdout=subprocess.PIPE) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        net["laptop"].run([*PARCEL, "send", str(sent), "cloud"])
        assert receiver.wait(timeout=5) == 0
    assert received.read_bytes() == sent.read_bytes()
