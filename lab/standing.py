"""Standing labs: networks that are kept by a process of their own, and whoever wants to uses."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lab.model.exchange import as_object, of_object
from lab.model.topology import Topology
from lab.theory.settings import BadSettings, settings
from lab.world.errors import Broken, Forbidden, NoAnswer
from lab.world.names import FOLDER, give, make_folder, take_back, taken
from lab.world.process import ready
from lab.world.rendezvous import Rendezvous
from lab.world.sandbox import Sandbox

if TYPE_CHECKING:
    from lab.judge.inspection import Inspection
    from lab.theory.plan import Plan
    from lab.world.net import Net

FORM = 1
"""The form of what a holder tells those who connect; another version of pmtulab may have another."""

DOWN_WITHIN = 30.0  # seconds: that the kernel takes to kill every program
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class NoLab(Exception):
    """There is no such lab, or node in it; or no other of its name can be. The message says what there is."""


class Killed(NoLab):
    """The process that held a lab was killed; `named`: the lab's names under /run/netns are left of it."""

    def __init__(self, name: str, named: bool) -> None:
        left = f", and its names in {FOLDER} keep its namespaces: `pmtulab down {name}` takes them back"
        super().__init__(f"the lab {name} was killed" + (left if named else ": nothing of it is left"))
        self.name = name
        self.named = named


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that stands: since when, in seconds since the epoch; the pid of the process that holds it; `written`, its topology."""

    name: str
    since: float
    pid: int
    nodes: tuple[str, ...]
    written: object

    @property
    def topology(self) -> Topology:
        return of_object(self.written)


def up(topology: Topology, name: str) -> None:
    """Makes a lab that stands until down(). Raises NoLab where one of that name does, and what Net does."""
    from lab.world.net import Net

    if not _NAME.fullmatch(name):
        raise NoLab(f"{name!r} is no name for a lab: use letters, digits, '.', '_' and '-', 64 at most")
    with Rendezvous() as labs:
        try:
            listener = labs.bind(name)
        except FileExistsError:
            raise stands_already(labs, name) from None
        except OSError as error:
            raise Broken(f"cannot make a socket for the lab {name}: {error.strerror}") from error
        try:
            if labs.names(name) is not None:
                raise Killed(name, True)
            with Net(topology, taps=False) as net:
                about = json.dumps({"form": FORM, "since": labs.since(name), "topology": as_object(topology)})
                net.sandbox.stay(listener, labs.socket_path(name), about)
        except OSError as error:
            raise Broken(f"the lab {name} cannot stay: {error}") from error
        finally:
            listener.close()
            labs.sweep(name)  # where nothing came of it


def stands_already(labs: Rendezvous, name: str) -> NoLab:
    try:
        since = f"since {clock(labs.since(name))}"
    except FileNotFoundError:
        return NoLab(f"a lab {name} stood until just now: try again")
    return NoLab(
        f"a lab {name} stands already, {since}: `pmtulab down {name}` takes it down, --as NAME gives this one another name"
    )


def labs() -> list[Lab | NoLab]:
    """Every lab that stands; and what is to say of those that do not any more, and that once: what they left is swept away."""
    found: list[Lab | NoLab] = []
    with Rendezvous() as there:
        for name in there.labs():
            try:
                with connected(name) as (lab, _):
                    found.append(lab)
            except NoLab as lost:
                found.append(lost)
            except NoAnswer as silent:
                found.append(NoLab(f"the lab {name}: {silent}"))
            except Broken:
                found.append(NoLab(f"the lab {name} is coming to its end"))
    return found


def names() -> list[str]:
    """The names of all labs, also of those that were killed or that another version of pmtulab has made."""
    with Rendezvous() as there:
        return there.labs()


def down(name: str | None) -> str:
    """Takes a lab down, the only one where the name is None, with its names under /run/netns, and gives its name.

    Of a killed lab it takes back such names. Raises NoLab, and Broken where a lab does not end.
    """
    with Rendezvous() as there:
        try:
            with reached(there, name) as (name, sandbox):
                _, ended = sandbox.about()
                with open(ended):
                    sandbox.down()
                    if not ready({ended: select.POLLIN}, DOWN_WITHIN):
                        raise Broken(f"the lab {name} was not down within {DOWN_WITHIN:.0f} s: process {pid_of(ended)} holds it")
        except Killed as killed:
            if not killed.named:
                raise
            name = killed.name
        if noted := there.names(name):
            take_back(name, **noted)
            there.note_names(name, None)
        there.sweep(name)
    return name


def attach(name: str | None) -> tuple[str, ...]:
    """Names a lab's nodes for `ip netns`, and gives the names. Raises NoLab, also where one is taken; Forbidden but for root."""
    if os.geteuid():
        raise Forbidden(f"only root may give names in {FOLDER}: `pmtulab exec` and `shell` need none")
    with Rendezvous() as there, connected(name) as (lab, sandbox), net_of(lab.topology, sandbox) as net:
        inodes = {node.name: os.fstat(node.namespace).st_ino for node in net}
        earlier = there.names(lab.name)
        if wrong := tuple(taken(lab.name, inodes, earlier is not None)):
            raise NoLab("\n".join(f"{path} is there already, and is not of the lab {lab.name}" for path in wrong))
        noted = earlier or {"inodes": inodes, "made": make_folder()}
        there.note_names(lab.name, noted)
        try:
            give(lab.name, {node.name: node.namespace for node in net})
        except OSError as error:
            take_back(lab.name, **noted)
            there.note_names(lab.name, None)
            raise Broken(f"cannot name the nodes in {FOLDER}: {error}") from error
        return tuple(f"{lab.name}.{node.name}" for node in net)


