"""Who is alive: the members of a consumer group that exists for nothing else, as Kafka's coordinator sees it.

librdkafka speaks no group protocol but that of consumers, so the workers form a group of consumers that
subscribe to the config topic and fetch nothing. Each carries its id, address and roles in its client id,
which the coordinator shows to whoever describes the group. A worker that dies is gone when its session
ends; one that leaves, at once.

The group is ``GROUP_ID.workers``. JVM workers meet in the group ``GROUP_ID`` with a protocol of their own
(``connect``), and the coordinator refuses members of another protocol; with a name beside theirs neither
shuts the other out.

The group is looked at when it has rebalanced, which it does whenever somebody comes or goes, in a process of
its own (:mod:`connector.cluster.group_requests`), since that look can end the one that takes it. The look
that is taken now and then in between uses an older request without that fault, which every broker has to
answer.
"""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from connector import logs, metrics
from connector.aws.msk import with_login
from connector.cluster.group_requests import GroupRequests
from connector.cluster.placement import Member
from connector.cluster.status_records import Owner
from connector.error_codes import ErrorCode
from connector.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from confluent_kafka import TopicPartition

log = logs.get(__name__)

LOOK_SECONDS = 15.0
"""From one look at the group to the next, if no rebalance comes before."""
_AGAIN_SECONDS = 1.0
_MOST_HEARTBEAT_MS = 1_000
"""A rebalance is heard of with the next heartbeat."""
_ASK_SECONDS = 5.0
_POLL_SECONDS = 0.2
_LEAVE_SECONDS = 5.0
_DENIED = frozenset({KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED})
_CLIENT = "connector-worker?"
_CONNECT = "connect"


def worker_group(group_id: str) -> str:
    """The consumer group of the workers of a cluster."""
    return f"{group_id}.workers"


