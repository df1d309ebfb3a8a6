"""What happens in a round of a cluster, and when: drawn from a seed, before anything runs; pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos.plan import FAULTS, STRUCK, Action, any_worker, come_or_go

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.plan import Verb

PROFILE = "cluster"
WORKERS = 3
SESSION_SECONDS = 3.0
_KINDS = ("records", "commits", "age", "wallclock", "event", "keys", "parquet")
LARGE = "parts"
"""Objects of several parts, which the next owner goes on with; one connector of them is enough to produce."""
_LARGE_CHANCE = 0.3
_HELD = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "PutObject", "ListParts")


@dataclass(frozen=True)
class ConnectorPlan:
    """One connector, and how its topic is filled.

    Attributes:
        seed: Of what is produced.
        kind: The name of the profile of its objects.
        tasks: At first.
        is_transactional: Records are produced in transactions, of which some are aborted.
    """

    seed: int
    kind: str
    partitions: int
    tasks: int
    is_transactional: bool

    def __str__(self) -> str:
        more = ", transactions" if self.is_transactional else ""
        return f"{self.kind}: {self.partitions} partitions, {self.tasks} tasks{more}"


@dataclass
class ClusterPlan:
    """A round of a cluster.

    Attributes:
        connectors: All are submitted before anything happens.
        first: How many workers run from the start.
        delay_ms: For how long tasks wait for a worker that died.
        may_delete: Whether superseded state objects may be deleted.
        seconds: How long records are produced.
        actions: In the order of time.
    """

    seed: int
    connectors: list[ConnectorPlan]
    first: int
    delay_ms: int
    may_delete: bool = True
    seconds: float = 0.0
    actions: list[Action] = field(default_factory=list)
    profile: str = PROFILE
    running: set[int] = field(default_factory=set, repr=False)
    """While it is drawn: who runs, or will soon."""

    def __str__(self) -> str:
        head = f"seed {self.seed}, {self.first} of {WORKERS} workers at first, {self.delay_ms} ms of delay"
        connectors = [f"  connector {number}, {found}" for number, found in enumerate(self.connectors)]
        return "\n".join([head, *connectors, *(f"  {action}" for action in self.actions)])


def draw(seed: int) -> ClusterPlan:
    """The plan of a seed."""
    chance = random.Random(f"{seed} {PROFILE}")
    plan = ClusterPlan(
        seed,
        connectors=[
            _connector(seed + number, number, chance) for number in range(chance.choice([1, 1, 2, 3]))
        ],
        first=chance.choice([2, 3, 3]),
        delay_ms=chance.choice([0, 0, 0, 2000]),
    )
    plan.running = set(range(plan.first))
    at = 0.3
    for _ in range(chance.choice([6, 7, 8, 9])):
        incident = chance.choices(_INCIDENTS, _WEIGHTS)[0]
        at += chance.uniform(0.1, 1.2)
        incident(plan, at, chance)
        at += chance.uniform(0.3, 1.5)
    plan.actions.sort(key=lambda action: action.at)
    plan.seconds = max(at, plan.actions[-1].at) + 0.5
    return plan


def _connector(seed: int, number: int, chance: random.Random) -> ConnectorPlan:
    kind = LARGE if number == 0 and chance.random() < _LARGE_CHANCE else chance.choice(_KINDS)
    return ConnectorPlan(
        seed,
        kind,
        partitions=2 if kind == LARGE else chance.choice([1, 2, 3, 4]),
        tasks=chance.choice([1, 2, 3, 4]),
        is_transactional=chance.random() < 0.25,
    )


# ---- workers ----


def _kill(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    _end(plan, "kill", at, chance.choice([0.0, 0.5, SESSION_SECONDS + 1.5]), chance)


def _restart(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    _end(plan, "terminate", at, chance.uniform(0, 1), chance)


def _end(plan: ClusterPlan, verb: Verb, at: float, seconds: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    plan.actions += [Action(at, verb, worker), Action(at + seconds, "start", worker)]


def _move(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    come_or_go(plan, WORKERS, at, chance)


def _freeze(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    worker = any_worker(plan, chance)
    seconds = SESSION_SECONDS * chance.choice([0.5, 1.4, 2.0])
    plan.actions += [Action(at, "freeze", worker), Action(at + seconds, "thaw", worker)]


def _roll(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    """A rolling restart, whose pace is the restarts' own, or none."""
    pace = chance.choice([0.0, 1.5])
    for number, worker in enumerate(sorted(plan.running)):
        begin = at + number * pace
        plan.actions += [Action(begin, "terminate", worker), Action(begin + 0.1, "start", worker)]


