"""Timelines of acts made by hand: each kind of row, what is folded, and what is hidden."""

from __future__ import annotations

from dataclasses import replace
from errno import ECONNREFUSED, EMSGSIZE

import pytest

from lab.judge.observation import Flushed, Observation, QueuedError, TcpState
from lab.model.encode import ethernet
from lab.model.flow import DO, Echo, Tcp, Udp
from lab.model.packet import Icmp, Packet, Protocol, TcpFlag
from lab.model.topology import IPV4, IPV6
from lab.report.timeline import Row, timeline
from lab.report.wording import runs
from lab.theory.plan import plan
from tests.crossings import TICK, Crossings, fragments
from topologies import chain

WAY = ("client", "r1", "r2", "server")
UDP, TCP, ECHO = Udp("client", "server", DO), Tcp("client", "server"), Echo("client", "server", DO)
PLAN = plan(chain(*WAY, mtus=(1500, 576, 1500)))


@pytest.fixture
def act() -> Crossings:
    return Crossings(PLAN)


def told(act: Crossings) -> list[str]:
    """The timeline in short: who, what and the note of each row."""
    return [" | ".join(filter(None, (row.who, row.what, row.note))) for row in timeline(act.observation())]


def test_a_datagram_that_arrives_is_one_row(act: Crossings) -> None:
    act.cross(act.udp("client", "server", 548), *WAY)
    assert timeline(act.observation()) == (Row("client → server", "UDP, 548 octets of payload", 576, True, 0, "delivered", (1,)),)


def test_a_loss_and_its_ptb_are_rows_in_the_order_of_time(act: Crossings) -> None:
    lost = act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.cross(act.ptb("r1", lost, 576), "r1", "client")
    rows = timeline(act.observation())
    assert [(row.who, row.what, row.octets, row.df, row.time, row.note, row.frames) for row in rows] == [
        ("client → server", "UDP, 1472 octets of payload", 1500, True, 0, "lost", (1,)),
        ("r1 ✗", "too big for r1–r2 (576)", None, False, TICK, "", (2,)),
        ("r1 → client", "ICMP frag-needed, next-hop MTU 576", 576, False, 2 * TICK, "", (3,)),
    ]


def test_a_router_that_sends_no_ptb_says_nothing(act: Crossings) -> None:
    act.cross(act.udp("client", "server", 1472), "client", "r1")
    assert told(act)[1] == "r1 ✗ | too big for r1–r2 (576), and says nothing"


def test_a_ptb_about_another_packet_does_not_speak_for_this_one(act: Crossings) -> None:
    act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.cross(act.ptb("r1", act.udp("client", "server", 1472), 576), "r1", "client")
    assert told(act)[1] == "r1 ✗ | too big for r1–r2 (576), and says nothing"


def test_why_else_a_router_drops_a_packet(act: Crossings) -> None:
    act.cross(act.udp("client", "server", 100), "client", "r1")
    act.cross(replace(act.udp("client", "server", 100), hop_limit=1), "client", "r1")
    act.cross(replace(act.udp("client", "server", 100), destination="192.0.2.1"), "client", "r1")
    assert [row for row in told(act) if row.startswith("r1 ✗")] == [
        "r1 ✗ | dropped, though it fits r1–r2 (576), and says nothing",
        "r1 ✗ | TTL used up, and says nothing",
        "r1 ✗ | no route to 192.0.2.1, and says nothing",
    ]


def test_a_ptb_that_never_arrives_is_lost_too(act: Crossings) -> None:
    lost = act.cross(act.udp("client", "server", 1472), "client", "r1", "r2")
    act.cross(act.ptb("r2", lost, 500), "r2", "r1")
    assert told(act)[2:] == [
        "r2 → client | ICMP frag-needed, next-hop MTU 500 | lost",
        "r1 ✗ | dropped, though it fits r1–client (1500), and says nothing",
    ]


