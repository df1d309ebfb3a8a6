"""What is to be written that is no single worker's business; pure: it gets the time.

Everybody works it out alike; the worker that is first in line writes it, and the next one if that does not
happen. So nobody is needed for it, and two that write the same do no harm.

- who is to run each task, where that has changed,
- that a task has nobody, where its worker is gone or none may run it,
- that connectors are forgotten which are no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.cluster.placement import Need, place
from connector.cluster.status_records import (
    InstanceStatus,
    Placed,
    connector_status_entry,
    left_entry,
    no_topic_entry,
    placement_entry,
    task_status_entry,
)
from connector.cluster.task_count import written_count
from connector.config.target_state import TargetState
from connector.runtime.blueprint import connections_in
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from connector.cluster.config_state import ConfigState, StoredConfig
    from connector.cluster.placement import Member, Owners
    from connector.cluster.records import Entry
    from connector.cluster.status_state import StatusState

FORGET_SECONDS = 5.0
"""For how long a connector has to be gone: the two topics are not read in step."""
IN_LINE_SECONDS = 2.0
"""What each place in the line waits for those before it."""
CONTEST_SECONDS = 1.0
"""How long to leave it at what another worker wrote over ours: soon both see the same members again."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read from a config once."""

    offset: int
    tasks: int | None
    """None if a config provider is to tell."""
    connections: frozenset[str]


