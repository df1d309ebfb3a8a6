"""The workers of a run: they start and stop, freeze and wake up, crash, and are moved their partitions."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from connector.testing.simulation.choice import Option
from connector.testing.simulation.worker import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.record import TopicPartition
    from connector.testing.simulation.clock import Clock
    from connector.testing.simulation.kafka import Kafka
    from connector.testing.simulation.network import Network, Request

_MOST_PROCESSES = 12


class Processes:
    """All that ever ran, in the order of their start."""

    def __init__(
        self,
        clock: Clock,
        kafka: Kafka,
        network: Network,
        *,
        begin: Callable[[Process], None],
        note: Callable[[str], None],
    ) -> None:
        """None runs yet.

        Args:
            clock: What time it is for them.
            kafka: Expels those that are dead or frozen.
            network: Has their requests.
            begin: Begins to run a task in a process.
            note: Hears what happens.
        """
        self._all: list[Process] = []
        self._clock = clock
        self._kafka = kafka
        self._network = network
        self._begin = begin
        self._note = note
        self._numbers = count(1)

    def __iter__(self) -> Iterator[Process]:
        return iter(self._all)

    @property
    def any_serves(self) -> bool:
        """Whether one runs and is to go on running."""
        return any(process.runs and not process.is_stopping for process in self._all)

    @property
    def actions(self) -> Mapping[str, Callable[[Any], None]]:
        """What may happen to them, by the kind of the option."""
        return {
            "kill": self._kill,
            "die": self._die,
            "freeze": self._freeze,
            "thaw": self.thaw,
            "stop": self.stop,
            "join": self._join,
            "rebalance": self._rebalance,
        }

    def options(self) -> list[Option]:
        """What may happen to those that there are."""
        found: list[Option] = []
        for process in self._all:
            if process.runs:
                found += [Option("kill", process), Option("freeze", process)]
                if not process.is_stopping:
                    found.append(Option("stop", process))
            elif process.is_alive and process.is_frozen:
                found.append(Option("thaw", process))
        return found

    def changes(self) -> list[Option]:
        """Another worker, and partitions that move between those that there are."""
        found = [Option("join")] if len(self._all) < _MOST_PROCESSES else []
        return found + [
            Option("rebalance", where)
            for where, owner in self._kafka.owners.items()
            if owner and where not in self._kafka.revoking
        ]

    def start(self) -> Process:
        process = Process(f"W{next(self._numbers)}", self._clock.monotonic)
        self._all.append(process)
        self._note(f"{process.name} starts")
        self._begin(process)
        return process

    def _join(self, _: None) -> None:
        self.start()

    def stop(self, process: Process) -> None:
        process.is_stopping = True
        if process.task:
            process.task.stop()

    def thaw(self, process: Process) -> None:
        process.is_frozen = False

    def kill_all(self) -> None:
        """Nobody's requests land any more."""
        for process in self._all:
            if process.is_alive:
                self._kill(process)

    def ended(self, process: Process) -> None:
        """By itself."""
        process.is_alive = False
        self._expel(process)

    def bury(self) -> None:
        """The run is over."""
        for process in self._all:
            process.is_alive = False
        for process in self._all:
            process.loop.bury()

    def _kill(self, process: Process, *, lands: bool = False) -> None:
        self._network.cut_off(process, lands=lands)
        process.is_alive = False
        self._expel(process)

    def _die(self, request: Request) -> None:
        """In the middle of a request, which may land."""
        self._kill(request.process, lands=True)

    def _freeze(self, process: Process) -> None:
        process.is_frozen = True
        self._expel(process)

    def _rebalance(self, where: TopicPartition) -> None:
        self._kafka.revoking.add(where)

    def _expel(self, process: Process) -> None:
        for consumer in process.consumers:
            self._kafka.expel(consumer.member)
