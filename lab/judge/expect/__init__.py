"""Expectations: what a scenario says must be seen. Each is a value, judged on one act's observation alone."""

from lab.judge.expect.base import Expectation
from lab.judge.expect.by_trait import IfTrait
from lab.judge.expect.programs import Exits, Prints
from lab.judge.expect.ptb import NoTooBig, PtbOrder, PtbQuotes, TooBig
from lab.judge.expect.sender import (
    Delivered,
    ErrorQueued,
    NothingLearned,
    PathMtu,
    PathMtuAnnounced,
    RefusedHere,
    SocketMtu,
    Unanswered,
)
from lab.judge.expect.state import Counts, Mss, MssWithin, NoTimeout, Retransmissions, SsthreshUncut, TcpPathMtu
from lab.judge.expect.wire import AdvertisedMss, Dropped, Fragments, Leaves, NoFragments, NothingLarger

__all__ = [
    "AdvertisedMss",
    "Counts",
    "Delivered",
    "Dropped",
    "ErrorQueued",
    "Exits",
    "Expectation",
    "Fragments",
    "IfTrait",
    "Leaves",
    "Mss",
    "MssWithin",
    "NoFragments",
    "NoTimeout",
    "NoTooBig",
    "NothingLarger",
    "NothingLearned",
    "PathMtu",
    "PathMtuAnnounced",
    "Prints",
    "PtbOrder",
    "PtbQuotes",
    "RefusedHere",
    "Retransmissions",
    "SocketMtu",
    "SsthreshUncut",
    "TcpPathMtu",
    "TooBig",
    "Unanswered",
]
