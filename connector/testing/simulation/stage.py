"""What a run takes place on: a clock, a topic, brokers, a store; and what is written down of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.testing.simulation.choice import Outcome
from connector.testing.simulation.clock import Clock
from connector.testing.simulation.kafka import Kafka
from connector.testing.simulation.s3 import SimulatedS3
from connector.testing.simulation.topic import Topic

if TYPE_CHECKING:
    from connector.testing.simulation.choice import Chooser
    from connector.testing.simulation.setup import Setup


class Stage:
    """Before any worker enters.

    Attributes:
        happened: The names of what came from outside: it excuses a task that stops, and some more.
        outcome: What comes of the run.
    """

    def __init__(self, setup: Setup, chooser: Chooser, *, traces: bool) -> None:
        self.setup = setup
        self.chooser = chooser
        self.clock = Clock()
        self.topic = Topic(setup)
        self.kafka = Kafka(self.topic.logs)
        self.kafka.size_of_poll = chooser.size
        self.s3 = SimulatedS3(setup.habits, self.clock.wall)
        if setup.has_foreign:
            for key in setup.first_keys:
                self.s3.put(key, b"foreign")
        self.happened: set[str] = set()
        self.outcome = Outcome()
        self._traces = traces

    def note(self, text: str) -> None:
        if self._traces:
            self.outcome.trace.append(f"{self.clock.passed:7.3f} {text}")
