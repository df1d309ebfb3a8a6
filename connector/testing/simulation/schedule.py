"""Schedules: random ones by a seed, and the quiet one with given deviations."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from connector.testing.simulation.network import Request
from connector.testing.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.testing.simulation.choice import Option, Outcome
    from connector.testing.simulation.setup import Setup

_KINDS = [
    "lose",
    "hold",
    "die",
    "kill",
    "freeze",
    "thaw",
    "rebalance",
    "late",
    "refuse",
    "time",
    "join",
    "stop",
    "tick",
    "day",
    "lifecycle",
    "reader",
    "damage",
    "vanish",
    "reset",
    "recreate",
    "renew",
    "config",
    "outage",
]
_AIMS = (
    None,
    None,
    "commit",
    "committed",
    "UploadPart",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "ListParts",
    "PutObject",
    "AbortMultipartUpload",
    "poll",
)
_QUIET = {"run", "time"}


class RandomSchedule:
    """Mostly quiet, with a few faults: of some kinds only, and often aimed at one kind of request."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a schedule
        choose = self._random
        self._faults, self._rate = choose.choice([1, 2, 3, 5, 8, 12]), choose.choice([0.02, 0.06, 0.2])
        self._kinds = {*choose.sample(_KINDS, choose.randint(4, len(_KINDS))), "kill", "freeze", "late"}
        self._aim = choose.choice(_AIMS)
        self._is_fair = choose.random() < 0.5
        self._late_before = choose.choice((None, None, "CompleteMultipartUpload", "ListParts", "commit"))
        self._met: set[Request] = set()
        if choose.random() < 0.2:
            # The requests of the dead, and where they hurt most.
            self._aim, self._kinds = "UploadPart", {"die", "hold", "freeze", "thaw"}
            self._late_before = "CompleteMultipartUpload"
        elif choose.random() < 0.25:
            # What happens to a connector that is down, or to its bucket.
            self._kinds = {"outage", "damage", "kill", "config", "recreate", "renew", "freeze", "thaw"}
            self._aim = choose.choice(("CompleteMultipartUpload", "ListParts", "poll"))
            self._faults, self._rate, self._late_before = 3, 0.1, None
        if self._aim and choose.random() < 0.4:
            self._kinds = {"hold", "late", "die", "lose", "kill"}
        elif self._aim and choose.random() < 0.3:
            self._kinds = {"freeze", "thaw", "kill", "die", "late"}

    def pick(self, options: Sequence[Option]) -> Option:
        choose = self._random
        odd = [each for each in options if each.kind in self._kinds and each is not options[0]]
        at = {
            each.target.process
            for each in options
            if isinstance(each.target, Request) and each.target.operation == self._aim
        }
        aimed = [
            each
            for each in odd
            if each.target in at or (isinstance(each.target, Request) and each.target.operation == self._aim)
        ]
        if late := self._in_time(options):
            return late
        if self._late_before:
            odd = [each for each in odd if each.kind != "late"]
        if self._faults and odd and choose.random() < (0.4 if aimed else self._rate):
            self._faults -= 1
            pool = aimed if aimed and choose.random() < 0.7 else odd
            kind = choose.choice(sorted({each.kind for each in pool}))
            return choose.choice([each for each in pool if each.kind == kind])
        if self._is_fair:
            return options[0]
        return choose.choice([each for each in options if each.kind == options[0].kind])

    def _in_time(self, options: Sequence[Option]) -> Option | None:
        """A request of the dead that lands just before one of the living."""
        waiting = {
            each.target
            for each in options
            if each.kind == "run" and isinstance(each.target, Request)
            if each.target.operation == self._late_before
        } - self._met
        late = [each for each in options if each.kind == "late"]
        if not waiting or not late:
            return None
        if self._random.random() < 0.3:
            self._met |= waiting
            return None
        return self._random.choice(late)

    def lands(self) -> bool:
        return self._random.random() < 0.6

    def size(self, most: int) -> int:
        return self._random.randint(1, most)


class Deviations:
    """The quiet schedule, except at the given steps: the number of an option.

    Attributes:
        widths: How many options there were at each step.
    """

    def __init__(self, script: Mapping[int, int], *, lands: bool = True) -> None:
        self._script = script
        self._lands = lands
        self.kinds: list[list[str]] = []

    def pick(self, options: Sequence[Option]) -> Option:
        step = len(self.kinds)
        self.kinds.append([each.kind for each in options])
        return options[min(self._script.get(step, 0), len(options) - 1)]

    def lands(self) -> bool:
        return self._lands

    def size(self, most: int) -> int:
        return most


def sampled(setup: Setup, seeds: Sequence[int]) -> Iterator[tuple[str, Outcome]]:
    """Random schedules."""
    for seed in seeds:
        yield f"seed {seed}", played(setup, RandomSchedule(seed), seed)


def exhausted(
    setup: Setup, faults: int, script: Mapping[int, int] | None = None
) -> Iterator[tuple[str, Outcome]]:
    """Every schedule with at most so many deviations from the quiet one."""
    script = script or {}
    chooser = Deviations(script)
    yield f"script {dict(script)}", played(setup, chooser, 0)
    if not faults:
        return
    for step in range(max(script, default=-1) + 1, len(chooser.kinds)):
        for option, kind in enumerate(chooser.kinds[step]):
            if option and kind not in _QUIET:
                yield from exhausted(setup, faults - 1, {**script, step: option})


def played(setup: Setup, chooser: RandomSchedule | Deviations, seed: int, *, traces: bool = True) -> Outcome:
    """One run; waits that are random are those of the seed."""
    random.seed(seed)
    return World(setup, chooser, traces=traces).run()


__all__ = ["Deviations", "RandomSchedule", "exhausted", "played", "sampled"]
