"""``make chaos``: rounds of random faults; ends with 1 if a record is lost, doubled or unreadable."""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path

from connector.testing.kafka import start_kafka
from tests.chaos.distributed.plan import PROFILE
from tests.chaos.profile import PROFILES
from tests.chaos.round import rig_of
from tests.chaos.runner import LANES, line, plans, run_all, summary


def main() -> int:
    arguments = _arguments()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    print(f"seeds from {arguments.seed} on; a round is repeated with --rounds 1 --seed ITS-SEED")
    kafka = start_kafka()
    try:
        if not kafka.is_real:
            print(f"{kafka.description} cannot do this: {'; '.join(kafka.passed_over)}")
            return 2
        with rig_of(kafka) as rig:
            outcomes = run_all(
                plans(arguments.seed, arguments.rounds, arguments.profile),
                rig,
                lanes=arguments.lanes,
                logs=arguments.logs,
                tell=lambda outcome: print(line(outcome), flush=True),
            )
    finally:
        kafka.stop()
    print(summary(outcomes))
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(100_000), help="of the first round")
    parser.add_argument(
        "--profile", choices=[*PROFILES, PROFILE], help="only this one; else in turns, without the cluster"
    )
    parser.add_argument("--lanes", type=int, default=LANES, help="rounds side by side")
    parser.add_argument("--logs", type=Path, help="a folder for the logs of rounds that fail")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
