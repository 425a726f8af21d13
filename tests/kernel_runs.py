"""Runs of kernels made by hand: one that passed, one that lacks things, one that panicked, one that never booted; and any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lab.judge.guest import KernelRun, Outcome
from lab.judge.matrix import Matrix, matrix
from lab.judge.traits import Known
from lab.judge.verdict import Verdict
from lab.model.kernel import Kernel

PASS, FAIL, SKIP, BROKEN = Verdict
GROUPS = {"1500": "path", "flaps": "path", "gre": "tunnel", "gre-v6": "tunnel", "dnat": "nat", "gro": "nat"}
NO_GRE = "this kernel has no gre (CONFIG_NET_IPGRE)"
MSS = "a SYN announces what the learned path MTU leaves room for"
LOCKED = "a path MTU below net.ipv4.route.min_pmtu is held at that, and locked"


def known(name: str, says: str, holds: bool | None, seen: str) -> Known:
    return Known(name, says, holds, seen, broken=False)


def debian(suite: str, version: str, release: str) -> Kernel:
    return Kernel(f"debian:{suite}", release, f"boot/vmlinuz-{release}", f"lib/modules/{release}", version)


def asked(mss: bool, gre: bool) -> Any:
    """Answers, as fields of a KernelRun: what is announced after 1300 was learned, and whether there is GRE."""
    announced = 1260 if mss else 1460
    return {
        "traits": (
            known("syn-mss", MSS, mss, f"a announces an MSS of {announced}: it announces {announced}"),
            known("locks", LOCKED, True, "a holds a path MTU of 552 towards b, locked: mtu lock 552"),
        ),
        "features": (
            known("bridge", "the kernel knows bridge (CONFIG_BRIDGE)", True, "adding a link of kind bridge: done"),
            known(
                "gre",
                "the kernel knows gre (CONFIG_NET_IPGRE)",
                gre,
                f"adding a link of kind gre: {'done' if gre else 'Operation not supported'}",
            ),
        ),
    }


OLDEST = KernelRun(
    debian("bullseye", "5.10.251-1", "5.10.0-46-amd64"),
    (
        *(Outcome(name, PASS, 12, seconds=0.25) for name in ("dnat", "1500", "flaps", "gro")),
        Outcome("gre", SKIP, reason=NO_GRE, seconds=0.125),
        Outcome("gre-v6", SKIP, reason=NO_GRE, seconds=0.125),
    ),
    **asked(mss=True, gre=False),
    accelerator="tcg",
    boot=8.25,
    first_verdict=9.5,
    wall=60.0,
    guest_seconds=55.5,
)
MIDDLE = KernelRun(
    debian("trixie", "6.12.110-1", "6.12.110+deb13-amd64"),
    (
        *(Outcome(name, PASS, 12, seconds=0.25) for name in ("1500", "gre", "gre-v6", "dnat")),
        Outcome(
            "flaps",
            FAIL,
            12,
            (("client holds a path MTU of 1400 towards server", "mtu 1500"), ("nothing larger than 1400 octets crosses r1–r2", "")),
        ),
        Outcome("gro", BROKEN, reason="the tap at r1:r2 dropped 5 of 10 frames"),
    ),
    **asked(mss=True, gre=True),
    accelerator="kvm",
    boot=2.0,
    first_verdict=2.5,
    wall=20.0,
    guest_seconds=19.0,
)
NEXT = KernelRun(
    debian("trixie", "6.12.111-1", "6.12.111+deb13-amd64"),
    (Outcome("1500", PASS, 12), Outcome("flaps", PASS, 12)),
    **asked(mss=False, gre=True),
    stopped=FAIL,
    reason="it panicked: Fatal exception in interrupt",
    console=(
        "[   12.1] RIP: 0010:ip_do_fragment+0x1a/0x8b0",
        "[   12.2] Kernel panic - not syncing: \x1b[31mFatal exception in interrupt",
    ),
    accelerator="kvm",
    boot=2.0,
    first_verdict=2.5,
    wall=9.0,
    guest_seconds=8.0,
)
NEVER = KernelRun(
    Kernel("./bzImage", "7.3.0-rc7-00012-gabc", "./bzImage"),
    stopped=BROKEN,
    reason="it never booted: nothing was heard of it in 60 s",
    console=("Linux version 7.3.0-rc7",),
    wall=60.0,
    accelerator="tcg",
)
RUNS = (OLDEST, MIDDLE, NEXT, NEVER)


def all_of_them() -> Matrix:
    return matrix(RUNS, GROUPS)


# A lone surrogate of the low half is what Python makes of an octet that is no UTF-8.
_TEXTS = st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=8)
_SECONDS = st.floats(0, 1e6, allow_nan=False)
_VERSIONS = st.builds(
    "{}.{}.{}{}".format, st.integers(5, 7), st.integers(0, 3), st.integers(0, 3), st.sampled_from(["", "-rc1", "-1~bpo12+1"])
)
_NAMES = st.sampled_from("abcde")


def _unique(values: st.SearchStrategy[Known] | st.SearchStrategy[Outcome], name: str) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=4, unique_by=lambda value: getattr(value, name)).map(tuple)


def runs(texts: st.SearchStrategy[str] = _TEXTS) -> st.SearchStrategy[KernelRun]:
    """Any run of a kernel, with few names, so that several have some in common."""
    outcomes = st.builds(
        Outcome,
        _NAMES | texts,
        st.sampled_from(Verdict),
        st.integers(0, 99),
        st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
        texts,
        _SECONDS,
    )
    knowns = st.builds(Known, _NAMES | texts, texts, st.none() | st.booleans(), texts, st.booleans())
    return st.builds(
        KernelRun,
        st.builds(Kernel, texts, _VERSIONS | texts, texts, texts, st.just("") | _VERSIONS | texts),
        _unique(outcomes, "scenario"),
        _unique(knowns, "name"),
        _unique(knowns, "name"),
        st.none() | st.sampled_from([FAIL, BROKEN]),
        texts,
        st.lists(texts, max_size=3).map(tuple),
        st.sampled_from(["", "kvm", "tcg"]),
        st.none() | _SECONDS,
        st.none() | _SECONDS,
        _SECONDS,
        _SECONDS,
    )
