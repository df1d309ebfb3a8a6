"""Rounds of random faults: every record is in one visible object, once, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.distributed.plan import PROFILE
from tests.chaos.round import rig_of
from tests.chaos.runner import line, plans, run_all, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from connector.testing.kafka import KafkaBroker
    from tests.chaos.distributed.plan import ClusterPlan
    from tests.chaos.plan import Plan
    from tests.chaos.round import Rig

pytestmark = [pytest.mark.chaos, pytest.mark.real_kafka]

ROUNDS = 30
SEED = 30_000
CLUSTER_SEED = 40_099


@pytest.fixture(scope="module")
def rig(kafka: KafkaBroker) -> Iterator[Rig]:
    with rig_of(kafka) as rig:
        yield rig


@pytest.mark.timeout(1200)
def test_no_record_is_lost_doubled_or_reordered_whatever_happens(rig: Rig, tmp_path: Path) -> None:
    judge(plans(SEED, ROUNDS), rig, tmp_path)


@pytest.mark.timeout(600)
def test_nor_is_one_while_workers_of_a_cluster_come_and_go_and_connectors_change(
    rig: Rig, tmp_path: Path
) -> None:
    judge(plans(CLUSTER_SEED, 1, PROFILE), rig, tmp_path)


def judge(planned: Sequence[Plan | ClusterPlan], rig: Rig, logs: Path) -> None:
    outcomes = run_all(planned, rig, logs=logs, tell=lambda outcome: print(line(outcome), flush=True))
    print(summary(outcomes))
    assert len(outcomes) == len(planned)
    assert not [line(outcome) for outcome in outcomes if not outcome.is_right]
