"""The workers of a round, each behind a fault proxy of its own, and what can be done to them."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Self

from connector.testing.proxy import FOREVER, FaultProxy
from tests.chaos.nursery import ForkedWorker
from tests.chaos.plan import SESSION_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.testing.aws import AwsServer
    from tests.chaos.nursery import Nursery
    from tests.chaos.plan import Action

_EXIT_SECONDS = 20.0
_START_SECONDS = 40.0
_HELD_SECONDS = 2.0
_KEPT_METRICS = ("connector_upload_bytes_resumed_total", "connector_upload_bytes_repeated_total")

SETTINGS = {
    "offset.flush.interval.ms": "400",
    "task.shutdown.graceful.timeout.ms": "4000",
    "consumer.session.timeout.ms": str(int(SESSION_SECONDS * 1000)),
    "consumer.heartbeat.interval.ms": "300",
    "consumer.reconnect.backoff.max.ms": "300",
}


class ChaosWorker:
    """One worker: running, frozen, on its way out, or not there."""

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
        self.number = number
        self._may_delete = may_delete
        self.proxy = FaultProxy(aws.url, seed=number)
        self.proxy.start()
        self.clear()
        endpoints = {"aws.s3.endpoint": self.proxy.url, "aws.sts.config.endpoint": self.proxy.url}
        if "aws.sts.role.arn" not in connector:
            del endpoints["aws.sts.config.endpoint"]
        self.process = ForkedWorker(nursery, {**SETTINGS, **settings}, {**connector, **endpoints})
        self.metrics = dict.fromkeys(_KEPT_METRICS, 0.0)
        self._is_started = self._is_frozen = self._is_leaving = False
        self._deaths: list[str] = []
        self.restarts = 0

    @property
    def is_running(self) -> bool:
        """It takes part, or will."""
        return self._is_started and not self._is_leaving and not self._is_frozen

    def start(self) -> None:
        self.wait_for_exit()
        self.look_after()
        if not self._is_started:
            self.process.start()
            self._is_started = True
            self.restarts += 1

    def wait_until_running(self) -> None:
        def runs() -> bool:
            if self.look_after():
                self.start()
            return "RUNNING" in self.process.task_states()

        self.process.wait_until(runs, "a task runs", _START_SECONDS)

    def kill(self) -> None:
        if self._is_started:
            self._keep_metrics()
            self.process.kill()
        self._is_started = self._is_frozen = self._is_leaving = False

    def terminate(self) -> None:
        if self.is_running:
            self._keep_metrics()
            self._signal(signal.SIGTERM)
            self._is_leaving = self._is_started

    def wait_for_exit(self) -> None:
        """If it was told to leave."""
        if not self._is_leaving:
            return
        self.thaw()
        try:
            self.process.wait(_EXIT_SECONDS)
            self._is_started = self._is_leaving = False
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"worker {self.number} did not leave in {_EXIT_SECONDS} s") from None

    def freeze(self) -> None:
        if self._is_started and not self._is_frozen:
            self._keep_metrics()
            self._signal(signal.SIGSTOP)
            self._is_frozen = self._is_started

    def thaw(self) -> None:
        if self._is_frozen:
            self._signal(signal.SIGCONT)
            self._is_frozen = False

    def _signal(self, number: signal.Signals) -> None:
        if self.look_after():
            return
        with suppress(ProcessLookupError):  # it was leaving, and is gone
            self.process.signal(number)

    def look_after(self) -> bool:
        """Whether it has ended though nobody ended it, as a worker does that finds no broker at its start."""
        if self._is_leaving or not self._is_started or not self.process.has_ended:
            return False
        self.kill()
        last_words = self.log[-1500:]
        if "no broker of" not in last_words:
            self._deaths.append(f"worker {self.number} ended by itself: {last_words}")
        return True

    def fault(self, action: Action) -> None:
        """Let requests fail, so that the server has carried them out, or not."""
        operation, chance = action.operation, action.amount
        when: Literal["before", "after"] = "after" if action.detail.endswith("after") else "before"
        match action.detail.split()[0]:
            case "fail":
                self.proxy.fail(operation, FOREVER, when=when, probability=chance)
            case "cut":
                self.proxy.cut(operation, FOREVER, when=when, probability=chance)
            case "refuse":
                self.proxy.fail(
                    operation, FOREVER, status=500, code="InternalError", when=when, probability=chance
                )
            case _:
                self.proxy.complete_with_error_body(3, when="before" if chance < 0.2 else "after")

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
        self.kill()
        self.process.__exit__()
        self.proxy.stop()

    @property
    def failures(self) -> list[str]:
        """The log lines of tasks that failed, and the ends of processes that nobody ended."""
        return self._deaths + [line for line in self.log.splitlines() if "task failed" in line]

    @property
    def complaints(self) -> list[str]:
        """What was logged as an error of the program, whether or not it did harm."""
        return [line for line in self.log.splitlines() if "[error" in line and "[librdkafka]" not in line]

    @property
    def log(self) -> str:
        """Of all its lives."""
        try:
            return self.process.log
        except FileNotFoundError:
            return ""  # it was never started, or killed before its first word

    def _keep_metrics(self) -> None:
        """Before it may end: counters do not outlive the process."""
        if not self._is_frozen and not self.process.has_ended:
            for name in _KEPT_METRICS:
                self.metrics[name] += self.process.metric(name)


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
