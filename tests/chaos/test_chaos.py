"""Thirty rounds of random faults: every record is in one visible object, once, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.round import rig_of
from tests.chaos.runner import line, plans, run_all, summary

if TYPE_CHECKING:
    from pathlib import Path

    from connector.testing.kafka import KafkaBroker

ROUNDS = 30
SEED = 30_000


@pytest.mark.chaos
@pytest.mark.real_kafka
@pytest.mark.timeout(600)
def test_no_record_is_lost_doubled_or_reordered_whatever_happens(kafka: KafkaBroker, tmp_path: Path) -> None:
    with rig_of(kafka) as rig:
        outcomes = run_all(
            plans(SEED, ROUNDS),
            rig,
            logs=tmp_path,
            tell=lambda outcome: print(line(outcome), flush=True),
        )
    print(summary(outcomes))
    assert len(outcomes) == ROUNDS
    assert not [line(outcome) for outcome in outcomes if not outcome.is_right]
