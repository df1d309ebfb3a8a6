"""What ``connector apply`` does to which connector."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.commands.apply import _faults
from connector.commands.reconciliation import Deed, Present, Step, named, plan
from connector.config.files import Submission, parse_submission
from connector.config.target_state import TargetState
from connector.errors import ConfigError

HIDDEN = "[hidden]"


def submission(name: str = "a", state: str | None = None, **config: str) -> Submission:
    states = {"PAUSED": TargetState.PAUSED, "STOPPED": TargetState.STOPPED}
    return Submission(
        {"name": name, **config}, states.get(state or "", TargetState.STARTED), asks_for_state=bool(state)
    )


def deeds(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.deed.name for step in steps}


def test_what_is_new_is_created_what_differs_updated_and_the_rest_left_alone() -> None:
    wanted = {"new": submission("new"), "old": submission("old", topics="t2"), "same": submission("same")}
    present = {
        "old": Present({"name": "old", "topics": "t1"}, "RUNNING"),
        "same": Present({"name": "same"}, "RUNNING"),
        "other": Present({"name": "other"}, "RUNNING"),
    }
    assert deeds(plan(wanted, present)) == {"new": "CREATE", "old": "UPDATE", "same": "LEAVE"}


def test_pruning_without_an_owner_deletes_all_that_no_file_has() -> None:
    present = {"a": Present({"name": "a"}), "b": Present({"name": "b", "managed.by": "x"})}
    assert deeds(plan({"a": submission()}, present, prune=True)) == {"a": "LEAVE", "b": "DELETE"}


def test_pruning_deletes_only_what_the_owner_has() -> None:
    present = {
        "mine": Present({"name": "mine", "managed.by": "me"}),
        "theirs": Present({"name": "theirs", "managed.by": "them"}),
        "nobodys": Present({"name": "nobodys"}),
    }
    assert plan({}, present, owner="me", prune=True) == [Step(Deed.DELETE, "mine")]
    assert plan({}, present, owner="me") == []


def test_a_connector_of_another_owner_is_not_touched() -> None:
    present = {"a": Present({"name": "a", "managed.by": "them"})}
    wanted = named({Path("a.json"): submission()}, "me")
    with pytest.raises(ConfigError, match=r"a: The connector belongs to them: .* managed\.by to me\."):
        plan(wanted, present, owner="me")


def test_a_connector_without_an_owner_is_taken_over() -> None:
    wanted = named({Path("a.json"): submission()}, "me")
    (step,) = plan(wanted, {"a": Present({"name": "a"})}, owner="me")
    assert (step.deed, step.config["managed.by"]) == (Deed.UPDATE, "me")


def test_secrets_that_are_not_shown_are_put_again_since_they_may_have_changed() -> None:
    wanted = {"a": submission(password="p")}
    (step,) = plan(wanted, {"a": Present({"name": "a", "password": HIDDEN})})
    assert (step.deed, step.is_blind) == (Deed.UPDATE, True)
    assert step.config["password"] == "p"
    assert "p'" not in repr(step)


def test_an_option_that_is_gone_from_the_file_is_a_change() -> None:
    present = {"a": Present({"name": "a", "tasks.max": "2"})}
    assert deeds(plan({"a": submission()}, present)) == {"a": "UPDATE"}


@pytest.mark.parametrize(
    ("asked", "state", "becomes"),
    [
        (None, "PAUSED", None),
        ("RUNNING", "PAUSED", "RUNNING"),
        ("PAUSED", "PAUSED", None),
        ("STOPPED", "RUNNING", "STOPPED"),
    ],
)
def test_the_state_of_a_connector_changes_only_if_its_file_says_so(
    asked: str | None, state: str, becomes: str | None
) -> None:
    (step,) = plan({"a": submission(state=asked)}, {"a": Present({"name": "a"}, state)})
    assert (step.deed, step.state) == (Deed.LEAVE, becomes)


def test_a_file_tells_whether_it_asks_for_a_state() -> None:
    assert not parse_submission('{"name": "a", "config": {}}', "f").asks_for_state
    assert parse_submission('{"name": "a", "config": {}, "initial_state": "RUNNING"}', "f").asks_for_state


def test_two_files_of_one_name_and_a_file_without_one_are_refused_together() -> None:
    files = {Path("1.json"): submission(), Path("2.json"): submission(), Path("3.json"): Submission({})}
    with pytest.raises(ConfigError) as raised:
        named(files, "")
    assert [problem.option for problem in raised.value.problems] == ["2.json", "3.json"]


def test_of_a_task_that_failed_it_is_told_what_happened_and_not_where() -> None:
    trace = (
        'Traceback (most recent call last):\n  File "task.py", line 1, in run\nAccessError: no such bucket\n'
    )
    status = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": trace}]}
    assert list(_faults("a", status)) == ["a, task 0 is FAILED: AccessError: no such bucket"]
