"""For all tests: the `tools` marker, a PATH on which an ordinary user finds ip and nft, Ctrl-C, and Hypothesis without a clock."""

from __future__ import annotations

import os
import shutil
import signal

import pytest
from hypothesis import settings

# A slow machine is not a failure: without this, an example that takes 200 ms once fails its test.
settings.register_profile("pmtulab", deadline=None)
settings.load_profile("pmtulab")


def pytest_configure() -> None:
    """An ordinary user's PATH lacks the directories that ip, nft and tcpdump live in.

    What a shell starts in the background ignores Ctrl-C, and hands that on: the programs that we send it to are to hear it.
    """
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.tools("tshark", "tcpdump")`: skip where one is missing, and say which; in CI nothing may be missing."""
    wanted = [name for mark in item.iter_markers("tools") for name in mark.args]
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing:
        reason = f"needs {', '.join(missing)}, not on PATH; `make test` as root installs the tools on Debian and Ubuntu"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
