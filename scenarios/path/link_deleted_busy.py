"""A host's own link is deleted while exceptions come and go.

    client ──1500── r1 ──1400── server

Two threads send to one new address after another, and each datagram leaves an exception, or takes one away: for lack of room (a
bucket holds a few), or because the cache is flushed at the same time. A route made of an exception that is just being thrown
away must not be forgotten with its device (update_or_create_fnhe(), rt_bind_exception()): `ip link delete` would wait for it
for good.
"""

from lab.judge.expect import Exits, Leaves, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.story import Configure, Run
from topologies import chain

BUSY = """
import itertools, pathlib, socket, subprocess, threading, time
enough, gone = threading.Event(), threading.Event()
def send(first):
    for number in itertools.count():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, 10, 2)
            try:
                sender.connect((f"198.{first}.{number // 250 % 250}.{1 + number % 250}", 7))
                sender.send(bytes(1472))
            except OSError:
                if gone.is_set():
                    return
        if number % 100 == 99:
            pathlib.Path("/proc/sys/net/ipv4/route/flush").write_text("1")
        if number == 500:
            enough.set()
threads = [threading.Thread(target=send, args=(first,)) for first in (18, 19)]
for thread in threads:
    thread.start()
enough.wait()
started = time.monotonic()
subprocess.run(["ip", "link", "delete", "dev", "r1"], check=True)
soon = time.monotonic() - started < 1
gone.set()
for thread in threads:
    thread.join()
print("deleted within a second" if soon else "deleted late")
"""

scenario = Scenario(
    name="link-deleted-busy",
    title="The host's link is deleted while exceptions come and go",
    topology=chain("client", "r1", "server", mtus=(1500, 1400)),
    acts=(
        Act(
            "two threads send, and the link is deleted",
            story=(Configure("r1", "ip route add 198.18.0.0/15 via $server"), Run("client", ("python3", "-c", BUSY))),
            expect=(
                Leaves(1500, by="client", df=True),
                TooBig(by="r1", to="client", mtu=1400),
                Prints("deleted within a second", "ip-link(8)"),
                Exits(0, "ip-link(8)"),
            ),
        ),
    ),
    covers=("bugs/15",),
)
