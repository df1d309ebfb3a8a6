"""A run: worker processes, Kafka, S3 and clocks, one step after the other as a schedule has it.

Between two steps everything happens that can happen without the outside. What is under way then (requests,
timers, records to poll) are the steps to choose from: the first is what a quiet world does next, the others
are faults. After every request that lands the promise is looked at; in the end a last worker drains.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from unittest.mock import patch

import structlog
from botocore.exceptions import ConnectTimeoutError

from connector.aws.faults import translate
from connector.error_codes import CODE
from connector.errors import ConnectorError, RetriableError
from connector.record import TopicPartition
from connector.runtime import commits as commits_module
from connector.runtime import feed as feed_module
from connector.runtime import task as task_module
from connector.runtime.state import State as TaskState
from connector.sinks.s3 import partition_ledger as ledger_module
from connector.sinks.s3 import state_objects as state_objects_module
from connector.sinks.s3.attributes import CLAIM
from connector.sinks.s3.ledger.encoding import Reference, decode
from connector.testing.simulation.client import answered
from connector.testing.simulation.kafka import CommitRequest, Entry, Kafka, Log, RefusedError
from connector.testing.simulation.process import ProcessLoop
from connector.testing.simulation.s3 import S3Error, SimulatedS3
from connector.testing.simulation.worker import start_task

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence

    from connector.runtime.task import Task
    from connector.sinks.base import OffsetAndMetadata
    from connector.testing.simulation.s3 import StoredObject, StoredUpload
    from connector.testing.simulation.setup import Setup

_EPOCH_SECONDS = 1_700_000_000
_HOUR, _DAY = 3600.0, 86_400.0
_POLL_SECONDS = 0.25
_MOST_STEPS = 4000
_MOST_PROCESSES = 12
_MOST_OUTAGES = 2


class ViolationError(Exception):
    """The promise is broken."""


class Label(NamedTuple):
    """Which record a value is: of which life of the topic, partition, offset."""

    life: int
    partition: int
    offset: int


def value_of(label: Label, padding: str = "") -> bytes:
    return f"{label.life}.{label.partition}.{label.offset:03d}{padding}".encode()


def label_of(line: bytes) -> Label:
    life, partition, offset = line.strip(b'"').split(b".")[:3]
    return Label(int(life), int(partition), int(offset[:3]))


@dataclass(slots=True, eq=False)
class Request:
    """Something that a process waits for from outside."""

    process: Process
    operation: str
    content: Any
    answer: asyncio.Future[Any]
    landed: Any = None
    """What came of it while its process was frozen."""

    @property
    def is_local(self) -> bool:
        return self.operation == "poll"

    def __str__(self) -> str:
        match self.content:
            case {"Key": key, "PartNumber": number, "UploadId": upload_id}:
                return f"{self.operation} {upload_id} {number} of {key}"
            case {"Key": key, "UploadId": upload_id}:
                return f"{self.operation} {upload_id} of {key}"
            case {"Key": key}:
                return f"{self.operation} {key}"
            case CommitRequest(offsets, member, generation):
                told = {str(where): _told(found) for where, found in offsets.items()}
                return f"commit {told} of member {member} in generation {generation}"
        return self.operation


def _told(found: OffsetAndMetadata) -> str:
    if not found.metadata:
        return f"V={found.offset}"
    state = decode(found.metadata, TopicPartition("records", 0))
    if isinstance(state, Reference):
        return f"V={found.offset} K={state.state.cut} in {state.found_in.key[-6:]}"
    uploads = " ".join(
        f"{each.upload_id[-3:]}{'!' if each.is_sealed else '.' if each.is_closing else ''}"
        f"{list(each.parts.numbers)}{each.durable[:2] if each.durable else ''}<={each.reserved}"
        for each in state.uploads
    )
    return f"V={found.offset} K={state.cut} [{uploads}]"


class Process:
    """A worker with one task."""

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.loop = ProcessLoop(lambda: world.now)
        self.is_alive = True
        self.is_frozen = False
        self.is_stopping = False
        self.task: Task | None = None
        self.run: asyncio.Task[None] | None = None
        self.consumers: list[Any] = []

    @property
    def runs(self) -> bool:
        return self.is_alive and not self.is_frozen

    @property
    def has_ended(self) -> bool:
        return self.run is not None and self.run.done()


class Option(NamedTuple):
    """Something that may happen next."""

    kind: str
    target: Any = None

    def __str__(self) -> str:
        return f"{self.kind} {self.target.name if isinstance(self.target, Process) else self.target or ''}"


class Chooser(Protocol):
    """A schedule."""

    def pick(self, options: Sequence[Option]) -> Option:
        """One of them; the first are those of a quiet world."""
        ...

    def lands(self) -> bool:
        """Whether a request that is still under way in the end lands."""
        ...

    def size(self, most: int) -> int:
        """How many records a poll brings."""
        ...


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        verdict: ``drained`` or ``stopped``; a stop has a cause from outside.
        violation: Empty if the promise was kept.
        trace: What happened.
        orphans: Uploads that are left open, and nobody knows of.
        figures: Counts.
    """

    verdict: str = "drained"
    violation: str = ""
    trace: list[str] = field(default_factory=list)
    orphans: int = 0
    steps: int = 0
    figures: Counter[str] = field(default_factory=Counter)


