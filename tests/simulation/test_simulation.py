"""The real task and sink between simulated Kafka and S3, through schedules of crashes and faults.

A failure prints the world, the schedule and the trace; ``played(SETUPS[world], RandomSchedule(seed), seed)``
plays it again. SIMULATION_SECONDS is how long random schedules are tried, 40 if absent.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from connector.testing.simulation.schedule import Deviations, RandomSchedule, exhausted, played
from connector.testing.simulation.setups import SETUPS

if TYPE_CHECKING:
    from connector.testing.simulation.choice import Outcome

_SECONDS = float(os.environ.get("SIMULATION_SECONDS", "40"))
_SMALL = ("one group", "two groups", "two groups by age", "on commit", "wall clock", "parquet, groups")

pytestmark = pytest.mark.timeout(_SECONDS + 300)


def told(world: str, schedule: str, outcome: Outcome) -> str:
    return "\n".join([f"{world}, {schedule}: {outcome.violation}", *outcome.trace])


@pytest.mark.parametrize("world", SETUPS)
def test_a_quiet_world_delivers_everything_once_and_leaves_nothing_behind(world: str) -> None:
    outcome = played(SETUPS[world], Deviations({}), 0)
    assert not outcome.violation, told(world, "quiet", outcome)
    assert outcome.orphans == 0


def test_random_schedules_keep_the_promise() -> None:
    deadline = time.monotonic() + _SECONDS
    verdicts: Counter[str] = Counter()
    for seed in count(int(os.environ.get("SIMULATION_SEED", "0"))):
        for world, setup in SETUPS.items():
            outcome = played(setup, RandomSchedule(seed), seed)
            assert not outcome.violation, told(world, f"seed {seed}", outcome)
            verdicts[outcome.verdict] += 1
        if time.monotonic() > deadline:
            break
    # A stop has a cause from outside, so most schedules end with everything delivered.
    assert verdicts["drained"] > verdicts["stopped"] * 10


@pytest.mark.parametrize("world", _SMALL)
def test_one_fault_at_any_moment_breaks_nothing(world: str) -> None:
    """A crash at every await, an answer lost, a request that lands late, a freeze: each, everywhere."""
    setup = replace(SETUPS[world], records=3, batch_records=2, seconds=1.2)
    for script, outcome in exhausted(setup, faults=1):
        assert not outcome.violation, told(world, script, outcome)


def test_a_seed_plays_the_same_schedule_again() -> None:
    first, second = (played(SETUPS["partitions and groups"], RandomSchedule(7), 7) for _ in range(2))
    assert first.trace == second.trace
