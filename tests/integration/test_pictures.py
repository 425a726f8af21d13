"""A docstring that shows another network than its test opens is noticed."""

from __future__ import annotations

import pytest

from tests.integration.conftest import check_shown
from topologies import chain

NETWORK = chain("client", "r1", "server", mtus=(1500, 576))


def test_a_true_picture_passes() -> None:
    check_shown("What is tested.\n\n    client ──1500── r1 ──576── server\n", NETWORK)
    check_shown("For several MTUs.\n\n    client ──1500── r1 ──m── server\n", NETWORK)


@pytest.mark.parametrize("docstring", ["client ──1500── r1 ──1400── server", "client ──1500── r1 ──576── r2", "no picture", None])
def test_any_other_does_not(docstring: str | None) -> None:
    with pytest.raises(AssertionError, match="client ──1500── r1 ──576── server"):
        check_shown(docstring, NETWORK)
