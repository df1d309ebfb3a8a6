"""When a failed task starts again by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConfigError, LedgerError, RecordError, RetriableError
from connector.runtime.restarts import RestartPolicy, RestartSchedule, may_pass

POLICY = RestartPolicy(10, 300)


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        (RuntimeError("a defect"), True),
        (OSError("no route"), True),
        (RetriableError("busy"), True),
        (ConfigError.of("topics", "no"), False),
        (AccessError("denied"), False),
        (LedgerError("fact", remedy="do", code=ErrorCode.LEDGER_STATE_MISSING), False),
        (RecordError("bad", stage="TASK_PUT", origin="x"), False),
        (None, False),
    ],
)
def test_only_what_may_pass_without_a_user_is_tried_again(failure: BaseException | None, again: bool) -> None:
    assert may_pass(failure) is again


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_double_up_to_the_cap_and_are_drawn_from_their_upper_half(failures: int, dice: float) -> None:
    longest = min(300.0, 10.0 * 2 ** min(failures - 1, 30))
    assert longest / 2 <= POLICY.wait_seconds(failures, lambda: dice) <= longest


def test_a_task_starts_when_its_wait_is_over_and_waits_longer_after_the_next_failure() -> None:
    schedule = RestartSchedule(POLICY, lambda: 1.0)
    assert [schedule.look(now, has_failed=True) for now in (0, 9, 10)] == [False, False, True]
    assert not schedule.look(11, has_failed=False)
    assert [schedule.look(now, has_failed=True) for now in (12, 31, 32)] == [False, False, True]


def test_one_that_has_run_for_long_begins_with_the_first_wait_again() -> None:
    schedule = RestartSchedule(POLICY, lambda: 1.0)
    for now in (0, 10, 11, 31):
        schedule.look(now, has_failed=True)
    assert schedule.failures == 2
    schedule.look(40, has_failed=False)
    schedule.look(340, has_failed=False)
    assert [schedule.look(now, has_failed=True) for now in (341, 351)] == [False, True]


def test_one_that_somebody_else_started_meanwhile_is_left_alone() -> None:
    schedule = RestartSchedule(POLICY, lambda: 1.0)
    schedule.look(0, has_failed=True)
    schedule.look(5, has_failed=False)
    assert not schedule.look(10, has_failed=False)
