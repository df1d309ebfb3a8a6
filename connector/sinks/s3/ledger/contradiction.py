"""Where what is committed and what is found do not agree: each case with what an operator can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.error_codes import ErrorCode
from connector.errors import LedgerError
from connector.sinks.s3.ledger.encoding import read_again_remedy

if TYPE_CHECKING:
    from connector.record import TopicPartition
    from connector.sinks.s3.ledger.state import State
    from connector.sinks.s3.ledger.upload import Upload


def offset_moved(partition: TopicPartition, offset: int | None, committed: State) -> LedgerError:
    """The offset is not the one that its metadata was committed with."""
    return LedgerError(
        f"The committed offset of {partition} is {offset}, but the state in its metadata is that"
        f" of {committed.offset}, so that something else has changed or copied it",
        remedy=f"to read on from {offset}, set it to the same number without metadata, with the"
        f" connector stopped; or set it back to {committed.offset}, with the metadata as it is",
        code=ErrorCode.LEDGER_OFFSET_MOVED,
    )


def state_missing(partition: TopicPartition, key: str) -> LedgerError:
    """The state object that a commit points to cannot be had."""
    return LedgerError(
        f"The state object {key} of {partition} is missing, or s3:GetObject on it is denied",
        remedy=f"bring it back, or {read_again_remedy(partition)}",
        code=ErrorCode.LEDGER_STATE_MISSING,
    )


def outdated(partition: TopicPartition, entry: Upload) -> LedgerError:
    """An open upload is completed, though no commit ever sealed it."""
    return LedgerError(
        f"The object {entry.key} is there, but the committed state of {partition} still has it open,"
        " so that the state is older than the bucket",
        remedy=read_again_remedy(partition),
        code=ErrorCode.LEDGER_OLDER_THAN_BUCKET,
    )


def unrepeatable(partition: TopicPartition, entry: Upload) -> LedgerError:
    """An open upload is gone, and which records it had cannot be told from them."""
    return LedgerError(
        f"The unfinished upload of {entry.key} from {partition} is gone, and its records cannot be"
        " told by their offsets, since its name has the time of the wall clock, or options or topic have"
        " changed",
        remedy=read_again_remedy(partition),
        code=ErrorCode.LEDGER_UPLOAD_GONE,
    )


def parts_changed(partition: TopicPartition, entry: Upload) -> LedgerError:
    """A sealed upload cannot be completed as it was sealed."""
    return LedgerError(
        f"The upload of {entry.key} from {partition} is sealed, but its parts are not those that were stored",
        remedy=read_again_remedy(partition),
        code=ErrorCode.LEDGER_PARTS_CHANGED,
    )


def object_gone(partition: TopicPartition, entry: Upload, committed: State) -> LedgerError:
    """A sealed upload is neither there nor completed."""
    is_alone = all(found.nonce == entry.nonce for found in committed.uploads) and not entry.is_detached
    moved = f"set the committed offset of {partition} to {committed.cut}" if is_alone else ""
    remedy = read_again_remedy(partition)
    return LedgerError(
        f"The upload of {entry.key} from {partition} was to be completed; it is gone, it is more"
        " than a day old, and there is no such object: somebody moved the object away, or aborted"
        " the upload",
        remedy=f"if it was moved, {moved} without metadata, with the connector stopped; if not, {remedy}"
        if moved
        else remedy,
        code=ErrorCode.LEDGER_OBJECT_GONE,
    )
