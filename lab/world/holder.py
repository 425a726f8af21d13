"""The process that a lab lives in. It is a program of its own, started by `lab.world.sandbox`, and needs only the standard library.

    lab's process ──control socket── holder (pid 1 of the lab) ── node namespaces, programs that run in nodes

It enters new user (where it lacks the privilege to do without), mount, pid and network namespaces, then serves requests: make
nodes or take them over, open a socket in a node, run a program in a node. Sockets go back over the control socket, so the process
that drives the lab never changes namespaces itself: it may have threads, an event loop, or a debugger, and stays what it was.

Nothing outlives it. The control socket closes when the lab's process ends, however it ends; the holder is pid 1, so the kernel then
kills every program of the lab, and the namespaces go with their last reference.

Requests and replies are JSON, one a message (SOCK_SEQPACKET), with file descriptors beside it. It is started with -I -S, as that
halves the time it takes: nothing may be imported here that is not in the standard library.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Iterator
from errno import EBUSY
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000, 0x2
PR_SET_PDEATHSIG = 1
NEEDED_CAPABILITIES = (1 << 12) | (1 << 13) | (1 << 21)  # CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN
LARGEST_REQUEST = 1 << 20
NODES_A_REPLY = 100  # two descriptors a node; a message takes 253 (SCM_MAX_FD)
FIRST = ""  # the network namespace that the lab begins in, by the name that no node has

libc = ctypes.CDLL(None, use_errno=True)

Replies = Iterator[tuple[dict[str, Any], list[int]]]


def call(name: str, *args: Any) -> None:
    """A libc function that returns 0, or raises OSError."""
    if getattr(libc, name)(*args) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{path} ({text})") from error
    finally:
        os.close(fd)


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


def here() -> int:
    """The network namespace that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Holder:
    """Serves one control socket. `nodes` holds each node's network namespace by descriptor, `running` a status pipe by pid."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.nodes: dict[str, int] = {FIRST: here()}
        self.running: dict[int, int] = {}
        self.hosts_laid = False

    def serve(self) -> None:
        """Until the other end closes."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == wake_read:
                    os.read(wake_read, 4096)
                    self.reap()
                elif not self.answer_one():
                    return

    def answer_one(self) -> bool:
        """False where the other end is gone."""
        # Not socket.recv_fds(): it takes flags, and ignores them.
        room = socket.CMSG_SPACE(3 * 4)
        message, ancillary, _, _ = self.control.recvmsg(LARGEST_REQUEST, room, socket.MSG_CMSG_CLOEXEC)
        fds = array.array("i", b"".join(octets for _, _, octets in ancillary)).tolist()
        if not message:
            return False
        request = json.loads(message)
        try:
            for body, back in getattr(self, "do_" + request.pop("do"))(fds=fds, **request):
                self.reply(body, back)
        except BrokenPipeError:
            return False
        except OSError as error:
            self.reply({"errno": error.errno, "what": error.strerror, "where": error.filename})
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def reply(self, body: dict[str, Any], fds: list[int] | None = None) -> None:
        """Sends, and closes what was sent: the descriptor lives on at the other end."""
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.control.sendmsg([json.dumps(body).encode()], beside)
        for fd in fds or []:
            os.close(fd)

    def enter(self, node: str) -> None:
        call("setns", self.nodes[node], CLONE_NEWNET)

    def reap(self) -> None:
        """Collects every child that ended, and tells those who wait for it by its status pipe. Orphans of the lab come here too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            pipe = self.running.pop(pid, None)
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # nobody waits any more
                    os.write(pipe, b"%d" % os.waitstatus_to_exitcode(status))
                os.close(pipe)

    def do_nodes(self, fds: list[int], nodes: dict[str, dict[str, str]]) -> Replies:
        """Makes a namespace for each node, with its sysctls. Replies with a namespace and a netlink socket for each, in order."""

        def made() -> Iterator[str]:
            for name, sysctls in nodes.items():
                call("unshare", CLONE_NEWNET)
                for path, value in sysctls.items():
                    write("/proc/sys/" + path, value)
                yield name

        return self.held(made())

    def do_adopt(self, fds: list[int], pids: dict[str, int]) -> Replies:
        """Takes over, as a node, the network namespace that each process is in. Replies as do_nodes() does."""

        def entered() -> Iterator[str]:
            for name, pid in pids.items():
                process = os.pidfd_open(pid)  # not by /proc, which may be the host's and have other numbers
                try:
                    call("setns", process, CLONE_NEWNET)
                finally:
                    os.close(process)
                yield name

        return self.held(entered())

    def held(self, names: Iterator[str]) -> Replies:
        """Holds the namespace that we are in when a name comes, by that name."""
        back: list[int] = []
        for name in names:
            self.nodes[name] = here()
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
            back += [os.dup(self.nodes[name]), netlink.detach()]
            if len(back) == 2 * NODES_A_REPLY:
                yield {}, back
                back = []
        if back:
            yield {}, back

    def do_forget(self, fds: list[int], nodes: list[str]) -> Replies:
        """Lets go of these nodes: the kernel takes each down when the last socket in it is closed. Refused while a program runs."""
        if self.running:
            raise OSError(EBUSY, os.strerror(EBUSY), f"{len(self.running)} programs run")
        call("unshare", CLONE_NEWNET)  # else the one that we are in would stay
        for name in nodes:
            if name in self.nodes:  # making them may have failed half-way
                os.close(self.nodes.pop(name))
        yield {}, []

    def do_socket(self, fds: list[int], node: str, family: int, type: int, protocol: int, copies: int) -> Replies:
        self.enter(node)
        yield {}, [socket.socket(family, type | socket.SOCK_CLOEXEC, protocol).detach() for _ in range(copies)]

    def do_open(self, fds: list[int], node: str, paths: list[str]) -> Replies:
        """Files below /proc/net are of the namespace of whoever opens them."""
        self.enter(node)
        yield {}, [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths]

    def do_sysctl(self, fds: list[int], node: str, path: str, value: str | None) -> Replies:
        """Writes `value` where it is given; replies with what the kernel then says, or nothing for one that can only be written."""
        self.enter(node)
        path = "/proc/sys/" + path
        if value is not None:
            write(path, value)
        if not os.stat(path).st_mode & 0o444:
            yield {"value": ""}, []
            return
        with open(path) as file:
            yield {"value": file.read().strip()}, []

    def do_hosts(self, fds: list[int], text: str) -> Replies:
        """Lays `text` over /etc/hosts, for the lab only. It lives in a tmpfs that only this mount refers to: no file is left."""
        if self.hosts_laid:
            call("umount2", b"/etc/hosts", MNT_DETACH)
            self.hosts_laid = False
        call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)
        try:
            with open("/tmp/hosts", "w") as file:
                file.write(text)
            call("mount", b"/tmp/hosts", b"/etc/hosts", None, MS_BIND, None)
            self.hosts_laid = True
        finally:
            call("umount2", b"/tmp", MNT_DETACH)
        yield {}, []

    def do_spawn(self, fds: list[int], node: str, argv: list[str], env: dict[str, str], cwd: str) -> Replies:
        """Runs a program with the three descriptors that came along. Replies with a pidfd, and a pipe that will tell its end."""
        self.enter(node)
        os.chdir(cwd)
        dup = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(fds)]
        # Python ignores these two, and a program would inherit that; SIGINT is for the lab to deliver.
        defaults = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)
        os.environ["PATH"] = env.get("PATH", os.defpath)  # where posix_spawnp() looks, whatever the program's own is
        pid = os.posix_spawnp(argv[0], argv, env, file_actions=dup, setsid=True, setsigdef=defaults)
        told, tell = os.pipe2(os.O_CLOEXEC)
        self.running[pid] = tell
        yield {"pid": pid}, [os.pidfd_open(pid), told]


def main() -> int:
    """Enters the namespaces, becomes pid 1 of the lab in a child, and waits for that child to end."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    try:
        enter_namespaces()
        pid = os.fork()
        if pid:
            control.close()
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        settle_mounts()
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except OSError as error:
        refused = {"errno": error.errno, "what": error.strerror, "where": error.filename}
        control.send(json.dumps(refused).encode())
        return 1
    try:
        control.send(b"{}")
        Holder(control).serve()
    except ConnectionError:
        pass  # the lab's process ended while we started, or with our reply unread: nobody is there to be told
    return 0


if __name__ == "__main__":
    sys.exit(main())
