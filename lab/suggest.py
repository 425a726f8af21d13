"""What a half-typed word may become: scenarios, labs, nodes and link ends of a lab. Quick, and silent where there is nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from lab.find import about, files, group_of, load


def scenarios(beginning: str) -> dict[str, str]:
    """Names of scenarios and groups that begin so, each with what it shows. Of all hundreds nothing but the groups.

    A scenario's name begins with its file's, so that few files are loaded.
    """
    found = {group_of(path): about(path.parent) for path in files() if group_of(path).startswith(beginning)}
    for path in files() if beginning else ():
        stem = path.stem.replace("_", "-")
        if stem.startswith(beginning) or beginning.startswith(stem):
            found |= {scenario.name: scenario.title for scenario in load(path) if scenario.name.startswith(beginning)}
    return found


def labs() -> list[str]:
    """The names of labs; and of killed ones, as long as nobody was told."""
    from lab.world.errors import Forbidden
    from lab.world.rendezvous import Rendezvous

    with contextlib.suppress(Forbidden), Rendezvous() as there:
        return there.labs()
    return []


def nodes(lab: str | None) -> list[str]:
    """The nodes of a lab that stands, None the only one."""
    return [name for names in _links(lab) for name in names[:1]]


def ends(lab: str | None) -> list[str]:
    """Its link ends: client:r1, r1:client and so on."""
    return [f"{name}:{other}" for name, *others in _links(lab) for other in others]


def _links(lab: str | None) -> Iterator[tuple[str, ...]]:
    """Each node with its neighbours."""
    from lab.standing import NoLab, connected
    from lab.world.errors import Broken, Forbidden

    with contextlib.suppress(NoLab, Broken, Forbidden), connected(lab) as (found, _):
        topology = found.topology
        for node in topology.nodes:
            pairs = [(link.a, link.b) for link in topology.links if node.name in (link.a, link.b)]
            yield node.name, *(b if a == node.name else a for a, b in pairs)
