"""The workers of a cluster, what can be done to them, and what they say of connectors."""

from __future__ import annotations

from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Self

from connector.testing.worker import WorkerProcess
from tests.chaos.distributed.plan import SESSION_SECONDS, WORKERS
from tests.chaos.life import Life

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.testing.nursery import Nursery
    from tests.chaos.plan import Action

_ASK_SECONDS = 8.0
_HEALTHY_SECONDS = 90.0

SETTINGS = {
    "offset.flush.interval.ms": "400",
    "task.shutdown.graceful.timeout.ms": "4000",
    "session.timeout.ms": str(int(SESSION_SECONDS * 1000)),
    "heartbeat.interval.ms": "500",
    "rebalance.timeout.ms": "6000",
    "consumer.reconnect.backoff.max.ms": "300",
    "config.storage.replication.factor": "1",
    "status.storage.replication.factor": "1",
}


class Workers:
    """All workers of one cluster; a context manager."""

    def __init__(self, nursery: Nursery, settings: Mapping[str, str]) -> None:
        properties = {**SETTINGS, **settings}
        self.all = [Life(number, WorkerProcess(properties, nursery=nursery)) for number in range(WORKERS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for worker in self.all:
            worker.close()

    def start(self, count: int) -> None:
        for worker in self.all[:count]:
            worker.start()
        for worker in self.all[:count]:
            worker.process.wait_until(partial(self._is_up, worker), "healthy", _HEALTHY_SECONDS)

    def _is_up(self, worker: Life) -> bool:
        self.restart_ended()  # another round may just have killed the broker
        return is_healthy(worker)

    def calm(self) -> None:
        """All run."""
        for worker in self.all:
            worker.thaw()
        for worker in self.all:
            worker.start()

    def stop(self) -> None:
        for worker in self.all:
            worker.terminate()
        for worker in self.all:
            worker.wait_for_exit()

    def act(self, action: Action) -> None:
        getattr(self.all[action.worker], action.verb)()

    def restart_ended(self) -> None:
        """One that found no broker at its start has ended."""
        for worker in self.all:
            if worker.look_after():
                worker.start()

    def ask(self, first: int, method: str, path: str, body: Any = None) -> int:
        """Ask one of those that run, beginning with this one; the status, or 0 if nobody answers."""
        for number in range(WORKERS):
            worker = self.all[(first + number) % WORKERS]
            if worker.is_running:
                return ask(worker, method, path, body)[0]
        return 0


def ask(worker: Life, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the answer; (0, None) if there is none."""
    try:
        return worker.process.ask(method, path, body, timeout_seconds=_ASK_SECONDS)
    except (OSError, HTTPException, ValueError):
        return 0, None


def is_healthy(worker: Life) -> bool:
    return bool((worker.process.get("/health") or {}).get("status") == "healthy")
