"""What SQS says about the entries of a request: which it has, and what may become of the others."""

from __future__ import annotations

import msgspec
from botocore.exceptions import ClientError

from connector.aws.faults import DENIED, translate
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Refusal, Verdict
from connector.sinks.messaging.answer import THROTTLED, simple_code

OPERATION = "SendMessageBatch"

_OF_THE_QUEUE = DENIED | {"InvalidSecurity", "NonExistentQueue", "QueueDoesNotExist"}


class _Done(msgspec.Struct, rename="pascal"):
    id: str


class _Failed(msgspec.Struct, rename="pascal"):
    id: str
    code: str = ""
    sender_fault: bool = False
    message: str | None = None


class _Answer(msgspec.Struct, rename="pascal"):
    successful: list[_Done] = []
    failed: list[_Failed] = []


_decode = msgspec.json.Decoder(_Answer).decode


def refusals(body: bytes, entries: int, queue: str) -> dict[int, Refusal]:
    """The entries that were not taken, by position, which was their id.

    Raises:
        RetriableError: It is no answer to this request.
        AccessError: An entry was refused for what concerns the whole queue.
    """
    try:
        answer = _decode(body)
        done = {int(entry.id) for entry in answer.successful}
        failed = {int(entry.id): entry for entry in answer.failed}
    except (msgspec.DecodeError, ValueError) as error:
        raise RetriableError(
            f"{OPERATION} on {queue} got an answer that is none: {error}", code=ErrorCode.AWS_ANSWER_FOREIGN
        ) from error
    if not failed and len(done) == entries:
        return {}
    missing = set(range(entries)) - done - failed.keys()
    lost = Refusal(Verdict.RETRY, "NotAnswered", "the answer does not mention it")
    found = dict.fromkeys(missing, lost)
    return found | {position: _refusal(entry, queue) for position, entry in failed.items()}


def _refusal(entry: _Failed, queue: str) -> Refusal:
    """SenderFault is the service's hint, but throttling by KMS counts as the sender's fault, too."""
    code = simple_code(entry.code)
    message = entry.message or ""
    if code in THROTTLED:
        return Refusal(Verdict.THROTTLED, code, message)
    if not entry.sender_fault:
        return Refusal(Verdict.RETRY, code, message)
    meaning = translate(
        ClientError({"Error": {"Code": entry.code, "Message": message}}, OPERATION), OPERATION, queue
    )
    if isinstance(meaning, RetriableError):
        return Refusal(Verdict.RETRY, code, message)
    if isinstance(meaning, AccessError) and (code in _OF_THE_QUEUE or code.lower().startswith("kms")):
        # Not the record's fault: to leave it out as errant would leave out all that follow.
        raise meaning
    return Refusal(Verdict.NEVER, code, message)
