"""The program of a child process: one request about a consumer group, from input to output.

librdkafka ends the whole process when a request of its admin client to a group's coordinator fails on a
connection that has just dropped (its issues 4605 and 5040). So it is this process that ends, in which nothing
else happens; :mod:`connector.cluster.group_requests` starts it. It is run as a file, and imports nothing of
the worker, so that it starts in a moment.

JSON comes in: ``config`` of the client, which holds secrets and is therefore no argument, ``token``, if it
logs in with one, and when that ends, ``group``, ``verb``, ``offsets`` as ``[topic, partition, offset,
metadata]`` and ``seconds``. JSON goes out: ``result``, or ``code`` and ``text`` of Kafka's error.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
from typing import TYPE_CHECKING, Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition, cimpl
from confluent_kafka.admin import AdminClient

if TYPE_CHECKING:
    from collections.abc import Callable

Offsets = list[tuple[str, int, int, str]]

_CLIENT_ID = "connector-adminclient"
_TEXT_BYTES = 512
_PRODUCER = 0
"""Any kind of client will do for admin requests (rd_kafka_type_t)."""


def read(asked: dict[str, Any]) -> Offsets:
    """All that is committed."""
    group, seconds = asked["group"], asked["seconds"]
    admin = _admin(asked)  # to be held until its answer is there: one that is collected answers nothing
    answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=seconds)
    found = answer[group].result(seconds).topic_partitions or []
    return [
        (each.topic, each.partition, each.offset, each.metadata or "")
        for each in found
        if each.offset >= 0 and each.error is None
    ]


def members(asked: dict[str, Any]) -> list[str]:
    """The client ids of those who are in the group."""
    group, seconds = asked["group"], asked["seconds"]
    admin = _admin(asked)
    found = admin.describe_consumer_groups([group], request_timeout=seconds)[group].result(seconds)
    return [member.client_id for member in found.members]


def commit(asked: dict[str, Any]) -> None:
    """These, and nothing of the others."""
    group, seconds = asked["group"], asked["seconds"]
    partitions = [TopicPartition(*each) for each in asked["offsets"]]
    admin = _admin(asked)
    request = [ConsumerGroupTopicPartitions(group, partitions)]
    answer = admin.alter_consumer_group_offsets(request, request_timeout=seconds)
    found = answer[group].result(seconds).topic_partitions or []
    _raise_refusals(
        [(each.topic, each.partition, each.error.code(), each.error.str()) for each in found if each.error]
    )


def delete(asked: dict[str, Any]) -> None:
    """The group with all its offsets."""
    group, seconds = asked["group"], asked["seconds"]
    admin = _admin(asked)
    admin.delete_consumer_groups([group], request_timeout=seconds)[group].result(seconds)


def drop(asked: dict[str, Any]) -> None:
    """The offsets of some partitions, in one request.

    librdkafka can (KIP-496), its client for Python has no call for it: so it is asked itself.
    """
    library = _library()
    client = _client(library, {"client.id": _CLIENT_ID, "log_level": "0", **asked["config"]})
    if token := asked.get("token"):
        _log_in(library, client, *token)
    where = [(topic, partition) for topic, partition, *_ in asked["offsets"]]
    partitions = library.rd_kafka_topic_partition_list_new(len(where))
    for topic, partition in where:
        library.rd_kafka_topic_partition_list_add(partitions, topic.encode(), partition)
    deletion = library.rd_kafka_DeleteConsumerGroupOffsets_new(asked["group"].encode(), partitions)
    queue = library.rd_kafka_queue_new(client)
    requests = (ctypes.c_void_p * 1)(deletion)
    library.rd_kafka_DeleteConsumerGroupOffsets(client, requests, 1, None, queue)
    answer = library.rd_kafka_queue_poll(queue, int(asked["seconds"] * 1000))
    # Nothing is freed: the process ends.
    _raise_errors(library, answer)


def _admin(asked: dict[str, Any]) -> AdminClient:
    login: dict[str, Any] = {"oauth_cb": lambda _: tuple(asked["token"])} if asked.get("token") else {}
    return AdminClient({"client.id": _CLIENT_ID, "log_level": 0, **asked["config"], **login})


# ---- what the client for Python leaves out ----


class _Partition(ctypes.Structure):
    """rd_kafka_topic_partition_t."""

    _fields_ = (
        ("topic", ctypes.c_char_p),
        ("partition", ctypes.c_int32),
        ("offset", ctypes.c_int64),
        ("metadata", ctypes.c_void_p),
        ("metadata_size", ctypes.c_size_t),
        ("opaque", ctypes.c_void_p),
        ("err", ctypes.c_int),
        ("private", ctypes.c_void_p),
    )


class _Partitions(ctypes.Structure):
    """rd_kafka_topic_partition_list_t."""

    _fields_ = (("cnt", ctypes.c_int), ("size", ctypes.c_int), ("elems", ctypes.POINTER(_Partition)))


_POINTER, _TEXT = ctypes.c_void_p, ctypes.c_char_p
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (_POINTER, []),
    "rd_kafka_conf_set": (ctypes.c_int, [_POINTER, _TEXT, _TEXT, _TEXT, ctypes.c_size_t]),
    "rd_kafka_new": (_POINTER, [ctypes.c_int, _POINTER, _TEXT, ctypes.c_size_t]),
    "rd_kafka_oauthbearer_set_token": (
        ctypes.c_int,
        [_POINTER, _TEXT, ctypes.c_int64, _TEXT, _POINTER, ctypes.c_size_t, _TEXT, ctypes.c_size_t],
    ),
    "rd_kafka_topic_partition_list_new": (_POINTER, [ctypes.c_int]),
    "rd_kafka_topic_partition_list_add": (_POINTER, [_POINTER, _TEXT, ctypes.c_int32]),
    "rd_kafka_DeleteConsumerGroupOffsets_new": (_POINTER, [_TEXT, _POINTER]),
    "rd_kafka_DeleteConsumerGroupOffsets": (
        None,
        [_POINTER, _POINTER, ctypes.c_size_t, _POINTER, _POINTER],
    ),
    "rd_kafka_queue_new": (_POINTER, [_POINTER]),
    "rd_kafka_queue_poll": (_POINTER, [_POINTER, ctypes.c_int]),
    "rd_kafka_event_error": (ctypes.c_int, [_POINTER]),
    "rd_kafka_event_error_string": (_TEXT, [_POINTER]),
    "rd_kafka_event_DeleteConsumerGroupOffsets_result": (_POINTER, [_POINTER]),
    "rd_kafka_DeleteConsumerGroupOffsets_result_groups": (
        ctypes.POINTER(_POINTER),
        [_POINTER, ctypes.POINTER(ctypes.c_size_t)],
    ),
    "rd_kafka_group_result_error": (_POINTER, [_POINTER]),
    "rd_kafka_group_result_partitions": (ctypes.POINTER(_Partitions), [_POINTER]),
    "rd_kafka_error_code": (ctypes.c_int, [_POINTER]),
    "rd_kafka_error_string": (_TEXT, [_POINTER]),
    "rd_kafka_err2str": (_TEXT, [ctypes.c_int]),
}


def _library() -> ctypes.CDLL:
    """The very library that the client for Python is linked to."""
    library = ctypes.CDLL(cimpl.__file__)
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _client(library: ctypes.CDLL, config: dict[str, Any]) -> int:
    said = ctypes.create_string_buffer(_TEXT_BYTES)
    settings = library.rd_kafka_conf_new()
    for name, value in config.items():
        if library.rd_kafka_conf_set(settings, name.encode(), str(value).encode(), said, _TEXT_BYTES):
            raise KafkaException(KafkaError(KafkaError._INVALID_ARG, said.value.decode()))  # noqa: SLF001
    client: int | None = library.rd_kafka_new(_PRODUCER, settings, said, _TEXT_BYTES)
    if client is None:
        raise KafkaException(KafkaError(KafkaError._FAIL, said.value.decode()))  # noqa: SLF001
    return client


def _log_in(library: ctypes.CDLL, client: int, token: str, ends: float) -> None:
    said = ctypes.create_string_buffer(_TEXT_BYTES)
    if code := library.rd_kafka_oauthbearer_set_token(
        client, token.encode(), int(ends * 1000), b"", None, 0, said, _TEXT_BYTES
    ):
        raise KafkaException(KafkaError(code, said.value.decode()))


def _raise_errors(library: ctypes.CDLL, answer: int | None) -> None:
    if answer is None:
        raise TimeoutError
    if code := library.rd_kafka_event_error(answer):
        raise KafkaException(KafkaError(code, library.rd_kafka_event_error_string(answer).decode()))
    result = library.rd_kafka_event_DeleteConsumerGroupOffsets_result(answer)
    count = ctypes.c_size_t()
    groups = library.rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, ctypes.byref(count))
    for group in groups[: count.value]:
        if error := library.rd_kafka_group_result_error(group):
            text = library.rd_kafka_error_string(error).decode()
            raise KafkaException(KafkaError(library.rd_kafka_error_code(error), text))
        partitions = library.rd_kafka_group_result_partitions(group).contents
        _raise_refusals(
            [
                (each.topic.decode(), each.partition, each.err, library.rd_kafka_err2str(each.err).decode())
                for each in partitions.elems[: partitions.cnt]
                if each.err
            ]
        )


def _raise_refusals(refused: list[tuple[str, int, int, str]]) -> None:
    """Of partitions, each with code and text: told together where they are of one kind."""
    if refused:
        *_, code, text = refused[0]
        where = ", ".join(f"{topic}-{partition}" for topic, partition, each, _ in refused if each == code)
        raise KafkaException(KafkaError(code, f"{where}: {text}"))


# ---- the program ----

_VERBS: dict[str, Callable[[dict[str, Any]], Any]] = {
    function.__name__: function for function in (read, members, commit, delete, drop)
}


def main() -> None:
    # What an abort would leave behind holds the client's secrets.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.load(sys.stdin)
    try:
        told: dict[str, Any] = {"result": _VERBS[asked["verb"]](asked)}
    except KafkaException as error:
        found: KafkaError = error.args[0]
        told = {"code": found.code(), "text": found.str()}
    except TimeoutError:
        told = {"code": KafkaError._TIMED_OUT, "text": "no answer in time"}  # noqa: SLF001
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
