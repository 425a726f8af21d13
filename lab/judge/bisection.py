"""Where a sequence changes from good to bad, by few tries: git-bisect(1), over what is no history of git's."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Bisection:
    """Of `length` versions in order the first is good and the last is bad, and it changes once between them.

    Ask for `next()`, try that one, and tell(); until `next()` is None. Some may be impossible to tell (None): they are gone around,
    and what is found may then be a range.
    """

    length: int
    good: int = 0
    bad: int = field(init=False)
    untold: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Raises ValueError for fewer than two."""
        if self.length < 2:
            raise ValueError("between a good and a bad one there must be two")
        self.bad = self.length - 1

    def next(self) -> int | None:
        """The one to try: of those in between that may be tried, the nearest to the middle. None: there is none."""
        between = [number for number in range(self.good + 1, self.bad) if number not in self.untold]
        return min(between, key=lambda number: abs(2 * number - self.good - self.bad), default=None)

    def tell(self, number: int, good: bool | None) -> None:
        """What a try has shown of one."""
        if good is None:
            self.untold.add(number)
        elif good:
            self.good = max(self.good, number)
        else:
            self.bad = min(self.bad, number)

    @property
    def left(self) -> int:
        """How many may be the first bad one."""
        return self.bad - self.good
