"""Settings made in a network that runs: all of them, or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial

from lab.model.story import Sysctl
from lab.theory.settings import BadSettings, EndMtu, SendsPtb, Setting
from lab.world.messages import set_mtu_of
from lab.world.net import Net
from lab.world.silence import is_silent, set_silent

Deed = Callable[[], object]


def unknown(net: Net, settings: Sequence[Setting]) -> tuple[str, ...]:
    """What is wrong with settings that their words do not show: sysctls that a node has not."""
    return tuple(
        f"{s.at}: there is no sysctl {s.name}{near(s.name)}" for s in settings if isinstance(s, Sysctl) and not has(net, s)
    )


def make(net: Net, settings: Sequence[Setting]) -> tuple[str, ...]:
    """Makes every setting, and says of each in words what it is now. Where one cannot be made, those before it are taken back.

    Raises BadSettings where a sysctl does not take its value, Broken where the kernel refuses another thing.
    """
    with contextlib.ExitStack() as undo:
        for setting in settings:
            do, back = deed(net, setting)
            try:
                do()
            except OSError as error:
                raise BadSettings([f"{words(setting)}: {error.strerror}"]) from error
            undo.callback(back)
        undo.pop_all()
    return tuple(map(words, settings))


def deed(net: Net, setting: Setting) -> tuple[Deed, Deed]:
    """What makes a setting, and what brings back what is there now."""
    match setting:
        case EndMtu(name, peer, mtu):
            node = net[name]
            interface = node.planned.interface(peer)
            to, back = (set_mtu_of(interface.index, interface.end, octets) for octets in (mtu, node.mtu(peer)))
            return partial(node.netlink.do, [to]), partial(node.netlink.do, [back])
        case SendsPtb(at, sends):
            silent = is_silent(net.sandbox, at)
            return partial(set_silent, net.sandbox, at, not sends), partial(set_silent, net.sandbox, at, silent)
        case Sysctl(at, name, value):
            path = name.replace(".", "/")
            write = partial(net[at].sysctl, path)
            return partial(write, value), partial(bring_back, write, value_of(write))


def value_of(sysctl: Callable[[], str]) -> str:
    """Empty also where it cannot be read: one that can only be written, or not before it is (stable_secret gives EIO)."""
    with contextlib.suppress(OSError):
        return sysctl()
    return ""


def bring_back(sysctl: Callable[[str], str], value: str) -> None:
    """Does nothing for one that takes no empty value, and had none that could be read: there is nothing to go back to."""
    with contextlib.suppress(OSError) if not value else contextlib.nullcontext():
        sysctl(value)


def words(setting: Setting) -> str:
    match setting:
        case EndMtu(node, peer, mtu):
            return f"{node}:{peer} has MTU {mtu}"
        case SendsPtb(at, sends):
            return f"{at} sends {'PTBs' if sends else 'no PTB'}"
        case Sysctl(at, name, value):
            return f"{at} has {name} = {value}"


def has(net: Net, setting: Sysctl) -> bool:
    try:
        net[setting.at].sysctl(setting.name.replace(".", "/"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    except OSError:
        pass  # it is there, and cannot be read now
    return True


def near(name: str) -> str:
    """Sysctls beside it with names like it. The machine's own are looked through, and a node has nearly all of them."""
    folder, _, last = name.rpartition(".")
    with contextlib.suppress(OSError):
        found = get_close_matches(last, os.listdir("/proc/sys/" + folder.replace(".", "/")), n=3)
        return f"; near it: {', '.join(f'{folder}.{other}' for other in found)}" if found else ""
    return ""