def test_a_packet_lost_on_a_link_is_told_at_the_link() -> None:
    act = Crossings(plan(chain("client", "r1", "server", mtus=(1500, (1500, 1400)))))
    big = act.udp("client", "server", 1472)
    act.cross(big, "client", "r1")
    act.cross(replace(big, hop_limit=63), "r1", "server")
    act.frames.pop()
    small = act.udp("client", "server", 100)
    act.cross(small, "client", "r1", "server")
    act.frames.pop()
    assert told(act) == [
        "client → server | UDP, 1472 octets of payload | lost",
        "r1 ✗ server | too big for server's end of the link (1400), and nobody says so",
        "client → server | UDP, 100 octets of payload | lost",
        "r1 ✗ server | lost on the link, and nobody says so",
    ]


def test_fragments_made_by_routers_are_told_once_each_time_they_are_made() -> None:
    act = Crossings(plan(chain("client", "r1", "r2", "r3", "server", mtus=(1500, 576, 300, 1500))))
    whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
    first = fragments(replace(whole, hop_limit=63), (572, 572, 396))
    for piece in first:
        act.cross(piece, "r1", "r2")
    for piece, sizes in zip(first, ((292, 300), (292, 300), (292, 124)), strict=True):
        for smaller in fragments(replace(piece, hop_limit=62), sizes):
            act.cross(smaller, "r2", "r3", "server")
    assert told(act) == [
        "client → server | UDP, 1472 octets of payload | delivered",
        "r1 ⇉ r2 | 3 fragments: 572, 572, 396 octets at 0, 552, 1104",
        "r2 ⇉ r3 | 6 fragments: 3 of 292, 2 of 300, 1 of 124 octets",
    ]


def test_a_datagram_of_which_a_fragment_is_missing_is_lost(act: Crossings) -> None:
    whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
    *pieces, _ = fragments(replace(whole, hop_limit=63), (572, 572, 396))
    for piece in pieces:
        act.cross(piece, "r1", "r2", "server")
    assert told(act)[0] == "client → server | UDP, 1472 octets of payload | lost"


@pytest.mark.parametrize("missing", [0, 1])
def test_a_hole_is_not_filled_by_what_comes_behind_it(act: Crossings, missing: int) -> None:
    whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
    for number, piece in enumerate(fragments(replace(whole, hop_limit=63), (572, 572, 396))):
        act.cross(piece, *(("r1", "r2") if number == missing else ("r1", "r2", "server")))
    assert timeline(act.observation())[0].note == "lost"


def test_a_datagram_that_its_source_fragments_is_one_datagram(act: Crossings) -> None:
    for piece in fragments(act.udp("client", "server", 1472, df=False), (572, 572, 396)):
        act.cross(piece, *WAY)
    assert told(act) == [
        "client → server | UDP, 1472 octets of payload | delivered",
        "client ⇉ r1 | 3 fragments: 572, 572, 396 octets at 0, 552, 1104",
    ]
    assert timeline(act.observation())[0].octets is None
    assert timeline(act.observation())[0].frames == (1, 7, 13)


def test_echo_is_told_with_its_payload_even_in_fragments(act: Crossings) -> None:
    act.cross(act.icmp("client", "server", 548, Icmp(8, 0, identifier=1, sequence=1)), *WAY)
    act.cross(act.icmp("server", "client", 548, Icmp(0, 0, identifier=1, sequence=1), df=False), *WAY[::-1])
    for piece in fragments(act.icmp("client", "server", 1472, Icmp(8, 0, identifier=1, sequence=2), df=False), (572, 572, 396)):
        act.cross(piece, *WAY)
    assert told(act)[:3] == [
        "client → server | ICMP echo request, 548 octets of payload | delivered",
        "server → client | ICMP echo reply, 548 octets of payload | delivered",
        "client → server | ICMP echo request, 1472 octets of payload | delivered",
    ]


