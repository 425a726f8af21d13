"""Traits: what Linux kernels do differently, each found out by trying it, and never taken from a version number.

Distributions carry fixes back and forth, so a version says little. A trait is a story in a small network, and two claims about it:
what is seen where the kernel has the trait, and what is seen where it has not.

Some of what has changed since 4.14 is no trait. Functions that were renamed (skb_gso_validate_mtu(), ip_finish_output()) do what
they did. That exceptions are found by siphash, and no longer by Jenkins' hash with a secret, cannot be seen from outside: nobody
foresees the bucket either way. What came with it can, and is one (exceptions-bounded-by-chance).
"""

from lab.judge.traits.learning import LEARNING
from lab.judge.traits.routers import ROUTERS
from lab.judge.traits.sending import SENDING
from lab.judge.traits.settings import SETTINGS
from lab.judge.traits.tracing import TRACING
from lab.judge.traits.trait import Known, Probed, Trait

__all__ = ["TRAITS", "Known", "Probed", "Trait"]

TRAITS = {trait.name: trait for trait in (*LEARNING, *SENDING, *SETTINGS, *ROUTERS, *TRACING)}