@contextlib.contextmanager
def connected(name: str | None) -> Iterator[tuple[Lab, Sandbox]]:
    """A lab that stands, and a connection to it; the only lab where the name is None. Raises NoLab."""
    with Rendezvous() as there, reached(there, name) as (name, sandbox):
        about, ended = sandbox.about()
        with open(ended):
            told, pid = json.loads(about), pid_of(ended)
        if told["form"] != FORM:
            raise NoLab(f"the lab {name} was made by another version of pmtulab: `pmtulab down {name}`, and make it again")
        yield Lab(name, told["since"], pid, tuple(told["topology"]["nodes"]), told["topology"]), sandbox


@contextlib.contextmanager
def reached(there: Rendezvous, name: str | None) -> Iterator[tuple[str, Sandbox]]:
    """A connection to a lab's holder. Raises NoLab where there is none, or several and no name; or where it was killed."""
    known = there.labs()
    name = name if name is not None else the_only(known)
    try:
        connection = there.connect(name) if name in known else None
    except FileNotFoundError:  # it went down just now
        connection = None
    if connection is None:
        if name not in known:
            raise NoLab(f"no lab {name!r} stands; {near(name, known) or '`pmtulab up` makes one'}")
        named = there.names(name) is not None
        there.sweep(name)
        raise Killed(name, named)
    with contextlib.closing(Sandbox(connection)) as sandbox:
        yield name, sandbox


@contextlib.contextmanager
def attached(name: str | None, planned: Plan | None = None, *, taps: bool = False) -> Iterator[Net]:
    """A standing lab's network, for this process to use beside others; the only lab's where the name is None.

    Nothing is built, and nothing taken down at the end. `planned` is a plan in place of the lab's own, that differs from it in MTUs
    at most. Raises what connected() does.
    """
    with connected(name) as (lab, sandbox), net_of(planned or lab.topology, sandbox, taps) as net:
        yield net


def net_of(topology: Topology | Plan, sandbox: Sandbox, taps: bool = False) -> Net:
    from lab.world.net import Net

    return Net(topology, taps=taps, sandbox=sandbox, stands=True)


def inspected(name: str | None, nodes: Sequence[str] = ()) -> tuple[Lab, Inspection, Mapping[str, str]]:
    """A lab as it is now, and the node of each address that was planned. Raises NoLab, also where one of `nodes` is not in it."""
    from lab.world.inspect import inspect

    with connected(name) as (lab, sandbox), net_of(lab.topology, sandbox) as net:
        check_nodes(lab, nodes)
        owners = {str(address): end.node for ends in net.plan.links for end in ends for address in end.addresses.values()}
        return lab, inspect(net), owners


def change(name: str | None, words: Sequence[str]) -> tuple[str, ...]:
    """Makes settings (lab.theory.settings) in a lab: all or none. Says of each in words what it is now.

    Raises NoLab, BadSettings with everything that is wrong, and Broken where the kernel refuses one.
    """
    from lab.world.setting import make, unknown

    with attached(name) as net:
        found, wrong = settings(words, net.plan.topology)
        if wrong := (*wrong, *unknown(net, found)):
            raise BadSettings(wrong)
        return make(net, found)


def check_nodes(lab: Lab, nodes: Iterable[str]) -> None:
    """Raises NoLab with all that are not in the lab."""
    wrong = [f"lab {lab.name} has no node {node!r}; {near(node, lab.nodes)}" for node in nodes if node not in lab.nodes]
    if wrong:
        raise NoLab("\n".join(wrong))


def the_only(names: list[str]) -> str:
    """Raises NoLab where there are none, or several."""
    if len(names) == 1:
        return names[0]
    if not names:
        raise NoLab("no lab stands: `pmtulab up NAME` makes one")
    raise NoLab(f"several labs stand ({', '.join(names)}): say which")


def near(name: str, known: Sequence[str]) -> str:
    """Which names there are that one may have been meant for; empty where there are none."""
    found = get_close_matches(name, known, n=5, cutoff=0.4) or known[:5]
    return f"near it: {', '.join(found)}" if found else ""


def pid_of(pidfd: int) -> int:
    with open(f"/proc/self/fdinfo/{pidfd}") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))


def clock(moment: float) -> str:
    """Local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