def test_other_packets_are_told_by_their_numbers(act: Crossings) -> None:
    act.cross(act.icmp("r1", "client", 36, Icmp(11, 0, quoted_octets=36)), "r1", "client")
    act.cross(act.packet("client", "server", 120, 132), *WAY)
    act.cross(act.tcp("server", "client", 0, TcpFlag.RST | TcpFlag.ACK), *WAY[::-1])
    assert told(act) == [
        "r1 → client | ICMP type 11 code 0",
        "client → server | IP protocol 132, 100 octets | delivered",
        "server → client | TCP RST",
    ]


def test_ipv6_has_its_own_words_and_no_df() -> None:
    act = Crossings(plan(chain(*WAY, mtus=(1500, 1400, 1500), families=(IPV6,))), IPV6)
    lost = act.cross(act.udp("client", "server", 1452), "client", "r1")
    act.cross(act.ptb("r1", lost, 1400), "r1", "client")
    act.cross(act.icmp("client", "server", 56, Icmp(128, 0, identifier=1, sequence=1)), *WAY)
    assert told(act) == [
        "client → server | UDP, 1452 octets of payload | lost",
        "r1 ✗ | too big for r1–r2 (1400)",
        "r1 → client | ICMPv6 packet too big, MTU 1400",
        "client → server | ICMPv6 echo request, 56 octets of payload | delivered",
    ]
    assert not any(row.df for row in timeline(act.observation()))


def test_who_sends_in_the_name_of_another_is_named(act: Crossings) -> None:
    forged = replace(act.ptb("r2", act.udp("client", "server", 1472), 68), source="192.0.2.1")
    act.cross(forged, "server", "r2", "r1", "client")
    assert told(act) == ["server (as 192.0.2.1) → client | ICMP frag-needed, next-hop MTU 68"]


def test_a_flight_is_folded_though_losses_and_ptbs_come_between(act: Crossings) -> None:
    for _ in range(5):
        lost = act.cross(act.tcp("client", "server", 1448), "client", "r1")
        act.cross(act.ptb("r1", lost, 576), "r1", "client")
        act.cross(act.tcp("client", "server", 524), *WAY)
    act.cross(act.tcp("client", "server", 36), *WAY)
    assert told(act) == [
        "client → server | TCP, 5 segments of 1448 octets | lost",
        "r1 ✗ | too big for r1–r2 (576)  ×5",
        "r1 → client | ICMP frag-needed, next-hop MTU 576  ×5",
        "client → server | TCP, 5 segments of 524 octets and one of 36 | delivered",
    ]
    assert timeline(act.observation())[0].frames == (1, 11, 21, 31, 41)


def test_a_few_smaller_segments_are_leftovers_and_many_are_not(act: Crossings) -> None:
    for octets in (524, 524, 524, 36, 524, 428, *[100] * 3):
        act.cross(act.tcp("client", "server", octets), *WAY)
    assert told(act) == [
        "client → server | TCP, 4 segments of 524 octets and 2 smaller | delivered",
        "client → server | TCP, 3 segments of 100 octets | delivered",
    ]


def test_what_repeats_after_much_else_is_told_again(act: Crossings) -> None:
    for octets in (10, 20, 30, 40, 50, 60, 70, 10, 70):
        act.cross(act.udp("client", "server", octets), *WAY)
    assert [row.what.split()[1] for row in timeline(act.observation())] == ["10", "20", "30", "40", "50", "60", "70", "10"]


def test_packets_with_different_fates_are_not_folded(act: Crossings) -> None:
    act.cross(act.udp("client", "server", 100), *WAY)
    act.cross(act.udp("client", "server", 100), "client", "r1")
    assert [row.note for row in timeline(act.observation())] == ["delivered", "lost", ""]


def test_of_two_packets_that_are_equal_octet_for_octet_each_has_its_own_fate() -> None:
    act = Crossings(plan(chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,))), IPV6)
    twin = act.cross(act.udp("client", "server", 100), "client", "r1", "server")
    act.cross(twin, "client", "r1", "server")
    act.frames.pop()
    assert told(act) == [
        "client → server | UDP, 100 octets of payload | delivered",
        "client → server | UDP, 100 octets of payload | lost",
        "r1 ✗ server | lost on the link, and nobody says so",
    ]


