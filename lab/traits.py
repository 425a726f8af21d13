"""What the running kernel does, and has: every trait and every feature that scenarios ask for, tried, with what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lab.judge.traits import TRAITS, Known
from lab.model.features import FEATURES
from lab.model.topology import Host, Link, Topology
from lab.run import probe
from lab.world.errors import Broken, Lacking
from lab.world.features import tried
from lab.world.net import Net


def known_traits(names: Iterable[str] = tuple(TRAITS)) -> Iterator[Known]:
    """These of TRAITS, or each, in its order. Raises Forbidden where this machine does not allow namespaces."""
    for trait in map(TRAITS.__getitem__, names):
        try:
            probed = probe(trait.name)
        except (Lacking, Broken, OSError) as error:
            known = unknown(trait.name, trait.says, error)
        else:
            claim = (trait.yes if probed.holds else trait.no).claim()
            known = Known(trait.name, trait.says, probed.holds, f"{claim}: {probed.seen}")
        yield replace(known, since=trait.since, cites=str(trait.cites))


def known_features() -> Iterator[Known]:
    """Each of FEATURES, by name. Raises Forbidden where this machine does not allow namespaces."""
    with Net(Topology((Host("a"), Host("b")), (Link("a", "b"),)), taps=False) as net:
        for name, option in sorted(FEATURES.items()):
            says = f"the kernel knows {name} ({option})"
            try:
                yield Known(name, says, *tried(net["a"], name))
            except (Lacking, Broken, OSError) as error:
                yield unknown(name, says, error)


def unknown(name: str, says: str, error: Exception) -> Known:
    return Known(name, says, None, str(error), not isinstance(error, Lacking))
