"""Expectations: what a scenario says must be seen. Each is a value, judged on one act's observation alone."""

from lab.judge.expect.base import Expectation
from lab.judge.expect.ptb import NoTooBig, PtbOrder, PtbQuotes, TooBig
from lab.judge.expect.sender import (
    Delivered,
    ErrorQueued,
    NothingLearned,
    PathMtu,
    RefusedHere,
    SocketMtu,
    Unanswered,
)
from lab.judge.expect.state import Counts, Mss, NoTimeout, SsthreshUncut, TcpPathMtu
from lab.judge.expect.wire import AdvertisedMss, Dropped, Fragments, Leaves, NoFragments, NothingLarger

__all__ = [
    "AdvertisedMss",
    "Counts",
    "Delivered",
    "Dropped",
    "ErrorQueued",
    "Expectation",
    "Fragments",
    "Leaves",
    "Mss",
    "NoFragments",
    "NoTimeout",
    "NoTooBig",
    "NothingLarger",
    "NothingLearned",
    "PathMtu",
    "PtbOrder",
    "PtbQuotes",
    "RefusedHere",
    "SocketMtu",
    "SsthreshUncut",
    "TcpPathMtu",
    "TooBig",
    "Unanswered",
]