def test_a_lone_segment_that_was_lost_is_no_leftover(act: Crossings) -> None:
    for octets in (1448, 1448, 604):
        act.cross(act.tcp("client", "server", octets), "client", "r1")
    assert [row for row in told(act) if row.startswith("client")] == [
        "client → server | TCP, 2 segments of 1448 octets | lost",
        "client → server | TCP, one segment of 604 octets | lost",
    ]


def test_what_a_router_itself_sends_in_fragments_is_told_once(act: Crossings) -> None:
    for piece in fragments(act.udp("r1", "server", 972, df=False), (572, 448)):
        act.cross(piece, "r1", "r2", "server")
    assert told(act) == [
        "r1 → server | UDP, 972 octets of payload | delivered",
        "r1 ⇉ r2 | 2 fragments: 572, 448 octets at 0, 552",
    ]


def test_a_handshake_is_told_with_its_mss(act: Crossings) -> None:
    act.cross(act.tcp("client", "server", 0, TcpFlag.SYN, mss=1460), *WAY)
    act.cross(act.tcp("server", "client", 0, TcpFlag.SYN | TcpFlag.ACK, mss=536), *WAY[::-1])
    assert told(act) == ["client → server | TCP SYN, MSS 1460", "server → client | TCP SYN-ACK, MSS 536"]


@pytest.mark.parametrize("flags", [TcpFlag.ACK, TcpFlag.FIN | TcpFlag.ACK])
def test_segments_without_payload_are_hidden_even_when_lost(act: Crossings, flags: TcpFlag) -> None:
    act.cross(act.tcp("client", "server", 0, flags), *WAY)
    act.cross(act.tcp("client", "server", 0, flags), "client", "r1")
    assert not told(act)


def test_frames_that_are_no_ip_are_hidden(act: Crossings) -> None:
    arp = ethernet(b"")[:12] + b"\x08\x06" + bytes(28)
    act.frame("client", "r1", arp, sent=True)
    act.frame("r1", "client", arp, sent=False)
    assert len(act.frames) == 2
    assert not told(act)


@pytest.mark.parametrize("kind", [130, 131, 132, 133, 134, 135, 136, 137, 143])
def test_a_links_housekeeping_is_hidden(kind: int) -> None:
    act = Crossings(plan(chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,))), IPV6)
    act.cross(act.icmp("client", "r1", 24, Icmp(kind, 0)), "client", "r1")
    assert not told(act)


def test_multicast_is_hidden(act: Crossings) -> None:
    act.cross(Packet(IPV4, act.address("client"), "224.0.0.251", 100, Protocol.UDP), "client", "r1")
    assert not told(act)


def test_an_exception_is_told_behind_the_ptb_that_made_it_and_once(act: Crossings) -> None:
    lost = act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.cross(act.ptb("r1", lost, 576), "r1", "client")
    act.cross(act.udp("client", "server", 548), *WAY)
    act.sent(UDP, 1472, exceptions=act.exception(576), errors=(QueuedError(EMSGSIZE, "ICMP", 3, 4, 576, "10.0.0.2"),))
    act.sent(UDP, 548, delivered=548, exceptions=act.exception(576))
    assert told(act)[2:] == [
        "r1 → client | ICMP frag-needed, next-hop MTU 576",
        "client | route exception: server mtu 576, expires in 600 s",
        "client → server | UDP, 548 octets of payload | delivered",
    ]


def test_a_locked_exception_belongs_to_a_ptb_that_said_less(act: Crossings) -> None:
    lost = act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.cross(act.ptb("r1", lost, 400), "r1", "client")
    act.cross(act.udp("client", "server", 524, df=False), *WAY)
    act.sent(UDP, 524, delivered=524, exceptions=act.exception(552, locked=True))
    assert told(act)[3] == "client | route exception: server mtu lock 552, expires in 600 s"