class Membership:
    """This worker's place among the workers.

    Args:
        me: This worker.
        group_id: The cluster's, from the worker's properties.
        topic: One that every worker may read.
        client: How to connect, in librdkafka's names; holds secrets.
        changed: Called on the event loop when the members are others than before.
        session_ms: After so long a silence a worker counts as dead.
        heartbeat_ms: How often it says that it is alive.
        rebalance_ms: How long a worker may take to answer a rebalance.
    """

    def __init__(
        self,
        me: Member,
        group_id: str,
        topic: str,
        client: Mapping[str, Any],
        changed: Callable[[], None],
        *,
        session_ms: int,
        heartbeat_ms: int,
        rebalance_ms: int,
    ) -> None:
        self.me = me
        self.members: tuple[Member, ...] = ()
        self._group = worker_group(group_id)
        self._topic = topic
        self._changed = changed
        self._client = client
        self._requests = GroupRequests(_ASK_SECONDS)
        self._admin = AdminClient({**with_login(client), "client.id": "connector-membership", "log_level": 0})
        self._consumer = Consumer(
            {
                **with_login(client),
                "client.id": client_id(me),
                "group.id": self._group,
                "session.timeout.ms": session_ms,
                "heartbeat.interval.ms": min(heartbeat_ms, _MOST_HEARTBEAT_MS),
                "max.poll.interval.ms": max(rebalance_ms, session_ms),
                "partition.assignment.strategy": "range",
                "enable.auto.commit": False,
                "auto.offset.reset": "latest",
                "logger": logs.LIBRDKAFKA,
            }
        )
        self._thread = threading.Thread(target=self._take_part, name="membership", daemon=True)
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rebalanced = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.fault: str | None = None
        """What Kafka said last when it did not let this worker take part."""
        self._is_denied = False

    @property
    def is_member(self) -> bool:
        return any(member.owner.id == self.me.owner.id for member in self.members)

    async def start(self, seconds: float) -> None:
        """Join, and come back once the group knows this worker.

        Raises:
            TimeoutError: It does not within this time.
            AccessError: Kafka says that it may not.
        """
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._looking = asyncio.create_task(self._look_on(), name="membership")
        async with asyncio.timeout(seconds):
            while not self.is_member:
                if self._is_denied:
                    raise AccessError(str(self.fault), code=ErrorCode.CLUSTER_GROUP_CLOSED)
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Leave the group; the others know at once."""
        self._stopping.set()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, _LEAVE_SECONDS)

    # ---- looking at the group ----

    async def _look_on(self) -> None:
        seconds = LOOK_SECONDS
        while True:
            is_rebalanced = await self._is_rebalanced(seconds)
            seconds = LOOK_SECONDS
            try:
                self._take(await (self._describe() if is_rebalanced else asyncio.to_thread(self._list)))
            except (KafkaException, TimeoutError) as error:
                # Who was alive a moment ago counts as alive until somebody knows better.
                reason = str(error) or "no answer in time"
                log.warning("the group of workers cannot be looked at just now", reason=reason)
                seconds = _AGAIN_SECONDS

    async def _is_rebalanced(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._rebalanced.wait()
        except TimeoutError:
            return False
        self._rebalanced.clear()
        return True

    def _take(self, found: tuple[Member, ...]) -> None:
        metrics.CLUSTER_WORKERS.set(len(found))
        if found != self.members:
            self._tell(found)
            self.members = found
            self._changed()

    async def _describe(self) -> tuple[Member, ...]:
        try:
            return _members(await self._requests.members(self._group, self._client))
        except KafkaException as error:
            if _code(error) == KafkaError.GROUP_ID_NOT_FOUND:
                return ()
            raise

    def _list(self) -> tuple[Member, ...]:
        groups = _list_groups(self._admin, self._group)
        found = _members(member.client_id for group in groups for member in group.members)
        # Without its coordinator's answer a group looks empty.
        return found if any(member.owner == self.me.owner for member in found) else self.members

    def _tell(self, found: tuple[Member, ...]) -> None:
        before = {member.owner for member in self.members}
        now = {member.owner for member in found}
        mine = self.me.owner
        for owner in sorted(now - before, key=lambda owner: owner.id):
            if owner == mine:
                continue
            log.info("worker joined", worker=owner.worker_id, id=owner.id)
            if owner.worker_id == mine.worker_id:
                log.warning(
                    "another worker advertises the same address: statuses cannot tell the two apart; give"
                    " each its own rest.advertised.host.name or rest.advertised.port",
                    worker=owner.worker_id,
                )
        for owner in sorted(before - now, key=lambda owner: owner.id):
            log.info("worker is gone", worker=owner.worker_id, id=owner.id)

    # ---- on the thread ----

    def _take_part(self) -> None:
        self._consumer.subscribe([self._topic], on_assign=self._assigned)
        try:
            while not self._stopping.is_set():
                message = self._consumer.poll(_POLL_SECONDS)
                error = None if message is None else message.error()
                if error is not None:
                    self.fault = error.str()
                    self._is_denied = error.code() in _DENIED
                    log.warning("the group of workers is unwell", reason=error.str())
                    time.sleep(_POLL_SECONDS)
        finally:
            self._consumer.close()

    def _assigned(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        """The coordinator has just answered; a loss, in contrast, may mean that it cannot be reached."""
        consumer.assign([])  # the topic is a pretext
        metrics.WORKER_REBALANCES.inc()
        metrics.WORKER_REBALANCED.set_to_current_time()
        assert self._loop is not None  # noqa: S101 - set before the thread starts
        try:
            self._loop.call_soon_threadsafe(self._rebalanced.set)
        except RuntimeError:
            self._stopping.set()  # the loop is closed


def client_id(member: Member) -> str:
    """What the coordinator shows of a worker."""
    fields = {
        "id": member.owner.id,
        "worker": member.owner.worker_id,
        "roles": ",".join(sorted(member.roles)),
    }
    return _CLIENT + urlencode(fields)


def member_of(client: str) -> Member | None:
    """The worker behind a client id; None if it is none of ours."""
    if not client.startswith(_CLIENT):
        return None
    fields = parse_qs(client.removeprefix(_CLIENT))
    try:
        owner = Owner(fields["id"][0], fields["worker"][0])
    except KeyError:
        return None
    roles = fields.get("roles", [""])[0]
    return Member(owner, frozenset(filter(None, roles.split(","))))


def jvm_workers(group_id: str, client: Mapping[str, Any]) -> int:
    """How many JVM workers are in the cluster's group; blocks.

    Raises:
        KafkaException: Kafka does not say.
    """
    admin = AdminClient({**with_login(client), "client.id": "connector-membership", "log_level": 0})
    groups = _list_groups(admin, group_id)
    return sum(
        len(group.members) for group in groups if group.protocol_type == _CONNECT and group.error is None
    )


def workers_of(group_id: str, client: Mapping[str, Any]) -> int:
    """How many workers another cluster has; blocks.

    Raises:
        KafkaException: Kafka does not say.
    """
    admin = AdminClient({**with_login(client), "client.id": "connector-membership", "log_level": 0})
    groups = _list_groups(admin, worker_group(group_id))
    return len(_members(member.client_id for group in groups for member in group.members))


def _members(clients: Iterable[str]) -> tuple[Member, ...]:
    found = (member_of(client) for client in clients)
    members = {member.owner.id: member for member in found if member is not None}
    return tuple(members[worker] for worker in sorted(members))


def _list_groups(admin: AdminClient, group_id: str) -> list[Any]:
    with warnings.catch_warnings():
        # Of what is to follow it, describe_consumer_groups has the fault above, and knows no other protocols.
        warnings.simplefilter("ignore", DeprecationWarning)
        found: list[Any] = admin.list_groups(group_id, timeout=_ASK_SECONDS)
        return found


def _code(error: KafkaException) -> int | None:
    return error.args[0].code() if error.args and isinstance(error.args[0], KafkaError) else None
