"""The process that a lab lives in. It is a program of its own, started by `lab.world.sandbox`, and needs only the standard library.

    lab's process ──control socket── holder (pid 1 of the lab) ── node namespaces, programs that run in nodes

It enters new user (where it lacks the privilege to do without), mount, pid and network namespaces, then serves requests
(`lab.world.holding`). Sockets that it opens in nodes go back over the control socket, so the process that drives the lab never
changes namespaces itself: it may have threads, an event loop, or a debugger, and stays what it was.

Nothing outlives it. The control socket closes when the lab's process ends, however it ends; the holder is pid 1, so the kernel then
kills every program of the lab, and the namespaces go with their last reference.

It is started with -I -S, as that halves the time it takes: it may import the standard library, and files of ours that import
nothing else. Those are in files of their own because what a program imports is compiled once, and the program itself each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import sys

sys.path.append(__file__.removesuffix("/lab/world/holder.py"))

from lab.world.holding import Holder
from lab.world.syscalls import call, end_with_parent, write

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
NEEDED_CAPABILITIES = (1 << 12) | (1 << 13) | (1 << 21)  # CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN


def is_privileged() -> bool:
    """Whether this process can make namespaces without a user namespace around them."""
    with open("/proc/self/status") as status:
        effective = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    return effective & NEEDED_CAPABILITIES == NEEDED_CAPABILITIES


def enter_namespaces() -> None:
    """Raises OSError whose `filename` says which step was refused: "user namespace", "id map", or "namespaces"."""
    step = "user namespace"
    try:
        if not is_privileged():
            uid, gid = os.geteuid(), os.getegid()
            call("unshare", CLONE_NEWUSER)
            step = "id map"
            write("/proc/self/setgroups", "deny")  # the kernel wants this before an unprivileged gid_map (user_namespaces(7))
            write("/proc/self/uid_map", f"0 {uid} 1")
            write("/proc/self/gid_map", f"0 {gid} 1")
        step = "namespaces"
        call("unshare", CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
    except OSError as error:
        raise OSError(error.errno, error.strerror, step) from error


def settle_mounts() -> None:
    """Cut mounts off from the host's, and show the lab's own processes in /proc where the kernel lets us."""
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    # A container that masks parts of /proc forbids it (mount_too_revealing()); the host's /proc serves as well.
    with contextlib.suppress(OSError):
        call("mount", b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)


def main() -> int:
    """Enters the namespaces, becomes pid 1 of the lab in a child, and waits for that child to end."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    outer = os.pidfd_open(os.getpid())
    try:
        enter_namespaces()
        pid = os.fork()
        if pid:
            control.close()
            os.dup2(1, 2)  # last words are the child's: a lab that stands on its own must not keep anybody's stderr open
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        end_with_parent()
        settle_mounts()
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except OSError as error:
        refused = {"errno": error.errno, "what": error.strerror, "where": error.filename}
        control.send(json.dumps(refused).encode())
        return 1
    try:
        control.send(b"{}")
        Holder(control, outer).serve()
    except ConnectionError:
        pass  # the lab's process ended while we started, or with our reply unread: nobody is there to be told
    return 0


if __name__ == "__main__":
    sys.exit(main())
