"""What is to be written that is no single worker's business: worked out alike, until nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.cluster.caretaker import (
    CONTEST_SECONDS,
    FORGET_SECONDS,
    IN_LINE_SECONDS,
    Caretaker,
)
from connector.cluster.config_records import connector_entry, target_state_entry
from connector.cluster.config_state import ConfigState
from connector.cluster.placement import Member
from connector.cluster.records import Entry, LogRecord
from connector.cluster.report import farewell, report
from connector.cluster.status_records import (
    InstanceStatus,
    Owner,
    connector_status_entry,
    leaving_entry,
    task_status_entry,
    topic_entry,
)
from connector.cluster.status_state import StatusState
from connector.config.target_state import TargetState
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable

A, B, C = (Owner(letter, f"{letter}:8083") for letter in "abc")
CONFIG = {"connector.class": "s3", "topics": "t", "tasks.max": "2"}


class Cluster:
    """Both topics, and workers that only exist as members."""

    def __init__(self, *owners: Owner, delay: float = 0.0) -> None:
        self.configs, self.statuses = ConfigState(), StatusState()
        self.members = [Member(owner) for owner in owners]
        self.roles: dict[str, frozenset[str]] = {}
        self.read: int | None = None
        self.caretaker = Caretaker(
            self.configs,
            self.statuses,
            lambda name: self.roles.get(name, frozenset()),
            delay_seconds=delay,
            read_count=lambda *_: self.read,
        )
        self.now = 100.0
        self._offset = 0

    def configure(self, *entries: Entry) -> None:
        for entry in entries:
            self.configs.apply(self._record(entry))

    def say(self, entries: Iterable[Entry]) -> list[str]:
        entries = list(entries)
        for entry in entries:
            self.statuses.apply(self._record(entry))
        return [entry.key for entry in entries]

    def settle(self) -> None:
        """Whoever is first in line writes, until nothing is missing."""
        for _ in range(5):
            if not self.say(self.caretaker.chores(self.members, self.now)):
                return
        raise AssertionError("it does not come to an end")

    def owners(self, name: str = "one") -> list[str | None]:
        return [owner.id if owner else None for owner in self.statuses.placements[name].owners]

    def task(self, number: int, name: str = "one") -> InstanceStatus | None:
        return self.statuses.tasks_of(name).get(number)

    def _record(self, entry: Entry) -> LogRecord:
        self._offset += 1
        return LogRecord(0, self._offset, entry.key.encode(), entry.value, entry.base)


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster(A, B)
    found.configure(connector_entry("one", CONFIG))
    found.settle()
    return found


def test_a_connector_that_is_new_is_placed(cluster: Cluster) -> None:
    assert sorted(map(str, cluster.owners())) == ["a", "b"]
    assert cluster.caretaker.chores(cluster.members, cluster.now) == []


def test_tasks_of_a_worker_that_is_gone_go_to_others_at_once_without_a_delay(cluster: Cluster) -> None:
    before = cluster.statuses.placements["one"].generation
    cluster.members = [Member(B)]
    cluster.settle()

    assert cluster.owners() == ["b", "b"]
    assert cluster.statuses.placements["one"].generation > before


def test_with_a_delay_they_wait_for_it_are_unassigned_meanwhile_and_move_when_it_is_over() -> None:
    cluster = Cluster(A, B, delay=60)
    cluster.configure(connector_entry("one", CONFIG))
    cluster.settle()
    mine = cluster.owners().index("a")
    cluster.say([task_status_entry("one", mine, InstanceStatus(State.RUNNING, "a:8083", 1))])

    cluster.members = [Member(B)]
    cluster.settle()
    assert cluster.owners()[mine] == "a"
    assert cluster.task(mine) == InstanceStatus(State.UNASSIGNED, "a:8083", 1)

    cluster.now += 61
    cluster.settle()
    assert cluster.owners() == ["b", "b"]


def test_one_that_comes_back_in_time_at_the_same_address_has_its_tasks_again() -> None:
    cluster = Cluster(A, B, delay=60)
    cluster.configure(connector_entry("one", CONFIG))
    cluster.settle()
    mine = cluster.owners().index("a")
    cluster.members = [Member(B)]
    cluster.settle()

    cluster.members = [Member(B), Member(Owner("new", "a:8083"))]
    cluster.settle()
    assert cluster.owners()[mine] == "new"


def test_one_that_says_it_leaves_is_not_waited_for_and_its_mark_is_wiped() -> None:
    cluster = Cluster(A, B, delay=60)
    cluster.configure(connector_entry("one", CONFIG))
    cluster.settle()

    cluster.say([leaving_entry(A)])
    cluster.settle()
    assert cluster.owners() == ["b", "b"]
    assert cluster.statuses.leaving == {"a"}  # while it is still there
    cluster.members = [Member(B)]
    cluster.settle()
    assert cluster.statuses.leaving == set()


def test_the_last_one_that_leaves_moves_nothing(cluster: Cluster) -> None:
    cluster.members = [Member(A)]
    cluster.settle()
    cluster.say([leaving_entry(A)])
    assert cluster.caretaker.chores(cluster.members, cluster.now) == []


def test_a_stopped_connector_has_no_tasks_and_a_status_of_its_own(cluster: Cluster) -> None:
    cluster.say([task_status_entry("one", 1, InstanceStatus(State.RUNNING, "a:8083", 1))])
    cluster.configure(target_state_entry("one", TargetState.STOPPED))
    cluster.settle()

    assert cluster.owners() == []
    assert cluster.statuses.tasks_of("one") == {}
    assert cluster.statuses.connectors["one"].state is State.STOPPED


def test_fewer_tasks_leave_no_status_behind(cluster: Cluster) -> None:
    cluster.say([task_status_entry("one", 1, InstanceStatus(State.RUNNING, "b:8083", 1))])
    cluster.configure(connector_entry("one", {**CONFIG, "tasks.max": "1"}))
    cluster.settle()
    assert cluster.statuses.tasks_of("one") == {}


@pytest.mark.parametrize("option", ["aws.connection", "value.converter.aws.connection"])
def test_a_connector_that_no_worker_may_run_says_which_roles_are_missing(
    cluster: Cluster, option: str
) -> None:
    cluster.roles["lake"] = frozenset({"eu"})
    cluster.configure(connector_entry("one", {**CONFIG, option: "lake"}))
    cluster.settle()

    assert cluster.owners() == [None, None]
    status = cluster.task(0)
    assert status is not None
    assert (status.state, status.trace) == (
        State.UNASSIGNED,
        "no live worker has all the roles that its connection requires: eu",
    )
    cluster.members.append(Member(C, frozenset({"eu"})))
    cluster.settle()
    assert cluster.owners() == ["c", "c"]


def test_what_is_left_of_a_deleted_connector_goes_but_not_before_both_topics_are_in_step(
    cluster: Cluster,
) -> None:
    cluster.say(
        [topic_entry("one", "t", 0, 1), task_status_entry("one", 0, InstanceStatus(State.RUNNING, "a", 1))]
    )
    cluster.say([connector_status_entry("one", InstanceStatus(State.RUNNING, "a", 1))])
    cluster.configure(connector_entry("one", None))

    assert cluster.caretaker.chores(cluster.members, cluster.now) == []
    cluster.now += FORGET_SECONDS
    cluster.settle()
    statuses = cluster.statuses
    left = [statuses.connectors, statuses.tasks, statuses.topics, statuses.placements]
    assert not any(left)


def test_the_first_in_line_writes_at_once_and_the_next_when_that_does_not_happen(cluster: Cluster) -> None:
    cluster.configure(connector_entry("two", CONFIG))
    assert cluster.caretaker.chores(cluster.members, 0.0)
    assert cluster.caretaker.is_my_turn("a", cluster.members, 0.0)
    assert not cluster.caretaker.is_my_turn("b", cluster.members, 0.0)
    assert cluster.caretaker.is_my_turn("b", cluster.members, IN_LINE_SECONDS)
    assert not cluster.caretaker.is_my_turn("stranger", cluster.members, 99.0)

    cluster.say([leaving_entry(A)])
    assert not cluster.caretaker.is_my_turn("a", cluster.members, 99.0)


def test_a_placement_made_after_a_jvm_clusters_statuses_has_a_higher_generation() -> None:
    cluster = Cluster(A)
    cluster.say([task_status_entry("one", 0, InstanceStatus(State.RUNNING, "jvm:8083", 57))])
    cluster.configure(connector_entry("one", CONFIG))
    cluster.settle()
    assert cluster.statuses.placements["one"].generation == 58


# ---- what a worker says of its own ----


def test_a_worker_reports_what_differs_and_nothing_twice(cluster: Cluster) -> None:
    mine = cluster.owners().index("a")
    states = {mine: (State.RUNNING, None)}

    def entries() -> list[Entry]:
        return list(
            report(
                A,
                "one",
                target=TargetState.STARTED,
                states=states,
                failure=None,
                version=None,
                statuses=cluster.statuses,
            )
        )

    assert f"status-task-one-{mine}" in cluster.say(entries())
    assert entries() == []
    states[mine] = (State.FAILED, "why")  # type: ignore[assignment]
    cluster.say(entries())
    assert cluster.task(mine) == InstanceStatus(State.FAILED, "a:8083", 1, "why")


def test_a_worker_that_lost_a_task_does_not_speak_over_its_new_owner(cluster: Cluster) -> None:
    cluster.say([task_status_entry("one", 0, InstanceStatus(State.RUNNING, "c:8083", 9))])
    found = report(
        A,
        "one",
        target=TargetState.STARTED,
        states={0: (State.RUNNING, None)},
        failure=None,
        version=None,
        statuses=cluster.statuses,
    )
    assert "status-task-one-0" not in [entry.key for entry in found]


def test_whoever_has_the_first_task_speaks_for_the_connector(cluster: Cluster) -> None:
    first = A if cluster.owners()[0] == "a" else B
    other = B if first == A else A
    cluster.say(
        report(
            first,
            "one",
            target=TargetState.STARTED,
            states={},
            failure="a fault",
            version=None,
            statuses=cluster.statuses,
        )
    )
    assert cluster.statuses.connectors["one"] == InstanceStatus(State.FAILED, first.worker_id, 1, "a fault")
    assert not list(
        report(
            other,
            "one",
            target=TargetState.STARTED,
            states={},
            failure=None,
            version=None,
            statuses=cluster.statuses,
        )
    )


def test_who_has_stopped_says_so_of_what_nobody_has_taken_over(cluster: Cluster) -> None:
    cluster.say(
        [
            task_status_entry("one", 0, InstanceStatus(State.RUNNING, "a:8083", 1)),
            task_status_entry("one", 1, InstanceStatus(State.RUNNING, "b:8083", 1)),
        ]
    )
    cluster.say(farewell(A, cluster.statuses))
    assert cluster.task(0) == InstanceStatus(State.UNASSIGNED, "a:8083", 1)
    assert cluster.task(1) == InstanceStatus(State.RUNNING, "b:8083", 1)


def test_a_connector_that_begins_paused_has_tasks_once_it_is_resumed() -> None:
    cluster = Cluster(A, B)
    cluster.configure(target_state_entry("one", TargetState.PAUSED), connector_entry("one", CONFIG))
    cluster.settle()
    assert (cluster.owners(), cluster.caretaker.tasks_of("one")) == ([], 0)
    assert cluster.statuses.connectors["one"].state is State.PAUSED
    cluster.configure(target_state_entry("one", TargetState.STARTED))
    cluster.settle()
    assert cluster.owners() == ["a", "b"]


def test_a_paused_connector_keeps_its_number_of_tasks_until_it_is_resumed(cluster: Cluster) -> None:
    cluster.configure(target_state_entry("one", TargetState.PAUSED))
    for number in ("4", "1"):
        cluster.configure(connector_entry("one", {**CONFIG, "tasks.max": number}))
        cluster.settle()
        assert (cluster.owners(), cluster.caretaker.tasks_of("one")) == (["a", "b"], 2)
    cluster.configure(target_state_entry("one", TargetState.STARTED))
    cluster.settle()
    assert len(cluster.owners()) == 1


def test_a_connector_that_a_jvm_worker_left_paused_has_the_tasks_that_it_had_there() -> None:
    cluster = Cluster(A, B)
    cluster.configure(
        target_state_entry("one", TargetState.PAUSED),
        connector_entry("one", CONFIG),
        Entry("commit-one", b'{"tasks":1}'),
    )
    cluster.settle()
    assert len(cluster.owners()) == 1


def test_who_is_first_in_line_says_how_many_tasks_a_reference_means_and_all_go_by_it() -> None:
    cluster = Cluster(A, B)
    cluster.configure(connector_entry("one", {**CONFIG, "tasks.max": "${env:TASKS}"}))
    assert cluster.caretaker.chores(cluster.members, cluster.now, "a") == []  # nobody knows yet
    assert cluster.caretaker.tasks_of("one") == 0

    cluster.read = 3
    assert cluster.caretaker.chores(cluster.members, cluster.now, "b") == []
    cluster.say(cluster.caretaker.chores(cluster.members, cluster.now, "a"))
    assert cluster.caretaker.tasks_of("one") == len(cluster.owners()) == 3

    cluster.read = 5  # what the other has in its environment
    cluster.say(cluster.caretaker.chores(cluster.members, cluster.now, "b"))
    assert len(cluster.owners()) == 3


def test_workers_that_do_not_see_the_same_members_do_not_write_against_each_other_without_end() -> None:
    cluster = Cluster(A, B)
    cluster.configure(connector_entry("one", CONFIG))
    cluster.settle()
    other = Caretaker(cluster.configs, cluster.statuses, lambda _: frozenset(), delay_seconds=0.0)
    # Each is first in its own line, since neither has heard of the other's end or return.
    views = [(cluster.caretaker, [Member(A)], A), (other, [Member(B)], B)]

    def writes() -> int:
        count = 0
        for caretaker, members, me in views:
            found = caretaker.chores(members, cluster.now, me.id)
            if found and caretaker.is_my_turn(me.id, members, cluster.now):
                caretaker.written(cluster.now)
                count += len(cluster.say(found))
        return count

    assert sum(writes() for _ in range(20)) == 2
    cluster.now += CONTEST_SECONDS
    assert writes()  # whoever is right in the end has the last word

    views = [(caretaker, [Member(A), Member(B)], me) for caretaker, _, me in views]
    cluster.now += CONTEST_SECONDS
    writes()
    cluster.now += IN_LINE_SECONDS
    assert not writes()
    assert set(cluster.owners()) == {"a", "b"}
