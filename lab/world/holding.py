"""What the holder does for those who are connected to it: it holds nodes, opens sockets in them, and runs programs in them.

Requests and replies are JSON, one a message (SOCK_SEQPACKET), with file descriptors beside it. At first there is one connection, to
the process that made the lab, and the lab ends with it. The request `stay` makes a standing lab of it: whoever connects to the
socket that comes with it is served as well, and the lab ends by the request `down`, or where that socket is removed from its
directory, as no more can reach it then. Requests are short, and whoever does not take its replies is not waited for: so one
connection does not harm another.

The holder imports this: nothing but the standard library may be imported here.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Iterator
from errno import EBUSY, EINVAL
from typing import Any

from lab.world.children import Children
from lab.world.syscalls import call, write

CLONE_NEWNET = 0x40000000
MS_BIND, MNT_DETACH = 0x1000, 0x2
IN_ATTRIB = 0x4  # also where a file loses a name (inotify(7))
LARGEST_REQUEST = 1 << 20
MOST_DESCRIPTORS = 5  # that come with a request
NODES_A_REPLY = 100  # two descriptors a node; a message takes 253 (SCM_MAX_FD)
FIRST = ""  # the network namespace that the lab begins in, by the name that no node has

Replies = Iterator[tuple[dict[str, Any], list[int]]]


class Gone(Exception):
    """The other end of a connection is gone, or takes no more replies."""


def here() -> int:
    """The network namespace that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def netlink() -> int:
    """A netlink socket in the network namespace that this thread is in."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE).detach()


class Holder:
    """`nodes` holds each node's network namespace by descriptor. `outer` is the pidfd of the process whose end is the lab's end."""

    def __init__(self, control: socket.socket, outer: int) -> None:
        self.connections = {control.fileno(): control}
        self.listener: socket.socket | None = None
        self.nodes: dict[str, int] = {FIRST: here()}
        self.children = Children()
        self.hosts_laid = False
        self.outer = outer
        self.over = False
        self.about = self.watch = -1
        self.place: tuple[str, int] = "", 0
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Until it is over, or nobody is connected and nobody can be any more."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.poll.register(wake_read, select.POLLIN)
        while not self.over and (self.connections or self.listener):
            for fd, _ in self.poll.poll(self.children.patience()):
                if fd == wake_read:
                    os.read(wake_read, 4096)
                    self.children.reap()
                elif fd == self.watch:
                    os.read(self.watch, 4096)
                    self.over = not self.is_reachable()
                elif self.listener and fd == self.listener.fileno():
                    self.accept(self.listener)
                else:
                    try:
                        self.answer_one(self.connections[fd])
                    except Gone:
                        self.part(fd)
            self.children.kill_overdue()

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it has thought better of it, or has to wait for a descriptor
            connection = listener.accept()[0]
            connection.setblocking(False)
            self.connections[connection.fileno()] = connection
            self.poll.register(connection, select.POLLIN)

    def is_reachable(self) -> bool:
        """Whether the listening socket still has its name in the file system."""
        path, inode = self.place
        try:
            return os.stat(path).st_ino == inode
        except FileNotFoundError:
            return False

    def part(self, fd: int) -> None:
        self.poll.unregister(fd)
        self.connections.pop(fd).close()
        self.children.hang_up(fd)

    def answer_one(self, connection: socket.socket) -> None:
        """Raises Gone."""
        try:
            # Not socket.recv_fds(): it takes flags, and ignores them.
            room = socket.CMSG_SPACE(MOST_DESCRIPTORS * 4)
            message, ancillary, _, _ = connection.recvmsg(LARGEST_REQUEST, room, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            message, ancillary = b"", []
        if not message:
            raise Gone
        fds = array.array("i", b"".join(octets for _, _, octets in ancillary)).tolist()
        try:
            request = json.loads(message)
            for body, back in getattr(self, "do_" + request.pop("do"))(connection=connection, fds=fds, **request):
                reply(connection, body, back)
        except OSError as error:
            reply(connection, {"errno": error.errno, "what": error.strerror, "where": error.filename}, [])
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # What cannot be understood, of another version's client perhaps, must not be the end of the lab.
            what = f"the lab's holder process does not know what to make of this: {error}"
            reply(connection, {"errno": EINVAL, "what": what, "where": None}, [])
        finally:
            for fd in fds:
                os.close(fd)

    def enter(self, node: str) -> None:
        call("setns", self.nodes[node], CLONE_NEWNET)

    def do_nodes(self, nodes: dict[str, dict[str, str]], **_: Any) -> Replies:
        """Makes a namespace for each node, with its sysctls. Replies with a namespace and a netlink socket for each, in order."""

        def made() -> Iterator[str]:
            for name, sysctls in nodes.items():
                call("unshare", CLONE_NEWNET)
                for path, value in sysctls.items():
                    write("/proc/sys/" + path, value)
                self.nodes[name] = here()
                yield name

        return self.each(made())

    def do_adopt(self, pids: dict[str, int], **_: Any) -> Replies:
        """Takes over, as a node, the network namespace that each process is in. Replies as do_nodes() does."""

        def entered() -> Iterator[str]:
            for name, pid in pids.items():
                process = os.pidfd_open(pid)  # not by /proc, which may be the host's and have other numbers
                try:
                    call("setns", process, CLONE_NEWNET)
                finally:
                    os.close(process)
                self.nodes[name] = here()
                yield name

        return self.each(entered())

    def do_join(self, nodes: list[str], **_: Any) -> Replies:
        """Replies as do_nodes() does, with nodes that were made before."""

        def entered() -> Iterator[str]:
            for name in nodes:
                self.enter(name)
                yield name

        return self.each(entered())

    def each(self, names: Iterator[str]) -> Replies:
        """When a name comes, we are in the namespace of that node."""
        back: list[int] = []
        try:
            for name in names:
                back.append(os.dup(self.nodes[name]))
                back.append(netlink())
                if len(back) == 2 * NODES_A_REPLY:
                    sent, back = back, []
                    yield {}, sent
            if back:
                sent, back = back, []
                yield {}, sent
        finally:
            for fd in back:
                os.close(fd)

    def do_forget(self, nodes: list[str], **_: Any) -> Replies:
        """Lets go of these nodes: the kernel takes each down when the last socket in it is closed. Refused while a program runs."""
        if self.children.running:
            raise OSError(EBUSY, os.strerror(EBUSY), f"{len(self.children.running)} programs run")
        call("unshare", CLONE_NEWNET)  # else the one that we are in would stay
        for name in nodes:
            if name in self.nodes:  # making them may have failed half-way
                os.close(self.nodes.pop(name))
        yield {}, []

    def do_socket(self, node: str, family: int, type: int, protocol: int, copies: int, **_: Any) -> Replies:
        self.enter(node)
        # Detached when all are there: those before one that cannot be opened close themselves.
        opened = [socket.socket(family, type | socket.SOCK_CLOEXEC, protocol) for _ in range(copies)]
        yield {}, [sock.detach() for sock in opened]

    def do_open(self, node: str, paths: list[str], **_: Any) -> Replies:
        """Files below /proc/net are of the namespace of whoever opens them."""
        self.enter(node)
        with contextlib.ExitStack() as undo:
            opened = [undo.enter_context(open(path, "rb", buffering=0)) for path in paths]
            yield {}, [os.dup(file.fileno()) for file in opened]

    def do_sysctl(self, node: str, path: str, value: str | None, **_: Any) -> Replies:
        """Writes `value` where it is given; replies with what the kernel then says, or nothing for one that can only be written."""
        self.enter(node)
        path = "/proc/sys/" + path
        if value is not None:
            write(path, value or "\n")  # an empty write() writes nothing
        if not os.stat(path).st_mode & 0o444:
            yield {"value": ""}, []
            return
        with open(path) as file:
            yield {"value": file.read().strip()}, []

    def do_hosts(self, text: str, **_: Any) -> Replies:
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

    def do_spawn(self, connection: socket.socket, fds: list[int], node: str, cwd: str, terminal: bool) -> Replies:
        """Runs a program. Of the descriptors that came along the first is a file with its words and its environment, the others are
        its own. Replies with its pid in here, a pidfd, and a pipe that will tell its end.
        """
        argv, env = json.loads(os.pread(fds[0], os.fstat(fds[0]).st_size, 0))
        self.enter(node)
        pid, told = self.children.spawn(argv, env, cwd, fds[1:], terminal, connection.fileno())
        yield {"pid": pid}, [os.pidfd_open(pid), told]

    def do_signal(self, pid: int, number: int, **_: Any) -> Replies:
        """Sends a signal to the process group of a program that was spawned; to nobody where it has ended."""
        if pid in self.children.running:
            os.killpg(pid, number)
        yield {}, []

    def do_known(self, pid: int, **_: Any) -> Replies:
        """Who has spawned a program knows that it has ended."""
        self.children.sessions.pop(pid, None)
        yield {}, []

    def do_stay(self, fds: list[int], path: str, **_: Any) -> Replies:
        """Makes a standing lab of this. The descriptors are a listening socket, whose name is `path`, and a file with whatever
        those who connect need to know; that is not read here.
        """
        self.watch = call("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)
        call("inotify_add_watch", self.watch, path.encode(), IN_ATTRIB)
        self.poll.register(self.watch, select.POLLIN)
        self.place = path, os.stat(path).st_ino
        self.listener, self.about = socket.socket(fileno=os.dup(fds[0])), os.dup(fds[1])
        self.listener.setblocking(False)
        self.poll.register(self.listener, select.POLLIN)
        os.dup2(1, 2)  # /dev/null: the terminal of whoever made the lab is not ours to keep
        os.chdir("/")
        yield {}, []

    def do_about(self, **_: Any) -> Replies:
        """Replies with what came with `stay`, and the pidfd of the process whose end is the lab's end."""
        yield {}, [os.dup(self.about), os.dup(self.outer)]

    def do_down(self, **_: Any) -> Replies:
        """The name goes first: a socket that nobody listens on is what a killed lab leaves."""
        with contextlib.suppress(OSError):
            os.unlink(self.place[0])
        yield {}, []
        self.over = True


def reply(connection: socket.socket, body: dict[str, Any], fds: list[int]) -> None:
    """Sends, and closes what was sent: the descriptor lives on at the other end. Raises Gone."""
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        connection.sendmsg([json.dumps(body).encode()], beside)
    except (BrokenPipeError, ConnectionResetError, BlockingIOError) as error:
        raise Gone from error
    finally:
        for fd in fds:
            os.close(fd)
