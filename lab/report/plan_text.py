"""A plan as text: the picture, then each node with its interfaces, routes and sysctls, then the links. `pmtulab show` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.model.topology import Family
from lab.report.picture import addresses_line, picture
from lab.theory.plan import Interface, NodePlan, Plan, subnet


def plan_text(plan: Plan) -> str:
    """The whole plan, with a newline at its end. Interfaces are shown with their indexes, MTUs (octets) and addresses."""
    families = plan.topology.families
    lines = [*_pictured(plan)]
    for node in plan.nodes.values():
        lines += ["", f"{node.name}  {_role(node)}"]
        rows = [(f"{i.index}", i.name, _carries(i, f"{i.mtu}"), i.mac, *_with_lengths(i, families)) for i in node.interfaces]
        lines += _table("interface", rows)
        lines += _table("route", [(_to(str(r.to)), f"via {r.via}", f"dev {r.out}") for r in node.routes])
        lines += _table("sysctl", [(f"{path} = {value}",) for path, value in node.sysctls.items()])
    lines += ["", "links"]
    lines += _columns([_link_row(a, b, families) for a, b in plan.links], "  ")
    return "".join(f"{line}\n" for line in lines)


def _pictured(plan: Plan) -> Iterator[str]:
    for line in picture(plan.topology).splitlines():
        yield line
        below = addresses_line(plan, line)
        if below:
            yield below


def _role(node: NodePlan) -> str:
    if node.bridge:
        return "bridge that calls iptables" if node.bridge.calls_iptables else "bridge"
    if not node.forwards:
        return "host"
    return "router" if node.sends_ptb else "router that sends no PTB"


def _with_lengths(interface: Interface, families: Sequence[Family]) -> tuple[str, ...]:
    return tuple(f"{interface.addresses[f]}/{24 if f == Family.IPV4 else 64}" if interface.addresses else "" for f in families)


def _to(prefix: str) -> str:
    return "default" if prefix in ("0.0.0.0/0", "::/0") else prefix


def _link_row(a: Interface, b: Interface, families: Sequence[Family]) -> tuple[str, ...]:
    mtu = f"{a.mtu}" if a.mtu == b.mtu else f"{a.mtu}/{b.mtu}"
    return (a.end, b.end, _carries(a, mtu), *(str(subnet(a.subnet, f)) for f in families))


def _carries(end: Interface, mtu: str) -> str:
    """What a link carries, and how soon, in the words of `ip` and `tc`; a delay only where there is one."""
    return f"mtu {mtu}" + (f" delay {end.delay}ms" if end.delay else "")


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows below one another, the title before the first of them."""
    lines = _columns(rows, "")
    return [f"  {title if i == 0 else '':11}{line}" for i, line in enumerate(lines)]


def _columns(rows: Sequence[tuple[str, ...]], indent: str) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
