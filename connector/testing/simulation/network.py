"""Requests between processes and what is outside of them: each may be lost, refused, or land late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError

from connector.aws.faults import translate
from connector.errors import ConnectorError, RetriableError
from connector.record import TopicPartition
from connector.sinks.s3.ledger.encoding import Reference, decode
from connector.testing.simulation.choice import Option
from connector.testing.simulation.client import answered
from connector.testing.simulation.kafka import CommitRequest, RefusedError
from connector.testing.simulation.s3 import S3Error

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from connector.sinks.base import OffsetAndMetadata
    from connector.testing.simulation.kafka import Kafka
    from connector.testing.simulation.s3 import SimulatedS3
    from connector.testing.simulation.worker import Process


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


class Network:
    """What is under way.

    Attributes:
        pending: Requests whose answers are waited for.
        late: Requests that nobody waits for any more, and that may land all the same.
    """

    def __init__(self, kafka: Kafka, s3: SimulatedS3, note: Callable[[str], None]) -> None:
        self.pending: list[Request] = []
        self.late: list[Request] = []
        self._kafka = kafka
        self._s3 = s3
        self._note = note

    @property
    def actions(self) -> Mapping[str, Callable[[Any], None]]:
        """What may happen to a request, by the kind of the option."""
        return {
            "run": self._answer,
            "lose": self._lose,
            "hold": self._hold,
            "refuse": self._refuse,
            "late": self.land_late,
        }

    @property
    def ready(self) -> list[Request]:
        """Those of processes that run."""
        return [each for each in self.pending if each.process.runs]

    def faults(self) -> list[Option]:
        """What may go wrong with those."""
        found: list[Option] = []
        for each in self.ready:
            if not each.is_local:
                found += [Option("lose", each), Option("hold", each), Option("die", each)]
            if each.operation == "commit":
                found.append(Option("refuse", each))
        return found

    def landings(self) -> list[Option]:
        """What may land of the dead, of those that gave up, and of the frozen."""
        return [
            *(Option("late", each) for each in self.late),
            *(
                Option("late", each)
                for each in self.pending
                if each.process.is_frozen and each.landed is None
            ),
        ]

    def ask(self, process: Process, operation: str, content: Any) -> asyncio.Future[Any]:
        """Send a request on its way."""
        answer: asyncio.Future[Any] = process.loop.create_future()
        if not process.is_alive:
            return answer
        request = Request(process, operation, content, answer)
        self.pending.append(request)
        answer.add_done_callback(lambda done: self._gave_up(request) if done.cancelled() else None)
        return answer

    def cut_off(self, process: Process, *, lands: bool) -> None:
        """Its process is dead: nobody waits for its requests, which may land or not."""
        for each in [each for each in self.pending if each.process is process]:
            self.pending.remove(each)
            if lands and not each.is_local and each.landed is None:
                self.late.append(each)

    def land_late(self, request: Request) -> None:
        if request in self.late:
            self.late.remove(request)
            self._land(request, " (late)")
        else:
            request.landed = self._land(request, " (late, while frozen)")

    def _gave_up(self, request: Request) -> None:
        """Whoever waited was cancelled; the request is on its way all the same."""
        if request in self.pending:
            self.pending.remove(request)
            if not request.is_local and request.landed is None:
                self.late.append(request)

    def _answer(self, request: Request) -> None:
        answer = request.landed if request.landed is not None else self._land(request)
        self._tell(request, answer[0] if isinstance(answer, tuple) else answer)

    def _lose(self, request: Request) -> None:
        self._land(request, " (answer lost)")
        self._tell(request, _no_answer())

    def _hold(self, request: Request) -> None:
        self.late.append(request)
        self._tell(request, _no_answer())

    def _refuse(self, request: Request) -> None:
        self._tell(request, RefusedError())

    def _land(self, request: Request, how: str = "") -> Any:
        answer = self._landed(request)
        if request.operation != "poll":
            shown = "" if answer is None else f" -> {_short(answer)}"
            self._note(f"{request.process.name} {request}{how}{shown}")
        return (answer,)

    def _landed(self, request: Request) -> Any:
        """What the other side answers now."""
        try:
            if request.operation == "poll":
                return None
            if request.operation == "committed":
                return dict(self._kafka.committed)
            if request.operation == "commit":
                return self._kafka.commit(request.content)
            return answered(self._s3, request.operation, request.content)
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


def _no_answer() -> ConnectorError:
    error = translate(ConnectTimeoutError(endpoint_url="http://s3"), "Request", "it")
    return error or RetriableError("no answer")


def _short(answer: Any) -> str:
    if isinstance(answer, Exception):
        return str(answer) or type(answer).__name__
    if isinstance(answer, dict):
        return str(answer.get("UploadId") or answer.get("ETag") or "")[:20]
    return str(answer)[:60]