class World:
    """Everything of one run."""

    def __init__(self, setup: Setup, chooser: Chooser, *, traces: bool = True) -> None:
        self.setup = setup
        self.chooser = chooser
        self.now = 1000.0
        self.skew = 0.0
        self.pending: list[Request] = []
        self.late: list[Request] = []
        self.processes: list[Process] = []
        self.external: set[str] = set()
        self.outcome = Outcome()
        self.life = 0
        self.visible: dict[Label, list[str]] = {}
        self.cuts: dict[TopicPartition, int] = {}
        self.quiet = False
        self.traces = traces
        self.failures: list[str] = []
        self.kafka = Kafka({where: self._log(where) for where in setup.partitions})
        self.kafka.size_of_poll = chooser.size
        self.kafka.on_commit = self._look_at_commit
        self.s3 = SimulatedS3(setup.habits, self.wall)
        self.s3.on_visible = self._look_at_object
        if setup.has_foreign:
            for key in setup.first_keys:
                self.s3.put(key, b"foreign")
        self._names = count(1)
        self.nonces = count(1)
        self._moved: list[str] = []

    # ---- clocks and notes ----

    def wall(self) -> float:
        return _EPOCH_SECONDS + self.now + self.skew

    def note(self, text: str) -> None:
        if self.traces:
            self.outcome.trace.append(f"{self.now - 1000:7.3f} {text}")

    def _log(self, where: TopicPartition) -> Log:
        setup = self.setup
        labels = [Label(self.life, where.partition, offset) for offset in range(setup.records)]
        return Log(
            [Entry(setup.key(label.offset), value_of(label, setup.padding), label.offset) for label in labels]
        )

    # ---- the run ----

    def run(self) -> Outcome:
        with ExitStack() as stack:
            for module in (task_module, commits_module):
                stack.enter_context(patch.object(module, "time", _Clock(self)))
            stack.enter_context(patch.object(feed_module, "POLL_SECONDS", _POLL_SECONDS))
            stack.enter_context(patch.object(ledger_module, "secrets", _Names(self)))
            stack.enter_context(patch.object(state_objects_module, "uuid", _Names(self)))
            logged: list[Any] = stack.enter_context(structlog.testing.capture_logs())
            self._logged = logged
            try:
                self._play()
                self._drain()
                self._verify()
            except _StoppedError as stop:
                self.outcome.verdict = "stopped"
                self.note(f"stopped: {stop}")
                if not self.external:
                    self.outcome.violation = f"stopped without cause: {stop}"
            except ViolationError as violation:
                self.outcome.violation = str(violation)
            except AssertionError as error:
                self.outcome.violation = f"assertion: {error}"
            finally:
                for process in self.processes:
                    process.is_alive = False
                for process in self.processes:
                    process.loop.bury()
        return self.outcome

    def _play(self) -> None:
        """The schedule, until its time is over."""
        for _ in range(self.setup.workers):
            self._start_process()
        end = self.now + self.setup.seconds
        while self.now < end:
            if not any(process.runs and not process.is_stopping for process in self.processes):
                self._start_process()
            self._step(end)

    def _step(self, end: float) -> None:
        self._settle()
        self.outcome.steps += 1
        if self.outcome.steps > _MOST_STEPS:
            raise ViolationError("never drained: too many steps")
        options = self._options(end)
        option = options[0] if self.quiet else self.chooser.pick(options)
        self._apply(option)

    def _settle(self) -> None:
        for process in self.processes:
            if process.runs:
                process.loop.run_until_idle()
        for line in self._logged:
            if line["log_level"] in {"warning", "error"} or self.setup.logs:
                self.note("        log: " + " ".join(f"{name}={value}" for name, value in line.items()))
        self._logged.clear()
        for process in self.processes:
            self._look_at_process(process)

    def _drain(self) -> None:
        """Who is frozen wakes up, what is under way may land, and a last worker finishes everything."""
        self.quiet = True
        for request in [each for each in self.late if self.chooser.lands()]:
            self._apply(Option("late", request))
        for process in self.processes:
            if process.is_alive and process.is_frozen:
                self._apply(Option("thaw", process))
        if not any(process.runs and not process.is_stopping for process in self.processes):
            self._start_process()
        self._pass(1.5)
        for process in self.processes:
            if process.runs and not process.is_stopping:
                self._apply(Option("stop", process))
        self._pass(60, until=lambda: not any(process.runs for process in self.processes))
        for request in [each for each in self.late if self.chooser.lands()]:
            self._apply(Option("late", request))
        for attempt in range(self.setup.last_workers):
            self._finish_everything()
            if not self._missing():
                self.outcome.figures[f"drained by last worker {attempt + 1}"] += 1
                return

    def _finish_everything(self) -> None:
        """By a worker that is told that nobody comes after it."""
        last = self._start_process()
        self._pass(60, until=lambda: self._has_read(last))
        if self.external or self.chooser.lands():
            # Time to find what is wrong; else it is told in the middle of taking over.
            self._pass(3)
        last.is_stopping = True
        self.note(f"{last.name} is told to stop for good")
        if last.task:
            last.task.stop(for_good=True)
        self._pass(120, until=lambda: not last.runs)
        if last.is_alive:
            raise ViolationError("the last worker never ends")

    def _has_read(self, process: Process) -> bool:
        consumers = process.consumers
        if not consumers or not process.task:
            return False
        positions = consumers[-1].positions
        offsets = process.task._offsets
        return all(
            where in positions and (offsets.position(where) or 0) >= self.kafka.end(where)
            for where in self.setup.partitions
        )

    def _pass(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = self.now + seconds
        while self.now < end and not until():
            self._step(end)

    # ---- options ----

    def _options(self, end: float) -> list[Option]:
        ready = [each for each in self.pending if each.process.runs]
        found = [Option("run", each) for each in ready]
        if not found:
            found.append(Option("time", end))
        if self.quiet:
            return found
        if ready:
            found.append(Option("time", end))
        for each in ready:
            if not each.is_local:
                found += [Option("lose", each), Option("hold", each), Option("die", each)]
            if each.operation == "commit":
                found.append(Option("refuse", each))
        return found + self._events()

    def _events(self) -> list[Option]:
        found: list[Option] = []
        for process in self.processes:
            if process.runs:
                found += [Option("kill", process), Option("freeze", process)]
                if not process.is_stopping:
                    found.append(Option("stop", process))
            elif process.is_alive and process.is_frozen:
                found.append(Option("thaw", process))
        found += [Option("late", each) for each in self.late]
        found += [
            Option("late", each) for each in self.pending if each.process.is_frozen and each.landed is None
        ]
        if len(self.processes) < _MOST_PROCESSES:
            found.append(Option("join"))
        found += [
            Option("rebalance", where)
            for where, owner in self.kafka.owners.items()
            if owner and where not in self.kafka.revoking
        ]
        if self.setup.is_wallclock:
            found.append(Option("tick"))
        return [*found, *(each for each in self._outside() if each.kind in self.setup.events)]

    def _outside(self) -> list[Option]:
        """What somebody or something else may do now."""
        once = ("day", "recreate", "renew", "config", *(["reset"] if self.kafka.committed else []))
        found = [Option(kind) for kind in once if kind not in self.external]
        if self.outcome.figures["outage"] < _MOST_OUTAGES:
            found.append(Option("outage"))
        for upload_id, upload in self.s3.uploads.items():
            if upload.created + _DAY <= self.wall():
                found.append(Option("lifecycle", upload_id))
            if "damage" not in self.external:
                found += [Option("damage", (upload_id, number)) for number in upload.parts]
        for key in self.s3.objects:
            if not key.startswith(self.setup.state_prefix):
                found.append(Option("reader", key))
            elif "vanish" not in self.external:
                found.append(Option("vanish", key))
        return found

    def _apply(self, option: Option) -> None:
        kind, target = option
        if kind not in {"run", "time"}:
            self.outcome.figures[kind] += 1
            self.note(f"** {option}")
        getattr(self, f"_do_{kind}")(target)

    # ---- requests ----

    def ask(self, process: Process, operation: str, content: Any) -> asyncio.Future[Any]:
        """Send a request on its way."""
        answer: asyncio.Future[Any] = process.loop.create_future()
        if not process.is_alive:
            return answer
        request = Request(process, operation, content, answer)
        self.pending.append(request)
        answer.add_done_callback(lambda done: self._gave_up(request) if done.cancelled() else None)
        return answer

    def _gave_up(self, request: Request) -> None:
        """Whoever waited was cancelled; the request is on its way all the same."""
        if request in self.pending:
            self.pending.remove(request)
            if not request.is_local and request.landed is None:
                self.late.append(request)

    def _landed(self, request: Request) -> Any:
        """What the other side answers now."""
        try:
            if request.operation == "poll":
                return None
            if request.operation == "committed":
                return dict(self.kafka.committed)
            if request.operation == "commit":
                return self.kafka.commit(request.content)
            return answered(self.s3, request.operation, request.content)
        except (S3Error, RefusedError) as error:
            return error

    def _tell(self, request: Request, answer: Any) -> None:
        self.pending.remove(request)
        if request.answer.done():
            return
        if isinstance(answer, Exception):
            request.answer.set_exception(answer)
        else:
            request.answer.set_result(answer)

    def _do_run(self, request: Request) -> None:
        answer = request.landed if request.landed is not None else self._land(request)
        self._tell(request, answer[0] if isinstance(answer, tuple) else answer)

    def _land(self, request: Request, how: str = "") -> Any:
        answer = self._landed(request)
        if request.operation != "poll":
            shown = "" if answer is None else f" -> {_short(answer)}"
            self.note(f"{request.process.name} {request}{how}{shown}")
        return (answer,)

    def _do_lose(self, request: Request) -> None:
        self._land(request, " (answer lost)")
        self._tell(request, _no_answer())

    def _do_hold(self, request: Request) -> None:
        self.late.append(request)
        self._tell(request, _no_answer())

    def _do_refuse(self, request: Request) -> None:
        self._tell(request, RefusedError())

    def _do_late(self, request: Request) -> None:
        if request in self.late:
            self.late.remove(request)
            self._land(request, " (late)")
        else:
            request.landed = self._land(request, " (late, while frozen)")

    # ---- processes ----

    def _start_process(self) -> Process:
        process = Process(f"W{next(self._names)}", self)
        self.processes.append(process)
        self.note(f"{process.name} starts")
        start_task(self, process)
        return process

    def _kill(self, process: Process, *, lands: bool) -> None:
        mine = [each for each in self.pending if each.process is process]
        for each in mine:
            self.pending.remove(each)
            if lands and not each.is_local and each.landed is None:
                self.late.append(each)
        process.is_alive = False
        self._expel(process)

    def _expel(self, process: Process) -> None:
        for consumer in process.consumers:
            self.kafka.expel(consumer.member)

    def _do_kill(self, process: Process) -> None:
        self._kill(process, lands=False)

    def _do_die(self, request: Request) -> None:
        self._kill(request.process, lands=True)

    def _do_freeze(self, process: Process) -> None:
        process.is_frozen = True
        self._expel(process)

    def _do_thaw(self, process: Process) -> None:
        process.is_frozen = False

    def _do_stop(self, process: Process) -> None:
        process.is_stopping = True
        if process.task:
            process.task.stop()

    def _do_join(self, _: None) -> None:
        self._start_process()

    def _do_rebalance(self, where: TopicPartition) -> None:
        self.kafka.revoking.add(where)

    # ---- time and the outside ----

    def _do_time(self, end: float) -> None:
        timers = [process.loop.next_timer for process in self.processes if process.runs]
        self.now = max(self.now, min([end, *(timer for timer in timers if timer is not None)]))

    def _do_tick(self, _: None) -> None:
        self.skew += _HOUR

    def _do_day(self, _: None) -> None:
        self.external.add("day")
        self.skew += _DAY + 1

    def _do_lifecycle(self, upload_id: str) -> None:
        self.external.add("lifecycle")
        self.note(f"   aborted: {upload_id}")
        del self.s3.uploads[upload_id]

    def _do_reader(self, key: str) -> None:
        self._moved.append(key)
        del self.s3.objects[key]

    def _do_vanish(self, key: str) -> None:
        self.external.add("vanish")
        del self.s3.objects[key]

    def _do_damage(self, target: tuple[str, int]) -> None:
        self.external.add("damage")
        upload_id, number = target
        upload = self.s3.uploads[upload_id]
        self.s3.upload_part(upload.key, upload_id, number, b"x" * self.setup.habits.smallest_part)

    def _do_outage(self, _: None) -> None:
        """Everything is down for days; a lifecycle rule aborts what is left."""
        for process in self.processes:
            if process.is_alive:
                self._kill(process, lands=False)
        self._do_day(None)
        for upload_id in list(self.s3.uploads):
            if self.chooser.lands():
                self._do_lifecycle(upload_id)

    def _do_reset(self, _: None) -> None:
        """Somebody sets offsets by a tool, which needs the group to be empty."""
        self.external.add("reset")
        for process in self.processes:
            if process.is_alive:
                self._kill(process, lands=False)
        for where, found in self.kafka.committed.items():
            self.kafka.committed[where] = type(found)(found.offset, "")
        self.cuts.clear()

    def _do_recreate(self, _: None) -> None:
        """The topic is deleted and made again; who reads it starts at its beginning."""
        self.external.add("recreate")
        self.life += 1
        self.kafka.topic_id = f"topic-{self.life + 1}"
        for where in self.setup.partitions:
            self.kafka.logs[where] = self._log(where)
        self.cuts.clear()
        for process in self.processes:
            if process.is_alive:
                self._kill(process, lands=False)

    def _do_renew(self, _: None) -> None:
        """The same while workers read it: their consumers find their positions gone, and begin again."""
        self.external.add("renew")
        self.life += 1
        self.kafka.topic_id = f"topic-{self.life + 1}"
        for where in self.setup.partitions:
            self.kafka.logs[where] = self._log(where)
        self.cuts.clear()
        for process in self.processes:
            for consumer in process.consumers:
                consumer.positions = dict.fromkeys(consumer.positions, 0)

    def _do_config(self, _: None) -> None:
        """The connector is stopped as if it crashed, and started with other options."""
        self.external.add("config")
        for process in self.processes:
            if process.is_alive:
                self._kill(process, lands=False)

    @property
    def options(self) -> Mapping[str, str]:
        """The connector's config as of now."""
        return {**self.setup.options, **(self.setup.changed if "config" in self.external else {})}

    # ---- the promise ----

    def _look_at_process(self, process: Process) -> None:
        if not process.is_alive:
            return
        for fault in process.loop.faults:
            raise ViolationError(f"nobody heard of {fault.get('exception') or fault.get('message')}")
        if not process.has_ended:
            return
        process.is_alive = False
        self._expel(process)
        task, run = process.task, process.run
        if task is None or run is None:
            return
        if run.exception():
            raise ViolationError(f"a task raised {run.exception()!r}")
        self.note(f"{process.name} ended: {task.state.value}")
        if task.state is TaskState.FAILED:
            error = task.failure if hasattr(task, "failure") else None
            told = (task.trace or "").strip()
            self.failures.append(told)
            # What is below it leads people to the runbook.
            last = next((line for line in reversed(told.splitlines()) if not line.startswith(CODE)), "")
            self.note(f"{process.name} failed: {told[-1500:]}")
            if not last.startswith("connector.errors."):
                raise ViolationError(f"a task failed by an error of the program: {last} {error or ''}")
            raise _StoppedError(last)

    def _look_at_commit(self, where: TopicPartition, found: OffsetAndMetadata) -> None:
        if not found.metadata:
            return
        decoded = decode(found.metadata, where)
        state = decoded.state if isinstance(decoded, Reference) else decoded
        if len(found.metadata) > 4096:
            raise ViolationError("the metadata is longer than brokers take")
        if state.topic_id != self.kafka.topic_id:
            # Of the topic before: what it says is of other offsets.
            return
        cut = state.cut
        if cut is not None:
            if cut < self.cuts.get(where, 0):
                raise ViolationError(f"{where}: K goes back from {self.cuts[where]} to {cut}")
            self.cuts[where] = cut
            if found.offset > cut:
                raise ViolationError(f"{where}: V={found.offset} is above K={cut}")
        unseen = [
            offset
            for offset in range(found.offset)
            if Label(self.life, where.partition, offset) not in self.visible
        ]
        if unseen and "reset" not in self.external:
            raise ViolationError(f"{where}: V={found.offset}, but {unseen} are not visible")

    def _look_at_object(self, upload: StoredUpload, found: StoredObject) -> None:
        try:
            labels = self.setup.decoded(upload.key, found.body)
        except (ValueError, OSError) as error:
            raise ViolationError(f"undecodable: {upload.key} is {found.body[:80]!r}: {error}") from error
        told = f"{upload.key} with {[f'{each.life}.{each.partition}.{each.offset}' for each in labels]}"
        self.note(f"   visible: {told}")
        if not labels:
            raise ViolationError(f"an empty object: {told}")
        if labels != sorted(set(labels)) or len({each[:2] for each in labels}) > 1:
            raise ViolationError(f"out of order: {told}")
        there = self.s3.objects.get(upload.key)
        is_reset = bool(self.external & {"reset", "recreate", "renew"})
        if (
            there
            and there.metadata
            and there.metadata.get(CLAIM) != upload.metadata.get(CLAIM)
            and not is_reset
        ):
            raise ViolationError(f"replaced: {told}")
        where = TopicPartition("records", labels[0].partition)
        cut = self.cuts.get(where, 0)
        if labels[0].life == self.life and labels[-1].offset >= cut and "reset" not in self.external:
            raise ViolationError(f"visible at or above K={cut}: {told}")
        for label in labels:
            self.visible.setdefault(label, []).append(upload.key)
            if len(self.visible[label]) > 1 and "reset" not in self.external:
                raise ViolationError(f"doubled {label}: {self.visible[label]}")

    def _missing(self) -> list[Label]:
        return [
            label
            for where in self.setup.partitions
            for offset in range(self.setup.records)
            if (label := Label(self.life, where.partition, offset)) not in self.visible
        ]

    def _verify(self) -> None:
        if missing := self._missing():
            raise ViolationError(f"lost {[f'{each.partition}.{each.offset}' for each in missing]}")
        known = set()
        for where, found in self.kafka.committed.items():
            state = decode(found.metadata, where) if found.metadata else None
            if state is not None and not isinstance(state, Reference):
                known |= {each.upload_id for each in state.uploads}
        self.outcome.orphans = len([each for each in self.s3.uploads if each not in known])
        self.outcome.figures["orphans"] += self.outcome.orphans
        self.outcome.figures["left in the state"] += len(known)


class _StoppedError(Exception):
    """A task has failed, and says why."""


class _Clock:
    """In the place of the module time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.now

    perf_counter = monotonic


class _Names:
    """In the place of the modules secrets and uuid."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.hex = ""

    def token_urlsafe(self, _: int) -> str:
        return f"nonce{next(self._world.nonces):04d}"

    def uuid4(self) -> _Names:
        self.hex = f"state{next(self._world.nonces):04d}"
        return self


def _no_answer() -> ConnectorError:
    error = translate(ConnectTimeoutError(endpoint_url="http://s3"), "Request", "it")
    return error or RetriableError("no answer")


def _short(answer: Any) -> str:
    if isinstance(answer, Exception):
        return str(answer) or type(answer).__name__
    if isinstance(answer, dict):
        return str(answer.get("UploadId") or answer.get("ETag") or "")[:20]
    return str(answer)[:60]
