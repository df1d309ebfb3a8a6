"""What a round came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos.verify import Verdict

if TYPE_CHECKING:
    from tests.chaos.distributed.plan import ClusterPlan
    from tests.chaos.plan import Plan


@dataclass
class Outcome:
    """What a round came to.

    Attributes:
        drained: The connector said in time that everything is delivered.
        orphans: Uploads that remain though nobody works on them any more.
        unannounced: Those of them that no accepted commit ever named: their creation was under way, or
            unanswered, when their worker ended.
        states_left: State objects that remain.
        resumed_bytes: Taken over from predecessors.
        repeated_bytes: Written again.
        failures: Of tasks, and of workers that did not leave.
        notes: What could not be done as planned.
        starts: Of worker processes.
    """

    plan: Plan | ClusterPlan
    verdict: Verdict = field(default_factory=Verdict)
    drained: bool = False
    orphans: int = 0
    unannounced: int = 0
    states_left: int = 0
    resumed_bytes: int = 0
    repeated_bytes: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    starts: int = 0
    seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    """How long each took, in seconds."""

    @property
    def story(self) -> str:
        """What was planned, and what is wrong."""
        return "\n".join([str(self.plan), *self.verdict.examples, *self.failures, *self.notes])

    @property
    def is_right(self) -> bool:
        return self.verdict.is_right and self.drained and not self.failures