def test_an_exception_that_no_ptb_explains_is_told_after_the_send(act: Crossings) -> None:
    lost = act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.cross(act.ptb("r1", lost, 576), "r1", "client")
    act.cross(act.udp("client", "server", 100), *WAY)
    act.sent(UDP, 100, delivered=100, exceptions=act.exception(1400))
    act.sent(UDP, 100, delivered=100, exceptions=act.exception(1300))
    assert told(act)[3:] == [
        "client → server | UDP, 100 octets of payload | delivered",
        "client | route exception: server mtu 1400, expires in 600 s",
        "client | route exception: server mtu 1300, expires in 600 s",
    ]


def test_a_flush_is_told_and_what_is_learned_again_is_news(act: Crossings) -> None:
    act.sent(UDP, 100, delivered=100, exceptions=act.exception(576))
    act.events.append(Flushed(act.tick()))
    act.sent(UDP, 100, delivered=100, exceptions=act.exception(576))
    assert [row.split(" | ")[1][:15] for row in told(act)] == ["route exception", "route caches fl", "route exception"]


def test_a_refusal_says_the_limit_and_that_nothing_was_sent(act: Crossings) -> None:
    act.sent(UDP, 1472, errno=EMSGSIZE, errors=(QueuedError(EMSGSIZE, "LOCAL", 0, 0, 576, None),))
    act.sent(ECHO, 1472, errno=EMSGSIZE)
    act.sent(UDP, 10, errno=ECONNREFUSED)
    assert told(act) == [
        "client ✗ | UDP, 1472 octets: EMSGSIZE here (at most 576), nothing sent",
        "client ✗ | ICMP echo, 1472 octets: EMSGSIZE here, nothing sent",
        "client ✗ | UDP, 10 octets: ECONNREFUSED here, nothing sent",
    ]


def test_silence_is_told_where_there_is_neither_delivery_nor_answer(act: Crossings) -> None:
    act.sent(UDP, 1472)
    act.sent(UDP, 10, delivered=10)
    act.sent(UDP, 1472, errors=(QueuedError(EMSGSIZE, "ICMP", 3, 4, 576, "10.0.0.2"),))
    assert told(act) == ["client | nothing came back"]


def test_tcp_says_what_its_sender_came_to(act: Crossings) -> None:
    state = TcpState(524, 1448, 576, 2**31 - 1, 10, 28)
    act.sent(TCP, 65536, delivered=65536, sender=state)
    act.sent(TCP, 65536, delivered=5, sender=replace(state, total_retrans=0))
    assert told(act) == [
        "client | TCP: MSS 524, path MTU 576, 28 retransmissions",
        "client | TCP: MSS 524, path MTU 576, no retransmission, 5 of 65536 octets delivered",
    ]


def test_times_count_from_the_first_frame_told(act: Crossings) -> None:
    act.events.append(Flushed(act.tick()))
    arp = ethernet(b"")[:12] + b"\x08\x06" + bytes(28)
    act.frame("client", "r1", arp, sent=True)
    act.cross(act.udp("client", "server", 100), *WAY)
    assert [row.time for row in timeline(act.observation())] == [-2 * TICK, 0]


def test_with_offloads_nobody_says_what_became_of_a_super_packet() -> None:
    act = Crossings(plan(chain(*WAY, mtus=(1500, 576, 1500), offloads=True)))
    act.cross(act.tcp("client", "server", 7240), "client", "r1")
    assert told(act) == ["client → server | TCP, one segment of 7240 octets"]


def test_nothing_seen_is_no_row() -> None:
    assert timeline(Observation(PLAN)) == ()


def test_runs_of_numbers() -> None:
    assert runs([2, 14, 15, 16, 14]) == "2, 14-16"
    assert runs([]) == ""
    assert runs([1, 3, 5, 7], most=4) == "1, 3, 5, 7"
    assert runs([1, 3, 5, 7, 9], most=4) == "1, 3, 5, 7, …"
