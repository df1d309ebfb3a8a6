"""One round of a cluster: workers, connectors over REST; the plan happens to them; then all is judged."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connector.testing.proxy import FaultProxy
from tests.chaos.distributed.connector import ChaosConnector
from tests.chaos.distributed.workers import Workers
from tests.chaos.outcome import Outcome
from tests.chaos.strike import strike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.chaos.distributed.plan import ClusterPlan
    from tests.chaos.plan import Action
    from tests.chaos.round import Rig

_SUBMIT_SECONDS = 60.0
_SETTLE_SECONDS = 120.0
_LOOK_SECONDS = 0.3
_TELL_SECONDS = 10.0
"""What takes that long is noted."""
_HELD_SECONDS = 2.0
_ASK_SECONDS = 10.0


def run(plan: ClusterPlan, rig: Rig, logs: Path | None = None) -> Outcome:
    """Let a plan happen.

    Args:
        plan: What happens.
        rig: To whose servers.
        logs: The folder where logs of workers are kept, if the round fails.
    """
    group = f"cluster-{plan.seed}-{time.time_ns()}"
    settings = {
        "bootstrap.servers": rig.worker_servers,
        "group.id": group,
        "config.storage.topic": f"{group}-configs",
        "status.storage.topic": f"{group}-status",
        "scheduled.rebalance.max.delay.ms": str(plan.delay_ms),
    }
    with FaultProxy(rig.aws.url, seed=plan.seed) as proxy, Workers(rig.nursery, settings) as workers:
        return _Round(plan, rig, proxy, workers).run(logs)


class _Round:
    def __init__(self, plan: ClusterPlan, rig: Rig, proxy: FaultProxy, workers: Workers) -> None:
        self._plan = plan
        self._rig = rig
        self._proxy = proxy
        self._workers = workers
        self._outcome = Outcome(plan)
        self._started = time.monotonic()
        self._resumed: set[str] = set()
        self._connectors = [ChaosConnector(found, rig, workers, proxy.url) for found in plan.connectors]

    def run(self, logs: Path | None) -> Outcome:
        outcome = self._outcome
        for connector in self._connectors:
            connector.create_bucket()
        try:
            self._go_through()
        except (AssertionError, TimeoutError, KafkaException) as error:
            outcome.failures.append(str(error)[:2000])
        self._ask_workers()
        outcome.seconds = time.monotonic() - self._started
        if logs and not outcome.is_right:
            self._keep(logs / f"{self._plan.seed}-{self._plan.profile}")
        for connector in self._connectors:
            connector.delete_bucket()
        return outcome

    def _go_through(self) -> None:
        self._workers.start(self._plan.first)
        self._until(self._submitted, "all connectors are submitted", _SUBMIT_SECONDS)
        self._until(self._settled, "all tasks run", _SUBMIT_SECONDS)
        self._ends("start")
        self._happen()
        self._ends("plan")
        self._outcome.drained = self._drain()
        while self._proxy.holding:
            time.sleep(_LOOK_SECONDS)
        self._ends("drain")
        self._workers.stop()
        self._ends("stop")
        self._judge()

    def _ends(self, phase: str) -> None:
        self._outcome.phases[phase] = time.monotonic() - self._started

    # ---- what happens ----

    def _happen(self) -> None:
        for connector in self._connectors:
            connector.source.start()
        began = time.monotonic()
        try:
            for action in self._plan.actions:
                time.sleep(max(0.0, began + action.at - time.monotonic()))
                self._do(action)
            time.sleep(max(0.0, began + self._plan.seconds - time.monotonic()))
        finally:
            for connector in self._connectors:
                connector.source.stop()
        self._proxy.clear()
        self._workers.calm()
        for connector in self._connectors:
            connector.finish_requests()
            connector.read_topic()

    def _do(self, action: Action) -> None:
        if action.connector is not None:
            self._connectors[action.connector].act(action)
            return
        match action.verb:
            case "restart broker":
                self._rig.restart_broker(action.amount)
            case "cut off" | "silence":
                self._break_link(action)
            case "fault":
                strike(self._proxy, action)
            case "delay":
                self._proxy.delay(action.operation, action.amount)
            case "hold":
                self._hold(action)
            case "clear":
                self._proxy.clear()
            case _:
                self._workers.act(action)

    def _break_link(self, action: Action) -> None:
        worker = self._workers.all[action.worker]
        if worker.is_running:
            self._rig.break_link_of(worker.process.pid, action.amount)

    def _hold(self, action: Action) -> None:
        """Hold the next such request, then end or freeze a worker, which may be the one that sent it."""
        held = self._proxy.held
        self._proxy.hold(action.operation, action.amount)
        deadline = time.monotonic() + _HELD_SECONDS
        while self._proxy.held == held and time.monotonic() < deadline:
            time.sleep(0.005)
        worker = self._workers.all[action.worker]
        (worker.kill if action.detail == "kill" else worker.freeze)()

    # ---- until all is well ----

    def _submitted(self) -> str:
        return "" if all(connector.create() for connector in self._connectors) else "not taken"

    def _settled(self) -> str:
        """What is not as it is to be; empty if all is."""
        running = [worker for worker in self._workers.all if worker.is_running]
        for connector in self._connectors:
            if fault := connector.unsettled(running):
                return fault
        each = [connector.owners(running[0]) for connector in self._connectors]
        addresses = [worker.process.url.removeprefix("http://") for worker in running]
        if not all(_is_level(owners, addresses) for owners in each):
            return f"a connector's tasks are not spread: {each}"
        if not _is_level((owner for owners in each for owner in owners), addresses):
            return f"tasks are not spread: {each}"
        with suppress(KafkaException):
            wanted = {
                f"connect-{c.name}": len(owners) for c, owners in zip(self._connectors, each, strict=True)
            }
            if (members := self._members(list(wanted))) != wanted:
                return f"groups have {members} consumers for {wanted} tasks"
        return ""

    def _members(self, groups: list[str]) -> dict[str, int]:
        """How many consumers each group has: tasks that run, wherever."""
        admin = AdminClient({"bootstrap.servers": self._rig.servers, "log_level": 0})
        asked = admin.describe_consumer_groups(groups, request_timeout=_ASK_SECONDS)
        return {group: len(found.result().members) for group, found in asked.items()}

    def _drain(self) -> bool:
        """Wait until the connectors say by their commits that all is delivered, and all runs as it is to."""
        try:
            self._until(self._undone, "all is delivered, and all tasks run", _SETTLE_SECONDS)
        except AssertionError as error:
            self._outcome.failures.append(str(error))
            return False
        return True

    def _undone(self) -> str:
        for connector in self._connectors:
            if connector.name not in self._resumed and connector.resume():
                self._resumed.add(connector.name)
        if len(self._resumed) < len(self._connectors):
            return "connectors cannot be resumed"
        for connector in self._connectors:
            with suppress(KafkaException):  # another round may just have killed the broker
                if connector.is_drained():
                    continue
            return f"{connector.name} has not delivered all"
        return self._settled()

    def _until(self, undone: Callable[[], str], what: str, seconds: float) -> None:
        """What time the broker is away does not count."""
        began = told = time.monotonic()
        down = self._rig.down_seconds
        while left := undone():
            now = time.monotonic()
            if now > began + seconds + self._rig.down_seconds - down:
                raise AssertionError(f"Not in {seconds:g} s: {what}; {left}")
            if now > told + _TELL_SECONDS:
                told = now
                self._outcome.notes.append(f"after {now - began:.0f} s: {left[:600]}")
            self._workers.restart_ended()
            time.sleep(_LOOK_SECONDS)

    # ---- what came of it ----

    def _judge(self) -> None:
        outcome = self._outcome
        for connector in self._connectors:
            outcome.verdict.add(connector.judge())
            orphans = connector.evidence.orphans()
            outcome.orphans += len(orphans)
            outcome.unannounced += sum(story is None for story in orphans.values())
            outcome.notes += [f"orphan {key}: {story}" for key, story in orphans.items() if story]

    def _ask_workers(self) -> None:
        outcome = self._outcome
        for worker in self._workers.all:
            outcome.failures += worker.failures
            outcome.notes += [f"worker {worker.number} logged {text[:300]}" for text in worker.complaints]
            outcome.starts += worker.restarts
            outcome.resumed_bytes += int(worker.metrics["connector_upload_bytes_resumed_total"])
            outcome.repeated_bytes += int(worker.metrics["connector_upload_bytes_repeated_total"])

    def _keep(self, folder: Path) -> None:
        for connector in self._connectors:
            connector.evidence.keep(folder / connector.name, self._workers.all, [self._proxy])
        (folder / "outcome.txt").write_text(self._outcome.story)


def _is_level(owners: Iterable[str], addresses: list[str]) -> bool:
    counts = Counter(owners)
    each = [counts[address] for address in addresses]
    return max(each) - min(each) <= 1
