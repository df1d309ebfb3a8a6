"""The state as Kafka keeps it: a short text beside the offset, and what is too long for it as an object.

The text is a name, a version and base64 of a digest and deflated JSON. Tails, and a state that outgrows
Kafka's limit, go into a state object in the bucket, which the text then names, with its SHA-256.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from connector.error_codes import ErrorCode
from connector.errors import LedgerError
from connector.sinks.s3.ledger.state import Clock, GroupLabel, PartList, Span, State, UploadState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.record import TopicPartition

NAME = "kafka-s3-ledger"
VERSION = 1
MOST_CHARACTERS = 4096
"""offset.metadata.max.bytes, a property of brokers, by default."""

_DIGEST_BYTES = 8
_LENGTH_BYTES = 4
_FLAGS = {1: "is_sealed", 2: "is_closing", 4: "is_detached"}
_VERSION = re.compile("[1-9][0-9]{0,5}")
_MAGIC = f"{NAME}:{VERSION}\n".encode()


class StateObject(NamedTuple):
    """Where the rest of a state is.

    Attributes:
        key: Of the object; never used twice.
        sha256: Of its content, hexadecimal.
    """

    key: str
    sha256: str


class Reference(NamedTuple):
    """A state whose uploads are in a state object; ``state`` has only those that came later."""

    state: State
    found_in: StateObject


def encode(state: State) -> str | None:
    """The text for Kafka; None if the state has tails or is too long."""
    if state.has_tails:
        return None
    text = _text({**_head(state), "u": [_upload(found) for found in state.uploads]})
    return text if len(text) <= MOST_CHARACTERS else None


def encode_reference(state: State, found_in: StateObject, later: Sequence[UploadState] = ()) -> str:
    """The text for Kafka of a state whose uploads and tails are in an object.

    Args:
        state: The state.
        found_in: The object.
        later: Uploads that are not in it, since they were begun after it was written.
    """
    uploads = {"u": [_upload(found) for found in later]} if later else {}
    return _text({**_head(state), "o": found_in.key, "d": found_in.sha256, **uploads})


def encode_object(state: State, tails: Mapping[str, bytes]) -> bytes:
    """The content of a state object.

    Args:
        state: With uploads.
        tails: The tail of each upload that has one, by its nonce.
    """
    uploads = zlib.compress(orjson.dumps([_upload(found) for found in state.uploads]), 1)
    head = _MAGIC + len(uploads).to_bytes(_LENGTH_BYTES) + uploads
    return b"".join([head, *(tails[found.nonce] for found in state.uploads if found.tail)])


def decode(text: str, partition: TopicPartition) -> State | Reference:
    """What :func:`encode` or :func:`encode_reference` made.

    Raises:
        LedgerError: It is of something else, of a later version, or damaged.
    """
    name, _, rest = text.partition(":")
    version, _, data = rest.partition(":")
    if name != NAME or not _VERSION.fullmatch(version):
        raise _unreadable(partition, f"is not of this connector: it begins with {text[:24]!r}")
    if int(version) > VERSION:
        raise LedgerError(
            f"The offset of {partition} was committed by a later release, with state of version {version}",
            remedy=f"run a release that knows it; this one knows version {VERSION}",
            code=ErrorCode.LEDGER_VERSION_NEWER,
        )
    try:
        payload = base64.urlsafe_b64decode(data)
        digest, packed = payload[:_DIGEST_BYTES], payload[_DIGEST_BYTES:]
        if digest != _digest(packed):
            raise ValueError("its digest is another one")
        found = orjson.loads(zlib.decompress(packed))
        return _reference(found) if "o" in found else _state(found, found["u"])
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
        raise _unreadable(partition, f"is damaged: {error}") from error


def decode_object(
    content: bytes, reference: Reference, partition: TopicPartition
) -> tuple[State, dict[str, bytes]]:
    """What :func:`encode_object` made, and the text that names it.

    Returns:
        The whole state, and the tails by nonce.

    Raises:
        LedgerError: It is not the object that was committed.
    """
    key = reference.found_in.key
    if hashlib.sha256(content).hexdigest() != reference.found_in.sha256:
        raise LedgerError(
            f"The state object {key} of {partition} has another content than was committed",
            remedy=f"bring back what it was, or {read_again_remedy(partition)}",
            code=ErrorCode.LEDGER_STATE_CHANGED,
        )
    start = len(_MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(content[len(_MAGIC) : start])
    uploads = orjson.loads(zlib.decompress(content[start:end]))
    state = _state(_head(reference.state), uploads)
    state = replace(state, uploads=(*state.uploads, *reference.state.uploads))
    tails: dict[str, bytes] = {}
    for found in state.uploads:
        if found.tail:
            tails[found.nonce] = content[end : end + found.tail_bytes]
            end += found.tail_bytes
    return state, tails


def read_again_remedy(partition: TopicPartition) -> str:
    """What to do when what was committed cannot be gone on from."""
    return (
        f"set the committed offset of {partition} to the same number without metadata, with the connector"
        " stopped, to read on from the first record that is not visible: nothing is lost, what is visible"
        " beyond it is doubled"
    )


def _unreadable(partition: TopicPartition, fault: str) -> LedgerError:
    return LedgerError(
        f"The metadata of the committed offset of {partition} {fault}",
        remedy=read_again_remedy(partition),
        code=ErrorCode.LEDGER_METADATA_FOREIGN,
    )


def _text(found: dict[str, Any]) -> str:
    packed = zlib.compress(orjson.dumps(found), 9)
    return f"{NAME}:{VERSION}:{base64.urlsafe_b64encode(_digest(packed) + packed).decode()}"


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _head(state: State) -> dict[str, Any]:
    return {"k": state.cut, "t": state.topic_id, "b": state.bucket, "f": state.fingerprint}


def _reference(found: Mapping[str, Any]) -> Reference:
    return Reference(_state(found, found.get("u", ())), StateObject(found["o"], found["d"]))


def _state(head: Mapping[str, Any], uploads: Sequence[Sequence[Any]]) -> State:
    return State(head["k"], head["t"], head["b"], head["f"], tuple(map(_read_upload, uploads)))


def _upload(found: UploadState) -> list[Any]:
    """In a fixed order."""
    return [
        found.key,
        found.upload_id,
        found.nonce,
        _label(found.group),
        found.created_ms,
        [found.parts.numbers, found.parts.digest, found.parts.size_bytes],
        found.durable and tuple(found.durable),
        found.tail and tuple(found.tail),
        found.tail_bytes,
        base64.b64encode(found.ending).decode(),
        found.reserved,
        sum(flag for flag, name in _FLAGS.items() if getattr(found, name)),
        tuple(found.clock),
        found.bucket,
        found.fingerprint,
    ]


def _label(found: GroupLabel) -> list[Any]:
    """Without a name of its own where it has none, as most do: the text is short of room."""
    named = list(found)
    return named if found.topic is not None else named[:-1]


def _read_label(
    key: str | None, time: Sequence[str], fields: Sequence[str], topic: str | None = None
) -> GroupLabel:
    return GroupLabel(key, tuple(time), tuple(fields), topic)


def _read_upload(found: Sequence[Any]) -> UploadState:
    key, upload_id, nonce, group, created_ms, parts, durable, tail, tail_bytes, ending, *rest = found
    reserved, flags, clock, bucket, fingerprint = rest
    numbers, digest, size_bytes = parts
    return UploadState(
        key,
        upload_id,
        nonce,
        _read_label(*group),
        created_ms,
        PartList(tuple((first, last) for first, last in numbers), digest, size_bytes),
        Span(*durable) if durable else None,
        Span(*tail) if tail else None,
        tail_bytes,
        base64.b64decode(ending),
        reserved,
        clock=Clock(*clock),
        bucket=bucket,
        fingerprint=fingerprint,
        **{name: bool(flags & flag) for flag, name in _FLAGS.items()},
    )
