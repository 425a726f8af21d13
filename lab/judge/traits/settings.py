"""Which settings are one of each network namespace, and not the machine's.

Elsewhere than in the machine's own namespace a setting of the machine's is not there, or is not to be written: then it stays.
"""

from __future__ import annotations

from lab.judge.expect.cache import ExpiresWithin
from lab.judge.expect.programs import Prints
from lab.judge.expect.sender import PathMtu
from lab.judge.expect.wire import AdvertisedMss
from lab.judge.traits.networks import AS_WANTED, FULL, UDP, path
from lab.judge.traits.trait import Trait
from lab.model.flow import Tcp
from lab.model.rfc import Kernel
from lab.model.story import KIB, Run, Send


def tried(at: str, name: str, value: int) -> Run:
    """Writes a sysctl of IPv4's, whether it is there or not, and says whether it was."""
    file = f"/proc/sys/net/ipv4/{name}"
    return Run(at, ("sh", "-c", f"(echo {value} >{file}) 2>/dev/null && echo set here || echo not here"))


SETTINGS = (
    Trait(
        "min-pmtu-per-namespace",
        "net.ipv4.route.min_pmtu is a setting of each network namespace",
        path(400),
        (tried("a", "route/min_pmtu", 300), Send(AS_WANTED, FULL)),
        yes=PathMtu(400, at="a", to="b", locked=False),
        no=PathMtu(552, at="a", to="b", locked=True),
        cites=Kernel("__ip_rt_update_pmtu", "net/ipv4/route.c"),
        since="5.18, and 5.15 from 2025",
    ),
    Trait(
        "mtu-expires-per-namespace",
        "net.ipv4.route.mtu_expires is a setting of each network namespace",
        path(1300),
        (tried("a", "route/mtu_expires", 100), Send(UDP, FULL)),
        yes=ExpiresWithin(1, 100, at="a", to="b"),
        no=ExpiresWithin(500, 600, at="a", to="b"),
        cites=Kernel("__ip_rt_update_pmtu", "net/ipv4/route.c"),
        since="5.18, and 5.15 from 2025",
    ),
    Trait(
        "min-adv-mss-per-namespace",
        "net.ipv4.route.min_adv_mss is a setting of each network namespace",
        path(1500, first=576),
        (tried("a", "route/min_adv_mss", 1000), Send(Tcp("a", "b"), KIB)),
        yes=AdvertisedMss(1000, by="a"),
        no=AdvertisedMss(536, by="a"),
        cites=Kernel("ipv4_default_advmss", "net/ipv4/route.c"),
        since="5.18",
    ),
    Trait(
        "icmp-budget-per-namespace",
        "the limit of ICMP messages a second (net.ipv4.icmp_msgs_per_sec) is one of each network namespace",
        path(1500),
        (tried("r", "icmp_msgs_per_sec", 1000),),
        yes=Prints("set here", "icmp(7)"),
        no=Prints("not here", "icmp(7)"),
        cites=Kernel("icmp_global_allow", "net/ipv4/icmp.c"),
        since="6.12, and 6.1.176 or before",
    ),
)
"""Traits of settings."""
