"""The workers of a round, each behind a fault proxy of its own, and what can be done to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from connector.testing.proxy import FOREVER, FaultProxy
from connector.testing.worker import WorkerProcess
from tests.chaos.life import Life
from tests.chaos.plan import SESSION_SECONDS
from tests.chaos.strike import strike

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.testing.aws import AwsServer
    from connector.testing.nursery import Nursery
    from tests.chaos.plan import Action

_START_SECONDS = 90.0
_HELD_SECONDS = 2.0

SETTINGS = {
    "offset.flush.interval.ms": "400",
    "task.shutdown.graceful.timeout.ms": "4000",
    "consumer.session.timeout.ms": str(int(SESSION_SECONDS * 1000)),
    "consumer.heartbeat.interval.ms": "300",
    "consumer.reconnect.backoff.max.ms": "300",
}


class ChaosWorker(Life):
    """One worker of a connector, with a way of its own to S3."""

    def __init__(
        self,
        number: int,
        aws: AwsServer,
        nursery: Nursery,
        settings: Mapping[str, str],
        connector: Mapping[str, str],
        *,
        may_delete: bool = True,
    ) -> None:
        self._may_delete = may_delete
        self.proxy = FaultProxy(aws.url, seed=number)
        self.proxy.start()
        self.clear()
        endpoints = {"aws.s3.endpoint": self.proxy.url, "aws.sts.config.endpoint": self.proxy.url}
        if "aws.sts.role.arn" not in connector:
            del endpoints["aws.sts.config.endpoint"]
        super().__init__(
            number, WorkerProcess({**SETTINGS, **settings}, {**connector, **endpoints}, nursery=nursery)
        )

    def wait_until_running(self) -> None:
        def runs() -> bool:
            if self.look_after():
                self.start()
            return "RUNNING" in self.process.task_states()

        self.process.wait_until(runs, "a task runs", _START_SECONDS)

    def fault(self, action: Action) -> None:
        """Let requests fail, so that the server has carried them out, or not."""
        strike(self.proxy, action)

    def clear(self) -> None:
        """No more faults; but what the role may not, it still may not."""
        self.proxy.clear()
        if not self._may_delete:
            self.proxy.fail("DeleteObject", FOREVER, status=403, code="AccessDenied")

    def hold(self, action: Action) -> None:
        """Hold the next such request, then end or freeze the worker that sent it."""
        held = self.proxy.held
        self.proxy.hold(action.operation, action.amount)
        deadline = time.monotonic() + _HELD_SECONDS
        while self.proxy.held == held and time.monotonic() < deadline:
            time.sleep(0.005)
        (self.kill if action.detail == "kill" else self.freeze)()

    def close(self) -> None:
        super().close()
        self.proxy.stop()


class Cluster:
    """The workers of one connector."""

    def __init__(self, make: Callable[[int], ChaosWorker], count: int) -> None:
        self._make = make
        self.workers: list[ChaosWorker] = []
        for number in range(count):
            self.workers.append(make(number))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for worker in self.workers:
            worker.close()

    def act(self, action: Action) -> None:
        worker = self.workers[action.worker]
        match action.verb:
            case "start" | "kill" | "terminate" | "freeze" | "thaw":
                getattr(worker, action.verb)()
            case "fault":
                worker.fault(action)
            case "delay":
                worker.proxy.delay(action.operation, action.amount)
            case "hold":
                worker.hold(action)
            case _:
                worker.clear()

    def calm(self) -> None:
        """No more faults, nobody frozen; somebody works."""
        for worker in self.workers:
            worker.clear()
            worker.thaw()
        if not any(worker.is_running for worker in self.workers):
            self.workers[0].start()

    def replace_all(self) -> None:
        """All leave, and one more comes, whose number is the next."""
        self.stop()
        self.workers.append(self._make(len(self.workers)))
        self.workers[-1].start()

    def stop(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait_for_exit()

    def restart_failed(self) -> None:
        """Nobody else starts a task that has failed, or a worker that has ended."""
        for worker in self.workers:
            if worker.look_after():
                worker.start()
            if worker.is_running and "FAILED" in worker.process.task_states():
                worker.terminate()
                worker.start()

    @property
    def holding(self) -> int:
        return sum(worker.proxy.holding for worker in self.workers)

    def metric(self, name: str) -> int:
        return int(sum(worker.metrics[name] for worker in self.workers))
