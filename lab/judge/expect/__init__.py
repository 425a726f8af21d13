"""Expectations: what a scenario says must be seen. Each is a value, judged on one act's observation alone."""

from lab.judge.expect.base import Expectation
from lab.judge.expect.bridge import LostBelow, Swallowed
from lab.judge.expect.by_trait import IfTrait
from lab.judge.expect.cache import CacheHolds, ExpiresWithin
from lab.judge.expect.delays import Converges, PrintsTime, Took
from lab.judge.expect.programs import Exits, Prints, PrintsLines
from lab.judge.expect.ptb import NoTooBig, PtbOrder, PtbQuotes, TooBig
from lab.judge.expect.quotes import Quotes
from lab.judge.expect.reassembly import NoTimeExceeded, NotReassembled, TimeExceeded
from lab.judge.expect.search import ProbesInTurn, ProbesLost, SearchEnds
from lab.judge.expect.segments import (
    EveryMss,
    GivesUpSize,
    MssArrives,
    OwnMss,
    OwnNumbers,
    PeerMss,
    ReceivedMss,
    SizesInTurn,
    Stalled,
    WindowUncut,
)
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
from lab.judge.expect.timers import BacksOff, GivesUp, ToldAgain
from lab.judge.expect.told import PtbAbout, PtbHeard, ToldDuring
from lab.judge.expect.untold import NoSocketMtu, NothingAnnounced, NothingQueued
from lab.judge.expect.wire import AdvertisedMss, Dropped, Fragments, Leaves, NoFragments, NothingLarger

__all__ = [
    "AdvertisedMss",
    "BacksOff",
    "CacheHolds",
    "Converges",
    "Counts",
    "Delivered",
    "Dropped",
    "ErrorQueued",
    "EveryMss",
    "Exits",
    "Expectation",
    "ExpiresWithin",
    "Fragments",
    "GivesUp",
    "GivesUpSize",
    "IfTrait",
    "Leaves",
    "LostBelow",
    "Mss",
    "MssArrives",
    "MssWithin",
    "NoFragments",
    "NoSocketMtu",
    "NoTimeExceeded",
    "NoTimeout",
    "NoTooBig",
    "NotReassembled",
    "NothingAnnounced",
    "NothingLarger",
    "NothingLearned",
    "NothingQueued",
    "OwnMss",
    "OwnNumbers",
    "PathMtu",
    "PathMtuAnnounced",
    "PeerMss",
    "Prints",
    "PrintsLines",
    "PrintsTime",
    "ProbesInTurn",
    "ProbesLost",
    "PtbAbout",
    "PtbHeard",
    "PtbOrder",
    "PtbQuotes",
    "Quotes",
    "ReceivedMss",
    "RefusedHere",
    "Retransmissions",
    "SearchEnds",
    "SizesInTurn",
    "SocketMtu",
    "SsthreshUncut",
    "Stalled",
    "Swallowed",
    "TcpPathMtu",
    "TimeExceeded",
    "ToldAgain",
    "ToldDuring",
    "TooBig",
    "Took",
    "Unanswered",
    "WindowUncut",
]
