"""The demo as a story: what starts, what is watched, what is said, how it ends.

1. Kafka and AWS start; a role is created that demands an external id.
2. A real worker starts with the example's config, and is watched through its REST API and the bucket.
3. The producer fills the topic, no faster than the worker commits.
4. When every record of the first round was found, a sample and the addresses are shown.
5. Without ``once`` the stream goes on until it is told to stop; then what is left is delivered.
6. The worker is stopped as an operator would, the bucket is read a last time, and the numbers are compared.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from connector.demo import example
from connector.demo.errors import DemoError
from connector.demo.feed import LIVE_RECORDS_PER_SECOND, Feed
from connector.demo.platform import start_platform
from connector.demo.summary import Summary
from connector.demo.watch import look_into, watch_bucket, watch_worker
from connector.demo.worker import WorkerProcess, free_port

if TYPE_CHECKING:
    from connector.demo.bucket import Bucket
    from connector.demo.platform import Platform
    from connector.demo.screen import Screen
    from connector.demo.view import View

_FLUSH_INTERVAL_MS = 1_000
_STALL_SECONDS = 15.0
"""After so long without a new record in the bucket, what is missing will not come."""
_STOP_SECONDS = 15.0
_CHECK_SECONDS = 0.05


class Show:
    """One performance.

    Attributes:
        stopping: Set it to end the live stream.
    """

    def __init__(self, screen: Screen, view: View, *, once: bool, records: int) -> None:
        self.stopping = asyncio.Event()
        self._screen = screen
        self._view = view
        self._once = once
        self._records = records

    async def perform(self, deadline: asyncio.Timeout) -> Summary:
        """From start to end; everything that was started is gone afterwards.

        Args:
            deadline: Over everything but the live stream, during which it is put off.

        Raises:
            DemoError: Something did not work.
        """
        async with AsyncExitStack() as resources:
            folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="connector-demo-")))
            config = example.connector_example()
            platform = await start_platform(resources, folder, config, self._view)
            port = resources.enter_context(free_port())
            worker = await resources.enter_async_context(self._worker(folder, config, platform, port))
            feed = Feed(platform.kafka, f"connect-{config['name']}")
            try:
                seconds = await self._deliver(platform, worker, feed, deadline)
                step = self._view.step("The worker finishes and commits")
                await worker.stop(_STOP_SECONDS)
                step.finish("it left the group and ended with exit code 0")
            except (DemoError, ExceptionGroup) as error:
                if reason := _reason(error):
                    tail = worker.log_tail()
                    raise DemoError(f"{reason}\n\nThe end of the worker's log:\n{tail}") from error
                raise
            await look_into(platform.bucket, self._view)
            return self._summary(feed, platform.bucket, seconds)

    def _worker(self, folder: Path, config: dict[str, str], platform: Platform, port: int) -> WorkerProcess:
        settings = example.worker_example()
        on_aws = example.connector_overrides(platform.account, platform.aws.url)
        on_kafka = example.worker_overrides(platform.kafka.bootstrap_servers, port, _FLUSH_INTERVAL_MS)
        self._screen.changes([*example.changes(config, on_aws), *example.changes(settings, on_kafka)])
        return WorkerProcess(folder, {**settings, **on_kafka}, {**config, **on_aws})

    async def _deliver(
        self, platform: Platform, worker: WorkerProcess, feed: Feed, deadline: asyncio.Timeout
    ) -> float:
        """Produce and watch until all was found; the seconds that the first round took."""
        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(worker.ended()),
                group.create_task(platform.aws.ended()),
                group.create_task(watch_worker(worker, self._view)),
                group.create_task(watch_bucket(platform.bucket, self._view)),
                group.create_task(self._count(feed)),
            ]
            await self._view.is_reading.wait()
            seconds = await self._first_round(feed)
            self._explain(worker, platform.bucket)
            if not self._once:
                await self._live(feed, deadline)
            for watch in watching:
                watch.cancel()
        return seconds

    async def _first_round(self, feed: Feed) -> float:
        started = time.monotonic()
        step = self._view.step(f"{self._records:,} events are produced")
        await feed.first_round(self._records)
        step.finish(f"{feed.produced_bytes / 1e6:,.1f} MB of JSON")
        step = self._view.step("They arrive in the bucket")
        await self._until_found(feed)
        seconds = time.monotonic() - started
        step.finish(f"{self._view.found:,} of {feed.produced:,} after {seconds:.1f} s")
        return seconds

    async def _live(self, feed: Feed, deadline: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        left = (deadline.when() or loop.time()) - loop.time()
        deadline.reschedule(None)
        step = self._view.step("The stream goes on")
        step.detail = f"about {LIVE_RECORDS_PER_SECOND} events/s, until Ctrl-C"
        self._view.is_live = True
        await feed.trickle(self.stopping)
        self._view.is_live = False
        deadline.reschedule(loop.time() + left)
        step.finish("ended")
        step = self._view.step("The rest is delivered")
        await self._until_found(feed)
        step.finish(f"{self._view.found:,} of {feed.produced:,}")

    async def _until_found(self, feed: Feed) -> None:
        """Until everything is there, or nothing comes any more."""
        progress = time.monotonic(), self._view.found
        while self._view.found < feed.produced:
            await asyncio.sleep(_CHECK_SECONDS)
            if self._view.found != progress[1]:
                progress = time.monotonic(), self._view.found
            if time.monotonic() - progress[0] > _STALL_SECONDS:
                return

    async def _count(self, feed: Feed) -> None:
        while True:
            self._view.produced = feed.produced
            await asyncio.sleep(_CHECK_SECONDS)

    def _explain(self, worker: WorkerProcess, bucket: Bucket) -> None:
        self._screen.refresh(self._view)
        if bucket.sample:
            key, lines = bucket.sample
            self._screen.say(f"The first lines of s3://{bucket.name}/{key}", lines)
        where = "The worker listens; while it runs, try" if not self._once else "Where the worker listened"
        self._screen.say(
            where,
            [
                f"curl -s {worker.url}/connectors/{worker.connector}/status",
                f"curl -s {worker.url}/connectors/{worker.connector}/config",
                f"curl -s {worker.url}/metrics | grep ^connector_",
            ],
        )

    def _summary(self, feed: Feed, bucket: Bucket, seconds: float) -> Summary:
        return Summary(
            produced=feed.produced,
            found=bucket.tally.found,
            duplicates=bucket.tally.duplicates,
            missing=bucket.tally.missing(feed.produced),
            strangers=bucket.tally.strangers(feed.produced),
            objects=bucket.objects,
            size_bytes=bucket.size_bytes,
            first_round_records=self._records,
            first_round_seconds=seconds,
            peak_records_per_second=self._view.rates.peak_records,
            assume_role_calls=self._view.figures.assume_role_calls,
        )


def _reason(error: BaseException) -> DemoError | None:
    """The first of ours among errors that came together; those beside it are its consequences."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_reason, error.exceptions)), None)
    return error if isinstance(error, DemoError) else None
