"""Exactly once into S3: what is committed and what is found do not agree."""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.runbook.entry import LOOKED, READ_AGAIN, Entry

_PAGE = "exactly-once.md#when-a-task-fails"
_DROP = (
    "Set the committed offset to the same number without metadata: stop the connector"
    " (`PUT /connectors/NAME/stop`), `PATCH /connectors/NAME/offsets` with the offset that"
    " `connector offsets NAME` shows, resume it."
)
_DOUBLED = "Nothing is lost. Records that are visible beyond the committed offset are written once more."

LEDGER = (
    Entry(
        ErrorCode.LEDGER_METADATA_FOREIGN,
        "the metadata of a committed offset is not ours, or damaged",
        "The metadata of the committed offset of orders-0 is not of this connector: it begins with …",
        "Something else commits offsets for this group, or has changed them.",
        _DOUBLED,
        f"Find out what else uses the group, and end it. {_DROP}",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_VERSION_NEWER,
        "a later release committed the offset",
        "The offset of orders-0 was committed by a later release, with state of version 2: run a release …",
        "The worker was taken back to a release that does not understand the state.",
        READ_AGAIN,
        f"Run the later release again; or, to stay with this one: {_DROP}",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_OFFSET_MOVED,
        "an offset was changed, and its metadata was not",
        "The committed offset of orders-0 is 50, but the state in its metadata is that of 80, so that something …",
        "An offset tool set another number and kept or copied the metadata; whose intent counts cannot be guessed.",
        "Nothing is lost by the task, which stopped. What the tool skipped is not delivered.",
        "To read on from the new number, set it without metadata; or set back the old one, with its metadata.",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_STATE_MISSING,
        "the state object is not there, or may not be read",
        "The state object … of orders-0 is missing, or s3:GetObject on it is denied: bring it back, or …",
        "Somebody or a lifecycle rule deleted it, or the role lacks s3:GetObject; S3 answers 403 to both.",
        _DOUBLED,
        f"Grant s3:GetObject on the folder of states, or bring the object back from a version. Else: {_DROP}",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_STATE_CHANGED,
        "the state object is another than was committed",
        "The state object … of orders-0 has another content than was committed: bring back what it was, or …",
        "Somebody wrote it.",
        _DOUBLED,
        f"Bring back the version that was committed. Else: {_DROP}",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_STATE_UNREAD,
        "connector offsets did not read the state object",
        "The uploads of orders-0 are in the state object …: give the connector's file, …",
        "State that outgrew the metadata is in the bucket, which the command reads with the connector's file only,"
        " and in time only if it reaches the bucket.",
        LOOKED,
        "`connector offsets FILE.json` instead of the name; if it is about time, `connector aws check FILE.json`.",
        "exactly-once.md#looking-at-it",
    ),
    Entry(
        ErrorCode.LEDGER_OLDER_THAN_BUCKET,
        "the bucket is further than the committed state",
        "The object … is there, but the committed state of orders-0 still has it open, so that the state is older …",
        "Kafka lost commits (a restored cluster), or an old offset was put back with its metadata.",
        _DOUBLED,
        f"Set the number past what is visible, or accept that it is doubled. {_DROP}",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_UPLOAD_GONE,
        "an unfinished upload vanished and cannot be written again",
        "The unfinished upload of … from orders-0 is gone, and its records cannot be told by their offsets, …",
        "A lifecycle rule that is too short, or somebody, aborted it; its name has the time of the wall clock, or"
        " options have changed, so which records it had is not known.",
        _DOUBLED,
        f"Mend the rule: at least as many days as the docs say. {_DROP}",
        "exactly-once.md#lifecycle-rules",
    ),
    Entry(
        ErrorCode.LEDGER_OBJECT_GONE,
        "an object that was sealed is neither unfinished nor there",
        "The upload of … was to be completed; it is gone, it is more than a day old, and there is no such object",
        "A reader has moved the object after it was completed, or the upload was aborted before; nobody can tell.",
        "Nothing, if a reader has it and the offset is set as the message says; else its records are read again.",
        "If it was moved, set the offset that the message names, without metadata. If not, set the committed offset"
        " to the same number without metadata.",
        _PAGE,
    ),
    Entry(
        ErrorCode.LEDGER_PARTS_CHANGED,
        "the parts of a sealed upload are not those that were stored",
        "The upload of … from orders-0 is sealed, but its parts are not those that were stored",
        "Somebody sent parts to it, or encryption or checksums changed in between.",
        _DOUBLED,
        f"Find out who writes to the bucket with this prefix. {_DROP}",
        _PAGE,
    ),
)