class Caretaker:
    """Looks at what both topics say and who is alive.

    Args:
        configs: What the config topic says.
        statuses: What the status topic says.
        roles_of: The roles that a named connection requires; none if there is no such connection.
        delay_seconds: For how long the tasks of a worker that died wait for it.
        read_count: How many tasks a connector has whose ``tasks.max`` is a reference; None while that is
            not known.
        group: The cluster's ``group.id``, for others to see who places.
    """

    def __init__(
        self,
        configs: ConfigState,
        statuses: StatusState,
        roles_of: Callable[[str], frozenset[str]],
        *,
        delay_seconds: float,
        read_count: Callable[[str, StoredConfig], int | None] = lambda *_: None,
        group: str | None = None,
    ) -> None:
        self._configs = configs
        self._statuses = statuses
        self._roles_of = roles_of
        self._delay_seconds = delay_seconds
        self._read_count = read_count
        self._group = group
        self._known: dict[str, _Known] = {}
        self._missed: dict[str, float] = {}
        self._gone: dict[str, float] = {}
        self._waiting_since: float | None = None
        self._proposed: dict[str, Owners] = {}
        self._written: dict[str, tuple[float, Owners]] = {}

    # ---- what is needed ----

    def tasks_of(self, name: str) -> int:
        """How many tasks the connector has at the moment."""
        found = self._count(name, decides=False)
        return self._placed(name) if found is None else found

    def _count(self, name: str, *, decides: bool) -> int | None:
        """None if it stays as it is; what a config provider says counts for the one who decides."""
        stored = self._configs.connectors.get(name)
        target = self._configs.target(name)
        if stored is None or target is TargetState.STOPPED:
            return 0
        known = self._read(name, stored)
        if target is TargetState.PAUSED:
            # As in Connect: tasks are made, and made anew, when it is resumed.
            if name in self._statuses.placements:
                return None
            return min(self._configs.jvm_tasks.get(name, 0), known.tasks or 1)
        if known.tasks is None and decides:
            return self._read_count(name, stored)
        return known.tasks

    def _placed(self, name: str) -> int:
        placed = self._statuses.placements.get(name)
        return len(placed.owners) if placed else 0

    def connections_of(self, name: str) -> frozenset[str]:
        """The named connections that the connector refers to."""
        stored = self._configs.connectors.get(name)
        return frozenset() if stored is None else self._read(name, stored).connections

    def need_of(self, name: str, *, decides: bool = True) -> Need | None:
        """None while nobody can tell: it stays where it is."""
        found = self._count(name, decides=decides)
        if found is None:
            if name not in self._statuses.placements:
                return None
            found = self._placed(name)
        return Need(found, self._required(name))

    def _required(self, name: str) -> frozenset[str]:
        return frozenset[str]().union(*map(self._roles_of, self.connections_of(name)))

    def _read(self, name: str, stored: StoredConfig) -> _Known:
        known = self._known.get(name)
        if known is None or known.offset != stored.offset:
            tasks = written_count(stored.config)
            known = self._known[name] = _Known(stored.offset, tasks, connections_in(stored.config))
        return known

    # ---- what is to be written ----

    def is_my_turn(self, me: str, members: Sequence[Member], now: float) -> bool:
        """Whether to write what there is to write; call it only while there is something."""
        line = [member.owner.id for member in self._taking(members)]
        if me not in line:
            return False
        if self._waiting_since is None:
            self._waiting_since = now
        return now - self._waiting_since >= line.index(me) * IN_LINE_SECONDS

    def written(self, now: float) -> None:
        """The chores that were worked out last are written now, by us."""
        self._written |= {name: (now, owners) for name, owners in self._proposed.items()}

    def chores(self, members: Sequence[Member], now: float, me: str | None = None) -> list[Entry]:
        """The records that are missing, worked out anew from what is there.

        Args:
            members: Who is alive.
            now: Seconds of a clock that only goes forward.
            me: The worker that asks, if it is one; None asks as whose turn it is.
        """
        taking = self._taking(members)
        found: list[Entry] = []
        if taking:
            present = {member.owner.id for member in members}
            plan = self._plan(taking, present, now, decides=me in {None, taking[0].owner.id})
            found = [
                *self._placements(plan, now),
                *self._orphans(plan, present, taking[0].owner.worker_id),
                *self._forgotten(present, now),
            ]
        if not found:
            self._waiting_since = None
        return found

    def _taking(self, members: Sequence[Member]) -> list[Member]:
        return [member for member in members if member.owner.id not in self._statuses.leaving]

    def _plan(
        self, taking: Sequence[Member], present: Collection[str], now: float, *, decides: bool
    ) -> dict[str, Owners]:
        former = {name: placed.owners for name, placed in self._statuses.placements.items()}
        asked = {name: self.need_of(name, decides=decides) for name in self._configs.connectors}
        needs = {name: need for name, need in asked.items() if need is not None}
        return place(needs, taking, former, self._awaited(former, present, now))

    def _awaited(self, former: Mapping[str, Owners], present: Collection[str], now: float) -> frozenset[str]:
        owners = {owner.id for placed in former.values() for owner in placed if owner}
        missing = owners - set(present)
        self._missed = {worker: self._missed.get(worker, now) for worker in missing}
        return frozenset(
            worker
            for worker, since in self._missed.items()
            if now - since < self._delay_seconds and worker not in self._statuses.leaving
        )

    def _placements(self, plan: Mapping[str, Owners], now: float) -> Iterator[Entry]:
        self._proposed = {}
        self._written = {
            name: (at, its) for name, (at, its) in self._written.items() if now - at < CONTEST_SECONDS
        }
        for name, owners in plan.items():
            placed = self._statuses.placements.get(name)
            if (placed is None or placed.owners != owners) and not self._is_contested(name, placed):
                self._proposed[name] = owners
                yield placement_entry(name, Placed(self._statuses.next_generation(name), owners, self._group))

    def _is_contested(self, name: str, placed: Placed | None) -> bool:
        """Two workers that do not see the same members, each first in its line, would write without end."""
        _, ours = self._written.get(name, (0.0, None))
        return ours is not None and placed is not None and placed.owners != ours

    def _orphans(self, plan: Mapping[str, Owners], present: Collection[str], here: str) -> Iterator[Entry]:
        """Statuses of what nobody runs; before its placement is there nobody speaks of a connector."""
        for name, owners in plan.items():
            placed = self._statuses.placements.get(name)
            if placed is None or placed.owners != owners:
                continue
            for task, owner in enumerate(owners):
                if owner is None or owner.id not in present:
                    yield from self._nobody_runs(name, task, placed, owner.worker_id if owner else here)
            if not owners or owners[0] is None or owners[0].id not in present:
                yield from self._connector(name, placed, here)

    def _nobody_runs(self, name: str, task: int, placed: Placed, where: str) -> Iterator[Entry]:
        known = self._statuses.tasks_of(name).get(task)
        status = InstanceStatus(State.UNASSIGNED, where, placed.generation, self._reason(name, placed, task))
        if _differs(known, status):
            yield task_status_entry(name, task, status)

    def _connector(self, name: str, placed: Placed, where: str) -> Iterator[Entry]:
        match self._configs.target(name):
            case TargetState.STOPPED:
                state = State.STOPPED
            case TargetState.PAUSED:
                state = State.PAUSED
            case TargetState.STARTED:
                state = State.UNASSIGNED
        status = InstanceStatus(state, where, placed.generation, self._reason(name, placed, 0))
        if _differs(self._statuses.connectors.get(name), status):
            yield connector_status_entry(name, status)

    def _reason(self, name: str, placed: Placed, task: int) -> str | None:
        if task >= len(placed.owners) or placed.owners[task] is not None:
            return None
        roles = ", ".join(sorted(self._required(name)))
        return f"no live worker has all the roles that its connection requires: {roles}"

    def _forgotten(self, present: Collection[str], now: float) -> Iterator[Entry]:
        statuses = self._statuses
        named = {*statuses.connectors, *statuses.tasks, *statuses.topics, *statuses.placements}
        gone = named - self._configs.connectors.keys()
        self._gone = {name: self._gone.get(name, now) for name in gone}
        for name, since in self._gone.items():
            if now - since >= FORGET_SECONDS:
                yield from self._forget(name)
        for name in self._configs.connectors:
            for task in statuses.tasks_of(name):
                if task >= self.tasks_of(name) and self._is_settled(name):
                    yield task_status_entry(name, task, None)
        owners = {owner.id for placed in statuses.placements.values() for owner in placed.owners if owner}
        for worker in statuses.leaving - owners - set(present):
            yield left_entry(worker)

    def _is_settled(self, name: str) -> bool:
        placed = self._statuses.placements.get(name)
        return placed is not None and len(placed.owners) == self.tasks_of(name)

    def _forget(self, name: str) -> Iterator[Entry]:
        statuses = self._statuses
        for task in statuses.tasks_of(name):
            yield task_status_entry(name, task, None)
        if name in statuses.connectors:
            yield connector_status_entry(name, None)
        for topic in statuses.topics_of(name):
            yield no_topic_entry(name, topic)
        if name in statuses.placements:
            yield placement_entry(name, None)


def _differs(known: InstanceStatus | None, status: InstanceStatus) -> bool:
    """Which worker says so, and when, is no difference: the next in line would say it again."""
    return known is None or (known.state, known.trace) != (status.state, status.trace)
