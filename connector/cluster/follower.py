"""Follows the cluster's two topics and its group, and has this worker run what is placed with it.

One loop does it all, in turns: have the shares follow what is placed here, write what this worker is first
in line for, report what became of the tasks. It is woken by whatever is read, and looks around ten times a
second, since tasks tell nobody when they fail. What cannot be written now is written in the next turn: each
turn begins with what the topics say.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException

from connector import logs, plugins
from connector.cluster.caretaker import Caretaker
from connector.cluster.config_records import RestartRecord, TaskRestartRecord
from connector.cluster.config_state import ConfigState
from connector.cluster.log import LogError, TopicLog
from connector.cluster.membership import Membership, jvm_workers, workers_of
from connector.cluster.placement import Member
from connector.cluster.reading import READ_SECONDS
from connector.cluster.report import farewell, report
from connector.cluster.rivalry import Rivalry, others
from connector.cluster.share import Share, Wish
from connector.cluster.status_records import (
    Owner,
    Placed,
    PlacementRecord,
    TopicRecord,
    leaving_entry,
    topic_entry,
)
from connector.cluster.status_state import StatusState
from connector.cluster.task_count import TaskCounts
from connector.cluster.topics import ensure_topics
from connector.config.connector import ConnectorConfig
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConfigError
from connector.plugins import PluginKind
from connector.runtime.restarts import RestartPolicy, RestartSchedule, may_pass
from connector.runtime.state import State
from connector.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.cluster.config_records import ConfigRecord
    from connector.cluster.records import Entry, LogRecord
    from connector.cluster.settings import DistributedSettings
    from connector.cluster.share import Draw

log = logs.get(__name__)

_LOOK_SECONDS = 0.1
_IDLE_SECONDS = 1.0
"""Without news: for what only time brings about."""
_PAUSE_SECONDS = 1.0
_JOIN_SECONDS = 60.0
_FAREWELL_SECONDS = 2.0
"""Tasks have a deadline to stop by, which is not to be spent on Kafka while it is away."""
_ID_BYTES = 8


class Follower:
    """This worker in its cluster.

    Args:
        settings: The worker's.
        draw: Makes a blueprint of a submitted config.
        roles_of: The roles that a named connection requires.
        happened: Hears of every record of the config topic that changes something, once the worker runs.
    """

    def __init__(
        self,
        settings: DistributedSettings,
        *,
        draw: Draw,
        roles_of: Callable[[str], frozenset[str]],
        happened: Callable[[ConfigRecord], None],
    ) -> None:
        client = settings.client_config()
        self.me = Owner(secrets.token_hex(_ID_BYTES), settings.worker_id)
        self.configs = ConfigState()
        self.statuses = StatusState()
        self.config_log = TopicLog(settings.config_storage_topic, client, self._take_configs)
        self.status_log = TopicLog(settings.status_storage_topic, client, self._take_statuses)
        self.worker = Worker(settings, self._read_from)
        self.shares: dict[str, Share] = {}
        self._settings = settings
        self._draw = draw
        self._happened = happened
        self._wake = asyncio.Event()
        self._membership = Membership(
            Member(self.me, frozenset(settings.worker_roles)),
            settings.group_id,
            settings.config_storage_topic,
            client,
            self._tell_news,
            session_ms=settings.session_timeout_ms,
            heartbeat_ms=settings.heartbeat_interval_ms,
            rebalance_ms=settings.rebalance_timeout_ms,
        )
        self._rivalry = Rivalry(settings.group_id)
        self._task_counts = TaskCounts(settings.resolve, self._tell_news, seconds=READ_SECONDS)
        self.caretaker = Caretaker(
            self.configs,
            self.statuses,
            roles_of,
            delay_seconds=settings.scheduled_rebalance_max_delay_ms / 1000,
            read_count=self._task_counts.of,
            group=settings.group_id,
        )
        self._schedules: dict[tuple[str, int], RestartSchedule] = {}
        self._topics_read: set[tuple[str, str, int]] = set()
        self._versions: dict[str, str | None] = {}
        self._is_live = False
        self._is_news = True
        self._next_look = 0.0
        self._loop: asyncio.Task[None] | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        return self._membership.members

    async def start(self) -> None:
        """See to the topics, read them, join the workers, and begin to follow.

        Raises:
            ConfigError: A topic does not fit or cannot be read, JVM workers still run under this group.id, or
                the group does not take this worker in.
        """
        settings = self._settings
        await asyncio.to_thread(
            ensure_topics,
            settings.client_config(),
            settings.bootstrap_servers,
            settings.topics(),
            may_create=settings.internal_topics_automatic_creation_enable,
        )
        await self._wait_for_jvm_workers_to_go()
        for topic, option in ((self.config_log, "config"), (self.status_log, "status")):
            try:
                await topic.start()
            except LogError as error:
                raise ConfigError.of(f"{option}.storage.topic", f"{error}", code=error.code) from error
        for group in sorted(others(self.statuses.placements, settings.group_id)):
            await self._check_is_gone(group)
        try:
            await self._membership.start(_JOIN_SECONDS)
        except (AccessError, TimeoutError) as error:
            reason = str(error) or self._membership.fault or f"not within {_JOIN_SECONDS:g} s"
            raise ConfigError.of(
                "group.id",
                f"the group {settings.worker_group} did not take this worker in: {reason.rstrip('.')}. The"
                " worker has to be allowed READ and DESCRIBE on that group, and READ on the config topic; an"
                f" ACL for the name {settings.group_id} alone does not cover it, one for the prefix does; and"
                " nothing but workers may be in it",
                code=ErrorCode.CLUSTER_GROUP_CLOSED,
            ) from None
        self._is_live = True
        self._loop = asyncio.create_task(self._run(), name="follower")

    async def stop(self) -> None:
        """Hand everything over: the others begin while this worker still finishes."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
            await self._task_counts.stop()
            await self._try_to_write([leaving_entry(self.me)])
        await asyncio.gather(*(share.stop() for share in self.shares.values()))
        await self.worker.stop()
        if self._loop is not None:
            await self._try_to_write(list(farewell(self.me, self.statuses)))
        await self._membership.stop()
        await asyncio.gather(self.config_log.stop(), self.status_log.stop())

    async def _wait_for_jvm_workers_to_go(self) -> None:
        """One that was just killed is a member until its session ends."""
        settings = self._settings
        deadline = time.monotonic() + 2 * settings.session_timeout_ms / 1000
        while True:
            try:
                count = await asyncio.to_thread(jvm_workers, settings.group_id, settings.client_config())
            except KafkaException as error:
                log.warning("cannot see whether JVM workers still run", reason=str(error))
                return
            if not count:
                return
            if time.monotonic() > deadline:
                raise ConfigError.of(
                    "group.id",
                    f"{count} worker(s) of a JVM Kafka Connect cluster run under {settings.group_id}: stop"
                    " them first, two clusters cannot run the same connectors",
                    code=ErrorCode.CLUSTER_JVM_WORKERS,
                )
            log.info("waiting for JVM workers to go", group=settings.group_id, workers=count)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _check_is_gone(self, group: str) -> None:
        """A cluster may have been given another group.id; two at once may not have the same topics."""
        try:
            count = await asyncio.to_thread(workers_of, group, self._settings.client_config())
        except KafkaException as error:
            log.warning("cannot see whether another cluster still runs", group=group, reason=str(error))
            return
        if count:
            raise ConfigError.of(
                "group.id",
                f"{count} worker(s) of the cluster {group} use the same topics: stop them, or give this"
                " cluster its own config.storage.topic and status.storage.topic",
            )

    # ---- what is read ----

    def _take_configs(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            found: ConfigRecord | None = self._applied(self.configs.apply, record)
            if found is None or not self._is_live:
                continue
            match found:
                case RestartRecord(name, include_tasks, only_failed):
                    self._restart(name, include_tasks=include_tasks, only_failed=only_failed)
                case TaskRestartRecord(name, task):
                    if share := self.shares.get(name):
                        share.restart([task])
                case _:
                    self._happened(found)
        self._tell_news()

    def _take_statuses(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            match self._applied(self.statuses.apply, record):
                case TopicRecord(_, _, False):
                    self._topics_read.clear()
                case PlacementRecord(_, Placed() as placed) if self._is_live:
                    self._rivalry.saw(placed, time.monotonic())
        self._tell_news()

    def _applied(self, apply: Callable[[LogRecord], Any], record: LogRecord) -> Any:
        """A defect in us must not cost the records behind it."""
        try:
            return apply(record)
        except Exception:
            log.exception("record is left out", partition=record.partition, offset=record.offset)
            return None

    def _tell_news(self) -> None:
        self._is_news = True
        self._wake.set()

    def _restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> None:
        """Each worker sees to its own."""
        share = self.shares.get(name)
        if share is None:
            return
        states = share.states()
        if share.failure is not None:
            share.redraw()
        elif include_tasks:
            share.restart(
                [task for task, (state, _) in states.items() if not only_failed or state is State.FAILED]
            )

    def _read_from(self, connector: str, task: int, topic: str) -> None:
        if topic not in self.statuses.topics_of(connector):
            self._topics_read.add((connector, topic, task))

    # ---- the loop ----

    async def _run(self) -> None:
        while True:
            try:
                await self._turn()
            except LogError as error:
                log.warning("the cluster's topics are not kept up just now", reason=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:  # a defect in us must not end the worker's part
                log.exception("the cluster was not followed in this turn")
                await asyncio.sleep(_PAUSE_SECONDS)
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    async def _turn(self) -> None:
        now = time.monotonic()
        chores: list[Entry] = []
        if self._is_news or now >= self._next_look:
            self._is_news, self._next_look = False, now + _IDLE_SECONDS
            self._follow()
            chores = self._chores(now)
        self._restart_what_failed(now)
        entries = [*chores, *self._reports(), *self._topic_entries()]
        if entries:
            await self.status_log.write(entries)

    def _chores(self, now: float) -> list[Entry]:
        self._task_counts.keep(self.configs.connectors.keys())
        found = self.caretaker.chores(self.members, now, self.me.id)
        if self._rivalry.gives_way(now):
            return []
        if found and self.caretaker.is_my_turn(self.me.id, self.members, now):
            self.caretaker.written(now)
            return found
        return []

    def _follow(self) -> None:
        for name, placed in self.statuses.placements.items():
            mine = frozenset(task for task, owner in enumerate(placed.owners) if owner == self.me)
            if mine or name in self.shares:
                self._share(name).want(self._wish(name, mine))
        for name in list(self.shares):
            share = self.shares[name]
            if name not in self.statuses.placements:
                share.want(self._wish(name, frozenset()))
            if share.is_idle:
                share.retire()
                del self.shares[name]

    def _wish(self, name: str, tasks: frozenset[int]) -> Wish:
        stored = self.configs.connectors.get(name)
        if stored is None:
            return Wish()
        return Wish(stored.config, stored.offset, self.configs.target(name), tasks)

    def _share(self, name: str) -> Share:
        share = self.shares.get(name)
        if share is None:
            share = self.shares[name] = Share(name, self.worker, self._draw)
        return share

    def _reports(self) -> list[Entry]:
        found: list[Entry] = []
        for name, share in self.shares.items():
            if name in self.configs.connectors and share.wish.tasks:
                target = self.configs.target(name)
                found += report(
                    self.me,
                    name,
                    target=target,
                    states=share.states(),
                    failure=share.failure,
                    version=self._version(name),
                    statuses=self.statuses,
                )
        return found

    def _version(self, name: str) -> str | None:
        sink = self.configs.connectors[name].config.get(ConnectorConfig.connector_class.name, "")
        if sink not in self._versions:
            self._versions[sink] = plugins.version(PluginKind.SINK, sink)
        return self._versions[sink]

    def _topic_entries(self) -> list[Entry]:
        now_ms = int(time.time() * 1000)
        read, self._topics_read = self._topics_read, set()
        return [topic_entry(connector, topic, task, now_ms) for connector, topic, task in sorted(read)]

    async def _try_to_write(self, entries: Sequence[Entry]) -> None:
        """On the way out: what cannot be said any more, others find out."""
        try:
            if entries:
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self.status_log.write(entries)
        except (LogError, TimeoutError) as error:
            reason = str(error) or f"not within {_FAREWELL_SECONDS:g} s"
            log.warning("the others are not told that this worker stops", reason=reason)

    # ---- tasks that failed ----

    def _restart_what_failed(self, now: float) -> None:
        running: set[tuple[str, int]] = set()
        for name, connector in self.worker.connectors.items():
            config = connector.blueprint.config
            if not config.task_restart_enable:
                continue
            policy = RestartPolicy(
                config.task_restart_delay_ms / 1000, config.task_restart_max_delay_ms / 1000
            )
            for task in connector.tasks:
                key = name, task.spec.task
                running.add(key)
                schedule = self._schedules.setdefault(key, RestartSchedule(policy))
                schedule.policy = policy
                has_failed = task.state is State.FAILED and may_pass(task.failure)
                if schedule.look(now, has_failed=has_failed):
                    log.info(
                        "task starts again", connector=name, task=task.spec.task, after=schedule.failures
                    )
                    self.shares[name].restart([task.spec.task])
        for key in self._schedules.keys() - running:
            del self._schedules[key]
