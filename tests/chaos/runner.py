"""Many rounds, several side by side, and what they came to in one table."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from tests.chaos.distributed import plan as cluster_plan
from tests.chaos.distributed import round as cluster_round
from tests.chaos.distributed.plan import PROFILE, ClusterPlan
from tests.chaos.plan import draw
from tests.chaos.round import run
from tests.chaos.verify import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tests.chaos.outcome import Outcome
    from tests.chaos.plan import Plan
    from tests.chaos.round import Rig

LANES = 4
"""Rounds mostly wait: for sessions to end, for workers to start."""


def plans(seed: int, rounds: int, profile: str | None = None) -> Sequence[Plan | ClusterPlan]:
    """One for each seed from the first on."""
    if profile == PROFILE:
        return [cluster_plan.draw(seed + number) for number in range(rounds)]
    return [draw(seed + number, profile) for number in range(rounds)]


def run_all(
    planned: Iterable[Plan | ClusterPlan],
    rig: Rig,
    *,
    lanes: int = LANES,
    logs: Path | None = None,
    seconds: float | None = None,
    tell: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run rounds side by side.

    Args:
        planned: The rounds.
        rig: The servers that they share.
        lanes: How many are under way at once.
        logs: Where those that fail leave their logs.
        seconds: After so long no further round begins.
        tell: Is called with each outcome, one at a time.
    """
    waiting: queue.SimpleQueue[Plan | ClusterPlan] = queue.SimpleQueue()
    for plan in planned:
        waiting.put(plan)
    outcomes: list[Outcome] = []
    errors: list[BaseException] = []
    lock = threading.Lock()
    deadline = time.monotonic() + seconds if seconds else float("inf")

    def work() -> None:
        try:
            while time.monotonic() < deadline and not errors:
                outcome = _run(waiting.get_nowait(), rig, logs)
                with lock:
                    outcomes.append(outcome)
                    tell(outcome)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=work, name=f"lane-{lane}") for lane in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return outcomes


def _run(plan: Plan | ClusterPlan, rig: Rig, logs: Path | None) -> Outcome:
    return cluster_round.run(plan, rig, logs) if isinstance(plan, ClusterPlan) else run(plan, rig, logs)


def line(outcome: Outcome) -> str:
    """One round on one line; a round that failed, with its plan and what is known."""
    plan, verdict = outcome.plan, outcome.verdict
    text = (
        f"{'ok  ' if outcome.is_right else 'FAIL'} seed {plan.seed:<6} {plan.profile:<14}"
        f" {outcome.seconds:5.1f} s ({' '.join(f'{at:.0f}' for at in outcome.phases.values())})"
        f" {verdict.produced:6} records, {verdict.objects:4} objects,"
        f" {outcome.starts} starts, orphans {outcome.orphans} ({outcome.unannounced} unannounced)"
        f"{f', states left {outcome.states_left}' if plan.may_delete else ''},"
        f" resumed {outcome.resumed_bytes}, repeated {outcome.repeated_bytes}"
    )
    if outcome.is_right:
        return text + "".join(f"\n     {note}" for note in outcome.notes)
    faults = ", ".join(
        f"{name} {getattr(verdict, name)}" for name in Verdict.FAULTS if getattr(verdict, name)
    )
    more = [
        faults,
        *([] if outcome.drained else ["was not drained in time"]),
        *verdict.examples,
        *outcome.failures,
        *outcome.notes,
        str(plan),
    ]
    return "\n     ".join([text, *(part.replace("\n", "\n     ") for part in more if part)])


def summary(outcomes: Sequence[Outcome]) -> str:
    """A row for each profile, and one for all."""
    head = (
        "profile         rounds failed  produced     found  lost doubled unordered undecodable"
        " foreign misplaced orphans (unannounced)    resumed   repeated"
    )
    rows = [
        _row(name, [found for found in outcomes if found.plan.profile == name])
        for name in sorted({found.plan.profile for found in outcomes})
    ]
    return "\n".join([head, *rows, _row("all", outcomes)])


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    def total(figure: str) -> int:
        return sum(found.verdict.figures()[figure] for found in outcomes)

    failed = sum(not found.is_right for found in outcomes)
    return (
        f"{name:<15} {len(outcomes):6} {failed:6} {total('produced'):9} {total('found'):9}"
        f" {total('lost'):5} {total('doubled'):7} {total('out_of_order'):9} {total('undecodable'):11}"
        f" {total('foreign'):7} {total('misplaced'):9}"
        f" {sum(found.orphans for found in outcomes):7} {sum(found.unannounced for found in outcomes):13}"
        f" {sum(found.resumed_bytes for found in outcomes):10}"
        f" {sum(found.repeated_bytes for found in outcomes):10}"
    )
