"""Every kernel function that is cited is one of the kernel that runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from lab.model.rfc import Kernel
from tests.citations import literals, sources

SYMBOLS = Path("/proc/kallsyms")
CITED = {Kernel(*map(str, values)) for path in sources() for name, values in literals(path) if name == "Kernel"}
INLINED = {
    "ip_dont_fragment": "static inline in a header",
    "tcp_mtu_probe": "static with one caller, tcp_write_xmit()",
    "tcp_mtup_probe_failed": "static with one caller, tcp_fastretrans_alert()",
    "tcp_mtup_probe_success": "static with one caller, tcp_clean_rtx_queue()",
    "tcp_write_timeout": "static with one caller, tcp_retransmit_timer(), into which compilers put it",
    "ip_frag_reasm": "static with one caller, ip_frag_queue(), into which compilers put it",
}
"""Functions that need not have a symbol, and why."""


@cache
def symbols() -> frozenset[str]:
    """Names of the kernel's functions, without what compilers append (".isra.0"). Skips where they cannot be read."""
    try:
        lines = SYMBOLS.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        pytest.skip(f"{SYMBOLS}: {error.strerror}")
    # "ffffffff81e95a20 T ip_forward", and "[ipv6]" behind it where a module has it; addresses are 0 without privileges.
    names = frozenset(line.split()[2].split(".")[0] for line in lines)
    if "ip_rcv" not in names:
        pytest.skip(f"{SYMBOLS} does not list the functions of the network stack")
    return names


@pytest.mark.parametrize("citation", sorted((one for one in CITED if one.function not in INLINED), key=str), ids=str)
def test_the_kernel_has_every_function_that_is_cited(citation: Kernel) -> None:
    if citation.file.startswith("net/ipv6/") and "ip6_rcv" not in symbols() and "ipv6_rcv" not in symbols():
        pytest.skip("this kernel runs without IPv6")
    assert citation.function in symbols()


def test_only_what_is_cited_is_excused() -> None:
    assert INLINED.keys() <= {citation.function for citation in CITED}


def test_a_slip_of_the_pen_would_be_noticed() -> None:
    assert not {"ip_foward", "ip_icmp_err", "tcp_simple_retransmitt"} & symbols()
