"""Who runs which task: a pure function of who is alive, what is to run, and who ran it before.

- The tasks of a connector are spread over its workers, and so are all tasks: where every worker may run
  everything, the numbers of any two differ by at most one, for each connector and in total.
- A task moves only where that is needed: its worker is gone or may not run it, or others have less to do.
- A connector runs only on workers that have all the roles it requires.
- Tasks of a worker that may come back stay its own. It comes back with another id at the same address.

Nothing here knows a clock: who may still come back is for the caller to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.cluster.status_records import Owner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Owners = tuple[Owner | None, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A live worker that takes tasks."""

    owner: Owner
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """What a connector needs: so many tasks, on workers with all of these roles."""

    tasks: int
    roles: frozenset[str] = frozenset()


def place(
    needs: Mapping[str, Need],
    members: Collection[Member],
    former: Mapping[str, Owners],
    awaited: Collection[str] = (),
) -> dict[str, Owners]:
    """Find a worker for every task.

    Args:
        needs: The connectors.
        members: The workers that take tasks, each id once.
        former: Who was to run the tasks before; what is there of other connectors plays no part.
        awaited: The ids of workers that are not there, and whose tasks wait for them.

    Returns:
        For each connector who is to run each task; None if no live worker has the roles.
    """
    plan = _Plan(members)
    successors = _successors(members, former)
    for name in sorted(needs):
        plan.keep(name, needs[name], former.get(name, ()), awaited, successors)
    for name in sorted(needs):
        plan.fill(name)
    for name in sorted(needs):
        plan.level(name)
    plan.level_total(sorted(needs))
    return plan.result()


def _successors(members: Collection[Member], former: Mapping[str, Owners]) -> dict[str, Owner]:
    """For ids that are gone, the worker at their address, if there is exactly one, and it is new there."""
    alive = {member.owner.id for member in members}
    known = {owner.id for owners in former.values() for owner in owners if owner}
    at: dict[str, list[Owner]] = defaultdict(list)
    for member in members:
        at[member.owner.worker_id].append(member.owner)
    successors = {}
    for owner in {owner for owners in former.values() for owner in owners if owner}:
        here = at.get(owner.worker_id, [])
        if owner.id not in alive and len(here) == 1 and here[0].id not in known:
            successors[owner.id] = here[0]
    return successors


class _Plan:
    """The tasks as they are being dealt out; every choice is by numbers, then by id, the same everywhere."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = sorted(members, key=lambda member: member.owner.id)
        self._slots: dict[str, list[Owner | None]] = {}
        self._able: dict[str, list[Owner]] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._totals: Counter[str] = Counter({member.owner.id: 0 for member in self._members})

    def keep(
        self,
        name: str,
        need: Need,
        former: Sequence[Owner | None],
        awaited: Collection[str],
        successors: Mapping[str, Owner],
    ) -> None:
        """Leave tasks with whom they had before, if it may run them."""
        able = [member.owner for member in self._members if need.roles <= member.roles]
        by_id = {owner.id: owner for owner in able}
        self._able[name] = able
        self._counts[name] = Counter({owner.id: 0 for owner in able})
        self._slots[name] = [None] * need.tasks
        for task, owner in enumerate(former[: need.tasks]):
            if owner is None:
                continue
            heir = successors.get(owner.id, owner)
            if heir.id in by_id:
                self._give(name, task, by_id[heir.id])
            elif heir.id in awaited:
                self._slots[name][task] = heir

    def fill(self, name: str) -> None:
        """Give what nobody has to who has the least."""
        for task, owner in enumerate(self._slots[name]):
            if owner is None and self._able[name]:
                self._give(name, task, self._least(name))

    def level(self, name: str) -> None:
        """Spread the connector: nobody has two of its tasks more than another."""
        if not self._able[name]:
            return
        while True:
            most, least = self._most(name), self._least(name)
            if self._counts[name][most.id] - self._counts[name][least.id] <= 1:
                return
            self._move(name, most, least)

    def level_total(self, names: Sequence[str]) -> None:
        """Spread all tasks, without spreading those of any connector less evenly.

        Who has two tasks more in total than another has one more of some connector: that one moves, so
        the two only change roles within it. Where roles keep a connector away, the next pair is tried.
        """
        while self._level_once(names):
            """Each move takes one from who has more, so it ends."""

    def result(self) -> dict[str, Owners]:
        return {name: tuple(slots) for name, slots in self._slots.items()}

    def _level_once(self, names: Sequence[str]) -> bool:
        by_total = sorted(self._totals, key=lambda worker: (self._totals[worker], worker))
        for most in reversed(by_total):
            for least in by_total:
                if self._totals[most] - self._totals[least] <= 1:
                    break
                for name in names:
                    counts = self._counts[name]
                    if least in counts and counts[most] > counts[least]:
                        self._move(name, self._owner(name, most), self._owner(name, least))
                        return True
        return False

    def _owner(self, name: str, worker: str) -> Owner:
        return next(owner for owner in self._able[name] if owner.id == worker)

    def _least(self, name: str) -> Owner:
        return min(self._able[name], key=lambda owner: (*self._load(name, owner), owner.id))

    def _most(self, name: str) -> Owner:
        return max(self._able[name], key=lambda owner: (*self._load(name, owner), owner.id))

    def _load(self, name: str, owner: Owner) -> tuple[int, int]:
        return self._counts[name][owner.id], self._totals[owner.id]

    def _move(self, name: str, giver: Owner, taker: Owner) -> None:
        """The highest number goes: it was the last to come."""
        slots = self._slots[name]
        task = max(number for number, owner in enumerate(slots) if owner and owner.id == giver.id)
        self._counts[name][giver.id] -= 1
        self._totals[giver.id] -= 1
        self._give(name, task, taker)

    def _give(self, name: str, task: int, owner: Owner) -> None:
        self._slots[name][task] = owner
        self._counts[name][owner.id] += 1
        self._totals[owner.id] += 1
