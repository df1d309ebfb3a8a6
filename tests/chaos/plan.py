"""What happens in a round, and when: drawn from a seed, before anything runs; pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from tests.chaos.profile import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

Verb = Literal[
    "start",
    "kill",
    "terminate",
    "freeze",
    "thaw",
    "fault",
    "delay",
    "hold",
    "clear",
    "cut off",
    "silence",
    "restart broker",
    "pause",
    "resume",
    "stop",
    "restart",
    "restart task",
    "change",
    "recreate",
]

SESSION_SECONDS = 1.5
FAULTS = ("fail before", "fail after", "cut before", "cut after", "refuse 500 after", "200 with error")
_HELD = (
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "PutObject",
    "ListParts",
)
STRUCK = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "*")


@dataclass(frozen=True, order=True)
class Action:
    """One thing that is done to a worker, its requests, its way to Kafka, to the broker, or to a connector.

    Attributes:
        at: Seconds after the first worker runs.
        verb: What is done.
        worker: To whom; over REST: who is asked.
        operation: Of which requests.
        detail: The kind of fault; after holding: what is done to the worker once a request is held.
        amount: Probability of a fault, seconds of a delay, a hold, a silence or an outage.
        connector: The number of the connector, over REST.
    """

    at: float
    verb: Verb
    worker: int = 0
    operation: str = ""
    detail: str = ""
    amount: float = 0.0
    connector: int | None = None

    def __str__(self) -> str:
        if self.connector is not None:
            what = f"{self.verb} connector {self.connector} {self.detail}".rstrip()
            return f"{self.at:5.2f} s  ask worker {self.worker}: {what}"
        more = " ".join(str(found) for found in (self.operation, self.detail, self.amount) if found)
        return f"{self.at:5.2f} s  {self.verb} worker {self.worker} {more}".rstrip()


@dataclass
class Plan:
    """A round.

    Attributes:
        tasks: Of each worker.
        first: How many workers run from the start.
        has_role: Credentials are a role's, so that they need STS.
        may_delete: Whether superseded state objects may be deleted.
        is_transactional: Records are produced in transactions, of which some are aborted.
        drains_anew: In the end all workers leave, and another one, told to rotate on commit, finishes.
        compresses_anew: That one also compresses otherwise, so that it cannot go on with open objects.
        is_tight: Memory and the number of open objects are bounded so that objects end before their time.
        seconds: How long records are produced.
        actions: In the order of time.
    """

    seed: int
    profile: str
    partitions: int
    tasks: list[int]
    first: int
    has_role: bool
    may_delete: bool
    is_transactional: bool
    drains_anew: bool
    compresses_anew: bool = False
    is_tight: bool = False
    seconds: float = 0.0
    actions: list[Action] = field(default_factory=list)
    running: set[int] = field(default_factory=set, repr=False)
    """While it is drawn: who runs, or will soon."""

    def __str__(self) -> str:
        what = [
            f"seed {self.seed}, {self.profile}: {self.partitions} partitions",
            f"tasks {self.tasks}, {self.first} workers at first",
            *(
                text
                for text, holds in (
                    ("assumed role", self.has_role),
                    ("state objects stay", not self.may_delete),
                    ("transactions", self.is_transactional),
                    ("drained by another worker", self.drains_anew),
                    ("which compresses otherwise", self.compresses_anew),
                    ("tight bounds", self.is_tight),
                )
                if holds
            ),
        ]
        return "\n".join([", ".join(what), *(f"  {action}" for action in self.actions)])


def draw(seed: int, profile: str | None = None) -> Plan:
    """The plan of a seed; without a profile the seed chooses that, too."""
    name = profile or list(PROFILES)[seed % len(PROFILES)]
    chance = random.Random(f"{seed} {name}")
    workers = chance.choice([2, 2, 3])
    plan = Plan(
        seed,
        name,
        partitions=min(chance.choice([1, 2, 3, 4]), PROFILES[name].most_partitions),
        tasks=[chance.choice([1, 1, 2, 4]) for _ in range(workers)],
        first=chance.choice([1, 2, 2]),
        has_role=chance.random() < 0.4,
        may_delete=chance.random() < 0.7,
        is_transactional=chance.random() < 0.3,
        drains_anew=chance.random() < 0.4,
    )
    plan.compresses_anew = plan.drains_anew and chance.random() < 0.5
    plan.is_tight = chance.random() < 0.25
    plan.running = set(range(plan.first))
    at = 0.2
    for _ in range(chance.choice([3, 4, 5])):
        incident = chance.choices(_INCIDENTS, _WEIGHTS)[0]
        at += chance.uniform(0.2, 0.7)
        incident(plan, at, chance)
        at += chance.uniform(0.3, 1.0)
    plan.actions.sort(key=lambda action: action.at)
    plan.seconds = max(at, 3.0)
    return plan


class Drawn(Protocol):
    """A plan of whichever kind, while it is drawn."""

    actions: list[Action]
    running: set[int]


def any_worker(plan: Drawn, chance: random.Random) -> int:
    """One that runs, or will soon."""
    return chance.choice(sorted(plan.running))


def come_or_go(plan: Drawn, workers: int, at: float, chance: random.Random) -> None:
    """One more worker comes; if all of so many are there, one goes."""
    if absent := sorted(set(range(workers)) - plan.running):
        worker = chance.choice(absent)
        plan.running.add(worker)
        plan.actions.append(Action(at, "start", worker))
        return
    worker = any_worker(plan, chance)
    plan.running.remove(worker)
    plan.actions.append(Action(at, chance.choice(["terminate", "kill"]), worker))


def _kill(plan: Plan, at: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    plan.actions += [Action(at, "kill", worker), Action(at + chance.choice([0.0, 0.3, 2.0]), "start", worker)]


def _restart(plan: Plan, at: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    plan.actions += [Action(at, "terminate", worker), Action(at + chance.uniform(0, 1), "start", worker)]


def _move(plan: Plan, at: float, chance: random.Random) -> None:
    come_or_go(plan, len(plan.tasks), at, chance)


def _freeze(plan: Plan, at: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    seconds = chance.choice([SESSION_SECONDS / 2, SESSION_SECONDS * 1.4, SESSION_SECONDS * 2])
    plan.actions += [Action(at, "freeze", worker), Action(at + seconds, "thaw", worker)]


def _fault(plan: Plan, at: float, chance: random.Random) -> None:
    worker, kind = any_worker(plan, chance), chance.choice(FAULTS)
    operation = "CompleteMultipartUpload" if kind == "200 with error" else chance.choice(STRUCK)
    plan.actions += [
        Action(at, "fault", worker, operation, kind, chance.choice([0.1, 0.3, 0.6])),
        Action(at + chance.uniform(0.5, 2.0), "clear", worker),
    ]


def _slow(plan: Plan, at: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    plan.actions += [
        Action(at, "delay", worker, chance.choice(STRUCK), amount=chance.choice([0.1, 0.5, 2.5])),
        Action(at + chance.uniform(0.5, 2.0), "clear", worker),
    ]


def _late(plan: Plan, at: float, chance: random.Random) -> None:
    """A request is on its way when its worker dies, or is frozen; it lands later."""
    worker, ends_by = any_worker(plan, chance), chance.choice(["kill", "kill", "freeze"])
    plan.actions.append(
        Action(at, "hold", worker, chance.choice(_HELD), ends_by, chance.choice([0.5, 1.5, 3.0, 5.0]))
    )
    back = at + SESSION_SECONDS * chance.choice([0.8, 1.5])
    plan.actions.append(Action(back, "start" if ends_by == "kill" else "thaw", worker))


def _no_credentials(plan: Plan, at: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    plan.actions += [
        Action(at, "fault", worker, "AssumeRole", chance.choice(FAULTS[:4]), 1.0),
        Action(at, "kill", worker),
        Action(at + 0.1, "start", worker),
        Action(at + chance.uniform(2, 4), "clear", worker),
    ]


def _lose_network(plan: Plan, at: float, chance: random.Random) -> None:
    """Connections to Kafka end; or Kafka gets everything, commits too, and its answers are lost."""
    worker = any_worker(plan, chance)
    if chance.random() < 0.3:
        plan.actions.append(Action(at, "cut off", worker))
        return
    seconds = chance.choice([SESSION_SECONDS / 3, SESSION_SECONDS, SESSION_SECONDS * 2])
    plan.actions.append(Action(at, "silence", worker, amount=seconds))


def _lose_broker(plan: Plan, at: float, chance: random.Random) -> None:
    plan.actions.append(Action(at, "restart broker", amount=chance.choice([0.0, 1.0])))


_INCIDENTS: list[Callable[[Plan, float, random.Random], None]] = [
    _kill,
    _restart,
    _move,
    _freeze,
    _fault,
    _slow,
    _late,
    _no_credentials,
    _lose_network,
    _lose_broker,
]
_WEIGHTS = [3, 3, 3, 4, 4, 2, 4, 1, 4, 0.3]
