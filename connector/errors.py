"""Every error raised on purpose, in one tree: a class says who must act, and carries no policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.error_codes import ErrorCode, pointer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.record import TopicPartition


class ConnectorError(Exception):
    """Base of everything the product raises on purpose.

    Attributes:
        code: What the runbook has it under; a class has one for all, a raise site a finer one.
    """

    code: ErrorCode = ErrorCode.UNEXPECTED

    def __init__(self, *args: Any, code: ErrorCode | None = None) -> None:
        super().__init__(*args)
        if code is not None:
            self.code = code


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in one option.

    Attributes:
        option: The dotted key as the user writes it, e.g. ``aws.s3.bucket.name``.
        message: What is wrong and what to do; never holds a secret value.
        line: Where in the file, if it is the file that cannot be read.
        code: What the runbook has it under.
    """

    option: str
    message: str
    line: int | None = field(default=None, compare=False)
    code: ErrorCode = field(default=ErrorCode.CONFIG_INVALID, compare=False)

    def __str__(self) -> str:
        return f"{self.option}: {self.message}"


class ConfigError(ConnectorError):
    """The user must change the configuration; raised before anything starts, with all faults at once."""

    def __init__(self, problems: Sequence[Problem], *, source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        lines = [f"  - {problem}" for problem in self.problems]
        where = f" in {source}" if source else ""
        codes = {problem.code for problem in self.problems}
        super().__init__(
            "\n".join([f"{len(lines)} configuration error(s){where}:", *lines]),
            code=codes.pop() if len(codes) == 1 else ErrorCode.CONFIG_INVALID,
        )

    @classmethod
    def of(
        cls, option: str, message: str, *, source: str = "", code: ErrorCode = ErrorCode.CONFIG_INVALID
    ) -> ConfigError:
        return cls([Problem(option, message, code=code)], source=source)


class RetriableError(ConnectorError):
    """Nobody needs to act: wait, then the same again. The runtime owns when."""

    code = ErrorCode.DESTINATION_NOT_READY


class AccessError(ConnectorError):
    """The owner of the destination must act: grant a permission, create or rename a resource.

    Attributes:
        fact: What was refused, by whom, how.
        remedy: What to do about it; empty where the fact already says it.
    """

    code = ErrorCode.DESTINATION_REFUSES

    def __init__(self, fact: str, *, remedy: str = "", code: ErrorCode | None = None) -> None:
        super().__init__(f"{fact}: {remedy}." if remedy else fact, code=code)
        self.fact = fact
        self.remedy = remedy


class LedgerError(ConnectorError):
    """What is committed and what is found do not agree, and going on by a guess could lose or double records.

    Attributes:
        fact: What is committed, and what was found instead.
        remedy: What to do about it.
    """

    def __init__(self, fact: str, *, remedy: str, code: ErrorCode) -> None:
        super().__init__(f"{fact}: {remedy}.", code=code)
        self.fact = fact
        self.remedy = remedy


_CODES = {"TRANSFORMATION": ErrorCode.RECORD_UNTRANSFORMABLE, "TASK_PUT": ErrorCode.RECORD_UNFIT}
"""By stage; the others are those of converters."""


class RecordError(ConnectorError):
    """This record can never succeed; errant-record handling decides what happens to it."""

    def __init__(self, message: str, *, stage: str, origin: str, code: ErrorCode | None = None) -> None:
        """Args: ``stage`` is a KIP-298 stage such as ``VALUE_CONVERTER``, ``origin`` the class at fault."""
        super().__init__(message, code=code or _CODES.get(stage, ErrorCode.RECORD_UNCONVERTIBLE))
        self.stage = stage
        self.origin = origin


class BatchError(ConnectorError):
    """Some records of a batch can never succeed; none of the batch was taken.

    Attributes:
        topic_partition: Where the batch came from.
        failed: Offset of each failed record, and why.
    """

    def __init__(self, topic_partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        self.topic_partition = topic_partition
        self.failed = dict(failed)
        offset, error = next(iter(self.failed.items()))
        super().__init__(
            f"{len(self.failed)} record(s) of {topic_partition} cannot be delivered; "
            f"first at offset {offset}: {error}",
            code=error.code,
        )


def runbook_code(error: BaseException) -> ErrorCode:
    """Where the runbook tells about it; what nobody raised on purpose has an entry, too."""
    return error.code if isinstance(error, ConnectorError) else ErrorCode.UNEXPECTED


def with_pointer(error: ConnectorError) -> str:
    """Its message, and below it where to look."""
    return f"{error}\n{pointer(error.code)}"