def _kill_all(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    seconds = chance.choice([0.2, SESSION_SECONDS])
    for worker in sorted(plan.running):
        plan.actions += [Action(at, "kill", worker), Action(at + seconds, "start", worker)]


# ---- what is around them ----


def _fault(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    kind = chance.choice(FAULTS)
    operation = "CompleteMultipartUpload" if kind == "200 with error" else chance.choice(STRUCK)
    plan.actions += [
        Action(at, "fault", 0, operation, kind, chance.choice([0.1, 0.3, 0.6])),
        Action(at + chance.uniform(0.5, 2.5), "clear"),
    ]


def _slow(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    plan.actions += [
        Action(at, "delay", 0, chance.choice(STRUCK), amount=chance.choice([0.1, 0.5, 2.5])),
        Action(at + chance.uniform(0.5, 2.5), "clear"),
    ]


def _late(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    """A request is on its way when a worker, which may be the one that sent it, dies or is frozen."""
    worker, ends_by = any_worker(plan, chance), chance.choice(["kill", "kill", "freeze"])
    seconds = chance.choice([0.5, 1.5, SESSION_SECONDS, SESSION_SECONDS + 3])
    plan.actions.append(Action(at, "hold", worker, chance.choice(_HELD), ends_by, seconds))
    back = at + SESSION_SECONDS * chance.choice([0.8, 1.5])
    plan.actions.append(Action(back, "start" if ends_by == "kill" else "thaw", worker))


def _lose_network(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    """A worker's connections to Kafka end; or Kafka gets everything, and its answers are lost."""
    worker = any_worker(plan, chance)
    if chance.random() < 0.3:
        plan.actions.append(Action(at, "cut off", worker))
        return
    seconds = SESSION_SECONDS * chance.choice([0.3, 1.2, 2.0])
    plan.actions.append(Action(at, "silence", worker, amount=seconds))


def _lose_broker(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    plan.actions.append(Action(at, "restart broker", amount=chance.choice([0.0, 1.0])))


# ---- what is asked over REST ----


def _halt(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    connector = _any_connector(plan, chance)
    verb: Verb = chance.choice(["pause", "stop"])
    back = at + chance.choice([0.0, 0.7, 2.5])
    plan.actions += [
        Action(at, verb, any_worker(plan, chance), connector=connector),
        Action(back, "resume", any_worker(plan, chance), connector=connector),
    ]


def _restart_connector(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    verb: Verb = chance.choice(["restart", "restart task"])
    number = _any_connector(plan, chance)
    task = chance.randrange(plan.connectors[number].tasks)
    detail = str(task) if verb == "restart task" else ""
    plan.actions.append(Action(at, verb, any_worker(plan, chance), detail=detail, connector=number))


def _change(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    """Another number of tasks, other bounds, another compression."""
    option, values = chance.choice(
        [
            ("tasks.max", ("1", "2", "3", "5")),
            ("file.max.records", ("25", "90", "1000")),
            ("file.compression.type", ("none", "gzip", "zstd")),
        ]
    )
    number = _any_connector(plan, chance)
    detail = f"{option}={chance.choice(values)}"
    plan.actions.append(Action(at, "change", any_worker(plan, chance), detail=detail, connector=number))


def _recreate(plan: ClusterPlan, at: float, chance: random.Random) -> None:
    """It is deleted, and made again; what it committed stays."""
    connector = _any_connector(plan, chance)
    plan.actions.append(Action(at, "recreate", any_worker(plan, chance), connector=connector))


def _any_connector(plan: ClusterPlan, chance: random.Random) -> int:
    return chance.randrange(len(plan.connectors))


_INCIDENTS: list[Callable[[ClusterPlan, float, random.Random], None]] = [
    _kill,
    _restart,
    _move,
    _freeze,
    _roll,
    _kill_all,
    _fault,
    _slow,
    _late,
    _lose_network,
    _lose_broker,
    _halt,
    _restart_connector,
    _change,
    _recreate,
]
_WEIGHTS = [4, 4, 3, 4, 1.5, 0.7, 3, 1.5, 3, 3, 0.4, 4, 2, 3, 1]
